"""What stops a line, and what lets it run again."""

from dataclasses import replace

import pytest

from edge_agent.core.effects import Run
from edge_agent.core.events import Condition, Reason, Released, StopCause, Stopped
from edge_agent.core.inputs import Conditions, GateReport, OrderStart, Outcome, Release, Strays
from edge_agent.core.interlock import StopPlan
from edge_agent.core.names import ItemNumber, StationName
from edge_agent.core.record import LinePlan
from tests.core.world import INFEED, SPACING_US, World, plan, text

LINE = StationName("line")


def line(stop: StopPlan) -> World:
    usual = plan(100)
    station = usual.stations[INFEED]
    assert station.gate is not None
    gated = replace(station, gate=replace(station.gate, stop=stop))
    world = World(LinePlan(usual.levels, usual.forms, {**usual.stations, INFEED: gated}))
    world.count(0)
    return world


def stops(world: World) -> list[StopCause]:
    return [event.cause for event in world.past.events if isinstance(event, Stopped)]


def release(world: World) -> list[object]:
    return world.give(Release(world.instant(), INFEED, "Li Wei", "bin emptied"))  # type: ignore[return-value]


def test_so_many_rejects_in_a_row_stop_the_line_and_a_good_one_breaks_the_row() -> None:
    world = line(StopPlan(in_a_row=3))
    for number, code in enumerate((None, None, text("unit", 1), None, None), 1):
        world.item(number, code)
    assert stops(world) == []
    world.item(6, None)
    assert stops(world) == [StopCause.REJECTS_IN_A_ROW]
    assert world.effects[-2:] != []
    assert Run(INFEED, permitted=False) in world.effects


def test_so_many_rejects_of_the_last_stop_the_line() -> None:
    world = line(StopPlan(count=2, of_last=4))
    for number, code in enumerate((None, *(text("unit", n) for n in range(4)), None), 1):
        world.item(number, code)
    assert stops(world) == []
    world.item(7, None)
    assert stops(world) == [StopCause.REJECTS_OF_LAST]


def test_a_stopped_line_rejects_good_items_until_a_person_releases_it() -> None:
    world = line(StopPlan(in_a_row=1))
    world.item(1, None)
    assert world.item(2, text("unit", 1)).reason is Reason.STOPPED
    assert Run(INFEED, permitted=True) in release(world)
    released = world.past.events[-1]
    assert isinstance(released, Released)
    assert (released.by, released.why) == ("Li Wei", "bin emptied")
    assert world.item(3, text("unit", 1)).passes


def test_a_stop_outlives_a_restart_of_the_agent_and_a_new_session() -> None:
    world = line(StopPlan(in_a_row=1))
    world.item(1, None)
    world.restart()
    assert Run(INFEED, permitted=False) in world.count(1)
    assert world.item(2, text("unit", 1)).reason is Reason.STOPPED


def test_a_line_is_not_released_while_the_bin_is_still_full() -> None:
    world = line(StopPlan(on=frozenset({StopCause.BIN_FULL})))
    world.give(Conditions(world.instant(), INFEED, frozenset({Condition.BIN_FULL})))
    assert stops(world) == [StopCause.BIN_FULL]
    assert release(world) == []
    world.give(Conditions(world.instant(), INFEED, frozenset()))
    assert Run(INFEED, permitted=True) in release(world)


def test_a_release_of_a_running_line_is_nothing() -> None:
    world = line(StopPlan())
    assert release(world) == []
    assert world.kinds() == ["armed"]


@pytest.mark.parametrize(
    ("outcome", "cause", "kind"),
    [
        (Outcome.UNCONFIRMED, StopCause.UNCONFIRMED, "eject_failed"),
        (Outcome.UNASKED, StopCause.UNASKED, "ejected_unasked"),
        (Outcome.TAKEN_OFF, StopCause.TAKEN_OFF, "taken_off"),
        (Outcome.UNKNOWN, StopCause.UNTRACKED, "untracked"),
    ],
)
def test_what_the_gate_reports_stops_the_line_only_where_it_is_configured(
    outcome: Outcome, cause: StopCause, kind: str
) -> None:
    for on, expected in ((frozenset({cause}), [cause]), (frozenset(), [])):
        world = line(StopPlan(on=on))
        world.item(1, text("unit", 1))
        world.give(GateReport(world.instant(), INFEED, ItemNumber(1), outcome))
        assert kind in world.kinds()
        assert stops(world) == expected


