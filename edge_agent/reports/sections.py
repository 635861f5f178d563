"""A report as it is shown, on paper and on a page: tiles, sections with a chart and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.shapes import Drawing


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that is seen from afar. `warns`: it is not as it should be."""

    name: str
    value: str
    note: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Texts; the columns from `numbers` on are numbers, at the right of their cells."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: int = 1
    wide: int | None = None
    """The column with sentences in it: it gets what the others leave."""


@dataclass(frozen=True, slots=True)
class Section:
    """`remarks` are sentences, above the chart and the tables."""

    title: str
    remarks: tuple[str, ...] = ()
    chart: Drawing | None = None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """`about` are names and values for the head. `remarks` are what the reader must know first.
    `seq` and `hash` name the last event it covers, from which everything follows."""

    title: str
    name: str
    about: list[tuple[str, str]]
    remarks: tuple[str, ...]
    tiles: list[Tile]
    sections: list[Section]
    line: str
    seq: int
    hash: str
