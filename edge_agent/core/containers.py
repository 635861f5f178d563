"""How a container ends: it gets its label, its code, and takes no more children."""

from edge_agent.core import labelling, labels
from edge_agent.core.codes import Code
from edge_agent.core.contents import Product, product_in
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import (
    Closed,
    Commissioned,
    LabelVerified,
    Opened,
    Reason,
)
from edge_agent.core.inputs import PrinterWord, Read
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    Instant,
    LevelName,
    OrderId,
    PersonId,
    StationName,
)
from edge_agent.core.packing import Filling
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say
from edge_agent.core.verify import Objection

GOOD = say("good")


def is_filled(record: Record, filling: Filling) -> bool:
    """Whether it holds all that it can."""
    return len(filling.children) >= record.plan.level(filling.level).capacity


def filled(
    record: Record, station: StationName, at: Instant, container: ContainerId | None
) -> tuple[Tone, Saying]:
    """What follows now that one more thing lies in `container`: if it is full, it is closed, its
    label is printed, or its code is awaited. What the people at `station` are told."""
    filling = None if container is None else record.state.packing.find(container)
    if filling is None:
        return Tone.GOOD, GOOD
    level, count = filling.level, len(filling.children)
    plan = record.plan.level(level)
    if count < plan.capacity:
        told = say("{count} of {capacity}", count=count, capacity=plan.capacity)
        return Tone.GOOD, told
    if plan.label is not None and (plan.label.sscc is not None or filling.key is not None):
        refusal = print_label(record, station, at, filling, record.at_work(station))
        if refusal is not None:
            return Tone.BAD, refusal
        if plan.label.verify:
            return Tone.FULL, say("the {level} is full: scan its label", level=level)
        return Tone.FULL, say("the {level} is full: its label is printed", level=level)
    if filling.key is not None:
        shut(record, station, at, filling, filling.key)
        apart = set_apart(record, level, filling.key)
        return Tone.FULL, apart or say("the {level} is full, and closed", level=level)
    return Tone.FULL, say("the {level} is full: scan its code", level=level)


def shut(
    record: Record,
    station: StationName,
    at: Instant,
    filling: Filling,
    key: CodeKey,
    approved_by: PersonId | None = None,
) -> None:
    """The container is closed and is the thing that `key` names; it goes into the open container
    above, where that is not filled by scanning."""
    record.emit(
        Closed(
            at=at.isoformat(),
            station=station,
            key=key,
            level=filling.level,
            container=filling.id,
            children=tuple(filling.children),
            by=record.at_work(station),
            approved_by=approved_by,
        )
    )
    packing = record.state.packing
    parent, target = packing.parent_of(filling.level), packing.above(filling, station)
    if parent is None or target is None:
        return
    above, (gtin, lot) = packing.find(target[0]), product_in(record.history, filling)
    if not parent.mixed and differs(record, above, (gtin, lot)):
        return
    owner = above.bench if above else packing.owner(parent.name, station)
    record.pack_into(target, key, filling.level, at, station, gtin, lot, owner)
    tone, saying = filled(record, station, at, target[0])
    if tone is Tone.BAD:
        record.decision.effects.append(Show(station, tone, saying, at.mono_us, Reason.REFUSED))


def differs(record: Record, above: Filling | None, product: Product) -> bool:
    """Whether `product` is another than lies in the container `above`, or than is packed where that
    is empty or not begun."""
    order = record.state.active_order or {}
    due = order.get("gtin"), order.get("batch")
    if above is not None and above.children:
        due = product_in(record.history, above)
    gtin, lot = product
    found = gtin, lot if order else None
    return any(a and b and a != b for a, b in zip(found, due, strict=True))


def set_apart(record: Record, level: LevelName, key: CodeKey) -> Saying | None:
    """What people must be told of the container `key` that was closed just now, if it does not go
    where the others do: it is of another order or product."""
    packing = record.state.packing
    parent = packing.parent_of(level)
    if parent is None or parent.by_scan:
        return None
    above = next((each for each in packing.filling[parent.name] if key in each.children), None)
    names = {"level": level, "parent": parent.name}
    if above is None:
        return say(
            "the {level} is closed. It goes onto no {parent}: it is of another order", **names
        )
    if above.parked:
        return say("the {level} is closed. It goes onto the {parent} that was put aside", **names)
    return None


def name(
    record: Record,
    read: Read,
    code: Code,
    filling: Filling,
    approved_by: PersonId | None = None,
) -> None:
    """`code`, just read, is the container's, and closes it. It may be the code of one that was
    emptied: that one is known by its number alone then."""
    if record.history.find(code.key) is None:
        record.commission(code, read, None)
    shut(record, read.station, read.at, filling, code.key, approved_by)


