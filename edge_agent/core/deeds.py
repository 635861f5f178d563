"""What each command does once all that it needs is there: events, and what is said of them."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.core import at_hand, labelling, orders
from edge_agent.core.commands import Command
from edge_agent.core.containers import print_label, set_apart
from edge_agent.core.dialog import PROCEDURES
from edge_agent.core.effects import Tone
from edge_agent.core.events import ReworkRefused
from edge_agent.core.inputs import Press, Release
from edge_agent.core.interlock import CONTACTS
from edge_agent.core.names import CodeKey, OrderId, PersonId
from edge_agent.core.people import Permission, Person
from edge_agent.core.record import Record
from edge_agent.core.rework.draft import Draft
from edge_agent.core.rework.repairs import repair
from edge_agent.core.rework.task import Scanned, Task
from edge_agent.core.rework.undo import undo
from edge_agent.core.saying import Saying, say


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said when a command was done, or refused (Tone.BAD)."""

    saying: Saying
    key: CodeKey | None = None
    tone: Tone = Tone.GOOD
    culprits: tuple[Saying, ...] = ()


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that is done now: `by` works at the station, `approver` agreed."""

    press: Press
    by: Person | None
    approver: Person | None
    scanned: tuple[Scanned, ...]

    @property
    def by_id(self) -> PersonId | None:
        return self.by.id if self.by else None

    @property
    def approver_id(self) -> PersonId | None:
        return self.approver.id if self.approver else None


def permission(record: Record, given: Press) -> Permission:
    """What one must be allowed for `given`, as things are now."""
    if given.command is Command.CLOSE and at_hand.is_partial(record, given.station):
        return Permission.CLOSE_PARTIAL
    return PROCEDURES[given.command].permission


def not_now(record: Record, given: Press) -> Saying | None:
    """Why `given` makes no sense at the station as things are; None if it does."""
    if given.command is Command.UNDO:
        act = record.state.acts.last.get(given.station)
        return say("there is nothing to take back here") if not act or act.is_undo else None
    if given.command is Command.CLOSE:
        return at_hand.unclosable(record, given.station)
    if given.command is Command.RELEASE:
        return _unreleasable(record, given)
    if given.command is Command.ORDER:
        return orders.no_order(record, OrderId(given.argument))
    return None


def about(record: Record, given: Press) -> str:
    """What `given` would be done to, as things are: the container at hand, the last act, the stop;
    empty where it is scanned after the command. Leave is for that alone."""
    match given.command:
        case Command.CLOSE | Command.PARK:
            filling = at_hand.at_hand(record, given.station)
            return str(filling.id) if filling else ""
        case Command.UNDO:
            act = record.state.acts.last.get(given.station)
            return " ".join(map(str, act.id)) if act else ""
        case Command.RELEASE:
            belt = record.state.belts.get(given.station)
            return " ".join(belt.interlock.stop or ()) if belt else ""
        case _:
            return ""


def _unreleasable(record: Record, given: Press) -> Saying | None:
    gate = record.plan.stations[given.station].gate
    belt = record.state.belts.get(given.station)
    if gate is None or belt is None or belt.interlock.stop is None:
        return say("{station} is not stopped", station=given.station)
    if on := belt.interlock.still_on(gate.stop):
        return say("first mend: {cause}", cause="; ".join(str(CONTACTS[each]) for each in on))
    return None


def do(record: Record, deed: Deed, release: Callable[[Release], None]) -> Outcome:
    """Carry `deed` out, or refuse it with all that speaks against it. `release` lets a stopped gate
    run (core.gates)."""
    press = deed.press
    station, at, by = press.station, press.at, deed.by_id
    match press.command:
        case Command.CLOSE:
            return _close(record, deed)
        case Command.PARK:
            return _outcome(at_hand.park(record, station, at, by), say("put aside"))
        case Command.RESUME:
            key = deed.scanned[0].code.key
            tone, saying = at_hand.resume(record, station, at, key, by)
            return Outcome(saying, tone=tone)
        case Command.ORDER:
            refusal = orders.change_order(
                record, station, at, OrderId(press.argument), by, deed.approver_id
            )
            return _outcome(refusal, say("order {order} is worked on", order=press.argument))
        case Command.RELEASE:
            who = deed.approver or deed.by
            name = who.name if who else station
            release(Release(at, station, name, f"released at {station}"))
            return Outcome(say("the line may run"))
        case Command.REPRINT:
            return _reprint(record, deed)
        case _:
            return _repair(record, deed)


def _outcome(refusal: Saying | None, done: Saying, key: CodeKey | None = None) -> Outcome:
    return Outcome(done, key) if refusal is None else Outcome(refusal, tone=Tone.BAD)


def _close(record: Record, deed: Deed) -> Outcome:
    station, at = deed.press.station, deed.press.at
    filling = at_hand.at_hand(record, station)
    refusal = at_hand.close(record, station, at, deed.by_id, deed.approver_id)
    if refusal or filling is None:
        return _outcome(refusal, say("closed"))
    if record.state.packing.find(filling.id) is None:
        key = record.state.last_closed[filling.level].key
        return Outcome(set_apart(record, filling.level, key) or say("closed"), key)
    label = record.plan.level(filling.level).label
    if label is not None and label.verify:
        return Outcome(say("the label is printed: scan it"), tone=Tone.FULL)
    return Outcome(
        say("the label is printed: it closes the {level}", level=filling.level), tone=Tone.FULL
    )


def _reprint(record: Record, deed: Deed) -> Outcome:
    known = deed.scanned[0].known
    if known is None:
        key = deed.scanned[0].code.key
    elif known.holds is None and known.inside is not None:
        container, parent = known.inside
        label = record.state.labels.of(container)
        key = parent or (label.key if label else known.key)
    else:
        key = known.key
    station, at = deed.press.station, deed.press.at
    refusal = labelling.reprint(record, station, at, key, deed.by_id, "asked for at the station")
    return _outcome(refusal, say("the label is printed once more"), key)


def _repair(record: Record, deed: Deed) -> Outcome:
    press = deed.press
    task = Task(
        operation=press.command,
        at=press.at.isoformat(),
        station=press.station,
        due=record.plan.stations[press.station].due,
        by=deed.by_id,
        approved_by=deed.approver_id,
        why=press.argument,
        order=record.state.active_order,
    )
    draft = Draft(task, record.plan.levels, record.state.packing, record.history)
    act = record.state.acts.last.get(press.station)
    if press.command is Command.UNDO and act is not None:
        planned = undo(draft, act)
    else:
        planned = repair(draft, *deed.scanned)
    if isinstance(planned, tuple):
        record.emit(
            ReworkRefused(
                at=task.at,
                station=task.station,
                operation=task.operation,
                by=task.by,
                culprits=tuple(map(str, planned)),
            )
        )
        first, *others = planned
        return Outcome(first, tone=Tone.BAD, culprits=planned if others else ())
    for event in planned.events:
        record.emit(event)
    made = planned.made
    if made is not None and record.plan.level(made.level).numbers_here:
        filling = record.state.packing.find(made.id)
        assert filling is not None  # noqa: S101 it was made just now
        refusal = print_label(record, press.station, press.at, filling, task.by)
        done = say("split: scan the label of the new {level}", level=made.level)
        return _outcome(refusal, done, planned.key)
    return Outcome(planned.saying, planned.key)
