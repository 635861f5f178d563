"""Products and work orders: what people may write into them, and the change from one to another.

An order says what is packed: a product by its GTIN, its batch, the day it was made, its expiry and
the target, a number of things of the lowest level. All values are texts. The order that is worked
on protects against wrong products (core.verify).
"""

import re
from collections.abc import Mapping
from datetime import date

from edge_agent.core.at_hand import put_aside
from edge_agent.core.codes import CodeError, check_gtin
from edge_agent.core.effects import Judge, Show, Tone
from edge_agent.core.events import (
    Edited,
    OrderChanged,
    Reason,
    Rejected,
    StopCause,
    Subject,
)
from edge_agent.core.inputs import Edit, OrderStart
from edge_agent.core.names import Instant, OrderId, PersonId, StationName
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say

ORDER = ("gtin", "batch", "made", "expiry", "target", "ended")
"""``made`` and ``expiry`` are ISO 8601 dates, ``ended`` is ``yes`` or empty."""
_NAME = re.compile("[a-z][a-z_]{0,39}")
"""Of a product's value: ``name``, and what label templates ask for."""
LIMIT = 200
"""Characters of a value."""
_SHOWN = 60
"""Characters of a wrong value that are repeated."""
_BATCH = re.compile("[!-~]{0,20}")
"""AI (10) (GS1 General Specifications, 3.4.1), without spaces."""
_TARGET = re.compile("0{0,9}[1-9][0-9]{0,8}")
_ID = re.compile("[!-~]{1,40}")
"""Of an order: it is printed as a barcode."""


def no_order(record: Record, order: OrderId) -> Saying | None:
    """Why nobody can work on `order`; None if the line can."""
    values = record.state.orders.get(order)
    if values is None:
        return say("order {order} is not known: enter it first", order=order[:_SHOWN])
    return say("order {order} is ended", order=order) if values.get("ended") else None


def change_order(
    record: Record,
    station: StationName,
    at: Instant,
    order: OrderId,
    by: PersonId | None,
    approved_by: PersonId | None = None,
) -> Saying | None:
    """The line works on `order` from now on; None, or why not. The same again changes nothing.

    What is part-filled is put aside. A gate with things on its belt stops until a person releases
    it, and their leave to pass is withdrawn: nothing of the order before gets into what is packed
    for the next.
    """
    if refusal := no_order(record, order):
        return refusal
    if order != record.state.order:
        _settle(record, at)
        _end(record, station, at, by)
        _change(record, at, order, by, approved_by)
    return None


def start(record: Record, at: Instant, order: str) -> None:
    """The configuration says which order the line works on, known or not; where it says nothing,
    people choose."""
    if order and order != record.state.order:
        _settle(record, at)
        # Of orders that are names only, nobody knows that their products differ.
        if OrderId(order) in record.state.orders or record.state.active_order is not None:
            _end(record, record.plan.name, at, None)
        _change(record, at, order)


def _settle(record: Record, at: Instant) -> None:
    """What was made for the order before must agree before another begins."""
    state = record.state
    for name, account in state.accounts.open.items():
        if differences := account.difference_count(at.isoformat()):
            detail = say(
                "{count} differences at the end of order {order}",
                count=differences, order=state.order,
            )  # fmt: skip
            record.stop(name, at.isoformat(), StopCause.DIFFERENCE, str(detail))


def _change(
    record: Record,
    at: Instant,
    order: str,
    by: PersonId | None = None,
    approved_by: PersonId | None = None,
) -> None:
    record.emit(
        OrderChanged(
            at=at.isoformat(),
            station=record.plan.name,
            order=order,
            by=by,
            approved_by=approved_by,
        )
    )


def _end(record: Record, station: StationName, at: Instant, by: PersonId | None) -> None:
    """What was begun for the order before stays apart."""
    _park_all(record, station, at, by)
    for name in record.state.belts:
        _clear_belt(record, name, at)


def _park_all(record: Record, station: StationName, at: Instant, by: PersonId | None) -> None:
    packing = record.state.packing
    for filling in list(packing.every()):
        if not filling.parked and not packing.is_full(filling):
            put_aside(record, station, at, filling, by)


def _clear_belt(record: Record, name: StationName, at: Instant) -> None:
    """Stop the gate if things are on its belt, and withdraw what leave they have to pass. Its
    release cannot wait until they are gone: nothing leaves a belt that stands."""
    state, belt = record.state, record.state.belts[name]
    station = record.plan.stations.get(name)
    is_gated = station is not None and station.gate is not None
    accepted = {item: key for item, (key, reason) in belt.pending.items() if reason is None}
    if count := len(accepted) + len(belt.skipped):
        detail = say(
            "{count} things of order {order} are on the belt: clear it",
            count=count, order=state.order,
        )  # fmt: skip
        record.stop(name, at.isoformat(), StopCause.CHANGE_OVER, str(detail))
    for item, key in accepted.items():
        record.emit(
            Rejected(
                at=at.isoformat(),
                station=name,
                reason=Reason.STOPPED,
                detail=f"it was accepted for order {state.order!r}, which is over",
                item=item,
                key=key,
            )
        )
        if is_gated:
            record.decision.effects.append(Judge(name, item, Reason.STOPPED, at.mono_us))


