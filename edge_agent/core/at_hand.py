"""The container at hand at a bench: what people fill there, close, put aside and take up again."""

from edge_agent.core.codes import Code
from edge_agent.core.containers import filled, is_filled, name, no_room_above, print_label, shut
from edge_agent.core.contents import product_in
from edge_agent.core.effects import Tone
from edge_agent.core.events import Parked, Reason
from edge_agent.core.history import Known
from edge_agent.core.inputs import Read
from edge_agent.core.names import CodeKey, Instant, PersonId, StationName
from edge_agent.core.packing import Filling
from edge_agent.core.places import leave
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import State
from edge_agent.core.verify import Objection


def is_partial(record: Record, station: StationName) -> bool:
    """Whether `close` would close a container at `station` that is not full."""
    filling = at_hand(record, station)
    return filling is not None and not is_filled(record, filling)


def unclosable(record: Record, station: StationName) -> Saying | None:
    """Why nobody may close the container at hand at `station`; None if somebody may."""
    filling = at_hand(record, station)
    if filling is None or not filling.children:
        return say("nothing is open here that could be closed")
    plan, count = record.plan.level(filling.level), len(filling.children)
    if filling.ready:
        return say("its label is under way: scan the label")
    if not plan.partial and not is_filled(record, filling):
        return say(
            "a {level} holds {capacity}, this one {count}: fill it",
            level=filling.level,
            capacity=plan.capacity,
            count=count,
        )
    objection = no_room_above(record, filling.level, station)
    return objection.detail if objection else None


def close(
    record: Record,
    station: StationName,
    at: Instant,
    by: PersonId | None,
    approved_by: PersonId | None = None,
) -> Saying | None:
    """Close the container at hand at `station`, full or not; None, or why it stays open.

    Where its label is made here, the label is printed now, and its scan closes it. Where it has no
    code yet, that was scanned just before.
    """
    filling, held = at_hand(record, station), record.held.pop(station, None)
    if leave(record, held):
        held = None
    if refusal := unclosable(record, station):
        return refusal
    assert filling is not None  # noqa: S101 there is one to close
    plan = record.plan.level(filling.level)
    if plan.label is not None and (filling.key is not None or plan.label.sscc is not None):
        return print_label(record, station, at, filling, by, approved_by)
    if filling.key is not None:
        shut(record, station, at, filling, filling.key, approved_by)
        return None
    code = None if held is None else record.parse(held)[0]
    if held is None or code is None or code.level != filling.level:
        return say("scan the code of the {level} first", level=filling.level)
    if objection := _unusable(record, held, code):
        record.refuse(held, objection, code)
        return objection.detail
    name(record, held, code, filling, approved_by)
    return None


def _unusable(record: Record, held: Read, code: Code) -> Objection | None:
    """Why `code` cannot name a container now. While it waited here, it may have been used
    elsewhere, and another order may have begun."""
    known, objection = record.history.find(code.key), record.verify(code, held.station)
    is_seen = objection is not None and objection.reason is Reason.DUPLICATE
    if objection is not None and not (is_seen and is_free(record, known)):
        return objection
    is_used = known is not None and not is_free(record, known)
    if not is_used and record.state.packing.named(code.key) is None:
        return None
    said = say("{code} is in use already: scan a new one", code=code.key)
    return Objection(Reason.DUPLICATE, said, known.first if known else None)


def park(record: Record, station: StationName, at: Instant, by: PersonId | None) -> Saying | None:
    """Put the container at hand at `station` aside; None, or why not."""
    leave(record, record.held.pop(station, None))
    filling = at_hand(record, station)
    if filling is None:
        return say("nothing is open here that could be put aside")
    if filling.ready:
        return say("its label is under way: scan the label")
    put_aside(record, station, at, filling, by)
    return None


def put_aside(
    record: Record, station: StationName, at: Instant, filling: Filling, by: PersonId | None
) -> None:
    """`filling` stays as it is until somebody goes on with it."""
    _emit(record, station, at, filling, by, None, parked=True)


def resume(
    record: Record, station: StationName, at: Instant, key: CodeKey, by: PersonId | None
) -> tuple[Tone, Saying]:
    """Go on at `station` with a container that was put aside; `key` is its code, or that of a
    thing in it. What is told of it, or why not (Tone.BAD). One that is full may be closed here
    whatever is packed now: nothing more goes in."""
    leave(record, record.held.pop(station, None))
    packing = record.state.packing
    filling = next((f for f in packing.every() if key == f.key or key in f.children), None)
    if filling is None or not filling.parked:
        return Tone.BAD, say("{code} was not put aside, and lies in nothing that was", code=key)
    is_full = packing.is_full(filling)
    if not is_full and (refusal := _of_another_order(record, filling)):
        return Tone.BAD, refusal
    owner = packing.owner(filling.level, station)
    open_here = packing.queue(filling.level, owner)
    waiting = record.plan.level(filling.level).waiting
    is_begun = packing.current(filling.level, owner) is not None
    if (is_begun and not is_full) or len(open_here) > waiting:
        return Tone.BAD, say(
            "another {level} is open here and holds {count}: close it or put it aside first",
            level=filling.level,
            count=len(open_here[-1].children),
        )
    _emit(record, station, at, filling, by, owner, parked=False)
    if is_full:
        return filled(record, station, at, filling.id)
    return Tone.GOOD, say("taken up again")


def _of_another_order(record: Record, filling: Filling) -> Saying | None:
    order = record.state.active_order or {}
    gtin, lot = product_in(record.history, filling)
    for found, due in ((gtin, order.get("gtin")), (lot, order.get("batch"))):
        if found and due and found != due:
            return say(
                "it is of {found}, {expected} is packed: change to its order, or EMPTY it",
                found=found,
                expected=due,
            )
    return None


def _emit(
    record: Record,
    station: StationName,
    at: Instant,
    filling: Filling,
    by: PersonId | None,
    bench: StationName | None,
    *,
    parked: bool,
) -> None:
    record.emit(
        Parked(
            at=at.isoformat(),
            station=station,
            level=filling.level,
            container=filling.id,
            parked=parked,
            bench=bench,
            by=by,
        )
    )


def at_hand(record: Record, station: StationName) -> Filling | None:
    """The container that people at `station` are filling or have filled: the lowest, and of these
    the last."""
    packing, due = record.state.packing, record.plan.stations[station].due
    for below, plan in zip(record.plan.levels, record.plan.levels[1:], strict=False):
        if below.name not in due.levels:
            continue
        if fillings := packing.queue(plan.name, packing.owner(plan.name, station)):
            return fillings[-1]
    return None


def is_free(record: Record, known: Known | None) -> bool:
    """Whether the code's container was emptied, so that it may be filled again."""
    if known is None or known.holds is None or known.inside is not None:
        return False
    container = record.history.container(known.holds)
    return known.state is State.ACTIVE and container is not None and not container.children
