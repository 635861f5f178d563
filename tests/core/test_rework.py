"""Repairs at a bench: each in three scans or fewer, each refused with every culprit named."""

from dataclasses import dataclass

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import Subject
from edge_agent.core.inputs import Edit, PrinterWord
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import JobId
from edge_agent.core.rework.repairs import REPAIRS
from edge_agent.core.sscc import SsccRange
from edge_agent.core.states import ContainerState, State
from tests.core.bench_world import (
    ANN,
    DOCK,
    ONE,
    PRODUCT_A,
    PRODUCT_B,
    SUE,
    TABLE,
    TWO,
    Benches,
    Scan,
    key,
    made,
    text,
)


@pytest.fixture
def world() -> Benches:
    """Two full cases, and one of two units that a supervisor let close; all at bench 1."""
    world = Benches()
    world.ok(ONE, ANN)
    world.case("case-1", "unit-1", "unit-2", "unit-3")
    world.case("case-2", "unit-4", "unit-5", "unit-6")
    world.case("case-3", "unit-7", "unit-8")
    return world


@dataclass(frozen=True)
class Task:
    scans: tuple[Scan, ...]
    cases: dict[str, list[str]]
    """What lies in each case afterwards, of those that change."""
    states: dict[str, State]


TASKS = {
    Command.UNDO: Task((Command.UNDO,), {}, {}),
    Command.REMOVE: Task((Command.REMOVE, "unit-2"), {"case-1": ["unit-1", "unit-3"]}, {}),
    Command.REPLACE: Task(
        (Command.REPLACE, "unit-2", "unit-20"),
        {"case-1": ["unit-1", "unit-3", "unit-20"]},
        {"unit-2": State.DECOMMISSIONED, "unit-20": State.PACKED},
    ),
    Command.ADD: Task(
        (Command.ADD, "unit-7", "unit-9"), {"case-3": ["unit-7", "unit-8", "unit-9"]}, {}
    ),
    Command.EMPTY: Task((Command.EMPTY, "unit-1"), {"case-1": []}, {"unit-1": State.ACTIVE}),
    Command.SPLIT: Task(
        (Command.SPLIT, "unit-2", "case-9"),
        {"case-1": ["unit-1"], "case-9": ["unit-2", "unit-3"]},
        {},
    ),
    Command.MERGE: Task(
        (Command.MERGE, "case-3", "case-9"), {"case-3": [], "case-9": ["unit-7", "unit-8"]}, {}
    ),
    Command.MOVE: Task(
        (Command.MOVE, "unit-1", "case-3"),
        {"case-1": ["unit-2", "unit-3"], "case-3": ["unit-7", "unit-8", "unit-1"]},
        {},
    ),
    Command.UNPACK: Task(
        (Command.UNPACK, "unit-1", "unit-4"),
        {"case-1": ["unit-2", "unit-3"], "case-2": ["unit-5", "unit-6"]},
        {"unit-1": State.ACTIVE, "unit-4": State.ACTIVE},
    ),
    Command.DECOMMISSION: Task(
        ((Command.DECOMMISSION, "damaged"), SUE, "unit-2"),
        {"case-1": ["unit-1", "unit-3"]},
        {"unit-2": State.DECOMMISSIONED},
    ),
    Command.SAMPLE: Task(
        (Command.SAMPLE, "unit-2"), {"case-1": ["unit-1", "unit-3"]}, {"unit-2": State.SAMPLED}
    ),
    Command.RETURN: Task((Command.RETURN, "unit-8"), {}, {"unit-8": State.ACTIVE}),
    Command.REOPEN: Task((Command.REOPEN, "unit-7"), {"case-3": ["unit-7", "unit-8"]}, {}),
}


def test_every_repair_is_in_the_table() -> None:
    assert TASKS.keys() == REPAIRS.keys() | {Command.UNDO}


@pytest.mark.parametrize("command", TASKS)
def test_a_repair_takes_three_scans_at_most_from_rest(world: Benches, command: Command) -> None:
    task = TASKS[command]
    if command is Command.RETURN:
        world.ok(ONE, Command.SAMPLE, "unit-8")
    world.do(ONE, Command.CANCEL)
    assert world.line.desk.prompt(ONE) is None
    assert len(task.scans) <= 3
    repairs = len(world.repairs())
    world.ok(ONE, *task.scans)
    assert len(world.repairs()) > repairs
    assert {case: world.children(case) for case in task.cases} == task.cases
    assert {unit: world.known(unit).state for unit in task.states} == task.states
    world.check()
    world.restart()


