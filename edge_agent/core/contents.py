"""Of which product and batch a thing is, and what lies in a container."""

from collections.abc import Iterator

from edge_agent.core.codes import Code
from edge_agent.core.events import Reason
from edge_agent.core.history import History, Known
from edge_agent.core.names import CodeKey, LevelName
from edge_agent.core.packing import Filling
from edge_agent.core.saying import say
from edge_agent.core.verify import Objection

Product = tuple[str | None, str | None]
"""GTIN and lot, as far as they are known."""


def product_of(history: History, key: CodeKey) -> Product:
    """The thing's own; a container's are those of the first thing in it."""
    first = next((known for known in _down(history, key) if known.gtin is not None), None)
    return (first.gtin, first.lot) if first is not None else (None, None)


def product(history: History, code: Code) -> Product:
    """Of what `code` names; if it names nothing yet, as it says itself."""
    if history.find(code.key) is None:
        return code.gtin, code.lot
    return product_of(history, code.key)


def product_in(history: History, filling: Filling) -> Product:
    """Of what lies in a container that is not closed; a repair may have put it there."""
    if filling.gtin is not None or not filling.children:
        return filling.gtin, filling.lot
    return product_of(history, filling.children[0])


def mixes(
    level: LevelName,
    inside: Product,
    new: Product,
) -> Objection | None:
    """Why a thing may not lie beside others in a container of `level`."""
    for found, due in zip(new, inside, strict=True):
        if found and due and found != due:
            return Objection(
                Reason.MIXED,
                say(
                    "this is {found}, the {level} is of {expected}: close it or put it aside",
                    found=found,
                    level=level,
                    expected=due,
                ),
            )
    return None


def _down(history: History, key: CodeKey) -> Iterator[Known]:
    known = history.find(key)
    if known is None:
        return
    yield known
    held = None if known.holds is None else history.container(known.holds)
    if held is not None and held.children:
        yield from _down(history, held.children[0])
