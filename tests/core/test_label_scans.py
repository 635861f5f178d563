"""Whose label a scan means: of the belt, asked for elsewhere, printed once more."""

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Closed, LabelQueued, LabelVerified, Rejected
from edge_agent.core.inputs import Badge, PrinterWord
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import JobId, StationName
from edge_agent.core.sscc import SsccRange
from tests.core import bench_world as world_of
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


@pytest.fixture
def world() -> world_of.Benches:
    """Two full cases whose labels were scanned, at benches and a table where labels are made."""
    made = world_of.Benches(label=LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 99)))
    for units in (("unit-1", "unit-2", "unit-3"), ("unit-4", "unit-5", "unit-6")):
        made.ok(world_of.ONE, *units)
        made.ok(world_of.ONE, made.label())
    return made


def last_kind(world: world_of.Benches) -> str:
    return world.events[-1].kind


def test_what_is_split_off_at_the_table_is_closed_by_its_label_there(
    world: world_of.Benches,
) -> None:
    world.ok(world_of.TABLE, Command.SPLIT, "unit-2")
    closed = world.ok(world_of.TABLE, world.label())
    assert closed.tone is Tone.FULL
    assert world.inside("unit-1") != world.inside("unit-2") == world.inside("unit-3")
    world.ok(world_of.TABLE, Command.SPLIT, "unit-5")  # nothing is left open there
    world.check()


def test_what_is_opened_again_at_the_table_is_closed_by_its_new_label(
    world: world_of.Benches,
) -> None:
    case = world.label()
    world.ok(world_of.TABLE, Command.REMOVE, "unit-4", Command.REOPEN, case)
    world.ok(world_of.TABLE, world_of.SUE, Command.CLOSE)
    assert world.ok(world_of.TABLE, world.label()).tone is Tone.FULL
    world.check()


def test_another_label_at_the_table_is_the_wrong_one_but_a_known_case_is_told_what_it_is(
    world: world_of.Benches,
) -> None:
    case = world.label()
    world.ok(world_of.TABLE, Command.SPLIT, "unit-2")
    (said,) = world.refused(world_of.TABLE, sscc(77))
    assert "due is" in said
    assert world.do(world_of.TABLE, case).tone is Tone.NOTE
    world.ok(world_of.TABLE, world.label())


@pytest.mark.parametrize("station", [world_of.ONE, world_of.TABLE])
def test_a_label_printed_once_more_of_a_closed_case_is_verified_by_its_scan(
    world: world_of.Benches, station: StationName
) -> None:
    case = world.label()
    world.ok(station, Command.REPRINT, "unit-4")
    assert world.ok(station, case).tone is Tone.GOOD
    assert last_kind(world) == LabelVerified.kind
    count = len(world.events)
    world.do(station, case)
    assert LabelVerified.kind not in [event.kind for event in world.events[count:]]


def test_a_label_printed_once_more_is_wrong_on_another_case(world: world_of.Benches) -> None:
    case = world.label()
    world.ok(world_of.TWO, "unit-7", "unit-8", "unit-9")
    world.ok(world_of.TWO, Command.REPRINT, "unit-4")
    world.refused(world_of.TWO, case)
    assert last_kind(world) == Rejected.kind


def test_what_was_refused_for_want_of_a_badge_may_be_scanned_at_once_after_it() -> None:
    world = world_of.Benches(reread_us=2_000_000)
    world.ok(world_of.ONE, "unit-1", "unit-2", "unit-3", "case-1")
    world.refused(world_of.TABLE, (Command.DECOMMISSION, "damaged"), "unit-1")
    world.ok(world_of.TABLE, world_of.SUE, "unit-1")


def test_the_label_of_a_closed_case_is_no_duplicate_where_no_label_is_awaited(
    world: world_of.Benches,
) -> None:
    first, second = (event.key for event in world.events if isinstance(event, LabelQueued))
    world.do(world_of.ONE, second)
    assert world.do(world_of.ONE, first).tone is Tone.NOTE
    world.ok(world_of.ONE, "unit-7", "unit-8", "unit-9")
    assert world.do(world_of.ONE, first).tone is Tone.BAD
