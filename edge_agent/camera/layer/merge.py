"""Two frames of one layer, laid upon each other: place by place, and never by where they were in
the picture, as the layer may have moved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import dist

import numpy as np

from edge_agent.camera.layer.assemble import summed
from edge_agent.camera.layer.lattice import Index, Lattice, origins
from edge_agent.camera.layer.outlines import middle, side_px
from edge_agent.camera.layer.reading import LayerReading, Spot
from edge_agent.camera.symbols import Point, Symbol

LEAST_SHARED = 2
"""Codes that two frames have in common, where only the count is known: one may be of the layer
before, that stays in view."""
APART = 0.5
"""Of a symbol's size: what is nearer to another one is in its place."""
MOST_TURN = 0.25
"""Between two frames: some 14 degrees, or a fourth nearer."""


def merge(first: LayerReading, later: LayerReading, *, two_agree: bool = False) -> LayerReading:
    """Two frames of one layer, in the pixels of the later one, if it can be laid upon the first;
    else the one that shows more, in its own pixels.

    `two_agree`: what both saw in one place is trusted, though neither trusted it alone.
    """
    together = _counted if later.plan.grid is None else _placed
    merged = together(first, later, two_agree)
    if merged is None:
        merged = max(later, first, key=lambda reading: (reading.placed, len(reading.symbols)))
    shown_by = first.shown_by if merged is first else first.frames + later.shown_by
    tries = summed((*first.tries, *later.tries))
    frames = first.frames + later.frames
    return replace(merged, shown_by=shown_by, frames=frames, tries=tries)


def _placed(first: LayerReading, later: LayerReading, two_agree: bool) -> LayerReading | None:
    """Laid upon each other by the places' names, or by the codes that both show."""
    shift = _shift(first, later)
    if shift is None or later.lattice is None:
        return None
    moved = {
        (row + shift[0], column + shift[1]): replace(spot, corners=None)
        for (row, column), spot in first.spots.items()
    }
    spots = {
        index: _merged_spot(moved.get(index), later.spots.get(index), two_agree)
        for index in moved.keys() | later.spots.keys()
    }
    return replace(
        later,
        spots=spots,
        loose=(*_still_loose(later, first), *_still_loose(first, later, known=later.loose)),
        origins=_merged_origins(
            first, later, shift, Lattice(dict(enumerate(spots)), later.lattice.to_pixels)
        ),
    )


def _counted(first: LayerReading, later: LayerReading, two_agree: bool) -> LayerReading | None:
    """Laid upon each other by the way that the codes moved which both show."""
    moved = _moved(first, later)
    if moved is None:
        return None
    disputed = first.disputed | {
        text
        for before in moved
        for after in later.loose
        if before.text != after.text and _overlap(before, after)
        for text in (before.text, after.text)
    }
    unsure = {symbol.text for symbol in first.doubted} if two_agree else set[str]()
    agreed = [symbol for symbol in later.doubted if symbol.text in unsure]
    loose = _merged_loose(moved, (*later.loose, *agreed))
    return replace(
        later,
        loose=tuple(symbol for symbol in loose if symbol.text not in disputed),
        doubted=(*later.doubted, *(symbol for symbol in loose if symbol.text in disputed)),
        disputed=disputed,
    )


def _shift(first: LayerReading, later: LayerReading) -> Index | None:
    """What to add to the first's indices to have the later's; None if that cannot be told."""
    if first.lattice is None or later.lattice is None:
        return None
    if first.placed and later.placed:
        ((row, column),), ((later_row, later_column),) = first.origins, later.origins
        return later_row - row, later_column - column
    before, after = _whereabouts(first), _whereabouts(later)
    shared = before.keys() & after.keys()
    shifts = {
        (after[text][0] - before[text][0], after[text][1] - before[text][1]) for text in shared
    }
    # Of two rows and two columns at least: one of the lattices may be of each second row only.
    spread = all(
        length == 1 or len({after[text][axis] for text in shared}) > 1
        for axis, length in enumerate(later.plan.grid or ())
    )
    return shifts.pop() if len(shifts) == 1 and spread else None


def _whereabouts(reading: LayerReading) -> dict[str, Index]:
    """Of each text that is in one place only."""
    held = reading.held()
    return {
        symbol.text: index
        for index, spot in reading.spots.items()
        for symbol in spot.symbols
        if held[symbol.text] == 1
    }


