"""Geometry alone: whatever the angle, the gaps and the noise, no point gets a wrong name."""

from math import cos, radians, sin
from typing import NamedTuple

import numpy as np
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
    """Each outer row and column has a code."""


@st.composite
def views(draw: st.DrawFn, strangers: int = 0) -> View:
    rows, columns = draw(st.integers(2, 10)), draw(st.integers(2, 10))
    angle = radians(draw(st.floats(-10, 10)))
    tilt_x, tilt_y = (radians(draw(st.floats(-10, 10))) for _ in range(2))
    stretch = draw(st.floats(0.6, 1.6))
    missing = draw(st.floats(0, 0.6))
    scatter = draw(st.floats(0, 0.06))
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
    full = {row for row, _ in places} >= {0, rows - 1} and {column for _, column in places} >= {
        0,
        columns - 1,
    }
    return View(rows, columns, places, points, full)


def names(view: View, lattice_of: Floats | None = None) -> list[Index | None] | None:
    """The place of each point, or None if the layer could not be placed."""
    points = view.points if lattice_of is None else lattice_of
    lattice = fit(points, view.rows, view.columns)
    if lattice is None:
        return None
    starts = origins(lattice, view.rows, view.columns, SIZE_PX, AREA)
    if len(starts) != 1:
        return None
    ((top, left),) = starts
    named: list[Index | None] = []
    for number in range(len(points)):
        index = lattice.indices.get(number)
        named.append(None if index is None else (index[0] - top, index[1] - left))
    return named


@settings(max_examples=300, deadline=None)
@given(view=views())
def test_no_code_is_named_by_another_place(view: View) -> None:
    named = names(view)
    if named is not None:
        wrong = [
            (is_, was)
            for is_, was in zip(named, view.places, strict=True)
            if is_ is not None and is_ != was
        ]
        assert wrong == []
