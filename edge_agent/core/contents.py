"""Of which product and batch a thing is, and what lies in a container."""

from collections.abc import Iterator

from edge_agent.core.history import History, Known
from edge_agent.core.names import CodeKey
from edge_agent.core.packing import Filling

Product = tuple[str | None, str | None]
"""GTIN and lot, as far as they are known."""


def product_of(history: History, key: CodeKey) -> Product:
    """The thing's own; a container's are those of the first thing in it."""
    first = next((known for known in _down(history, key) if known.gtin is not None), None)
    return (first.gtin, first.lot) if first is not None else (None, None)


def product_in(history: History, filling: Filling) -> Product:
    """Of what lies in a container that is not closed; a repair may have put it there."""
    if filling.gtin is not None or not filling.children:
        return filling.gtin, filling.lot
    return product_of(history, filling.children[0])


def _down(history: History, key: CodeKey) -> Iterator[Known]:
    known = history.find(key)
    if known is None:
        return
    yield known
    held = None if known.holds is None else history.container(known.holds)
    if held is not None and held.children:
        yield from _down(history, held.children[0])
