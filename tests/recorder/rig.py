"""A line in virtual time that is recorded: real engine, real ledger, real ring on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.config import LineConfig
from edge_agent.config_file import config_of
from edge_agent.core.effects import Judge
from edge_agent.core.events import Condition, Reason
from edge_agent.core.inputs import (
    Arming,
    Conditions,
    Counter,
    GateReport,
    Input,
    LinkLost,
    Outcome,
    Read,
    Release,
    Strays,
    Tick,
)
from edge_agent.core.line import Line
from edge_agent.core.names import Instant, ItemNumber, StationName
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.line.engine import Committed, Engine
from edge_agent.plan import line_plan
from edge_agent.recorder.flight import FlightRecorder
from edge_agent.recorder.form import Head, Recorded
from edge_agent.recorder.replay import Replay, Step

INFEED, BENCH = StationName("infeed"), StationName("bench")
EPOCH_US = 1_800_000_000_000_000


def raw(**line: Any) -> dict[str, Any]:
    """Units `unit-N` read at a gate, cases `case-N` of three at a bench, as TOML would give it."""
    return {
        "line": {"name": "rig", "queue_size": 16, **line},
        "levels": [
            {"name": "unit", "codes": [{"kind": "plain", "pattern": r"(?P<serial>unit-\d+)"}]},
            {
                "name": "case",
                "capacity": 3,
                "codes": [{"kind": "plain", "pattern": r"(?P<serial>case-\d+)"}],
            },
        ],
        "devices": {
            "eye": {"kind": "scanner", "url": "tcp://127.0.0.1:1", "suffix": ["\r"]},
            "hand": {"kind": "scanner", "url": "tcp://127.0.0.1:2", "suffix": ["\r"]},
            "plc": {"kind": "modbus-tcp", "url": "tcp://127.0.0.1:3"},
        },
        "stations": [
            {
                "name": "infeed",
                "scanner": "eye",
                "reads": ["unit"],
                "reread_ms": 100,
                "gate": {
                    "plc": "plc",
                    "belt": {
                        "travel_steps": 500,
                        "hold_steps": 20,
                        "bounce_steps": 5,
                        "spacing_steps": 60,
                    },
                    "stop": {"in_a_row": 4, "on": ["bin-full", "unasked"]},
                },
            },
            {"name": "bench", "scanner": "hand", "reads": ["unit", "case"], "reread_ms": 200},
        ],
    }


def config(**line: Any) -> LineConfig:
    return config_of(raw(**line), Path("rig.toml"))


class Rig:
    """The engine, and what feeds it."""

    def __init__(self, directory: Path, limit_bytes: int, parts: int, **line: Any) -> None:
        self.config = config(**line)
        self.flight = directory / "flight"
        self.now_us = 5_000_000
        self.item = 100
        self.boot = 1
        self.given = 0
        create_ledger(directory / "ledger.db")
        self._ledger = Ledger(directory / "ledger.db")
        self.recorder = FlightRecorder(
            self.flight, limit_bytes, self.config.to_json(), parts=parts, now=self.instant
        )
        self.engine = Engine(
            line_plan(self.config),
            self._ledger,
            line_name="rig",
            queue_size=self.config.line.queue_size,
            secret_codes=False,
            wake=lambda: None,
            release=self._let_out,
            now=self.instant,
            recorder=self.recorder,
        )

    def instant(self) -> Instant:
        return Instant(self.now_us, EPOCH_US + self.now_us)

    def _let_out(self, committed: Committed) -> None:
        for effect, _ in committed.effects:
            if isinstance(effect, Judge):
                self.recorder.words(effect.station, "verdicts", (effect.item,))

    def offer(self, given: Input) -> None:
        self.given += self.engine.offer(given)

    def allow_ledger_pages(self, count: int) -> None:
        """As if the disk had room for so many pages, but at least for what is there."""
        self._ledger._connection.execute(f"PRAGMA max_page_count = {count}")

    def turn(self) -> None:
        self.engine.turn()
        self.recorder.write()

    def close(self) -> None:
        self.turn()
        self.recorder.close()
        self._ledger.close()

    # --- inputs ----------------------------------------------------------------------------

    def counter(self) -> Counter:
        item = ItemNumber(self.item)
        return Counter(self.instant(), INFEED, item, self.now_us - 300, self.now_us, self.boot)

    def arm(self) -> None:
        self.offer(Arming(self.counter(), "a test"))

    def poll(self, items: int = 0) -> None:
        self.item += items
        self.offer(self.counter())

    def read(self, station: StationName, text: str | None, defect: str | None = None) -> None:
        self.offer(Read(self.instant(), station, self.now_us - 500, text, None, defect))

    def tick(self) -> None:
        self.offer(Tick(self.instant(), self.now_us))

    def report(self, back: int, outcome: Outcome) -> None:
        item = ItemNumber(self.item - back)
        self.offer(GateReport(self.instant(), INFEED, item, outcome, Reason.LATE))

    def lose(self) -> None:
        self.offer(LinkLost(self.instant(), INFEED, "a test"))

    def strays(self) -> None:
        self.offer(Strays(self.instant(), INFEED, 1, 0))

    def conditions(self, *on: Condition) -> None:
        self.offer(Conditions(self.instant(), INFEED, frozenset(on)))

    def release(self) -> None:
        self.offer(Release(self.instant(), INFEED, "a person", "it is mended"))

    def item_comes(self, text: str) -> None:
        """One more item passes the trigger, is read, and goes through the gate."""
        self.now_us += 70_000
        self.poll()
        self.now_us += 10_000
        self.poll(1)
        self.now_us += 5_000
        self.read(INFEED, text)
        self.turn()
        self.now_us += 10_000
        self.poll()
        self.report(0, Outcome.PASSED)
        self.turn()

    def late_answer(self, text: str) -> None:
        """One more item passes the trigger; its answer comes when its window has closed."""
        self.now_us += 70_000
        self.poll()
        self.now_us += 10_000
        self.poll(1)
        self.now_us += 26_000
        self.tick()
        self.turn()
        self.now_us += 2_000
        self.read(INFEED, text)
        self.poll()
        self.turn()


@contextmanager
def rig(
    directory: Path, limit_bytes: int = 4_000_000, parts: int = 8, **line: Any
) -> Iterator[Rig]:
    each = Rig(directory, limit_bytes, parts, **line)
    try:
        yield each
    finally:
        each.close()


def replayed(
    paths: list[Path], under: LineConfig | None = None, line_type: type[Line] = Line
) -> list[Step]:
    return list(Replay(under, line_type).steps(paths))


def inputs(steps: list[Step]) -> list[Step]:
    return [step for step in steps if isinstance(step.line, Recorded)]


def heads(steps: list[Step]) -> list[Head]:
    return [step.line for step in steps if isinstance(step.line, Head)]


def differing(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.differs]