def open_at(
    record: Record,
    station: StationName,
    at: Instant,
    key: CodeKey,
    level: LevelName,
    container: ContainerId,
    children: tuple[CodeKey, ...] = (),
    *,
    reopened: bool = False,
) -> None:
    """The container has code `key`, and is filled at `station` from now on."""
    record.emit(
        Opened(
            at=at.isoformat(),
            station=station,
            key=key,
            level=level,
            container=container,
            bench=station,
            reopened=reopened,
            children=children,
            by=record.at_work(station),
        )
    )


def no_room_above(record: Record, level: LevelName, station: StationName) -> Objection | None:
    """Why a container of `level` could not go into the one above, where it would by itself."""
    packing = record.state.packing
    parent = packing.parent_of(level)
    if parent is None or parent.by_scan:
        return None
    return packing.room_for(level, 0, packing.owner(parent.name, station))


# --- labels ----------------------------------------------------------------------------------


def print_label(
    record: Record,
    station: StationName,
    at: Instant,
    filling: Filling,
    by: PersonId | None,
    approved_by: PersonId | None = None,
) -> Saying | None:
    """The container takes no more, and its label is printed; None, or why not."""
    state = record.state
    order = state.orders.get(OrderId(filling.order), {})
    inside, lot = product_in(record.history, filling)
    gtin = inside or order.get("gtin") or None
    if gtin != order.get("gtin"):
        order = {}
    fields = labels.texts(
        state.products.get(gtin or "", {}),
        order,
        gtin=gtin,
        batch=lot,
        count=len(filling.children),
        order=filling.order,
        line=record.plan.name,
    )
    queued = labelling.queue(
        record, station, at, filling.level, filling.id, fields, by, filling.key, approved_by
    )
    return queued if isinstance(queued, Saying) else None


def printed(record: Record, given: PrinterWord) -> None:
    """The printer said what became of a label: one that nobody has to scan closes its container."""
    job = labelling.word(record, given)
    if job is None or given.failure or job.container is None:
        return
    plan, filling = record.plan.level(job.level), record.state.packing.find(job.container)
    if plan.label is not None and not plan.label.verify and filling is not None:
        _commission(record, given.at, job)
        shut(record, job.station, given.at, filling, job.key, job.approved_by)


def scan_label(record: Record, read: Read, code: Code, *, own: bool) -> Objection | None:
    """A label was scanned that may be the one that is due at the station, or, where containers are
    not its `own`, on the line: then it closes its container. Why it does not."""
    station = read.station if own else None
    found = labels.match(record.state.labels, code.level, code.key, station)
    due = found.due
    if due is None or due.container is None:
        return Objection(
            Reason.WRONG_LABEL,
            say("no {level} waits for this label: it was not printed for one", level=code.level),
        )
    if not found.is_right:
        return _wrong_label(code, found.job, due)
    filling = record.state.packing.find(due.container)
    if filling is None:
        return Objection(Reason.WRONG_LABEL, say("its {level} is not open", level=code.level))
    if objection := no_room_above(record, code.level, read.station):
        return objection
    record.emit(
        LabelVerified(at=read.at.isoformat(), station=read.station, job=due.id, key=code.key)
    )
    _commission(record, read.at, due)
    shut(record, read.station, read.at, filling, code.key, due.approved_by)
    return None


def again(record: Record, station: StationName, code: Code) -> labels.Job | None:
    """The label of a closed container that was printed once more and not scanned since, if a scan
    at `station` may be of it: not where another label is awaited, for then it is on the wrong
    container, and not where the container is scanned to be packed."""
    found = labels.match(record.state.labels, code.level, code.key, station)
    job, known = found.job, record.history.find(code.key)
    if job is None or found.due is not None or known is None or not job.is_unseen:
        return None
    parent, plan = record.state.packing.parent_of(code.level), record.plan.stations[station]
    packs = parent is not None and parent.by_scan and parent.name in plan.due.levels
    return None if packs and known.inside is None and plan.work != "rework" else job


def _wrong_label(code: Code, job: labels.Job | None, due: labels.Job) -> Objection:
    if job is not None and job.is_due:
        saying = say(
            "the labels are shifted: this is {found}, due is {expected}. Reprint both",
            found=code.key,
            expected=due.key,
        )
    else:
        saying = say("this label is {found}, due is {expected}", found=code.key, expected=due.key)
    return Objection(Reason.WRONG_LABEL, saying)


def _commission(record: Record, at: Instant, job: labels.Job) -> None:
    """The container's code names it from now on; unless it did before it was full."""
    if record.history.find(job.key) is not None:
        return
    record.emit(
        Commissioned(
            at=at.isoformat(),
            station=job.station,
            key=job.key,
            level=job.level,
            text=job.key,
            serial=job.fields.get("sscc") or None,
        )
    )
