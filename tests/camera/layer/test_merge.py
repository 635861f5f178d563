"""Frames of one layer, laid upon each other; symbols without pixels."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.camera.layer.assemble import assemble
from edge_agent.camera.layer.merge import merge
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.plan import LayerPlan, Place
from edge_agent.camera.layer.reading import CellState, LayerReading
from edge_agent.camera.symbols import Corners, Engine, Format, Reading, Symbol

AREA = Box(0, 0, 1_000, 800)
PLAN = LayerPlan(rows=3, columns=4)
PLACES = [Place(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4)]


def symbol(text: str, place: Place, moved: float = 0) -> Symbol:
    x, y = 200 + moved + 200 * (place.column - 1), 200 + moved + 200 * (place.row - 1)
    corners: Corners = ((x - 30, y - 30), (x + 30, y - 30), (x + 30, y + 30), (x - 30, y + 30))
    return Symbol(text, "]d2", Format.DATA_MATRIX, corners, Engine.ZXING, "plain")


def frame(
    without: Iterable[Place] = (),
    moved: float = 0,
    extra: Iterable[Symbol] = (),
    doubted: Iterable[Symbol] = (),
    plan: LayerPlan = PLAN,
) -> LayerReading:
    """A frame of the layer in which each code is called as its place."""
    read = [symbol(str(each), each, moved) for each in PLACES if each not in set(without)]
    return assemble(plan, AREA, [Reading((*read, *extra), tuple(doubted))])


def test_a_place_missing_in_one_frame_is_read_in_the_other() -> None:
    whole = merge(frame([Place(1, 2), Place(3, 4)]), frame([Place(2, 2)], moved=70))

    assert whole.complete
    assert [cell for _, cell in whole.codes] == [str(place) for place in PLACES]
    assert [code.text for code, _ in whole.codes] == [str(place) for place in PLACES]


def test_places_missing_in_each_frame_are_named() -> None:
    whole = merge(frame([Place(1, 2), Place(3, 4)]), frame([Place(3, 4)]))

    assert whole.missing == (Place(3, 4),)
    assert whole.why == "11 of 12 codes read; not read: r3c4"
    assert not whole.complete


def test_a_place_that_reads_differently_in_two_frames_is_doubtful() -> None:
    other = frame([Place(2, 3)], extra=[symbol("other", Place(2, 3))])
    whole = merge(frame(), other)

    assert whole.doubtful == (Place(2, 3),)
    assert "doubtful: r2c3" in whole.why
    assert "r2c3" not in {cell for _, cell in whole.codes}


def test_codes_that_changed_places_between_frames_are_named_at_none() -> None:
    changed = frame(
        [Place(1, 1), Place(2, 1)],
        extra=[symbol("r2c1", Place(1, 1)), symbol("r1c1", Place(2, 1))],
    )

    whole = merge(frame(), changed)

    assert not whole.complete
    assert {cell for _, cell in whole.codes}.isdisjoint({"r1c1", "r2c1"})


def test_the_same_text_in_two_places_is_a_double_at_both() -> None:
    reading = frame([Place(3, 1)], extra=[symbol("r1c4", Place(3, 1))])

    assert reading.doubled == (Place(1, 4), Place(3, 1))
    assert reading.why == "11 of 12 codes read; double: r1c4, r3c1"
    assert merge(reading, frame([Place(3, 1)])).doubled == (Place(1, 4), Place(3, 1))


def test_two_codes_in_one_place_are_a_double() -> None:
    for aside in (20, 45):
        reading = frame(extra=[symbol("second", Place(2, 2), moved=aside)])

        assert reading.doubled == (Place(2, 2),)
        assert not reading.complete


def test_a_code_between_the_places_is_doubtful() -> None:
    reading = frame([Place(2, 2)], extra=[symbol("r2c2", Place(2, 2), moved=65)])

    assert reading.doubtful == (Place(2, 2),)
    assert merge(reading, frame([Place(2, 2)])).doubtful == (Place(2, 2),)
    assert merge(reading, frame()).complete


def test_a_symbol_that_two_parts_show_is_one() -> None:
    read = tuple(symbol(str(place), place) for place in PLACES)
    slightly = tuple(symbol(str(place), place, moved=4) for place in PLACES)

    for plan in (PLAN, LayerPlan(count=12)):
        assert assemble(plan, AREA, [Reading(read), Reading(slightly)]).complete


def test_far_too_many_codes_are_a_layer_without_places() -> None:
    many = [symbol(f"{n}", Place(1 + n // 20, 1 + n % 20)) for n in range(400)]
    reading = assemble(PLAN, Box(0, 0, 4_500, 4_500), [Reading(tuple(many))])

    assert reading.why == "400 of 12 codes read; too many to tell their places"
    assert reading.cells == ()


def test_a_code_outside_the_grid_is_a_stranger_and_the_layer_not_complete() -> None:
    reading = frame(extra=[symbol("stranger", Place(4, 3))])

    assert [each.text for each in reading.strangers] == ["stranger"]
    assert reading.missing == ()
    assert not reading.complete
    assert "1 outside the grid: 'stranger'" in reading.why


def test_a_stranger_seen_in_both_frames_is_one_stranger() -> None:
    whole = merge(
        frame(extra=[symbol("stranger", Place(1, 1), moved=-100)]),
        frame(moved=50, extra=[symbol("stranger", Place(1, 1), moved=-60)]),
    )

    assert [each.text for each in whole.strangers] == ["stranger"]


def test_a_frame_without_places_is_laid_on_by_the_codes_that_both_show() -> None:
    # Only the inner columns: it may be any of three windows of four columns.
    plan, outer = LayerPlan(rows=3, columns=4), (1, 4)
    narrow = frame([place for place in PLACES if place.column in outer], plan=plan)
    wide = replace(narrow, origins=frozenset({*narrow.origins, (0, 1), (0, 2)}))

    for whole in (merge(wide, frame([Place(2, 2)])), merge(frame([Place(2, 2)]), wide)):
        assert whole.complete


def test_frames_that_share_too_little_are_not_mixed() -> None:
    nothing = assemble(PLAN, AREA, [Reading((symbol("r1c1", Place(1, 1)),))])
    known = frame([Place(1, 1)])

    for whole in (merge(known, nothing), merge(nothing, known)):
        assert whole.missing == (Place(1, 1),)
        assert whole.frames == 2


def test_what_is_not_trusted_is_doubtful_until_two_frames_agree_if_that_is_enough() -> None:
    once = frame([Place(1, 3)], doubted=[symbol("r1c3", Place(1, 3))])

    assert once.doubtful == (Place(1, 3),)
    assert merge(once, once).doubtful == (Place(1, 3),)
    assert merge(once, once, two_agree=True).complete


def test_of_counted_codes_too_two_frames_may_agree() -> None:
    plan = LayerPlan(count=12)
    once = frame([Place(1, 3)], doubted=[symbol("r1c3", Place(1, 3))], plan=plan)

    assert not merge(once, once).complete
    assert merge(once, once, two_agree=True).complete


def test_counted_codes_of_two_frames_come_in_reading_order() -> None:
    plan = LayerPlan(count=12)
    first = frame([Place(1, 2), Place(3, 4)], plan=plan)
    whole = merge(first, frame([Place(2, 2)], moved=70, plan=plan))

    assert first.absent == 2
    assert first.why == "10 of 12 codes read"
    assert whole.complete
    assert [code.text for code, _ in whole.codes] == [str(place) for place in PLACES]


def test_a_double_and_one_too_many_are_told_where_only_the_count_is_known() -> None:
    plan = LayerPlan(count=12)
    many = frame(plan=plan, extra=[symbol("more", Place(4, 1))])
    twice = frame([Place(3, 1)], plan=plan, extra=[symbol("r1c4", Place(3, 1))])

    assert many.why == "13 of 12 codes read"
    assert twice.why == "11 of 12 codes read; double: 'r1c4'"
    assert merge(frame(plan=plan), twice).complete is False


def test_counted_codes_of_two_layers_are_not_made_one() -> None:
    plan = LayerPlan(count=12)
    half, other = PLACES[:6], PLACES[6:]
    second = [symbol(f"B {place}", place) for place in other]
    first = frame(other, plan=plan)
    for extra in (second, [*second, symbol("r1c1", Place(1, 1))]):
        later = frame(PLACES, plan=plan, extra=extra)
        for whole in (merge(first, later), merge(later, first)):
            assert not whole.complete
            assert len(whole.symbols) == max(len(half), len(extra))
            assert whole.frames == 2


def test_counted_codes_that_moved_in_different_ways_are_not_laid_upon_each_other() -> None:
    plan = LayerPlan(count=12)
    astray = [symbol("r1c1", Place(1, 1), moved=400), symbol("r2c2", Place(2, 2))]
    whole = merge(
        frame([Place(3, 4)], plan=plan),
        frame([place for place in PLACES if place.row < 3], plan=plan, extra=astray),
    )

    assert not whole.complete
    assert len(whole.symbols) == 11


def test_counted_codes_that_two_frames_saw_in_one_place_are_disputed() -> None:
    plan = LayerPlan(count=12)
    first = frame([Place(3, 4)], plan=plan)
    later = frame(
        [Place(1, 1), Place(3, 4)], moved=60, plan=plan, extra=[symbol("B", Place(1, 1), moved=60)]
    )

    for whole in (merge(first, later), merge(merge(first, later), frame(plan=plan))):
        assert not whole.complete
        assert "in one place in two frames: 'B', 'r1c1'" in whole.why
        assert {"B", "r1c1"}.isdisjoint(code.text for code, _ in whole.codes)


def test_a_layer_that_cannot_be_laid_upon_the_newest_frame_keeps_its_own_pixels() -> None:
    known = frame([Place(1, 1)])
    little = frame(PLACES[1:], moved=300)

    kept = merge(known, little)
    assert kept.shown_by == 1
    assert [cell.corners for cell in kept.cells] == [cell.corners for cell in known.cells]
    assert merge(little, known).shown_by == 2
    assert merge(kept, frame(moved=50)).shown_by == 3


# In the first frame of the example, rows 1 and 3 look like neighbours.
@example(seed=0, readable=0.5, moves=[0.0, 0.0])
@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    readable=st.floats(0.3, 1),
    moves=st.lists(st.floats(-60, 60), min_size=2, max_size=4),
)
def test_no_frames_together_name_a_code_by_another_place(
    seed: int, readable: float, moves: list[float]
) -> None:
    rng = np.random.default_rng(seed)
    frames = [
        frame([place for place in PLACES if rng.random() > readable], moved=moved)
        for moved in moves
    ]
    whole = frames[0]
    for later in frames[1:]:
        whole = merge(whole, later)

    for cell in whole.cells:
        assert cell.state in (CellState.READ, CellState.MISSING)
        assert [code.text for code in cell.symbols] in ([], [str(cell.place)])
