"""A line that gives out labels, in a process of its own: ``python -m tests.labels.allocating LEDGER
LABELS WHEN``. It prints the code of each label as the printer would hear of it, and dies of SIGKILL
at the last one, WHEN being before-commit, before-print or after-print."""

import os
import signal
import sys
from pathlib import Path

from edge_agent.core import labelling
from edge_agent.core.effects import Print
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import ContainerId, Instant, LevelName, StationName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.record import Decision, LinePlan, Record
from edge_agent.core.sscc import SsccRange
from edge_agent.core.state import FORM, LineState
from edge_agent.ledger.journal import Ledger

CASE = LevelName("case")
RANGE = SsccRange("6971234", 0, 100, 999)


def plan() -> LinePlan:
    label = LabelPlan("case", "zebra", RANGE)
    return LinePlan((LevelPlan(LevelName("unit")), LevelPlan(CASE, 10, label=label)), (), {})


def main(path: Path, count: int, when: str) -> None:
    ledger = Ledger(path)
    saved, since = ledger.load_snapshot(FORM)
    state = LineState.from_json(plan().levels, saved) if saved else LineState(plan().levels)
    for event in since:
        state.apply(event)
    record = Record(plan(), state, ledger)
    for number in range(1, count + 1):
        is_last = number == count
        record.decision = Decision()
        with ledger.transaction():
            container = ContainerId(state.labels.next_job)
            labelling.queue(record, StationName("bench"), Instant(0, 0), CASE, container, {}, None)
            ledger.append(record.decision.events)
            if number == 2:  # so that a start has both, a snapshot and events since
                ledger.save_snapshot(state.to_json())
            if is_last and when == "before-commit":
                os.kill(os.getpid(), signal.SIGKILL)
        if is_last and when == "before-print":
            os.kill(os.getpid(), signal.SIGKILL)
        for effect in record.decision.effects:
            assert isinstance(effect, Print)
            sys.stdout.write(f"{effect.key}\n")
            sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
