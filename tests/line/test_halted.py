"""What comes while the ledger has no room, and in the turn in which it has room again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.effects import Show, Tone
from edge_agent.core.inputs import Input, Press, PrinterWord, Read, Tick
from edge_agent.core.labels import Fate, LabelPlan
from edge_agent.core.names import Instant, JobId, StationName
from edge_agent.core.sscc import SsccRange
from edge_agent.core.state import FORM
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.line.commands import Commands
from edge_agent.line.engine import RETRY_US, Committed, Engine
from edge_agent.line.sign_in import SignIn
from edge_agent.line.staff import Staff
from edge_agent.people.store import People
from edge_agent.station_config import People as Rules
from tests.core.bench_world import CASE, ONE, TWO, plan

SUE = {"name": "Sue", "role": "supervisor"}
LABEL = LabelPlan("case", "zebra", sscc=SsccRange("6971234", 0, 1, 99), verify=False)
FIRST = JobId(1)


class Line:
    """An engine on a ledger that can be made full, and what people ask of it."""

    def __init__(self, path: Path) -> None:
        create_ledger(path / "ledger.db")
        self.ledger = Ledger(path / "ledger.db")
        self.people = People(path / "people.db")
        self._now_us = 5_000_000
        self.released: list[Committed] = []
        bench = plan(label=LABEL)
        self.engine = Engine(
            bench,
            self.ledger,
            line_name="line",
            queue_size=100,
            secret_codes=False,
            wake=lambda: None,
            release=self.released.append,
            now=self.at,
        )
        rules = Rules()
        staff, sign_in = Staff(self.people, rules), SignIn(self.people, rules)
        name = StationName("line")
        self.commands = Commands(
            name, bench.stations, self.engine, staff, sign_in, self.engine.turn,
            lambda printer: (CASE, {"mark": printer}),
        )  # fmt: skip

    def at(self, ahead_us: int = 1_000) -> Instant:
        self._now_us += ahead_us
        return Instant(self._now_us, 1_800_000_000_000_000 + self._now_us)

    def give(self, given: Input) -> None:
        self.engine.offer(given)
        self.engine.turn()

    def scan(self, station: StationName, *numbers: int) -> None:
        for number in numbers:
            at = self.at()
            self.give(Read(at, station, at.mono_us, f"unit-{number}"))

    def halt(self, *last: Input) -> None:
        """The ledger may not grow any more, and the line notices, in a turn that ends with
        `last`."""
        self.ledger._connection.execute("PRAGMA max_page_count = 1")
        for number in range(90):
            at = self.at()
            self.engine.offer(Read(at, TWO, at.mono_us, f"unit-{number + 100}"))
        for given in last:
            self.engine.offer(given)
        self.engine.turn()
        assert self.engine.halted is not None

    def mend(self) -> None:
        """There is room again, and it is time to look."""
        self.ledger._connection.execute("PRAGMA max_page_count = 1000000")
        self.at(RETRY_US)

    def edit(self, person: str, new: dict[str, str], by: str | None) -> dict[str, Any]:
        question = {
            "subject": "person", "id": person, "new": new, "by": by, "why": "test",
        }  # fmt: skip
        return asyncio.run(self.commands.handlers()["edit"](question))

    def shown(self) -> list[tuple[StationName, Tone, str]]:
        effects = [effect for each in self.released for effect, _ in each.effects]
        return [(e.station, e.tone, str(e.saying)) for e in effects if isinstance(e, Show)]

    def kinds(self) -> list[str]:
        _, since = self.ledger.load_snapshot(FORM)
        return [event.kind for event in since]

    def close(self) -> None:
        self.people.close()
        self.ledger.close()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.close()


def test_who_scans_or_presses_while_halted_is_told_so_on_the_screen(line: Line) -> None:
    line.scan(ONE, 1)
    assert line.shown()[-1][1] is Tone.GOOD
    line.halt()
    line.released.clear()
    line.scan(ONE, 2)
    line.give(Press(line.at(), TWO, Command.UNDO))
    said = "the line is halted: the ledger takes no records"
    assert line.shown() == [(ONE, Tone.BAD, said), (TWO, Tone.BAD, said)]


def test_an_edit_in_the_turn_in_which_the_line_goes_on_is_in_the_ledger_as_in_the_file(
    line: Line,
) -> None:
    assert line.edit("sue", SUE, None)["recorded"] == 1
    line.halt()
    assert "halted" in line.edit("bob", {"name": "Bob", "role": "operator"}, "sue")["error"]
    line.mend()
    assert line.edit("eve", {"name": "Eve", "role": "operator"}, "sue")["recorded"]
    assert [account.person.id for account in line.people.everybody()] == ["eve", "sue"]
    assert line.kinds()[-2:] == ["resumed", "edited"]
    assert line.kinds().count("edited") == 2


def test_what_is_recorded_of_a_question_is_not_what_came_before_it(line: Line) -> None:
    at = line.at()
    line.engine.offer(Read(at, ONE, at.mono_us, "unit-1"))
    assert line.edit("sue", SUE, None)["recorded"] == 1


@pytest.mark.parametrize("is_under_way", [False, True])
def test_a_printers_word_that_comes_while_halted_is_heard_when_the_line_goes_on(
    line: Line, is_under_way: bool
) -> None:
    """`is_under_way`: it was in the very turn for which there was no room."""
    line.scan(ONE, 1, 2, 3)
    assert line.engine.state.labels.jobs[FIRST].fate is Fate.QUEUED
    word = PrinterWord(line.at(), ONE, FIRST)
    if is_under_way:
        line.halt(word)
    else:
        line.halt()
        line.give(word)
    assert line.engine.state.labels.jobs[FIRST].fate is Fate.QUEUED
    line.mend()
    line.give(Tick(line.at(), line.at().mono_us))
    assert line.engine.halted is None
    assert line.engine.state.labels.jobs[FIRST].fate is Fate.PRINTED
    assert line.kinds().count("label_printed") == line.kinds().count("closed") == 1