def test_a_repair_says_who_did_it_why_and_each_place_before_and_after(world: Benches) -> None:
    world.ok(ONE, (Command.DECOMMISSION, "damaged"), SUE, "unit-2")
    repair = world.repairs()[-1]
    assert (repair.by, repair.approved_by, repair.why) == ("ann", "sue", "damaged")
    (move,) = repair.moves
    assert (move.key, move.before.state, move.before.parent) == (
        key("unit-2"),
        State.PACKED,
        key("case-1"),
    )
    assert (move.after.state, move.after.inside) == (State.DECOMMISSIONED, None)


def test_a_refused_repair_is_recorded_with_all_culprits(world: Benches) -> None:
    culprits = world.refused(ONE, Command.MERGE, "case-1", "case-3")
    refused = world.events[-1]
    assert refused.kind == "rework_refused"
    assert list(refused.culprits) == culprits  # type: ignore[attr-defined]


# --- what would break the tree is refused, and says so ------------------------------------------


def test_a_thing_that_was_never_seen_is_not_taken_out(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.REMOVE, "unit-99")
    assert "unit-99" in said and "never seen" in said


def test_a_thing_in_no_container_is_not_taken_out(world: Benches) -> None:
    world.ok(ONE, Command.REMOVE, "unit-1")
    (said,) = world.refused(ONE, Command.REMOVE, "unit-1")
    assert "lies in no container" in said


def test_a_container_takes_no_more_than_it_holds(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.MERGE, "case-1", "case-3")
    assert "case-3 holds 2 of 3: 3 more do not fit" in said


def test_what_lies_elsewhere_is_not_added_but_its_place_is_said(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.ADD, "case-3", "unit-1")
    assert "unit-1 lies in plain:case-1" in said


def test_a_case_does_not_go_into_a_case(world: Benches) -> None:
    said = world.refused(ONE, Command.MOVE, "case-1", "case-3")
    assert any("a pallet is due" in each for each in said)


def test_a_case_does_not_take_the_place_of_a_unit(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.REPLACE, "unit-1", "case-2")
    assert "case-2 is a case: it does not go into a case" in said


def test_nothing_goes_into_a_case_that_is_out_of_use(world: Benches) -> None:
    world.ok(ONE, Command.EMPTY, "case-1")
    world.ok(ONE, (Command.DECOMMISSION, "damaged"), SUE, "case-1")
    (said,) = world.refused(ONE, Command.MERGE, "case-3", "case-1")
    assert "case-1 was taken out of use" in said


def test_both_faults_of_a_replacement_are_named(world: Benches) -> None:
    world.ok(ONE, Command.REMOVE, "unit-1")
    said = world.refused(ONE, Command.REPLACE, "unit-1", "unit-4")
    assert any("unit-1 is a unit that lies in no container" in each for each in said)
    world.ok(ONE, "unit-1")
    said = world.refused(ONE, Command.REPLACE, "unit-8", "unit-4")
    assert any("unit-4 lies in plain:case-2" in each for each in said)


def test_another_product_is_not_mixed_in_and_each_is_named(world: Benches) -> None:
    world.case("case-A", made(PRODUCT_A, 1), made(PRODUCT_A, 2))
    world.case("case-B", made(PRODUCT_B, 1))
    said = world.refused(ONE, Command.MERGE, "case-A", "case-B")
    assert len(said) == 2
    assert f"{made(PRODUCT_A, 1)} is product {PRODUCT_A}" in said[0]
    assert f"{made(PRODUCT_A, 2)} is product {PRODUCT_A}" in said[1]


def test_the_only_thing_of_a_container_is_not_replaced_by_another_product(world: Benches) -> None:
    world.case("case-A", made(PRODUCT_A, 1))
    (said,) = world.refused(ONE, Command.REPLACE, made(PRODUCT_A, 1), made(PRODUCT_B, 1))
    assert f"{made(PRODUCT_B, 1)} is product {PRODUCT_B}" in said


