"""The symbols of one frame, laid upon the grid."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import dist
from statistics import median

import numpy as np

from edge_agent.camera.layer.lattice import Index, Lattice, fit, origins
from edge_agent.camera.layer.outlines import Box, middle, side_px
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reading import LayerReading, Spot
from edge_agent.camera.symbols import Reading, Symbol, Try

FAR_TOO_MANY = 3
"""Times as many codes as a full layer has are no layer in which places could be told."""


def assemble(plan: LayerPlan, area: Box, readings: Sequence[Reading]) -> LayerReading:
    """One frame, of which `area` was looked at in parts; they may overlap."""
    trusted = _once(symbol for reading in readings for symbol in reading.symbols)
    unsure = [
        symbol
        for symbol in _once(symbol for reading in readings for symbol in reading.doubted)
        if not _among(symbol, trusted)
    ]
    everything = trusted + unsure
    size_px = median(side_px(symbol.corners) for symbol in everything) if everything else 0.0
    reading = LayerReading(
        plan,
        area,
        loose=tuple(trusted),
        doubted=tuple(unsure),
        size_px=size_px,
        tries=summed(each for reading in readings for each in reading.tries),
    )
    if plan.grid is None or not everything or len(everything) > FAR_TOO_MANY * plan.expected:
        return reading
    lattice = fit(np.array([middle(symbol.corners) for symbol in everything]), *plan.grid)
    if lattice is None:
        return reading
    spots = dict[Index, Spot]()
    loose, loose_unsure = list[Symbol](), list[Symbol]()
    for number, symbol in enumerate(everything):
        index = lattice.indices.get(number)
        is_trusted = number < len(trusted)
        if index is not None:
            spot = spots.get(index, Spot(corners=symbol.corners))
            spots[index] = _with(spot, symbol) if is_trusted else _with_doubted(spot, symbol)
        elif is_trusted:
            loose.append(symbol)
        else:
            loose_unsure.append(symbol)
    starts = origins(lattice, *plan.grid, size_px, area)
    if len(starts) == 1:
        loose = _aside(spots, loose, lattice, next(iter(starts)), plan.grid)
    return replace(
        reading,
        spots=spots,
        loose=tuple(loose),
        doubted=tuple(loose_unsure),
        lattice=lattice,
        origins=starts,
    )


def _aside(
    spots: dict[Index, Spot],
    loose: Sequence[Symbol],
    lattice: Lattice,
    origin: Index,
    grid: tuple[int, int],
) -> list[Symbol]:
    """Lays those that are inside the grid aside of its places; the others are left."""
    left = []
    for symbol in loose:
        index = lattice.nearest(middle(symbol.corners))
        if index is not None and all(
            0 <= at - first < length for at, first, length in zip(index, origin, grid, strict=True)
        ):
            spot = spots.get(index, Spot())
            spots[index] = replace(spot, aside=(*spot.aside, symbol))
        else:
            left.append(symbol)
    return left


def summed(tries: Iterable[Try]) -> tuple[Try, ...]:
    """One `Try` for each rung: the sum of its tries in all parts."""
    sums = dict[str, Try]()
    for each in tries:
        known = sums.get(each.rung, Try(each.rung, 0, 0))
        sums[each.rung] = Try(
            each.rung, known.elapsed_us + each.elapsed_us, known.found + each.found
        )
    return tuple(sums.values())


def _among(symbol: Symbol, others: Iterable[Symbol]) -> bool:
    """Whether one of them is the same symbol, seen in another part of the frame or as another try:
    the same text in the same place."""
    return any(
        other.text == symbol.text
        and dist(middle(other.corners), middle(symbol.corners)) < side_px(symbol.corners) / 2
        for other in others
    )


def _once(symbols: Iterable[Symbol]) -> list[Symbol]:
    kept = list[Symbol]()
    for symbol in symbols:
        if not _among(symbol, kept):
            kept.append(symbol)
    return kept


def _with(spot: Spot, symbol: Symbol) -> Spot:
    if symbol.text in {known.text for known in spot.symbols}:
        return spot
    return replace(spot, symbols=(*spot.symbols, symbol))


def _with_doubted(spot: Spot, symbol: Symbol) -> Spot:
    return replace(spot, doubted=(*spot.doubted, symbol))
