"""What is known of a layer: which code is in which place, after one frame or several.

Nothing is guessed: a place that reads differently in two frames is doubtful, and where the places
cannot be told, none is named.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, product

from edge_agent.camera.layer.lattice import Index, Lattice
from edge_agent.camera.layer.order import in_reading_order
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.plan import LayerPlan, Place
from edge_agent.camera.symbols import Corners, Symbol, Try

LISTED = 24
"""Places that are named in one sentence; the number of the others is said."""


class CellState(StrEnum):
    READ = "read"
    MISSING = "missing"
    """No code was read there."""
    DOUBLE = "double"
    """Its code was read elsewhere too, or two codes were read in it."""
    DOUBTFUL = "doubtful"
    """Two frames differ, or what was read is not trusted, or lies between the places."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A place of the layer, its outline in the newest frame, and what was read there."""

    place: Place
    state: CellState
    corners: Corners
    symbols: tuple[Symbol, ...] = ()

    @property
    def symbol(self) -> Symbol | None:
        """What the cell is believed to hold."""
        return self.symbols[0] if self.state is CellState.READ else None


@dataclass(frozen=True, slots=True)
class Spot:
    """What was read at one place of a lattice: different texts, trusted and not; those that lie
    `aside`, nearer to this place than to another, but too far off to be its own; and whether two
    frames disputed it. `corners` are None if the newest frame did not show it."""

    symbols: tuple[Symbol, ...] = ()
    doubted: tuple[Symbol, ...] = ()
    aside: tuple[Symbol, ...] = ()
    disputed: bool = False
    corners: Corners | None = None

    @property
    def all(self) -> tuple[Symbol, ...]:
        """Those that are trusted to be read right, wherever they lie."""
        return (*self.symbols, *self.aside)


@dataclass(frozen=True, eq=False)
class LayerReading:
    """What came of a layer's frames so far.

    `spots` are named by the lattice, of which r1c1 has one of the indices `origins`; it is known
    if that is one. `loose` are symbols that lie on no place (all of them, where only the count is
    expected, or no lattice was found). Pixels are those of the newest frame that could be laid upon
    the others, or of the best one, if none could.
    """

    plan: LayerPlan
    area: Box
    """Of the frame: what was looked at."""
    spots: Mapping[Index, Spot] = field(default_factory=dict)
    loose: tuple[Symbol, ...] = ()
    doubted: tuple[Symbol, ...] = ()
    """Of the loose: those that are not trusted."""
    lattice: Lattice | None = None
    origins: frozenset[Index] = frozenset()
    size_px: float = 0
    """Of a symbol: the median side."""
    tries: tuple[Try, ...] = ()
    frames: int = 1
    shown_by: int = 1
    """The frame whose pixels these are, from 1."""
    disputed: frozenset[str] = frozenset()
    """Where only the count is expected: texts that two frames saw in one place."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All that are trusted, in no order."""
        return (*chain.from_iterable(spot.all for spot in self.spots.values()), *self.loose)

    @property
    def placed(self) -> bool:
        """Whether places have names."""
        return len(self.origins) == 1

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells of the grid in reading order; none, where they cannot be named."""
        if not self.placed or self.plan.grid is None or self.lattice is None:
            return ()
        rows, columns = self.plan.grid
        ((top, left),) = self.origins
        held, cells = self.held(), list[Cell]()
        for row, column in product(range(rows), range(columns)):
            index = top + row, left + column
            spot = self.spots.get(index, Spot())
            corners = spot.corners or self.lattice.outline(index, self.size_px)
            symbols = spot.all or spot.doubted
            cells.append(Cell(Place(row + 1, column + 1), _state(spot, held), corners, symbols))
        return tuple(cells)

    @property
    def missing(self) -> tuple[Place, ...]:
        return self._places(CellState.MISSING)

    @property
    def doubled(self) -> tuple[Place, ...]:
        return self._places(CellState.DOUBLE)

    @property
    def doubtful(self) -> tuple[Place, ...]:
        return self._places(CellState.DOUBTFUL)

    @property
    def strangers(self) -> tuple[Symbol, ...]:
        """Symbols outside the grid."""
        if not self.placed or self.plan.grid is None:
            return ()
        outside = [spot.all for index, spot in self.spots.items() if self._place(index) is None]
        return (*chain.from_iterable(outside), *self.loose)

    @property
    def absent(self) -> int:
        """How many codes are missing, wherever."""
        return max(0, self.plan.expected - len({symbol.text for symbol in self.symbols}))

    @property
    def complete(self) -> bool:
        """Each cell read once, and nothing else."""
        if self.plan.grid is not None:
            return (
                self.placed
                and not self.strangers
                and all(cell.state is CellState.READ for cell in self.cells)
            )
        return len(self.loose) == len(self.held()) == self.plan.expected

    @property
    def codes(self) -> tuple[tuple[Symbol, str], ...]:
        """The trusted symbols in reading order, each with its cell's name if it has one."""
        if self.placed:
            return tuple(
                (cell.symbol, str(cell.place)) for cell in self.cells if cell.symbol is not None
            )
        return tuple((symbol, "") for symbol in in_reading_order(self.symbols))

    @property
    def why(self) -> str:
        """Why the layer is not complete, for people; empty if it is."""
        if self.complete:
            return ""
        found = len({symbol.text for symbol in self.symbols})
        whys = [f"{found} of {self.plan.expected} codes read"]
        if self.plan.grid is not None and not self.placed:
            too_many = found > self.plan.expected
            whys.append(
                "too many to tell their places"
                if too_many
                else "which places are missing cannot be told"
            )
        for said, places in (
            ("not read", self.missing),
            ("double", self.doubled),
            ("doubtful", self.doubtful),
        ):
            if places:
                whys.append(f"{said}: {_listed([str(place) for place in places])}")
        if self.strangers:
            texts = [repr(symbol.text[:40]) for symbol in self.strangers[:3]]
            whys.append(f"{len(self.strangers)} outside the grid: {', '.join(texts)}")
        if not self.placed:
            twice = [repr(text[:40]) for text, count in self.held().items() if count > 1]
            if twice:
                whys.append(f"double: {', '.join(twice[:3])}")
        if self.disputed:
            texts = [repr(text[:40]) for text in sorted(self.disputed)[:4]]
            whys.append(f"in one place in two frames: {', '.join(texts)}")
        return "; ".join(whys)

    def held(self) -> Counter[str]:
        """In how many places each text is."""
        held = Counter(symbol.text for symbol in self.loose)
        for spot in self.spots.values():
            held.update({symbol.text for symbol in spot.all})
        return held

    def _place(self, index: Index) -> Place | None:
        """Its name, if it lies in the grid."""
        rows, columns = self.plan.grid or (0, 0)
        ((top, left),) = self.origins
        row, column = index[0] - top, index[1] - left
        return Place(row + 1, column + 1) if 0 <= row < rows and 0 <= column < columns else None

    def _places(self, state: CellState) -> tuple[Place, ...]:
        return tuple(cell.place for cell in self.cells if cell.state is state)


def _state(spot: Spot, held: Counter[str]) -> CellState:
    if spot.disputed or (not spot.symbols and (spot.doubted or spot.aside)):
        return CellState.DOUBTFUL
    if not spot.symbols:
        return CellState.MISSING
    if len(spot.all) > 1 or held[spot.symbols[0].text] > 1:
        return CellState.DOUBLE
    return CellState.READ


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")