@pytest.mark.parametrize("taken_out", [False, True])
@pytest.mark.parametrize(
    "scans",
    [
        (Command.REPLACE, "unit-7", made(PRODUCT_B, 1)),
        (Command.ADD, "case-3", made(PRODUCT_B, 1)),
        (Command.ADD, "case-2", made(PRODUCT_B, 1)),
        (Command.MOVE, made(PRODUCT_B, 1), "case-2"),
    ],
)
def test_a_repair_packs_nothing_that_is_not_of_the_order(
    world: Benches, scans: tuple[Scan, ...], taken_out: bool
) -> None:
    world.ok(ONE, Command.EMPTY, "case-2")
    if taken_out:
        world.ok(ONE, made(PRODUCT_B, 1), Command.REMOVE, made(PRODUCT_B, 1))
    elif scans[0] is Command.MOVE:
        return  # what was never seen is not moved
    for order, product in (("A", PRODUCT_A), ("B", PRODUCT_B)):
        new = {"gtin": product}
        world.give(Edit(world.at(), world.plan.name, Subject.ORDER, order, new, SUE.id, "planned"))
    world.ok(TABLE, SUE, (Command.ORDER, "A"))
    said = world.refused(TABLE, *scans)
    assert any(f"{PRODUCT_B} is read, {PRODUCT_A} is packed" in each for each in said), said
    world.ok(TABLE, (Command.ORDER, "B"))
    world.ok(TABLE, *scans)


def test_what_was_given_back_returns_to_its_own_case_whatever_is_packed_now(
    world: Benches,
) -> None:
    sample = made(PRODUCT_B, 2)
    world.case("case-B", made(PRODUCT_B, 1), sample)
    world.ok(TABLE, SUE, Command.SAMPLE, sample, Command.RETURN, sample)
    new = {"gtin": PRODUCT_A}
    world.give(Edit(world.at(), world.plan.name, Subject.ORDER, "A", new, SUE.id, "planned"))
    world.ok(TABLE, (Command.ORDER, "A"), Command.ADD, "case-B", sample)
    assert sample in world.children("case-B")


def test_a_full_and_mixed_merge_names_every_fault(world: Benches) -> None:
    world.case("case-A", made(PRODUCT_A, 1), made(PRODUCT_A, 2))
    world.case("case-B", made(PRODUCT_B, 1), made(PRODUCT_B, 2))
    said = world.refused(ONE, Command.MERGE, "case-A", "case-B")
    assert len(said) == 3


def test_a_container_that_holds_something_is_not_decommissioned(world: Benches) -> None:
    (said,) = world.refused(ONE, (Command.DECOMMISSION, "damaged"), SUE, "case-1")
    assert "holds 3: empty it first" in said
    world.ok(ONE, Command.EMPTY, "case-1")
    world.ok(ONE, (Command.DECOMMISSION, "damaged"), SUE, "case-1")
    assert world.known("case-1").state is State.DECOMMISSIONED


def test_what_is_out_of_use_stays_so_for_ever(world: Benches) -> None:
    world.ok(ONE, (Command.DECOMMISSION, "stolen"), SUE, "unit-1")
    for command in (Command.REMOVE, Command.SAMPLE, Command.RETURN):
        world.refused(ONE, command, "unit-1")
    world.refused(ONE, (Command.DECOMMISSION, "stolen"), SUE, "unit-1")
    world.refused(ONE, Command.ADD, "case-3", "unit-1")
    world.refused(ONE, "unit-1")
    world.check()


def test_a_sample_is_not_packed_until_it_is_given_back(world: Benches) -> None:
    world.ok(ONE, Command.SAMPLE, "unit-1")
    world.refused(ONE, "unit-1")
    world.refused(ONE, Command.ADD, "case-3", "unit-1")
    world.ok(ONE, Command.RETURN, "unit-1")
    world.ok(ONE, Command.ADD, "case-3", "unit-1")
    assert world.children("case-3") == ["unit-7", "unit-8", "unit-1"]


def test_an_empty_container_is_not_emptied_or_merged(world: Benches) -> None:
    world.ok(ONE, Command.EMPTY, "case-1")
    assert "is empty" in world.refused(ONE, Command.EMPTY, "case-1")[0]
    assert "is empty" in world.refused(ONE, Command.MERGE, "case-1", "case-3")[0]


