"""Rows and columns found in a cloud of points that is seen from an angle: geometry only.

A lattice is grown from neighbour to neighbour. Then a homography (column and row to pixels) is
fitted to it, names the points beyond gaps, and is fitted again. Of several beginnings the one
counts that explains most points. Which place of the lattice is r1c1 is a question apart
(`origins`): it has several answers where nothing was read in an outer row.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.symbols import Corners, Point

Index = tuple[int, int]
"""Row and column, from an arbitrary place of the lattice."""
Floats = NDArray[np.float64]

FARTHEST = 100
"""Rows or columns; a grid has 32 at the most."""
NEAR = 0.3
"""A code may lie so far from its place, in pitches: packed by hand, and still nobody else's."""
TELLING = 8
SCATTER = 0.15
"""Of so many codes or more, one may be six times as far off as half of them are, and so many
pitches anyway."""
MAX_TURN = 0.7
"""Tangent of the largest angle between a row and the picture's edge: 35 degrees."""
MAX_SHEAR = 0.35
"""Cosine of the angle of rows and columns: 20 degrees off the square, more than a tilt makes."""
BEGINNINGS = 8
ENOUGH = 0.9
"""The part of the points that must lie on a lattice before no other beginning is tried."""
CLEARANCE = 1.1
"""Places are never nearer to each other than so many sizes of a symbol."""
FLATNESS = 5.0
"""Weight of "there is no perspective": a code's scatter of some 0.05 pitches over the 0.01 that one
pitch differs from the next. Few points thus make a plain lattice, many a perspective one."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """`indices` names the points (by their number) that lie on it; `to_pixels` is the homography
    of (column, row, 1) to pixels, (3, 3)."""

    indices: Mapping[int, Index]
    to_pixels: Floats

    def at(self, index: Index, across: float = 0, down: float = 0) -> Point:
        """Where a place is, or a point so many pitches off it."""
        x, y, scale = self.to_pixels @ (index[1] + across, index[0] + down, 1.0)
        return float(x / scale), float(y / scale)

    def steps(self, index: Index) -> tuple[Floats, Floats]:
        """From a place to the next column's, and to the next row's, in pixels."""
        here = np.array(self.at(index))
        return np.array(self.at(index, across=1)) - here, np.array(self.at(index, down=1)) - here

    def nearest(self, point: Point) -> Index | None:
        """The place whose part of the plane holds a point; None beyond the horizon."""
        with np.errstate(divide="ignore", invalid="ignore"):
            column, row, scale = np.linalg.inv(self.to_pixels) @ (*point, 1.0)
            u, v = column / scale, row / scale
        if not (abs(u) < FARTHEST and abs(v) < FARTHEST):
            return None
        return round(v), round(u)

    def outline(self, index: Index, size_px: float) -> Corners:
        """A square of `size_px` at a place, as it is seen."""
        across, down = (size_px / 2 / float(np.hypot(*step)) for step in self.steps(index))
        return (
            self.at(index, -across, -down),
            self.at(index, across, -down),
            self.at(index, across, down),
            self.at(index, -across, down),
        )


def fit(points: Floats, rows: int, columns: int) -> Lattice | None:
    """The lattice of `rows` times `columns` that explains most of `points` (n, 2).

    None where there are too few: where rows and columns run is told by three points that are not
    in one line, or by two if there is but one row or one column.
    """
    best: tuple[int, float] | None = None
    chosen: Lattice | None = None
    for seed, across, down in _beginnings(points, rows, columns):
        grown = _grow(points, seed, across, down)
        lattice = _settle(points, grown, (across, down), rows, columns)
        if lattice is None:
            continue
        steps = lattice.steps(lattice.indices[min(lattice.indices)])
        shear = _cosine(*steps)
        if shear > MAX_SHEAR or abs(steps[0][1]) > MAX_TURN * steps[0][0]:
            continue
        held = max(_windows(lattice.indices.values(), rows, columns).values())
        if best is None or (held, -shear) > best:
            best, chosen = (held, -shear), lattice
        if held >= ENOUGH * len(points):
            break
    return chosen


def origins(
    lattice: Lattice, rows: int, columns: int, size_px: float, area: Box
) -> frozenset[Index]:
    """The indices that r1c1 may have, if the layer lies wholly in `area`.

    There is one if each outer row and column has some codes in it, and often still if not, as the
    others would not be in the picture. None, where less than half was read, or symbols of
    `size_px` leave room for a row between those that were read: they may be each second one.
    """
    windows = _windows(lattice.indices.values(), rows, columns)
    most = max(windows.values())
    if 2 * most < rows * columns:
        return frozenset()
    # A stranger may lie where a place could be: a single code makes no outer row.
    doubt = max(1.0, min(rows, columns) / 2)
    likely = {origin for origin, held in windows.items() if most - held < doubt}
    if len(likely) == 1:
        return frozenset(likely)
    if _may_be_coarse(lattice, rows, columns, size_px):
        return frozenset()
    edge = 0.4 * size_px
    return frozenset(
        (row, column)
        for row, column in likely
        if all(
            edge <= x - area.x <= area.width - edge and edge <= y - area.y <= area.height - edge
            for x, y in (
                lattice.at((row + down, column + across))
                for down, across in product((0, rows - 1), (0, columns - 1))
            )
        )
    )


def _beginnings(points: Floats, rows: int, columns: int) -> Iterator[tuple[int, Floats, Floats]]:
    """Points, from the middle outwards, with the step to the nearest neighbour in the row (taken to
    the right) and in the column (down)."""
    from_middle = np.hypot(*(points - np.median(points, axis=0)).T) if len(points) else []
    for seed in np.argsort(from_middle)[:BEGINNINGS]:
        offsets = points - points[seed]
        across, down = _nearest(offsets, 0), _nearest(offsets, 1)
        if rows == 1 and across is not None:
            down = np.array((-across[1], across[0]))
        if columns == 1 and down is not None:
            across = np.array((down[1], -down[0]))
        if across is not None and down is not None:
            yield int(seed), across, down


def _nearest(offsets: Floats, axis: int) -> Floats | None:
    """The shortest of those along an axis, either way, and the way that the axis runs."""
    along, aside = offsets[:, axis], offsets[:, 1 - axis]
    chosen = offsets[(along != 0) & (abs(aside) <= MAX_TURN * abs(along))]
    if not len(chosen):
        return None
    nearest: Floats = chosen[np.argmin(np.hypot(*chosen.T))]
    return nearest if nearest[axis] > 0 else -nearest


def _grow(points: Floats, seed: int, across: Floats, down: Floats) -> dict[int, Index]:
    """Names points from neighbour to neighbour; the steps follow the perspective."""
    named: dict[int, Index] = {seed: (0, 0)}
    edge = [(seed, across, down)]
    while edge:
        number, across, down = edge.pop(0)
        row, column = named[number]
        reach = NEAR * min(np.hypot(*across), np.hypot(*down))
        for step, rows, columns in ((across, 0, 1), (across, 0, -1), (down, 1, 0), (down, -1, 0)):
            sign = rows + columns
            away = points - (points[number] + sign * step)
            distances = np.hypot(away[:, 0], away[:, 1])
            found = int(np.argmin(distances))
            if distances[found] > reach or found in named:
                continue
            named[found] = (row + rows, column + columns)
            seen = sign * (points[found] - points[number])
            if columns:
                edge.append((found, (across + seen) / 2, down))
            else:
                edge.append((found, across, (down + seen) / 2))
    return named


def _settle(
    points: Floats,
    named: dict[int, Index],
    steps: tuple[Floats, Floats],
    rows: int,
    columns: int,
) -> Lattice | None:
    """Fits and names by turns until no name changes."""
    for _ in range(8):
        to_pixels = _homography(points, named, steps, rows, columns)
        if to_pixels is None:
            return None
        again = _name(points, to_pixels)
        if again == named:
            return _without_outliers(points, Lattice(named, to_pixels))
        named = again
    return None


def _without_outliers(points: Floats, lattice: Lattice) -> Lattice:
    """Without points that lie much farther off their places than most do."""
    off = {number: _off(points[number], lattice, at) for number, at in lattice.indices.items()}
    if len(off) < TELLING:
        return lattice
    limit = max(SCATTER, 6 * float(np.median(list(off.values()))))
    kept = {number: at for number, at in lattice.indices.items() if off[number] <= limit}
    return Lattice(kept, lattice.to_pixels)


def _off(point: Floats, lattice: Lattice, index: Index) -> float:
    """How far a point lies off a place, in pitches."""
    pitch = min(np.hypot(*step) for step in lattice.steps(index))
    return float(np.hypot(*(point - lattice.at(index))) / pitch)


def _homography(
    points: Floats,
    named: Mapping[int, Index],
    steps: tuple[Floats, Floats],
    rows: int,
    columns: int,
) -> Floats | None:
    """By least squares, in units of a pitch; None if the points do not span a plane."""
    if not named:
        return None
    numbers = list(named)
    pixels = points[numbers]
    index = np.array([named[number][::-1] for number in numbers], float)
    # A single row says nothing of where the next would be: as far as it was guessed.
    if rows == 1:
        pixels, index = (
            np.vstack((pixels, pixels + steps[1])),
            np.vstack((index, index + np.array((0, 1)))),
        )
    if columns == 1:
        pixels, index = (
            np.vstack((pixels, pixels + steps[0])),
            np.vstack((index, index + np.array((1, 0)))),
        )
    middle, centre = index.mean(axis=0), pixels.mean(axis=0)
    pitch = float(np.hypot(*steps[0]) + np.hypot(*steps[1])) / 2
    u, v = (index - middle).T
    x, y = ((pixels - centre) / pitch).T
    one, zero = np.ones_like(u), np.zeros_like(u)
    equations = np.vstack(
        (
            np.column_stack((u, v, one, zero, zero, zero, -u * x, -v * x)),
            np.column_stack((zero, zero, zero, u, v, one, -u * y, -v * y)),
            FLATNESS * np.eye(8)[6:],
        )
    )
    found, _, rank, _ = np.linalg.lstsq(equations, np.concatenate((x, y, (0.0, 0.0))), rcond=1e-6)
    if rank < 8:
        return None
    from_index = np.array(((1, 0, -middle[0]), (0, 1, -middle[1]), (0, 0, 1)))
    to_pixels = np.array(((pitch, 0, centre[0]), (0, pitch, centre[1]), (0, 0, 1)))
    product_: Floats = to_pixels @ np.append(found, 1.0).reshape(3, 3) @ from_index
    return product_


def _name(points: Floats, to_pixels: Floats) -> dict[int, Index]:
    """Each point that lies near enough to a place of the lattice."""
    if abs(np.linalg.det(to_pixels)) < 1e-9:
        return {}
    lattice = Lattice({}, to_pixels)
    named: dict[int, Index] = {}
    for number, (x, y) in enumerate(points):
        place = lattice.nearest((float(x), float(y)))
        if place is not None and _off(points[number], lattice, place) <= NEAR:
            named[number] = place
    return named


def _windows(indices: Iterable[Index], rows: int, columns: int) -> dict[Index, int]:
    """How many of `indices` lie in each place that a grid could have that holds one of them."""
    at = np.array(list(indices))
    top, left = at.min(axis=0) - (rows - 1, columns - 1)
    height, width = at.max(axis=0) - (top, left) + (rows, columns)
    held = np.zeros((height, width), int)
    np.add.at(held, tuple((at - (top, left)).T), 1)
    sums = sliding_window_view(held, (rows, columns)).sum(axis=(2, 3))
    return {
        (int(top + row), int(left + column)): int(count)
        for (row, column), count in np.ndenumerate(sums)
    }


def _may_be_coarse(lattice: Lattice, rows: int, columns: int, size_px: float) -> bool:
    """Whether twice as many rows, or columns, would fit between those that were read."""
    across, down = lattice.steps(next(iter(lattice.indices.values())))
    for axis, places, step in ((0, rows, down), (1, columns, across)):
        seen = [index[axis] for index in lattice.indices.values()]
        spread = max(seen) - min(seen)
        room = float(np.hypot(*step)) / 2 > CLEARANCE * size_px
        if spread and room and 2 * spread < places:
            return True
    return False


def _cosine(one: Floats, other: Floats) -> float:
    return float(abs(one @ other) / (np.hypot(*one) * np.hypot(*other)))
