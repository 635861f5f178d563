"""The line's decisions in virtual time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.events import Closed, Ejected, Passed, Reason, Rejected, Untracked
from edge_agent.core.inputs import Outcome, Read
from edge_agent.core.state import LevelsChangedError, LineState
from edge_agent.core.states import State
from tests.core.world import INFEED, SPACING_US, World, key, plan, text


def rejects(world: World) -> list[Reason]:
    return [e.reason for e in world.past.events if isinstance(e, Rejected)]


def belt(*capacities: int, waiting: int = 5) -> World:
    world = World(plan(*capacities, waiting=waiting))
    world.count(0)
    world.tick(SPACING_US)
    world.count(0)
    return world


def test_an_item_is_passed_and_packed_only_when_the_gate_says_so() -> None:
    world = belt(2)
    assert world.item(1, text("unit", 1)).passes
    assert world.past.nodes[key("unit", 1)].state is State.ON_BELT
    world.gate(1, Outcome.PASSED)
    assert world.past.nodes[key("unit", 1)].state is State.PACKED
    assert world.kinds() == ["armed", "commissioned", "passed", "packed"]


def test_an_accepted_item_that_was_ejected_may_come_again() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.gate(1, Outcome.EJECTED)
    (ejected,) = (e for e in world.past.events if isinstance(e, Ejected))
    assert (ejected.key, ejected.reason) == (key("unit", 1), Reason.LATE)
    assert world.item(2, text("unit", 1)).passes


def test_a_duplicate_anywhere_in_history_is_rejected_with_where_it_was_first_seen() -> None:
    world = belt(1)
    for number in range(1, 4):
        world.item(number, text("unit", number))
        world.gate(number, Outcome.PASSED)
        assert world.scan(text("level1", number)).reason is None  # type: ignore[union-attr]
    judge = world.item(4, text("unit", 1))
    assert judge.reason is Reason.DUPLICATE
    rejected = world.past.events[-1]
    assert isinstance(rejected, Rejected)
    assert rejected.first is not None
    assert (rejected.first.seq, rejected.first.station) == (2, INFEED)
    assert str(key("level1", 1)) in rejected.detail


def test_no_answer_and_no_read_are_unread() -> None:
    world = belt(2)
    assert world.item(1, None).reason is Reason.UNREAD
    world.count(2)
    (judge,) = world.tick(SPACING_US)
    assert judge.reason is Reason.UNREAD
    assert rejects(world) == [Reason.UNREAD, Reason.UNREAD]


def test_two_codes_for_one_item_withdraw_its_pass() -> None:
    world = belt(2)
    world.count(1)
    world.now_us += 5_000
    assert (
        world.give(Read(world.instant(), INFEED, world.now_us, text("unit", 1)))[0].reason is None
    )
    world.now_us += 1_000
    (judge,) = world.give(Read(world.instant(), INFEED, world.now_us, text("unit", 2)))
    assert judge.reason is Reason.AMBIGUOUS
    world.gate(1, Outcome.EJECTED)
    assert world.past.nodes[key("unit", 1)].state is State.EJECTED


def test_what_is_on_the_belt_when_a_session_begins_is_rejected_as_a_whole() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.restart()
    world.count(9)
    unknown, armed = world.past.events[-2:]
    assert (unknown.kind, unknown.first_item, unknown.last_item) == ("belt_unknown", 1, 9)  # type: ignore[attr-defined]
    assert (armed.kind, armed.last_item) == ("armed", 9)  # type: ignore[attr-defined]
    for item in range(1, 10):
        world.gate(item, Outcome.EJECTED)
    assert world.line.gates.waiting == 0
    assert world.kinds().count("ejected") == 9
    assert world.item(10, text("unit", 1)).passes, "an item of the unknown belt may come again"


def test_what_passed_before_the_session_began_stays_passed() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.lose_link()
    world.gate(1, Outcome.PASSED)
    world.count(1)
    assert world.kinds() == ["armed", "commissioned", "disarmed", "passed", "packed", "armed"]


def test_an_item_of_an_unknown_belt_that_passes_is_an_escape_and_not_packed() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.lose_link()
    world.count(1)
    world.gate(1, Outcome.PASSED)
    assert world.kinds()[-2:] == ["untracked", "passed"]
    assert world.line.state.tally["escaped"] == 1


def test_nothing_is_tied_between_two_sessions() -> None:
    world = belt(2)
    world.count(1)
    world.lose_link()
    assert world.read_item(text("unit", 1)) == []
    assert rejects(world) == [Reason.AMBIGUOUS]
    world.count(1)
    assert world.kinds()[-2:] == ["belt_unknown", "armed"]


def test_an_item_that_passed_without_a_verdict_is_an_escape() -> None:
    world = belt(2)
    world.item(1, None)
    world.gate(1, Outcome.PASSED)
    passed = world.past.events[-1]
    assert isinstance(passed, Passed)
    assert passed.key is None
    assert world.line.state.tally["escaped"] == 1


def test_a_plc_that_restarted_leaves_its_items_untracked() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.count(65_536, restarted=True)
    assert world.kinds()[-2:] == ["untracked", "armed"]
    assert world.item(65_537, text("unit", 1)).reason is Reason.DUPLICATE
    assert world.item(65_538, text("unit", 2)).passes


def test_no_more_units_are_passed_than_the_waiting_cases_can_take() -> None:
    world = belt(2, waiting=1)
    verdicts = [world.item(number, text("unit", number)).reason for number in range(1, 6)]
    assert verdicts == [None] * 4 + [Reason.OVERFULL]


def test_reads_before_the_plc_was_heard_are_rejected() -> None:
    world = World(plan(2))
    assert world.scan(text("unit", 1), INFEED) is None
    assert rejects(world) == [Reason.AMBIGUOUS]


def test_four_levels_grow_one_tree() -> None:
    world = World(plan(2, 2, 2))
    inner = case = 0
    for number in range(1, 9):
        assert world.scan(text("unit", number)).reason is None  # type: ignore[union-attr]
        if number % 2 == 0:
            inner += 1
            assert world.scan(text("level1", inner)).reason is None  # type: ignore[union-attr]
        if number % 4 == 0:
            case += 1
            assert world.scan(text("level2", case)).reason is None  # type: ignore[union-attr]
    assert world.scan(text("level3", 1)).reason is None  # type: ignore[union-attr]
    tree = {e.key: e.children for e in world.past.events if isinstance(e, Closed)}
    assert tree[key("level3", 1)] == (key("level2", 1), key("level2", 2))
    assert tree[key("level2", 2)] == (key("level1", 3), key("level1", 4))
    assert tree[key("level1", 4)] == (key("unit", 7), key("unit", 8))


def test_a_partial_container_closes_only_where_the_level_allows_it() -> None:
    strict, lenient = World(plan(3)), World(plan(3, partial=True))
    for world in (strict, lenient):
        world.scan(text("unit", 1))
    assert strict.scan(text("level1", 1)).reason is Reason.INCOMPLETE  # type: ignore[union-attr]
    assert lenient.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]
    assert lenient.scan(text("level1", 2)).reason is Reason.INCOMPLETE  # type: ignore[union-attr]


def test_a_dropped_level_with_open_containers_is_refused() -> None:
    world = World(plan(2, 2))
    world.scan(text("unit", 1))
    world.scan(text("unit", 2))
    world.scan(text("level1", 1))
    with pytest.raises(LevelsChangedError, match="level2"):
        LineState.from_json(plan(2).levels, world.line.state.to_json()).refuse_lost_containers()


def test_a_lost_read_makes_its_belt_unknown() -> None:
    world = belt(2)
    world.count(1)
    world.line.gates.distrust(INFEED)
    world.count(1)
    unknown = world.past.events[-2]
    assert (unknown.kind, unknown.first_item, unknown.last_item) == ("belt_unknown", 1, 1)  # type: ignore[attr-defined]


def test_an_emptied_level_may_be_dropped() -> None:
    world = World(plan(1, 1))
    for code in (text("unit", 1), text("level1", 1), text("level2", 1)):
        assert world.scan(code).reason is None  # type: ignore[union-attr]
    state = LineState(plan(1).levels)
    for event in world.past.events:
        state.apply(event)
    state.refuse_lost_containers()


def test_a_withdrawn_pass_that_passes_all_the_same_is_an_escape_and_not_packed() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.now_us -= SPACING_US
    world.read_item(text("unit", 2))
    world.gate(1, Outcome.PASSED)
    assert world.kinds()[-3:] == ["rejected", "untracked", "passed"]
    assert world.line.state.tally["escaped"] == 1
    assert world.past.nodes[key("unit", 1)].state is State.UNTRACKED


def test_a_second_code_after_the_gate_has_answered_withdraws_nothing() -> None:
    world = belt(2)
    world.item(1, text("unit", 1))
    world.now_us -= SPACING_US
    world.gate(1, Outcome.PASSED)
    assert world.read_item(text("unit", 2)) == []
    assert world.line.state.belts[INFEED].pending == {}


def test_the_same_label_on_the_next_case_is_a_duplicate() -> None:
    world = World(plan(1, 5, waiting=1))
    world.scan(text("unit", 1))
    assert world.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]
    world.scan(text("unit", 2))
    again = world.scan(text("level1", 1))
    assert again is not None
    assert again.reason is Reason.ALREADY_PACKED


def test_a_closing_scan_may_be_repeated_for_its_lost_answer_but_not_for_ever() -> None:
    world = World(plan(2, 5))
    for number in (1, 2):
        world.scan(text("unit", number))
    assert world.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]
    world.restart()
    assert world.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]
    world.now_us += 11_000_000
    assert world.scan(text("level1", 1)).reason is Reason.ALREADY_PACKED  # type: ignore[union-attr]


def test_a_raised_capacity_leaves_full_containers_full() -> None:
    world = World(plan(2, waiting=1))
    for number in range(1, 4):
        world.scan(text("unit", number))
    larger = World(plan(4, waiting=1))
    larger.past = world.past
    larger.restart_from(world.line.state.to_json())
    assert larger.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]
    for number in range(4, 7):
        assert larger.scan(text("unit", number)).reason is None  # type: ignore[union-attr]
    assert larger.scan(text("level1", 2)).reason is None  # type: ignore[union-attr]


def test_a_short_pallet_is_closed_while_a_unit_is_on_the_belt() -> None:
    world = World(plan(1, 3, partial=True, waiting=2))
    world.count(0)
    world.scan(text("unit", 1))
    world.scan(text("level1", 1))
    world.item(1, text("unit", 2))
    assert world.scan(text("level2", 1)).reason is None  # type: ignore[union-attr]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["unit", "unit", "unit", "level1", "level2", "restart"]),
            st.integers(0, 25),
        ),
        max_size=80,
    ),
    st.integers(0, 2),
)
def test_whatever_is_scanned_every_child_has_one_parent_and_none_is_overfull(
    scans: list[tuple[str, int]], waiting: int
) -> None:
    world = World(plan(3, 2, waiting=waiting))
    accepted: set[str] = set()
    for level, number in scans:
        if level == "restart":
            world.restart()
            continue
        answer = world.scan(text(level, number))
        assert answer is not None
        repeated = answer.detail.endswith("closed already")
        if answer.reason is None and not repeated:
            assert text(level, number) not in accepted
            accepted.add(text(level, number))
    parents: dict[str, int] = {}
    for event in world.past.events:
        if event.kind == "packed":
            assert event.key not in parents  # type: ignore[attr-defined]
            parents[event.key] = event.container  # type: ignore[attr-defined]
        if isinstance(event, Closed):
            assert len(event.children) == (3 if event.level == "level1" else 2)
            assert all(parents[child] == event.container for child in event.children)
    assert len(world.past.nodes) == len(accepted)


def test_items_that_were_counted_when_the_plc_restarted_are_untracked_each() -> None:
    world = World(plan(10))
    world.count(0)
    world.item(1, text("unit", 1))
    world.count(3)
    world.count(65_536, restarted=True)
    untracked = [event for event in world.past.events if isinstance(event, Untracked)]
    assert [(event.item, event.key) for event in untracked] == [
        (1, key("unit", 1)), (2, None), (3, None),
    ]  # fmt: skip
    world.restart()


def test_the_count_of_another_start_is_not_that_of_this_belt() -> None:
    """LinkLost and Arming did not come through: the queue was full."""
    world = World(plan(10))
    world.count(0)
    world.boot += 1
    world.count(65_537)
    assert not world.line.gates.knows(INFEED)
    world.tick(ahead_us=1_000_000)
    assert "rejected" not in world.kinds()