def test_the_first_thing_of_a_container_does_not_split_it(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.SPLIT, "unit-1", "case-9")
    assert "is the first" in said


def test_a_code_in_use_does_not_name_the_new_half(world: Benches) -> None:
    (said,) = world.refused(ONE, Command.SPLIT, "unit-2", "case-2")
    assert "case-2 is in use already" in said


# --- containers in containers -------------------------------------------------------------------


@pytest.fixture
def pallet(world: Benches) -> Benches:
    """Cases 1 and 3 on a closed pallet."""
    world.ok(DOCK, "case-1", "case-3", "pallet-1")
    assert world.children("pallet-1") == ["case-1", "case-3"]
    return world


def test_a_case_moves_from_pallet_to_pallet_with_what_is_in_it(pallet: Benches) -> None:
    pallet.ok(DOCK, "case-2")
    pallet.ok(DOCK, Command.MOVE, "case-1", "case-2")
    assert pallet.known("case-1").inside == pallet.known("case-2").inside
    assert pallet.children("case-1") == ["unit-1", "unit-2", "unit-3"]
    pallet.check()


def test_a_case_on_a_pallet_is_not_left_empty_there(pallet: Benches) -> None:
    (said,) = pallet.refused(TABLE, Command.EMPTY, "case-1")
    assert "case-1 would be empty, and lies in plain:pallet-1" in said
    pallet.ok(TABLE, Command.REMOVE, "case-1")
    pallet.ok(TABLE, Command.EMPTY, "case-1")
    pallet.check()


def test_an_empty_case_does_not_go_onto_a_pallet(pallet: Benches) -> None:
    pallet.ok(TABLE, Command.EMPTY, "case-2")
    pallet.ok(TABLE, Command.REMOVE, "case-3")
    (said,) = pallet.refused(TABLE, Command.ADD, "pallet-1", "case-2")
    assert "case-2 is empty" in said


def test_a_unit_is_replaced_in_a_case_on_a_pallet(pallet: Benches) -> None:
    pallet.ok(TABLE, Command.REPLACE, "unit-1", "unit-20")
    assert pallet.children("case-1") == ["unit-2", "unit-3", "unit-20"]
    pallet.check()


def test_a_case_on_a_pallet_is_not_opened_again(pallet: Benches) -> None:
    (said,) = pallet.refused(ONE, Command.REOPEN, "case-1")
    assert "lies in plain:pallet-1" in said


# --- what is being filled -----------------------------------------------------------------------


def test_a_thing_leaves_the_case_that_is_being_filled(world: Benches) -> None:
    world.ok(ONE, "unit-10", "unit-11", Command.REMOVE, "unit-10")
    world.ok(ONE, "unit-12", "unit-13", "case-4")
    assert world.children("case-4") == ["unit-11", "unit-12", "unit-13"]
    world.check()


def test_the_case_that_is_being_filled_is_emptied_and_filled_anew(world: Benches) -> None:
    world.ok(ONE, "unit-10", "unit-11", Command.EMPTY, "unit-10")
    world.check()
    world.ok(ONE, made(PRODUCT_A, 1))
    world.restart()
    world.check()


def test_another_bench_does_not_repair_what_is_being_filled_here(world: Benches) -> None:
    world.ok(TWO, "unit-10", "unit-11")
    (said,) = world.refused(ONE, Command.REMOVE, "unit-10")
    assert "is being filled at bench 2" in said


def test_a_closed_case_is_opened_filled_and_closed_with_its_own_code(world: Benches) -> None:
    world.ok(ONE, Command.REOPEN, "case-3")
    world.ok(ONE, "unit-9")
    if world.held("case-3").state.value != "closed":
        world.ok(ONE, "case-3")
    assert world.children("case-3") == ["unit-7", "unit-8", "unit-9"]
    world.check()


def test_what_does_not_belong_into_a_case_opened_again_is_refused(world: Benches) -> None:
    world.case("case-A", made(PRODUCT_A, 1), made(PRODUCT_A, 2))
    world.ok(ONE, Command.REOPEN, "case-A")
    (said,) = world.refused(ONE, made(PRODUCT_B, 1))
    assert f"this is {PRODUCT_B}" in said


