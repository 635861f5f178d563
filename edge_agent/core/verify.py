"""The rules a code must pass, in order. The first that objects gives the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.core.codes import Code
from edge_agent.core.events import Reason, Sighting
from edge_agent.core.history import Known
from edge_agent.core.names import Gtin, LevelName
from edge_agent.core.states import State


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a read is refused; `detail` says it to a person."""

    reason: Reason
    detail: str
    first: Sighting | None = None


@dataclass(frozen=True, slots=True)
class SerialRange:
    """Serials issued by HQ, compared as text of equal length."""

    first: str
    last: str

    def __contains__(self, serial: str) -> bool:
        return len(serial) == len(self.first) and self.first <= serial <= self.last


@dataclass(frozen=True, slots=True)
class Due:
    """What is due at a station: levels read there, products being packed (none: any)."""

    levels: tuple[LevelName, ...]
    products: Mapping[Gtin, tuple[SerialRange, ...]]
    gated: bool


Rule = Callable[[Code, Due, Known | None], Objection | None]


def verify(code: Code, due: Due, known: Known | None) -> Objection | None:
    """What speaks against `code` here, given what is `known` of it; None if nothing does."""
    for rule in RULES:
        if objection := rule(code, due, known):
            return objection
    return None


def _level(code: Code, due: Due, known: Known | None) -> Objection | None:
    if code.level in due.levels:
        return None
    expected = " or ".join(due.levels)
    return Objection(Reason.WRONG_LEVEL, f"this is the code of a {code.level}, a {expected} is due")


def _product(code: Code, due: Due, known: Known | None) -> Objection | None:
    if not due.products or code.gtin is None or code.gtin in due.products:
        return None
    expected = ", ".join(due.products)
    return Objection(Reason.WRONG_PRODUCT, f"product {code.gtin} is read, {expected} is packed")


def _issued(code: Code, due: Due, known: Known | None) -> Objection | None:
    ranges = due.products.get(code.gtin, ()) if code.gtin else ()
    if not ranges or any((code.serial or "") in issued for issued in ranges):
        return None
    return Objection(
        Reason.NOT_ISSUED, f"serial {code.serial} of product {code.gtin} was never issued"
    )


def _seen(code: Code, due: Due, known: Known | None) -> Objection | None:
    # An accepted item that was ejected or taken off never left the line: it may come again.
    if known is None or known.state in (State.EJECTED, State.TAKEN_OFF):
        return None
    detail = f"first seen at {known.first.station} on {known.first.at}"
    if known.inside is not None:
        container_id, container_key = known.inside
        detail += f", lies in {container_key or f'open container {container_id}'}"
        if not due.gated:
            return Objection(Reason.ALREADY_PACKED, detail, known.first)
    return Objection(Reason.DUPLICATE, detail, known.first)


RULES: tuple[Rule, ...] = (_level, _product, _issued, _seen)
"""UNREAD and MALFORMED come before (there is no code), INCOMPLETE and OVERFULL after (packing)."""
