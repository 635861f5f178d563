"""Several codes in one answer: all of them, or none."""

from copy import deepcopy
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.effects import Answer
from edge_agent.core.events import Packed, Reason, Rejected
from edge_agent.core.inputs import Layer, Read
from edge_agent.core.names import CodeKey
from tests.core.world import BENCH, INFEED, SPACING_US, World, key, plan, text


def layer(world: World, *texts: str | None) -> Answer:
    """The one answer to them."""
    world.now_us += 1_000
    reads = tuple(Read(world.instant(), BENCH, world.now_us, each) for each in texts)
    (answer,) = world.give(Layer(reads))
    assert isinstance(answer, Answer)
    return answer


def places(world: World) -> dict[CodeKey, tuple[object, ...]]:
    return {key: (it.level, it.state, it.inside) for key, it in world.past.nodes.items()}


def units(*numbers: int) -> list[str]:
    return [text("unit", number) for number in numbers]


def rejected(world: World) -> list[tuple[str | None, Reason]]:
    return [(e.key, e.reason) for e in world.past.events if isinstance(e, Rejected)]


def test_a_layer_is_packed_whole_and_answered_once() -> None:
    world = World(plan(4))
    assert layer(world, *units(1, 2, 3, 4)).reason is None
    assert world.kinds() == ["commissioned", "packed"] * 4
    assert world.scan(text("level1", 1)).reason is None  # type: ignore[union-attr]


def test_of_a_layer_with_foreign_codes_nothing_is_packed_and_every_culprit_is_named() -> None:
    world = World(plan(9))
    world.scan(text("unit", 2))
    answer = layer(world, *units(1, 2, 3), "what is this", None)
    assert answer.reason is Reason.ALREADY_PACKED
    assert "3 of 5" in answer.detail
    reasons = [Reason.ALREADY_PACKED, Reason.MALFORMED, Reason.UNREAD]
    assert [reason for _, reason in rejected(world)] == reasons
    assert key("unit", 1) not in world.past.nodes
    assert layer(world, *units(1, 3)).reason is None


def test_a_code_that_is_in_a_layer_twice_is_refused_with_all_others() -> None:
    world = World(plan(4))
    assert layer(world, *units(1, 1, 2)).reason is Reason.DUPLICATE
    assert rejected(world) == [(key("unit", 1), Reason.DUPLICATE)]
    assert not world.past.nodes


def test_a_layer_for_which_there_is_no_room_is_refused_whole() -> None:
    world = World(plan(4))
    layer(world, *units(1, 2))
    assert layer(world, *units(3, 4, 5)).reason is Reason.OVERFULL
    assert layer(world, *units(3, 4)).reason is None


def test_a_layer_of_cases_closes_one_full_case_after_the_other() -> None:
    world = World(plan(2, 3, waiting=3))
    cases = [text("level1", number) for number in (1, 2, 3)]
    layer(world, *units(1, 2, 3, 4))
    answer = layer(world, *cases)
    assert answer.reason is Reason.INCOMPLETE
    assert rejected(world) == [(key("level1", 3), Reason.INCOMPLETE)]
    layer(world, *units(5, 6))
    assert layer(world, *cases).reason is None


def test_the_same_layer_again_is_the_same_scan() -> None:
    line_plan = plan(4)
    bench = replace(line_plan.stations[BENCH], reread_us=1_000_000)
    world = World(replace(line_plan, stations={**line_plan.stations, BENCH: bench}))
    layer(world, *units(1, 2))
    assert layer(world, *units(2, 1)).detail == "the same layer again"
    assert world.line.rereads[BENCH].suppressed == 1
    assert world.kinds() == ["commissioned", "packed"] * 2


def test_at_a_gate_several_codes_are_tied_to_nothing() -> None:
    world = World(plan(4))
    world.count(0)
    world.tick(SPACING_US)
    world.count(0)
    world.count(1)
    world.now_us += 5_000
    reads = tuple(Read(world.instant(), INFEED, world.now_us, each) for each in units(1, 2))
    world.give(Layer(reads))
    assert {reason for _, reason in rejected(world)} == {Reason.AMBIGUOUS}


CODES = st.one_of(
    st.integers(1, 12).map(lambda number: text("unit", number)),
    st.integers(1, 12).map(lambda number: text("unit", number)),
    st.integers(1, 4).map(lambda number: text("level1", number)),
    st.sampled_from(["foreign", None]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CODES, min_size=2, max_size=5), max_size=8), st.booleans(), st.integers(0, 2)
)
def test_a_layer_is_accepted_as_its_codes_would_be_one_by_one_or_nothing_of_it_is(
    layers: list[list[str | None]], partial: bool, waiting: int
) -> None:
    world = World(plan(3, 2, waiting=waiting, partial=partial))
    for codes in layers:
        alone = deepcopy(world)
        answers = [alone.scan(code) for code in codes]
        before = dict(world.past.nodes)
        packed = sum(isinstance(event, Packed) for event in world.past.events)
        answer = layer(world, *codes)
        if answer.reason is None:
            assert all(each is not None and each.reason is None for each in answers)
            assert places(world) == places(alone)
        else:
            assert any(code is None or "unit" not in code for code in codes) or any(
                each is None or each.reason is not None for each in answers
            )
            assert world.past.nodes == before
            assert packed == sum(isinstance(event, Packed) for event in world.past.events)
            assert rejected(world)
        world.restart()