def test_a_bench_that_fills_a_case_opens_no_other(world: Benches) -> None:
    world.ok(ONE, "unit-10")
    (said,) = world.refused(ONE, Command.REOPEN, "case-3")
    assert "another case is being filled" in said


def test_a_thing_moves_into_the_case_that_is_being_filled(world: Benches) -> None:
    world.ok(ONE, "unit-10", Command.MOVE, "unit-1", "unit-10")
    world.ok(ONE, "unit-11", "case-4")
    assert world.children("case-4") == ["unit-10", "unit-1", "unit-11"]
    world.check()


# --- taking back --------------------------------------------------------------------------------


def undone(world: Benches) -> Show:
    shown = world.ok(ONE, Command.UNDO)
    world.check()
    world.restart()
    return shown


def test_a_packed_unit_is_taken_back_and_may_be_packed_again(world: Benches) -> None:
    world.ok(ONE, "unit-10")
    undone(world)
    assert world.known("unit-10").state is State.ACTIVE
    world.ok(ONE, "unit-10")
    assert world.known("unit-10").state is State.PACKED


def test_what_is_taken_back_is_not_taken_back_twice(world: Benches) -> None:
    world.ok(ONE, "unit-10")
    undone(world)
    (said,) = world.refused(ONE, Command.UNDO)
    assert "nothing to take back" in said


def test_scans_that_came_within_one_millisecond_are_taken_back_one_by_one(world: Benches) -> None:
    world.step_us = 10
    world.ok(ONE, "unit-10", "unit-11", "unit-12")
    world.restart()
    undone(world)
    states = [world.known(unit).state for unit in ("unit-10", "unit-11", "unit-12")]
    assert states == [State.PACKED, State.PACKED, State.ACTIVE]
    world.ok(ONE, "unit-13", "case-8")
    undone(world)
    assert world.inside("unit-13") == ""


def test_the_scan_that_fills_a_case_and_closes_it_is_one_act(world: Benches) -> None:
    world.step_us = 10
    world.ok(ONE, "case-8", "unit-10", "unit-11", "unit-12")
    undone(world)
    assert world.held("case-8").state is ContainerState.OPEN
    assert world.children("case-8") == ["unit-10", "unit-11"]


def test_taking_back_survives_a_restart(world: Benches) -> None:
    world.ok(ONE, "unit-10")
    world.restart()
    undone(world)
    assert world.known("unit-10").state is State.ACTIVE


def test_each_bench_takes_back_its_own(world: Benches) -> None:
    world.ok(ONE, "unit-10")
    world.ok(TWO, "unit-11")
    undone(world)
    assert world.known("unit-10").state is State.ACTIVE
    assert world.known("unit-11").state is State.PACKED


def test_a_wrong_case_code_is_taken_back_and_is_free(world: Benches) -> None:
    world.ok(ONE, "unit-10", "unit-11", "unit-12", "case-8")
    undone(world)
    assert world.inside("unit-10") == ""
    world.ok(ONE, "case-9")
    assert world.children("case-9") == ["unit-10", "unit-11", "unit-12"]
    world.ok(ONE, "unit-13", "unit-14", "unit-15", "case-8")
    assert world.children("case-8") == ["unit-13", "unit-14", "unit-15"]
    world.check()


def test_the_code_of_an_emptied_case_is_free_again_when_its_scan_is_taken_back(
    world: Benches,
) -> None:
    world.ok(ONE, Command.EMPTY, "case-1")
    world.ok(ONE, "unit-10", "unit-11", "unit-12", "case-1")
    undone(world)
    assert world.inside("unit-10") == ""
    world.ok(ONE, "case-9")
    assert world.children("case-9") == ["unit-10", "unit-11", "unit-12"]
    world.ok(ONE, "unit-1", "unit-2", "unit-3", "case-1")
    assert world.children("case-1") == ["unit-1", "unit-2", "unit-3"]
    world.check()


