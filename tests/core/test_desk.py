"""The desk: a command is begun, allowed, scanned for, done or left; nothing half-done stays."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_agent.core.commands import DECOMMISSION_REASONS, Command
from edge_agent.core.desk import ASIDE_US
from edge_agent.core.dialog import PROCEDURES
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import Reason, Subject
from edge_agent.core.inputs import (
    Badge,
    Condition,
    Conditions,
    Edit,
    Outcome,
    Press,
    PrinterWord,
    Read,
)
from edge_agent.core.interlock import StopPlan
from edge_agent.core.labels import LabelPlan
from edge_agent.core.people import Permission, Person, Role
from edge_agent.core.record import PeoplePlan
from edge_agent.core.sscc import SsccRange
from edge_agent.core.states import State
from tests.core.bench_world import ANN, BOB, ONE, PRODUCT_A, SAM, SUE, TABLE, TWO, Benches, made
from tests.core.world import BENCH, INFEED, World
from tests.core.world import plan as belt_plan

IDLE_US = 900_000_000
REQUIRED = PeoplePlan(required=True, idle_us=IDLE_US)


@pytest.fixture
def world() -> Benches:
    """Ann at bench 1, with one full case and one unit of the next."""
    world = Benches()
    world.ok(ONE, ANN)
    world.case("case-1", "unit-1", "unit-2", "unit-3")
    world.ok(ONE, "unit-4")
    return world


def test_each_command_but_the_answers_is_a_procedure() -> None:
    assert PROCEDURES.keys() == set(Command) - {Command.CONFIRM, Command.CANCEL, Command.SIGN_OUT}


def test_each_step_is_asked_for(world: Benches) -> None:
    asked = []
    for scan in (Command.REPLACE, "unit-1"):
        assert world.do(ONE, scan).tone is Tone.ASK
        prompt = world.line.desk.prompt(ONE)
        assert prompt is not None
        asked.append((prompt.command, str(prompt.saying), prompt.step, prompt.steps))
    assert asked == [
        (Command.REPLACE, "scan the damaged thing", 1, 2),
        (Command.REPLACE, "scan the new thing", 2, 2),
    ]
    world.ok(ONE, "unit-20")
    assert world.line.desk.prompt(ONE) is None


def test_one_bench_waits_while_another_packs(world: Benches) -> None:
    world.do(ONE, Command.REMOVE)
    world.ok(TWO, "unit-5")
    world.ok(ONE, "unit-1")
    assert world.known("unit-1").state is State.ACTIVE


def test_unpacking_goes_on_until_it_is_left(world: Benches) -> None:
    world.ok(ONE, Command.UNPACK, "unit-1", "unit-2")
    assert world.line.desk.prompt(ONE) is not None
    world.do(ONE, Command.CANCEL)
    world.ok(ONE, "unit-1")
    assert world.children("case-1") == ["unit-3"]


# --- what is left leaves nothing behind ---------------------------------------------------------

BEGUN: dict[str, tuple] = {  # type: ignore[type-arg]
    "a scan is awaited": (Command.REMOVE,),
    "a second scan is awaited": (Command.REPLACE, "unit-1"),
    "a badge is awaited": ((Command.DECOMMISSION, "damaged"),),
    "a scan is awaited, with leave": ((Command.DECOMMISSION, "damaged"), SUE),
    "a reason is awaited": (Command.DECOMMISSION,),
    "another thing is awaited": (Command.UNPACK,),
}
LEFT: dict[str, Callable[[Benches], object]] = {
    "cancelled": lambda world: world.do(ONE, Command.CANCEL),
    "nothing is scanned": lambda world: world.tick(ASIDE_US),
    "signed out": lambda world: world.do(ONE, Command.SIGN_OUT),
    "another command": lambda world: world.do(ONE, Command.SAMPLE, Command.CANCEL),
    "restarted": lambda world: world.restart(),
    "revoked": lambda world: world.revoke(ANN),
}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("begun", BEGUN)
def test_a_command_left_in_any_way_leaves_nothing_behind(
    world: Benches, begun: str, left: str
) -> None:
    before = world.tree(), world.line.state.to_json()["filling"]
    world.do(ONE, *BEGUN[begun])
    assert world.line.desk.prompt(ONE) is not None
    LEFT[left](world)
    assert world.line.desk.prompt(ONE) is None
    assert (world.tree(), world.line.state.to_json()["filling"]) == before
    world.ok(ONE, "unit-5")
    assert world.known("unit-5").inside == world.known("unit-4").inside


@pytest.mark.parametrize("begun", BEGUN)
def test_what_is_begun_goes_on_from_a_recording(world: Benches, begun: str) -> None:
    world.do(ONE, *BEGUN[begun])
    prompt = world.line.desk.prompt(ONE)
    saved = json.loads(json.dumps(world.line.to_json()))
    world.restart()
    world.line.load(saved)
    assert world.line.desk.prompt(ONE) == prompt
    assert json.loads(json.dumps(world.line.to_json())) == saved


def test_somebody_else_who_signs_in_does_not_go_on_with_what_was_begun(world: Benches) -> None:
    world.do(ONE, Command.REMOVE)
    world.ok(ONE, BOB)
    assert world.line.desk.prompt(ONE) is None


def test_ones_own_badge_again_leaves_nothing(world: Benches) -> None:
    world.do(ONE, Command.REMOVE)
    count = len(world.events)
    world.ok(ONE, ANN)
    assert world.line.desk.prompt(ONE) is not None
    assert len(world.events) == count


def test_a_command_is_not_left_while_its_scans_come(world: Benches) -> None:
    world.do(ONE, Command.REPLACE)
    world.tick(ASIDE_US * 3 // 4)
    world.do(ONE, "unit-1")
    world.tick(ASIDE_US * 3 // 4)
    world.ok(ONE, "unit-20")


# --- whose leave it needs -----------------------------------------------------------------------


def test_an_operator_decommissions_with_a_supervisors_badge_and_stays_signed_in(
    world: Benches,
) -> None:
    assert world.do(ONE, (Command.DECOMMISSION, "damaged")).tone is Tone.ASK
    world.do(ONE, SUE)
    world.ok(ONE, "unit-1")
    assert world.line.state.signed_in[ONE].id == ANN.id
    assert (world.repairs()[-1].by, world.repairs()[-1].approved_by) == (ANN.id, SUE.id)


def test_a_supervisor_needs_nobody(world: Benches) -> None:
    world.ok(ONE, SUE, (Command.DECOMMISSION, "damaged"), "unit-1")
    assert world.repairs()[-1].approved_by is None


def test_a_badge_that_may_not_is_refused_and_another_awaited(world: Benches) -> None:
    world.do(ONE, (Command.DECOMMISSION, "damaged"))
    shown = world.do(ONE, BOB)
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.NOT_ALLOWED)
    assert world.events[-1].kind == "sign_in_refused"
    assert world.line.state.signed_in[ONE].id == ANN.id
    world.do(ONE, SUE)
    world.ok(ONE, "unit-1")


def test_a_revoked_badge_is_refused_while_leave_is_awaited(world: Benches) -> None:
    world.do(ONE, (Command.DECOMMISSION, "damaged"))
    world.give(Badge(world.at(), ONE, "badge", None, "this badge was revoked"))
    (shown,) = world.effects
    assert str(shown.saying) == "this badge was revoked"  # type: ignore[union-attr]
    assert world.events[-1].kind == "sign_in_refused"
    world.do(ONE, SUE)
    world.ok(ONE, "unit-1")


def test_a_product_scanned_while_a_badge_is_awaited_is_not_packed(world: Benches) -> None:
    world.do(ONE, (Command.DECOMMISSION, "damaged"))
    assert "a badge is awaited" in world.refused(ONE, "unit-5")[0]
    assert world.past.find(world.codes()[0])
    assert "plain:unit-5" not in world.codes()


def test_leave_is_for_one_command(world: Benches) -> None:
    world.ok(ONE, (Command.DECOMMISSION, "damaged"), SUE, "unit-1")
    assert world.do(ONE, (Command.DECOMMISSION, "damaged")).tone is Tone.ASK
    prompt = world.line.desk.prompt(ONE)
    assert prompt is not None
    assert "badge" in str(prompt.saying)


def test_four_eyes_are_of_two_people() -> None:
    world = Benches(PeoplePlan(four_eyes=frozenset({Permission.DECOMMISSION})))
    world.ok(ONE, SUE, "unit-1", "unit-2", "unit-3")
    world.do(ONE, (Command.DECOMMISSION, "damaged"))
    assert "a second person" in str(world.do(ONE, SUE).saying)
    world.do(ONE, SAM)
    world.ok(ONE, "unit-1")
    assert (world.repairs()[-1].by, world.repairs()[-1].approved_by) == (SUE.id, SAM.id)


def test_a_part_filled_case_is_closed_with_a_supervisors_badge(world: Benches) -> None:
    assert world.do(ONE, "case-2").tone is Tone.ASK
    world.ok(ONE, SUE)
    assert world.children("case-2") == ["unit-4"]
    (closed,) = (e for e in world.events if e.kind == "closed" and e.key.endswith("case-2"))  # type: ignore[attr-defined]
    assert (closed.by, closed.approved_by) == (ANN.id, SUE.id)  # type: ignore[attr-defined]


def test_a_supervisor_confirms_that_a_part_filled_case_is_closed(world: Benches) -> None:
    world.ok(ONE, SUE)
    assert world.do(ONE, "case-2").tone is Tone.ASK
    assert "plain:case-2" not in world.codes()
    world.ok(ONE, Command.CONFIRM)
    assert world.children("case-2") == ["unit-4"]
    world.ok(ONE, "unit-5")
    assert "scan the code" in str(world.do(ONE, Command.CLOSE).saying)


def test_packing_goes_on_where_a_case_code_came_too_early(world: Benches) -> None:
    assert world.do(ONE, "case-2").tone is Tone.ASK
    world.ok(ONE, "unit-5", "unit-6")
    assert world.line.desk.prompt(ONE) is None
    world.ok(ONE, "case-2")
    assert world.children("case-2") == ["unit-4", "unit-5", "unit-6"]


# --- signing in and out -------------------------------------------------------------------------


def test_where_signing_in_is_asked_for_nothing_is_done_without() -> None:
    world = Benches(REQUIRED)
    shown = world.do(ONE, "unit-1")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.NOT_SIGNED_IN)
    shown = world.do(ONE, Command.REMOVE)
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.NOT_SIGNED_IN)
    world.ok(ONE, ANN, "unit-1")


def test_who_signs_in_signs_out_who_was_there(world: Benches) -> None:
    world.ok(ONE, BOB)
    assert [e.kind for e in world.events[-2:]] == ["signed_out", "signed_in"]
    assert world.line.state.signed_in[ONE] == BOB
    world.restart()
    assert world.line.state.signed_in[ONE] == BOB


def test_who_does_nothing_for_long_is_signed_out_and_who_works_is_not() -> None:
    world = Benches(REQUIRED)
    world.ok(ONE, ANN)
    world.ok(TWO, BOB)
    world.tick(IDLE_US // 2)
    world.ok(ONE, "unit-1")
    world.tick(IDLE_US * 3 // 4)
    assert set(world.line.state.signed_in) == {ONE}
    out = world.events[-1]
    assert (out.kind, out.why) == ("signed_out", "idle")  # type: ignore[attr-defined]


def test_who_is_revoked_is_signed_out_everywhere(world: Benches) -> None:
    world.ok(TWO, ANN)
    world.revoke(ANN)
    assert not world.line.state.signed_in


def test_who_gets_another_role_is_signed_out_everywhere_and_nothing_is_done_in_the_old_one(
    world: Benches,
) -> None:
    world.ok(TWO, SUE, "unit-10")
    world.do(ONE, (Command.DECOMMISSION, "other"), SUE)
    world.give_role(SUE, Role.OPERATOR)
    assert TWO not in world.line.state.signed_in
    assert world.line.desk.prompt(ONE) is None, "the leave that she gave is not hers to give now"
    world.do(TWO, Command.CLOSE)
    assert world.line.desk.prompt(TWO) is not None, "a badge is asked for"
    assert world.inside("unit-10") == ""
    world.restart()
    assert TWO not in world.line.state.signed_in


def test_who_keeps_the_role_stays_signed_in(world: Benches) -> None:
    world.give_role(ANN, ANN.role)
    assert ONE in world.line.state.signed_in


# --- what is asked at the wrong time ------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [Command.CONFIRM, Command.UNDO, Command.RELEASE, Command.CLOSE, Command.PARK, Command.SIGN_OUT],
)
def test_a_command_in_the_wrong_state_is_refused_counted_and_no_event(command: Command) -> None:
    world = Benches()
    world.do(ONE, command)
    assert not world.events
    (shown,) = world.effects
    assert shown.tone is Tone.BAD  # type: ignore[union-attr]
    assert world.line.desk.refused == 1


def test_a_double_tap_is_one_press(world: Benches) -> None:
    world.ok(ONE, "unit-5", Command.UNDO)
    first = world.effects
    count = len(world.events)
    again = world.at(100_000)
    world.give(Press(again, ONE, Command.UNDO))
    assert len(world.events) == count
    assert [e.saying for e in world.effects] == [e.saying for e in first]  # type: ignore[union-attr]
    assert world.known("unit-4").state is State.PACKED


def test_the_same_thing_read_twice_by_the_scanner_is_not_packed_again_after_its_removal() -> None:
    world = Benches(reread_us=1_000_000)
    world.ok(ONE, "unit-1", "unit-2", Command.REMOVE, "unit-1")
    shown = world.do(ONE, "unit-1")
    assert shown.tone is Tone.NOTE
    assert world.known("unit-1").state is State.ACTIVE


def test_a_thing_packed_just_now_may_be_taken_out_at_once() -> None:
    world = Benches(reread_us=10_000_000)
    world.ok(ONE, "unit-1", Command.REMOVE, "unit-1")
    assert world.known("unit-1").state is State.ACTIVE


def test_an_unreadable_scan_leaves_the_command_waiting(world: Benches) -> None:
    world.do(ONE, Command.REMOVE)
    assert world.do(ONE, "no code at all").reason is Reason.MALFORMED
    world.ok(ONE, "unit-1")


def test_an_unknown_command_barcode_is_no_product(world: Benches) -> None:
    shown = world.do(ONE, "EA:DANCE")
    assert (shown.tone, shown.reason) == (Tone.BAD, Reason.REFUSED)
    assert world.events[-1].kind == "packed"


def test_the_reasons_are_offered_and_only_those_are_taken(world: Benches) -> None:
    world.do(ONE, Command.DECOMMISSION)
    prompt = world.line.desk.prompt(ONE)
    assert prompt is not None
    assert prompt.choices == tuple((Command.DECOMMISSION, each) for each in DECOMMISSION_REASONS)
    assert "no reason" in str(world.do(ONE, (Command.DECOMMISSION, "boredom")).saying)


def test_the_table_says_what_a_code_is(world: Benches) -> None:
    assert "unit-1 lies in plain:case-1" in str(world.do(TABLE, "unit-1").saying)
    assert "never seen" in str(world.do(TABLE, "unit-77").saying)
    shown = world.do(TABLE, "case-1")
    assert [str(each) for each in shown.culprits] == ["the case holds 3"]
    assert shown.tone is Tone.NOTE
    assert "plain:unit-77" not in world.codes()


def test_a_technician_reprints_but_does_not_repair() -> None:
    world = Benches()
    world.ok(ONE, Person(ANN.id, "Tom", Role.TECHNICIAN))
    assert world.do(ONE, Command.REMOVE).tone is Tone.ASK
    prompt = world.line.desk.prompt(ONE)
    assert prompt is not None
    assert "badge" in str(prompt.saying)


# --- orders, labels, gates ----------------------------------------------------------------------


def ordered(world: Benches, number: str, **values: str) -> None:
    new = {"gtin": PRODUCT_A, "batch": "L1", **values}
    world.give(Edit(world.at(), world.plan.name, Subject.ORDER, number, new, SUE.id, "planned"))


def test_orders_are_offered_and_chosen_by_a_scan_or_a_button(world: Benches) -> None:
    ordered(world, "4711")
    ordered(world, "4712")
    ordered(world, "4710", ended="yes")
    world.ok(ONE, SUE)
    world.do(ONE, Command.ORDER)
    prompt = world.line.desk.prompt(ONE)
    assert prompt is not None
    assert prompt.choices == ((Command.ORDER, "4711"), (Command.ORDER, "4712"))
    world.ok(ONE, "4712")
    assert world.line.state.order == "4712"
    world.ok(ONE, (Command.ORDER, "4711"))
    assert world.line.state.order == "4711"


def test_an_operator_changes_the_order_with_leave(world: Benches) -> None:
    ordered(world, "4711")
    world.do(ONE, Command.ORDER, "4711")
    assert not world.line.state.order
    world.ok(ONE, SUE)
    assert world.line.state.order == "4711"


def test_an_unknown_order_is_refused(world: Benches) -> None:
    # Before anybody is asked for leave.
    assert "not known" in str(world.do(ONE, ANN, (Command.ORDER, "9")).saying)


def test_what_was_put_aside_is_taken_up_again_by_a_thing_in_it(world: Benches) -> None:
    world.ok(ONE, Command.PARK)
    world.ok(ONE, "unit-9")
    world.refused(ONE, Command.RESUME, "unit-4")
    world.ok(ONE, Command.PARK, Command.RESUME, "unit-4")
    world.ok(ONE, "unit-5")
    assert world.known("unit-5").inside == world.known("unit-4").inside
    world.check()


def test_what_is_split_off_gets_a_label_where_labels_are_made() -> None:
    world = Benches(label=LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 999)))
    one, two, three = (made(PRODUCT_A, number) for number in (1, 2, 3))
    world.ok(ONE, ANN, one, two, three)
    world.ok(ONE, world.label())
    world.ok(ONE, Command.SPLIT, two)
    assert world.line.desk.prompt(ONE) is None
    queued = world.events[-1]
    assert (queued.fields["gtin"], queued.fields["count"]) == (PRODUCT_A, "2")  # type: ignore[attr-defined]
    world.ok(ONE, world.label())
    assert world.inside(one) != world.inside(two) == world.inside(three)
    world.check()


@pytest.mark.parametrize("verify", [True, False])
def test_a_case_closed_with_a_label_says_that_its_label_is_due(verify: bool) -> None:
    label = LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 9), verify=verify)
    world = Benches(label=label)
    world.ok(ONE, SUE, "unit-1")
    shown = world.do(ONE, Command.CLOSE)
    assert shown.tone is Tone.FULL
    assert ("scan" in str(shown.saying)) is verify
    assert not any(event.kind == "closed" for event in world.events)


def test_a_label_is_printed_once_more_for_a_thing_in_its_case() -> None:
    world = Benches(label=LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 999)))
    world.ok(ONE, ANN, "unit-1", "unit-2", "unit-3")
    first = world.events[-1]
    world.give(PrinterWord(world.at(), ONE, first.job, "silent"))  # type: ignore[attr-defined]
    world.ok(ONE, Command.REPRINT, "unit-2")
    again = world.events[-1]
    assert (again.key, again.copy, again.by) == (first.key, 2, ANN.id)  # type: ignore[attr-defined]
    world.ok(ONE, world.label())
    assert world.known("unit-1").inside[1] == first.key  # type: ignore[attr-defined, index]


@pytest.fixture
def belt() -> World:
    """A gate that stopped after three rejects in a row."""
    line_plan = belt_plan(3)
    station = line_plan.stations[INFEED]
    assert station.gate is not None
    gate = replace(station.gate, stop=StopPlan(in_a_row=3))
    stations = {**line_plan.stations, INFEED: replace(station, gate=gate)}
    world = World(replace(line_plan, stations=stations))
    for number in (1, 2, 3):
        world.item(number, None)
    assert world.line.state.belts[INFEED].interlock.stop is not None
    return world


def asked(belt: World, given: Command | Person) -> Show:
    belt.now_us += 1_000_000
    at = belt.instant()
    is_person = isinstance(given, Person)
    belt.give(Badge(at, INFEED, "badge", given) if is_person else Press(at, INFEED, given))  # type: ignore[arg-type]
    return belt.shows[-1]


def test_a_stopped_gate_is_released_at_its_station_by_who_may(belt: World) -> None:
    asked(belt, ANN)
    assert asked(belt, Command.RELEASE).tone is Tone.ASK
    assert asked(belt, SUE).tone is Tone.GOOD
    released = belt.past.events[-1]
    assert (released.kind, released.by) == ("released", "Sue")  # type: ignore[attr-defined]
    assert asked(belt, Command.RELEASE).tone is Tone.BAD


def test_a_gate_is_not_released_on_leave_for_what_changed_meanwhile() -> None:
    """The guard is opened while the badge is on its way."""
    line_plan = belt_plan()
    station = line_plan.stations[INFEED]
    assert station.gate is not None
    gate = replace(station.gate, stop=StopPlan(in_a_row=3, on=frozenset({Condition.GUARD_OPEN})))
    belt = World(
        replace(line_plan, stations={**line_plan.stations, INFEED: replace(station, gate=gate)})
    )
    for number in (1, 2, 3):
        belt.item(number, None)
    asked(belt, ANN)
    assert asked(belt, Command.RELEASE).tone is Tone.ASK
    belt.give(Conditions(belt.instant(), INFEED, frozenset({Condition.GUARD_OPEN})))
    shown = asked(belt, SUE)
    assert shown.tone is Tone.BAD
    assert str(shown.saying) == "first mend: a guard is open"
    assert belt.line.state.belts[INFEED].interlock.stop is not None


def test_leave_to_close_is_for_the_case_that_was_there_when_it_was_asked() -> None:
    """The belt fills it, and begins the next, while the badge is on its way."""
    belt = World(belt_plan(2, partial=True, waiting=2))
    belt.scan("unit-1")
    belt.now_us += 1_000_000
    belt.give(Press(belt.instant(), BENCH, Command.CLOSE))
    assert belt.shows[-1].tone is Tone.ASK
    belt.item(1, "unit-2")
    belt.gate(1, Outcome.PASSED)
    belt.item(2, "unit-3")
    belt.gate(2, Outcome.PASSED)
    before = belt.line.state.to_json()["filling"]
    belt.give(Badge(belt.instant(), BENCH, "badge", SUE))
    assert belt.shows[-1].tone is Tone.BAD
    assert "not as it was" in str(belt.shows[-1].saying)
    assert belt.line.state.to_json()["filling"] == before


def test_leave_to_take_back_is_for_what_was_done_last_when_it_was_asked() -> None:
    """The printed label closes the case while the badge is on its way."""
    world = Benches(
        PeoplePlan(four_eyes=frozenset({Permission.REWORK})),
        label=LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 9), verify=False),
    )
    world.ok(ONE, ANN, "unit-1", "unit-2", "unit-3")
    assert world.do(ONE, Command.UNDO).tone is Tone.ASK
    (job,) = world.line.state.labels.jobs
    world.give(PrinterWord(world.at(), ONE, job))
    assert world.events[-1].kind == "closed"
    (said,) = world.refused(ONE, SUE)
    assert "not as it was" in said


def test_what_passed_a_gate_is_nobodys_act_to_take_back(belt: World) -> None:
    asked(belt, SUE)
    asked(belt, Command.RELEASE)
    assert belt.item(4, "unit-1").passes
    belt.gate(4, Outcome.PASSED)
    assert belt.past.events[-1].kind == "packed"
    assert "nothing to take back" in str(asked(belt, Command.UNDO).saying)


def test_a_case_closed_by_mistake_behind_a_gate_is_the_next_to_be_named() -> None:
    belt = World(belt_plan(2, waiting=2))
    for number in range(1, 6):
        belt.scan(f"unit-{number}")
    belt.scan("level1-1")
    belt.now_us += 1_000_000
    belt.give(Press(belt.instant(), BENCH, Command.UNDO))
    assert belt.shows[-1].tone is Tone.GOOD
    belt.now_us += 1_000_000
    belt.scan("level1-2")
    closed = belt.past.events[-1]
    assert closed.children == ("plain:unit-1", "plain:unit-2")  # type: ignore[attr-defined]
    belt.restart()


def test_a_hand_scanner_at_a_gate_packs_nothing_and_takes_things_out(belt: World) -> None:
    asked(belt, ANN)
    belt.scan("unit-1")
    count = len(belt.past.events)

    def by_hand(text: str) -> Show:
        belt.now_us += 1_000_000
        belt.give(Read(belt.instant(), INFEED, belt.now_us, text, by_hand=True))
        return belt.shows[-1]

    assert "lies in" in str(by_hand("unit-1").saying)
    assert "never seen" in str(by_hand("unit-2").saying)
    assert len(belt.past.events) == count
    asked(belt, Command.REMOVE)
    assert by_hand("unit-1").tone is Tone.GOOD
    assert belt.past.events[-1].kind == "reworked"