def ask(record: Record, given: OrderStart) -> None:
    """A person has the line work on another order; or it is shown why not."""
    order = OrderId(given.order)
    refusal = change_order(record, given.line, given.at, order, given.by, given.approved_by)
    tone = Tone.BAD if refusal else Tone.GOOD
    saying = refusal or say("order {order} is worked on", order=order)
    reason = Reason.REFUSED if refusal else None
    record.decision.effects.append(Show(given.line, tone, saying, given.at.mono_us, reason))


def edit(record: Record, given: Edit) -> None:
    """A product, an order or a person is as `given` from now on, or not any more; or it is shown
    what is wrong with it."""
    known: Mapping[str, Mapping[str, str]] = {}
    if given.subject is Subject.PRODUCT:
        known = record.state.products
    elif given.subject is Subject.ORDER:
        known = {str(number): values for number, values in record.state.orders.items()}
    culprits = faults(given.subject, given.id, given.new)
    if given.new is None and given.subject is Subject.ORDER and given.id == record.state.order:
        culprits += (say("order {order} is worked on: change to another first", order=given.id),)
    if culprits:
        refused = say("{id} is left as it was", id=given.id[:LIMIT])
        record.decision.effects.append(
            Show(
                given.line,
                Tone.BAD,
                refused,
                given.at.mono_us,
                Reason.REFUSED,
                culprits=culprits,
            )
        )
        return
    record.emit(
        Edited(
            at=given.at.isoformat(),
            station=given.line,
            subject=given.subject,
            id=given.id,
            old=known.get(given.id, given.old),
            new=given.new,
            by=given.by,
            why=given.why,
            approved_by=given.approved_by,
        )
    )
    saved = say("{id} is saved", id=given.id)
    record.decision.effects.append(Show(given.line, Tone.GOOD, saved, given.at.mono_us))


def faults(subject: Subject, number: str, values: Mapping[str, str] | None) -> tuple[Saying, ...]:
    """All that is wrong with a product or an order as it was entered; nothing if it may be so."""
    match subject:
        case Subject.PRODUCT:
            found = _gtin_faults(number) + _value_faults(values or {})
        case Subject.ORDER:
            found = _order_faults(number, values)
        case _:
            found = []
    return tuple(found)


def _order_faults(number: str, values: Mapping[str, str] | None) -> list[Saying]:
    found = []
    if not _ID.fullmatch(number):
        found.append(
            say("the number is {found}: expected 1 to 40 letters or digits", found=_cut(number))
        )
    if values is None:
        return found
    found += [say("{name} is not known here", name=_cut(n)) for n in values if n not in ORDER]
    found += _gtin_faults(values.get("gtin", "")) + _value_faults(values)
    batch, target, ended = (values.get(name, "") for name in ("batch", "target", "ended"))
    if not _BATCH.fullmatch(batch):
        found.append(say("the batch is {found}: expected up to 20 characters", found=_cut(batch)))
    if target and not _TARGET.fullmatch(target):
        found.append(say("the target is {found}: expected a number above 0", found=_cut(target)))
    if ended not in ("", "yes"):
        found.append(say("ended is {found}: expected yes or nothing", found=_cut(ended)))
    return found + _date_faults(values)


def _date_faults(values: Mapping[str, str]) -> list[Saying]:
    days = {name: _day(values.get(name, "")) for name in ("made", "expiry")}
    found = [
        say(
            "{name} is {found}: expected a day such as 2026-11-22",
            name=name,
            found=_cut(values[name]),
        )
        for name, day in days.items()
        if values.get(name) and day is None
    ]
    made, expiry = days["made"], days["expiry"]
    if made and expiry and expiry < made:
        found.append(say("it expires on {expiry}, before it is made", expiry=values["expiry"]))
    return found


def _value_faults(values: Mapping[str, str]) -> list[Saying]:
    found = [
        say("{name} is no name of a value", name=_cut(name))
        for name in values
        if not _NAME.fullmatch(name)
    ]
    found += [
        say(
            "{name} has {count} characters: at most {limit}",
            name=_cut(name),
            count=len(value),
            limit=LIMIT,
        )
        for name, value in values.items()
        if len(value) > LIMIT
    ]
    return found


def _gtin_faults(gtin: str) -> list[Saying]:
    try:
        check_gtin(gtin)
    except CodeError as error:
        return [say("{fault}", fault=str(error))]
    return []


def _cut(text: str) -> str:
    return text[:_SHOWN]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Weeks and digits without hyphens are ISO 8601 too, and no label says them.
    return day if day.isoformat() == text else None
