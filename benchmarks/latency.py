"""Scan received → PASS acknowledged, committed at FULL, against the bare loop (floor.py, and
floor_libraries.py over the same libraries).

Twenty products a second pass a gated station whose ledger holds `codes` codes. Also what the line
role needs for that: memory, and the time until it is ready.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.child import BenchmarkError, Child
from benchmarks.figures import Figure, Result, percentiles
from benchmarks.fill import filled_ledger
from benchmarks.line_process import LineProcess, devices_are_up, write_config
from edge_agent.ledger.reader import LedgerReader

ROUNDS = 5
SCANS = 300
RATE = 20.0
STEPS = ("decided", "committed", "acknowledged")
_START_S = 30
_ROUND_S = SCANS / RATE + 60


def measure(ledger: Path, codes: int, rounds: int = ROUNDS) -> Result:
    """Rounds of floor and line in turn, so that a noisy minute hits both."""
    with (
        filled_ledger(ledger, codes),
        tempfile.TemporaryDirectory(dir=ledger.parent) as name,
    ):
        directory = Path(name)
        measured: list[dict[str, Any]] = []
        failed: list[str] = []
        for index in range(rounds):
            try:
                floor = _floor_round(directory, "benchmarks.floor")
                libraries = _floor_round(directory, "benchmarks.floor_libraries")
                line = _line_round(directory, ledger, codes + index * SCANS)
            except BenchmarkError as error:
                failed.append(f"round {index + 1} is left out: {error}")
            else:
                measured.append({"floor": floor, "libraries": libraries, "line": line})
    if not measured:
        raise BenchmarkError("\n".join(failed))
    return Result(_figures(measured, codes), [*failed, *_notes(measured)], {"rounds": measured})


def _line_round(directory: Path, ledger: Path, first: int) -> dict[str, Any]:
    with Peer(directory) as peer:
        config = write_config(
            directory, ledger, scanner=peer.ports["scanner"], modbus=peer.ports["modbus"]
        )
        with LedgerReader(ledger) as reader:
            head, _ = reader.head()
        with LineProcess(config) as line:
            # Its first event is that it has heard the PLC: from then on it ties items to reads.
            armed = line.wait_for(lambda s: devices_are_up(s) and s["seq"] > head)
            passed = peer.run(first)
            status = line.wait_for(lambda _: True)
            steps = status["latency"]
            if "acknowledged" not in steps:
                raise BenchmarkError(f"no item of {SCANS} was passed: {status}")
            return {
                "ready_s": line.ready_s,
                "memory_peak_mb": line.memory_peak_mb(),
                "passed": passed,
                "lost_verdicts": status["lost_verdicts"],
                "events": dict(Counter(status["tally"]) - Counter(armed["tally"])),
                **{step: {p: steps[step][f"{p}_us"] for p in ("p50", "p99")} for step in STEPS},
            }


def _floor_round(directory: Path, module: str) -> dict[str, Any]:
    with Peer(directory) as peer:
        ports = str(peer.ports["scanner"]), str(peer.ports["modbus"])
        database = str(directory / "floor.db")
        with Child(module, *ports, database, str(SCANS), log=directory / "floor.log") as floor:
            floor.line(_START_S)
            passed = peer.run(0)
            steps = json.loads(floor.line(_START_S))
    return {"passed": passed, **{step: percentiles(steps[step]) for step in steps}}


class Peer(Child):
    """Scanner and PLC (peer.py)."""

    def __init__(self, directory: Path, rr_priority: int | None = None) -> None:
        super().__init__("benchmarks.peer", log=directory / "peer.log", rr_priority=rr_priority)
        self.ports = json.loads(self.line(_START_S))

    def run(self, first: int) -> int:
        """Send one round of products, with the codes from `first` on; how many passed the gate."""
        self.order(json.dumps({"scans": SCANS, "rate": RATE, "first": first}))
        return int(json.loads(self.line(_ROUND_S))["passed"])


def _figures(rounds: Sequence[dict[str, Any]], codes: int) -> list[Figure]:
    name = f"read to PASS acknowledged, {codes:,} codes"
    over = "the same, floor over asyncio and pymodbus"
    figures = [
        _figure(rounds, "acknowledged", "p50", name, 1.5),
        _figure(rounds, "acknowledged", "p99", name, 2.0),
        _figure(rounds, "acknowledged", "p50", over, 1.5, "libraries"),
        _figure(rounds, "acknowledged", "p99", over, 2.0, "libraries"),
        _figure(rounds, "committed", "p50", "of it until committed"),
        _figure(rounds, "committed", "p99", "of it until committed"),
    ]
    for percentile in ("p50", "p99"):
        decided = median(each["line"]["decided"][percentile] for each in rounds)
        figures.append(Figure(f"of it until decided, {percentile}", "µs", decided))
    memory = max(each["line"]["memory_peak_mb"] for each in rounds)
    ready = max(each["line"]["ready_s"] for each in rounds)
    return [
        *figures,
        Figure("resident memory, peak", "MB", memory, at_most=120),
        Figure("start to ready, slowest", "s", ready, at_most=2),
    ]


def _figure(
    rounds: Sequence[dict[str, Any]],
    step: str,
    percentile: str,
    name: str,
    goal: float | None = None,
    floor: str = "floor",
) -> Figure:
    lines, floors = ([each[who][step][percentile] for each in rounds] for who in ("line", floor))
    return Figure(
        f"{name}, {percentile}",
        "µs",
        median(lines),
        floor=median(floors),
        ratios=[line / floor for line, floor in zip(lines, floors, strict=True)],
        at_most=goal,
        of="ratio",
    )


def _notes(rounds: Sequence[dict[str, Any]]) -> list[str]:
    """Rounds in which something kept a verdict from its gate: their tail is the disturbance's."""
    return [
        f"round {number}: {SCANS - each[who]['passed']} of {SCANS} items of the {who} were "
        f"rejected; its tail is disturbed"
        for number, each in enumerate(rounds, 1)
        for who in ("floor", "libraries", "line")
        if each[who]["passed"] < SCANS
    ]
