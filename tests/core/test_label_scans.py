"""Whose label a scan means: of the belt, asked for elsewhere, printed once more."""

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Closed, LabelQueued
from edge_agent.core.inputs import Badge, PrinterWord
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import JobId, StationName
from tests.core.test_benches import LABEL, ONE, SSCC, SUE, TWO, Bench, milk, milks, plan, sscc


@pytest.mark.parametrize("station", [ONE, TWO])
def test_a_case_of_the_belt_with_its_own_code_is_closed_by_its_label(station: StationName) -> None:
    bench = Bench(plan(label=LabelPlan("case", "zebra", None), by_scan=False, waiting=1))
    bench.scan(*milks(1, 2, 3), "case-7")
    assert bench.scan("case-7", station=station).tone is Tone.FULL
    assert [closed.key for closed in bench.all(Closed)] == ["plain:case-7"]


def test_a_label_that_is_asked_for_elsewhere_is_still_that_of_its_bench() -> None:
    bench = Bench(plan(label=LABEL))
    bench.scan(*milks(1, 2, 3))
    bench.give(PrinterWord(bench.at(), ONE, JobId(1), "broken"))
    bench.press(Command.REPRINT, station=TWO)
    bench.scan(milk(1), station=TWO)
    assert [label.copy for label in bench.labels] == [1, 2]
    assert bench.scan(sscc(1)).tone is Tone.FULL
    assert [closed.key for closed in bench.all(Closed)] == [sscc(1)]


def test_the_oldest_case_keeps_its_turn_when_its_label_is_printed_once_more() -> None:
    bench = Bench(plan(label=LABEL, by_scan=False, waiting=2))
    bench.scan(*milks(1, 2, 3, 4, 5, 6))
    bench.give(PrinterWord(bench.at(), ONE, JobId(1), "broken"))
    bench.press(Command.REPRINT)
    bench.scan(milk(1))
    assert [label.key for label in bench.labels] == [sscc(1), sscc(2), sscc(1)]
    bench.scan(sscc(1), sscc(2))
    assert [closed.key for closed in bench.all(Closed)] == [sscc(1), sscc(2)]


@pytest.mark.parametrize("verify", [True, False])
def test_who_agreed_to_close_a_case_that_is_not_full_stands_where_its_label_closes_it(
    verify: bool,
) -> None:
    bench = Bench(plan(label=LabelPlan("case", "zebra", SSCC, verify=verify), partial=True))
    bench.scan(milk(1))
    bench.press(Command.CLOSE)
    bench.give(Badge(bench.at(), ONE, "badge", SUE))
    bench.give(PrinterWord(bench.at(), ONE, JobId(1), "broken" if verify else ""))
    if verify:
        bench.press(Command.REPRINT)
        bench.scan(milk(1), sscc(1))
    assert next(queued.approved_by for queued in bench.all(LabelQueued)) == SUE.id
    assert [(closed.key, closed.approved_by) for closed in bench.all(Closed)] == [(sscc(1), SUE.id)]
