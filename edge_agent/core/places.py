"""Where a thing scanned at a bench goes, and whether there is a place for it."""

from dataclasses import replace

from edge_agent.core.codes import Code
from edge_agent.core.containers import filled, no_room_above
from edge_agent.core.contents import Product, mixes, product, product_in
from edge_agent.core.effects import Tone
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Read
from edge_agent.core.names import Gtin, LevelName, StationName
from edge_agent.core.packing import Filling, LevelPlan
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import State
from edge_agent.core.verify import Due, Objection, verify

AGAIN = (State.EJECTED, State.TAKEN_OFF)
"""What never left the line, and so is commissioned as if it were new."""
UNPAIRED = Objection(Reason.UNPAIRED, say("its second code was not scanned with it"))


def put(record: Record, read: Read, code: Code, also: Code | None = None) -> tuple[Tone, Saying]:
    """The thing, which has a place, goes there; what its people are told. `also` is its second
    code."""
    known, station = record.history.find(code.key), read.station
    if known is None or known.state in AGAIN:
        record.commission(code, read, None, also.key if also else None)
    gtin, lot = product(record.history, code)
    owner = _owner_above(record, code.level, station)
    container = record.pack(code.key, code.level, read.at, station, gtin, lot, owner)
    return filled(record, station, read.at, container)


def no_place(record: Record, station: StationName, code: Code, before: int = 0) -> Objection | None:
    """Why `code` has no place, `before` others of its level going before it; None if it has."""
    packing = record.state.packing
    owner = _owner_above(record, code.level, station)
    coming = before + (_coming_beside(record, code.level) if owner is None else 0)
    if objection := packing.room_for(code.level, coming, owner):
        return objection
    parent = packing.parent_of(code.level)
    if parent is None:
        return None
    current = packing.current(parent.name, owner)
    if not parent.mixed and (objection := _does_not_belong(record, code, parent, current, owner)):
        return objection
    if current is None:
        return None
    closes = current.key is not None and len(current.children) + 1 + before >= parent.capacity
    return no_room_above(record, parent.name, station) if closes else None


def _does_not_belong(
    record: Record,
    code: Code,
    parent: LevelPlan,
    current: Filling | None,
    owner: StationName | None,
) -> Objection | None:
    """Why what `code` names may not lie with what `current` holds; or, in the order of the belt,
    may not begin the next container: all that follows is of the order that is worked on."""
    found = product(record.history, code)
    if current is not None and current.children:
        return mixes(parent.name, _due(record, product_in(record.history, current)), found)
    if owner is not None:
        return None
    gtin, lot = found
    asked = replace(code, gtin=Gtin(gtin) if gtin else None, lot=lot)
    return verify(asked, Due((code.level,), {}, gated=False), None, record.state.active_order)


def due_beside(record: Record, code: Code) -> Product:
    """What may lie in one container with what `code` names."""
    return _due(record, product(record.history, code))


def coming_into(record: Record, level: LevelName) -> int:
    """Things on the belt which the open container of `level` still waits for."""
    parent = record.state.packing.parent_of(record.plan.levels[0].name)
    return record.state.coming() if parent is not None and parent.name == level else 0


def leave(record: Record, held: Read | None) -> bool:
    """Something else came: whether half of a thing waited, and is left without the other."""
    if held is None:
        return False
    code = record.second(held.text) or record.parse(held)[0]
    is_half = code is not None and not record.state.packing.is_container(code.level)
    if is_half:
        record.refuse(held, UNPAIRED)
    return is_half


def _owner_above(record: Record, level: LevelName, station: StationName) -> StationName | None:
    packing = record.state.packing
    parent = packing.parent_of(level)
    return packing.owner(parent.name, station) if parent is not None else None


def _due(record: Record, inside: Product) -> Product:
    """Without an order, batches may lie together."""
    gtin, lot = inside
    return gtin, lot if record.state.active_order is not None else None


def _coming_beside(record: Record, level: LevelName) -> int:
    """Things of `level` on the belt, which will need room too."""
    return record.state.coming() if level == record.plan.levels[0].name else 0
