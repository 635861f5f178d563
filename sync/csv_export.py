"""Ledger events as CSV (RFC 4180), one line an event, for a spreadsheet. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from edge_agent.core.events import KINDS, Event, Move, Place, Sighting

_FIRST = ("seq", "kind", "at", "station", "key", "level")
COLUMNS = (
    *_FIRST,
    *dict.fromkeys(
        field.name for kind in KINDS.values() for field in fields(kind) if field.name not in _FIRST
    ),
    "hash",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""


def lines(rows: Iterable[tuple[int, bytes, Event]]) -> Iterator[str]:
    """The header, then one line (ended CR LF) for each (number, chained hash, event).

    A text that a spreadsheet would run as a formula gets an apostrophe in front. Children are
    separated by spaces, and so are the counts of a shift (``passes=12``), other values by name, and
    the moves of a rework (``KEY:packed@7>active``: it lay in container 7). `first` (of a duplicate)
    is the number of the event that had the code first.
    """
    yield _line(COLUMNS)
    for seq, chained, event in rows:
        values = {"seq": seq, "kind": event.kind, "hash": chained.hex()}
        yield _line(_cell(values.get(name, getattr(event, name, None))) for name in COLUMNS)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int():
            return str(value)
        case tuple():
            text = " ".join(map(_part, value))
        case Mapping():
            text = " ".join(f"{name}={number}" for name, number in value.items())
        case Sighting(seq=seq):
            return str(seq)
        case _:
            text = str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def _part(value: object) -> str:
    match value:
        case Move(key=key, before=before, after=after):
            return f"{key}:{_place(before)}>{_place(after)}"
        case _:
            return str(value)


def _place(place: Place) -> str:
    return place.state if place.inside is None else f"{place.state}@{place.inside}"


def _line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