def test_an_item_that_passes_without_leave_stops_the_line() -> None:
    world = line(StopPlan(on=frozenset({StopCause.ESCAPED})))
    world.item(1, None)
    world.gate(1, Outcome.PASSED)
    assert stops(world) == [StopCause.ESCAPED]


def test_things_that_are_no_items_are_counted_and_stop_the_line() -> None:
    world = line(StopPlan(on=frozenset({StopCause.APPEARED, StopCause.UNASKED})))
    world.give(Strays(world.instant(), INFEED, appeared=2, unasked=1))
    assert world.kinds() == ["armed", "stray", "stopped", "stray"]
    assert stops(world) == [StopCause.APPEARED]


def test_contacts_that_do_not_stop_the_line_are_recorded() -> None:
    world = line(StopPlan())
    for on in ({Condition.AIR_LOW}, {Condition.AIR_LOW}, set()):
        world.give(Conditions(world.instant(), INFEED, frozenset(on)))
    assert world.kinds() == ["armed", "conditions_changed", "conditions_changed"]


def test_a_thing_that_appeared_and_was_not_seen_in_the_bin_has_escaped() -> None:
    world = line(StopPlan(on=frozenset({StopCause.ESCAPED})))
    world.give(Strays(world.instant(), INFEED, appeared=1, unasked=0, escaped=1))
    assert world.kinds() == ["armed", "stray", "stray", "stopped"]
    assert stops(world) == [StopCause.ESCAPED]


def read_twice(world: World, number: int) -> None:
    """An item that two codes are read from: its PASS is withdrawn."""
    world.item(number, text("unit", number))
    world.now_us -= SPACING_US - 3_000
    world.read_item(text("unit", 100 + number))
    world.now_us += SPACING_US


def test_a_withdrawn_pass_is_one_reject() -> None:
    world = line(StopPlan(in_a_row=3))
    for number in (1, 2):
        read_twice(world, number)
    assert stops(world) == []
    read_twice(world, 3)
    assert stops(world) == [StopCause.REJECTS_IN_A_ROW]


def test_an_item_rejected_twice_counts_once() -> None:
    world = line(StopPlan(in_a_row=2, count=2))
    world.item(1, None)
    world.now_us -= SPACING_US - 3_000
    world.read_item(text("unit", 1))
    assert world.kinds().count("rejected") == 2
    assert stops(world) == []


def test_a_contact_that_reports_already_when_it_is_configured_stops_the_line() -> None:
    world = line(StopPlan())
    world.give(Conditions(world.instant(), INFEED, frozenset({Condition.BIN_FULL})))
    assert stops(world) == []
    world.plan = line(StopPlan(on=frozenset({StopCause.BIN_FULL}))).plan
    world.restart()
    assert Run(INFEED, permitted=False) in world.count(0)
    assert stops(world) == [StopCause.BIN_FULL]
    assert not world.item(1, text("unit", 1)).passes


def test_good_items_that_the_gate_keeps_out_count_as_rejects() -> None:
    world = line(StopPlan(in_a_row=2))
    for number in (1, 2):
        world.item(number, text("unit", number))
        world.gate(number, Outcome.EJECTED)
    assert stops(world) == [StopCause.REJECTS_IN_A_ROW]


def test_what_a_new_session_costs_does_not_stop_the_line() -> None:
    world = line(StopPlan(in_a_row=2))
    for number in (1, 2, 3):
        world.item(number, text("unit", number))
    world.lose_link()
    world.count(3)
    for number in (1, 2, 3):
        world.gate(number, Outcome.EJECTED)
    assert stops(world) == []


def test_an_order_does_not_change_over_differences() -> None:
    world = line(StopPlan(on=frozenset({StopCause.DIFFERENCE})))
    world.item(1, text("unit", 1))
    world.give(OrderStart(world.instant(), LINE, "A"))
    assert stops(world) == []
    world.give(GateReport(world.instant(), INFEED, ItemNumber(1), Outcome.UNKNOWN))
    world.give(OrderStart(world.instant(), LINE, "B"))
    assert stops(world) == [StopCause.DIFFERENCE]
    assert "order A" in next(e.detail for e in world.past.events if isinstance(e, Stopped))