def test_a_case_closed_too_early_takes_more_and_its_label_is_void() -> None:
    world = Benches(label=LabelPlan("case", "printer", SsccRange("6971234", 0, 1, 99)))
    world.ok(ONE, ANN, "unit-1", "unit-2", Command.CLOSE, SUE)
    early = world.label()
    undone(world)
    world.ok(ONE, "unit-3")
    (filling,) = world.line.state.packing.every()
    assert [text(child) for child in filling.children] == ["unit-1", "unit-2", "unit-3"]
    assert world.do(ONE, early).tone is Tone.BAD
    world.ok(ONE, world.label())
    assert world.inside("unit-1") == world.label()
    world.check()


def test_a_label_printed_once_more_is_not_what_is_taken_back() -> None:
    world = Benches(label=LabelPlan("case", "printer", SsccRange("6971234", 0, 1, 99)))
    world.ok(ONE, ANN, "unit-1", "unit-2", "unit-3")
    world.give(PrinterWord(world.at(), ONE, JobId(1)))
    world.ok(ONE, Command.REPRINT, "unit-1")
    undone(world)
    assert world.known("unit-3").state is State.ACTIVE


def test_a_case_opened_by_mistake_is_taken_back(world: Benches) -> None:
    world.ok(ONE, "case-8")
    undone(world)
    world.ok(ONE, "case-9", "unit-10", "unit-11", "unit-12")
    assert world.children("case-9") == ["unit-10", "unit-11", "unit-12"]
    assert world.children("case-8") == []
    world.check()


def test_the_scan_that_filled_a_named_case_is_taken_back(world: Benches) -> None:
    world.ok(ONE, "case-8", "unit-10", "unit-11", "unit-12")
    undone(world)
    world.ok(ONE, "unit-13")
    assert world.children("case-8") == ["unit-10", "unit-11", "unit-13"]
    world.check()


@pytest.mark.parametrize(
    "scans",
    [
        (Command.REMOVE, "unit-2"),
        (Command.EMPTY, "case-1"),
        (Command.MOVE, "unit-1", "case-3"),
        (Command.SPLIT, "unit-2", "case-9"),
        (Command.MERGE, "case-3", "case-9"),
        (Command.ADD, "case-3", "unit-9"),
        (Command.SAMPLE, "unit-2"),
        (Command.REOPEN, "case-3"),
    ],
)
def test_a_repair_is_taken_back(world: Benches, scans: tuple[Scan, ...]) -> None:
    before = {case: sorted(world.children(case)) for case in ("case-1", "case-2", "case-3")}
    world.ok(ONE, *scans)
    undone(world)
    assert {case: sorted(world.children(case)) for case in before} == before


@pytest.mark.parametrize(
    "scans",
    [(Command.REPLACE, "unit-2", "unit-20"), ((Command.DECOMMISSION, "stolen"), SUE, "unit-2")],
)
def test_what_is_out_of_use_is_not_taken_back(world: Benches, scans: tuple[Scan, ...]) -> None:
    world.ok(ONE, *scans)
    assert any("out of use for ever" in said for said in world.refused(ONE, Command.UNDO))


def test_a_case_that_went_onto_a_pallet_is_not_taken_back(world: Benches) -> None:
    world.ok(ONE, "unit-10", "unit-11", "unit-12", "case-8")
    world.ok(DOCK, "case-8")
    said = world.refused(ONE, Command.UNDO)
    assert any("case-8 lies in" in each for each in said)


def test_a_case_repaired_since_is_not_taken_back(world: Benches) -> None:
    world.ok(ONE, "unit-10", "unit-11", "unit-12", "case-8")
    world.ok(TABLE, Command.REMOVE, "unit-11")
    assert "was repaired since" in world.refused(ONE, Command.UNDO)[0]


def test_a_moved_unit_that_moved_on_is_not_taken_back(world: Benches) -> None:
    world.ok(ONE, Command.MOVE, "unit-1", "case-3")
    world.ok(TABLE, Command.SAMPLE, "unit-1")
    assert "taken for an inspection" in world.refused(ONE, Command.UNDO)[0]


def test_a_removed_unit_does_not_go_back_into_a_case_that_was_filled_since(world: Benches) -> None:
    world.ok(ONE, Command.REMOVE, "unit-1")
    world.ok(TABLE, Command.ADD, "case-1", "unit-20")
    assert "do not fit" in world.refused(ONE, Command.UNDO)[0]
