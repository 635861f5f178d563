"""Geometry alone: whatever the angle, the gaps and the noise, no point gets a wrong name."""

from math import cos, radians, sin
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.layer.lattice import Floats, Index, fit, origins
from edge_agent.camera.layer.outlines import Box

AREA = Box(0, 0, 4_000, 3_000)
SIZE_PX = 120.0


class View(NamedTuple):
    """A layer as a camera sees it: `points[n]` is the code at `places[n]`."""

    rows: int
    columns: int
    places: list[Index]
    points: Floats
    full: bool
    """Each outer row and column has half of its codes or more."""


@st.composite
def views(
    draw: st.DrawFn,
    least: int = 2,
    most_missing: float = 0.6,
    most_scatter: float = 0.06,
    strangers: int = 0,
) -> View:
    rows, columns = draw(st.integers(least, 10)), draw(st.integers(least, 10))
    angle = radians(draw(st.floats(-10, 10)))
    tilt_x, tilt_y = (radians(draw(st.floats(-10, 10))) for _ in range(2))
    stretch = draw(st.floats(0.6, 1.6))
    missing = draw(st.floats(0, most_missing))
    scatter = draw(st.floats(0, most_scatter))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    pitch = 0.75 * min(4_000 / columns, 3_000 / rows / stretch)
    grid = [(row, column) for row in range(rows) for column in range(columns)]
    places = [place for place in grid if rng.random() >= missing]
    flat = np.array(
        [
            ((column - (columns - 1) / 2) * pitch, (row - (rows - 1) / 2) * pitch * stretch)
            for row, column in places
        ]
    ).reshape(-1, 2)
    flat += rng.normal(0, 1, flat.shape).clip(-2, 2) * scatter * pitch * min(1, stretch)
    if strangers:
        flat = np.vstack((flat, rng.uniform(-1_500, 1_500, (strangers, 2))))
    x, y = (flat @ np.array(((cos(angle), sin(angle)), (-sin(angle), cos(angle))))).T
    depth = 1 + (x * sin(tilt_y) + y * sin(tilt_x)) / 6_000
    points = np.column_stack((2_000 + x * cos(tilt_y) / depth, 1_500 + y * cos(tilt_x) / depth))
    full = all(
        2 * sum(place[axis] == line for place in places) >= (columns, rows)[axis]
        for axis, line in ((0, 0), (0, rows - 1), (1, 0), (1, columns - 1))
    )
    return View(rows, columns, places, points, full)


def named(view: View) -> list[Index | None] | None:
    """The place of each point, or None if the layer could not be placed."""
    lattice = fit(view.points, view.rows, view.columns)
    starts = origins(lattice, view.rows, view.columns, SIZE_PX, AREA) if lattice else frozenset()
    if lattice is None or len(starts) != 1:
        return None
    ((top, left),) = starts
    indices = [lattice.indices.get(number) for number in range(len(view.points))]
    return [None if index is None else (index[0] - top, index[1] - left) for index in indices]


def wrong(view: View) -> list[tuple[Index, Index]]:
    """Codes that were given the name of another place."""
    return [
        (given_, true)
        for given_, true in zip(named(view) or [], view.places, strict=False)
        if given_ is not None and given_ != true
    ]


@settings(max_examples=300, deadline=None)
@given(view=views())
def test_no_code_is_named_by_another_place(view: View) -> None:
    assert wrong(view) == []


@settings(max_examples=150, deadline=None)
@given(view=views(least=3, most_missing=0.1, strangers=2))
def test_strangers_among_the_codes_move_no_name(view: View) -> None:
    assert wrong(view) == []


@settings(max_examples=150, deadline=None)
@given(view=views(least=3, most_missing=0.1, most_scatter=0.04))
def test_a_layer_with_a_tenth_missing_is_placed_whole(view: View) -> None:
    if view.full:
        assert named(view) == view.places


def straight(places: list[Index], pitch: float = 400, corner: float = 500) -> Floats:
    return np.array([(corner + column * pitch, corner + row * pitch) for row, column in places])


def grid(rows: int, columns: int) -> list[Index]:
    return [(row, column) for row in range(rows) for column in range(columns)]


def test_a_missing_inner_row_leaves_the_others_their_names() -> None:
    places = [place for place in grid(6, 8) if place[0] != 3]
    view = View(6, 8, places, straight(places), True)

    assert named(view) == places


def test_a_missing_outer_row_is_known_where_it_alone_would_lie_in_the_picture() -> None:
    places = [place for place in grid(6, 8) if place[0] != 0]
    view = View(6, 8, places, straight(places, pitch=440, corner=400), False)

    assert named(view) == places


def test_a_missing_outer_row_that_may_lie_at_either_end_leaves_all_without_names() -> None:
    places = [place for place in grid(4, 8) if place[0] != 0]
    view = View(4, 8, places, straight(places, corner=700), False)
    lattice = fit(view.points, 4, 8)

    assert lattice is not None
    assert len(origins(lattice, 4, 8, SIZE_PX, AREA)) == 2


def test_each_second_row_is_not_taken_for_the_upper_half() -> None:
    # As rows of twice the distance they would lie in the picture in one way only.
    places = [place for place in grid(6, 8) if place[0] % 2 == 0]
    view = View(6, 8, places, straight(places, pitch=200, corner=300), False)

    assert named(view) is None


def test_a_stranger_in_line_makes_no_outer_row() -> None:
    places = [place for place in grid(6, 8) if place[0] != 0]
    points = np.vstack((straight(places, pitch=300), straight([(6, 3)], pitch=300)))

    assert named(View(6, 8, places, points, False)) is None


def test_a_layer_of_which_less_than_half_is_read_is_not_named() -> None:
    places = [*grid(2, 8), (5, 0), (5, 1), (5, 2), (5, 6), (5, 7)]
    view = View(6, 8, places, straight(places), True)

    assert named(view) is None


def test_where_a_missing_code_must_be_follows_the_perspective() -> None:
    # One pitch is 1 % shorter than the one before: as tilted by 10 degrees.
    def at(row: int, column: int) -> tuple[float, float]:
        depth = 1 + 0.01 * row + 0.01 * column
        return 500 + 400 * column / depth, 500 + 400 * row / depth

    places = [place for place in grid(6, 8) if place not in ((0, 0), (5, 7))]
    lattice = fit(np.array([at(*place) for place in places]), 6, 8)

    assert lattice is not None
    top, left = next(iter(origins(lattice, 6, 8, SIZE_PX, AREA)))
    for row, column in ((0, 0), (5, 7)):
        expected = lattice.at((top + row, left + column))
        assert expected == pytest.approx(at(row, column), abs=8)


@pytest.mark.parametrize(("rows", "columns"), [(1, 6), (6, 1), (1, 2), (2, 2)])
def test_the_smallest_grids_are_placed(rows: int, columns: int) -> None:
    places = grid(rows, columns)
    pitch = 2_800 / max(rows, columns)
    points = straight(places, pitch, pitch / 2) @ np.array(((0.998, 0.06), (-0.06, 0.998)))
    view = View(rows, columns, places, points, True)
    lattice = fit(view.points, rows, columns)

    assert lattice is not None
    found = origins(
        lattice, rows, columns, SIZE_PX, Box(0, 0, round(pitch * columns), round(pitch * rows))
    )
    assert len(found) == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_codes_have_no_lattice(count: int) -> None:
    assert fit(straight(grid(3, 4)[:count]).reshape(-1, 2), 3, 4) is None
