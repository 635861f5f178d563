"""The rules a code must pass, in order. The first that objects gives the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.core.codes import Code
from edge_agent.core.events import Reason, Sighting
from edge_agent.core.history import Known
from edge_agent.core.names import Gtin, LevelName
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import State


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a read is refused; `detail` says it to a person."""

    reason: Reason
    detail: Saying
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
    """What is due at a station: levels read there, products being packed (none: any). Things of
    levels `packs` are packed there, also such as were taken out of a container before."""

    levels: tuple[LevelName, ...]
    products: Mapping[Gtin, tuple[SerialRange, ...]]
    gated: bool
    packs: tuple[LevelName, ...] = ()


Order = Mapping[str, str]
"""The values of the order that is worked on (core.orders): its ``gtin`` and ``batch``."""
Rule = Callable[[Code, Due, Known | None, Order | None], Objection | None]


def verify(
    code: Code, due: Due, known: Known | None, order: Order | None = None
) -> Objection | None:
    """What speaks against `code` here, given what is `known` of it and, where it is a product's,
    the `order`; None if nothing does."""
    for rule in RULES:
        if objection := rule(code, due, known, order):
            return objection
    return None


def _level(code: Code, due: Due, known: Known | None, order: Order | None) -> Objection | None:
    if code.level in due.levels:
        return None
    expected = " or ".join(due.levels)
    return Objection(
        Reason.WRONG_LEVEL,
        say(
            "this is the code of a {level}, a {expected} is due",
            level=code.level,
            expected=expected,
        ),
    )


def _product(code: Code, due: Due, known: Known | None, order: Order | None) -> Objection | None:
    if code.gtin is None:
        return None
    if order is not None and order.get("gtin"):
        if code.gtin == order["gtin"]:
            return None
        expected = order["gtin"]
    elif not due.products or code.gtin in due.products:
        return None
    else:
        expected = ", ".join(due.products)
    return Objection(
        Reason.WRONG_PRODUCT,
        say("product {gtin} is read, {expected} is packed", gtin=code.gtin, expected=expected),
    )


def _batch(code: Code, due: Due, known: Known | None, order: Order | None) -> Objection | None:
    if order is None or code.lot is None or code.lot == (order.get("batch") or code.lot):
        return None
    return Objection(
        Reason.WRONG_BATCH,
        say("batch {lot} is read, {expected} is packed", lot=code.lot, expected=order["batch"]),
    )


def _issued(code: Code, due: Due, known: Known | None, order: Order | None) -> Objection | None:
    ranges = due.products.get(code.gtin, ()) if code.gtin else ()
    if not ranges or any((code.serial or "") in issued for issued in ranges):
        return None
    return Objection(
        Reason.NOT_ISSUED,
        say(
            "serial {serial} of product {gtin} was never issued",
            serial=code.serial or "",
            gtin=code.gtin or "",
        ),
    )


def _seen(code: Code, due: Due, known: Known | None, order: Order | None) -> Objection | None:
    # An accepted item that was ejected or taken off never left the line: it may come again.
    if known is None or known.state in (State.EJECTED, State.TAKEN_OFF):
        return None
    first = known.first
    where = {"station": first.station, "at": first.at}
    if known.state is State.DECOMMISSIONED:
        return Objection(Reason.DECOMMISSIONED, say("it was taken out of use for ever"), first)
    if known.state is State.SAMPLED:
        return Objection(
            Reason.SAMPLED, say("it was taken for an inspection: return it first"), first
        )
    if known.inside is not None:
        number, key = known.inside
        saying = (
            say("first seen at {station} on {at}, lies in {container}", **where, container=key)
            if key
            else say(
                "first seen at {station} on {at}, lies in open container {number}",
                **where,
                number=number,
            )
        )
        reason = Reason.DUPLICATE if due.gated else Reason.ALREADY_PACKED
        return Objection(reason, saying, first)
    if known.state is State.ACTIVE and not due.gated and known.level in due.packs:
        return None
    return Objection(Reason.DUPLICATE, say("first seen at {station} on {at}", **where), first)


RULES: tuple[Rule, ...] = (_level, _product, _batch, _issued, _seen)
"""UNREAD and MALFORMED come before (there is no code), INCOMPLETE and OVERFULL after (packing)."""