def _merged_spot(first: Spot | None, later: Spot | None, two_agree: bool) -> Spot:
    if first is None or later is None:
        return first or later or Spot()
    before, after = ({symbol.text for symbol in spot.symbols} for spot in (first, later))
    symbols = (*later.symbols, *(symbol for symbol in first.symbols if symbol.text not in after))
    doubted = later.doubted or first.doubted
    unsure = {symbol.text for symbol in first.doubted} & {symbol.text for symbol in later.doubted}
    if two_agree and not symbols and len(unsure) == 1:
        symbols = tuple(symbol for symbol in later.doubted if symbol.text in unsure)[:1]
    differ = bool(before and after) and not (before <= after or after <= before)
    texts = {symbol.text for symbol in symbols}
    aside = tuple(symbol for symbol in (*later.aside, *first.aside) if symbol.text not in texts)
    return Spot(symbols, doubted, aside, first.disputed or later.disputed or differ, later.corners)


def _still_loose(
    reading: LayerReading, other: LayerReading, known: Sequence[Symbol] = ()
) -> list[Symbol]:
    """Those that the other frame did not show in a place, and that are not `known` already. What
    one frame showed twice stays: it is a double."""
    placed, elsewhere = _texts(reading), _texts(other)
    return [
        symbol
        for symbol in reading.loose
        if (symbol.text in placed or symbol.text not in elsewhere)
        and symbol.text not in {each.text for each in known}
    ]


def _texts(reading: LayerReading) -> set[str]:
    return {symbol.text for spot in reading.spots.values() for symbol in spot.all}


def _merged_origins(
    first: LayerReading, later: LayerReading, shift: Index, together: Lattice
) -> frozenset[Index]:
    """What both frames allow, and both together; who allows none has nothing to say."""
    moved = frozenset((row + shift[0], column + shift[1]) for row, column in first.origins)
    for known in (later.origins, moved):
        if len(known) == 1:
            return known
    rows, columns = later.plan.grid or (0, 0)
    both = origins(together, rows, columns, later.size_px, later.area)
    allowed = [each for each in (moved, later.origins, both) if each]
    return frozenset.intersection(*allowed) if allowed else frozenset()


def _merged_loose(first: Sequence[Symbol], later: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The later's, and of the first's what it lacks. A text that one frame showed twice stays
    twice."""
    before, after = (Counter(symbol.text for symbol in each) for each in (first, later))
    kept = [symbol for symbol in later if after[symbol.text] >= before[symbol.text]]
    kept += [symbol for symbol in first if before[symbol.text] > after[symbol.text]]
    return tuple(kept)


def _moved(first: LayerReading, later: LayerReading) -> list[Symbol] | None:
    """The first's loose symbols where the later frame has them: a shift, a turn and a scale. None
    if fewer than two codes are in both, or they did not move as one."""
    before, after = (_once(each) for each in (first, later))
    shared = sorted(before.keys() & after.keys())
    if len(shared) < LEAST_SHARED:
        return None
    start = np.array([complex(*middle(before[text].corners)) for text in shared])
    end = np.array([complex(*middle(after[text].corners)) for text in shared])
    turn, shift = np.linalg.lstsq(np.column_stack((start, np.ones_like(start))), end, rcond=None)[0]
    astray = np.abs(turn * start + shift - end).max()
    if abs(turn - 1) > MOST_TURN or astray > APART * later.size_px:
        return None

    def there(x: float, y: float) -> Point:
        at = turn * complex(x, y) + shift
        return float(at.real), float(at.imag)

    return [
        replace(symbol, corners=(there(*a), there(*b), there(*c), there(*d)))
        for symbol in first.loose
        for a, b, c, d in (symbol.corners,)
    ]


def _once(reading: LayerReading) -> dict[str, Symbol]:
    """Each text that was seen in one place only, trusted or not."""
    seen = (*reading.loose, *reading.doubted)
    held = Counter(symbol.text for symbol in seen)
    return {symbol.text: symbol for symbol in seen if held[symbol.text] == 1}


def _overlap(one: Symbol, other: Symbol) -> bool:
    return dist(middle(one.corners), middle(other.corners)) < APART * side_px(other.corners)
