"""What happened in a shift or an order: one pass over its events, in bounded memory.

A thing is accepted when it went through the gate, or, where there is none, when its code was. It is
rejected when the gate kept it out; a scan that a bench refused is counted apart.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Armed,
    Closed,
    Commissioned,
    Disarmed,
    Ejected,
    EjectFailed,
    Event,
    LabelFailed,
    LabelPrinted,
    LabelQueued,
    LabelVerified,
    Move,
    Opened,
    OrderChanged,
    Packed,
    Passed,
    Reason,
    Rejected,
    Released,
    Resumed,
    Reworked,
    ReworkRefused,
    ShiftEnded,
    SignedIn,
    SignInRefused,
    Stopped,
)
from edge_agent.core.names import JobId, LevelName, OrderId, PersonId, StationName
from edge_agent.core.people import Role
from edge_agent.core.states import State

LISTED = 500
"""Stops, halts and accounts that are kept one by one; the others are counted."""
OTHERS = "…"
"""Stands for what is beyond `DISTINCT`."""
DISTINCT = 1_000
"""Different people, causes and the like that are counted apart."""

OUT_OF_TOUCH = "out-of-touch"
NO_ORDER = OrderId("")
Key = TypeVar("Key")
Minute = str
"""The first 16 characters of RFC 3339 in UTC: ``2026-11-22T08:15``."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A gate that let nothing through. `cause` is a StopCause, OUT_OF_TOUCH where the agent and the
    PLC had no session, or empty where nobody knows. `since` is empty where the stop began before
    the report's time, `until` where it had not ended at its end."""

    station: StationName
    cause: str
    detail: str
    since: str = ""
    until: str = ""
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Halt:
    """A time in which nothing could be recorded, over at `at`."""

    at: str
    detail: str
    refused_reads: int


@dataclass(slots=True)
class Attendance:
    """Somebody's signing in: the first and the last time (RFC 3339), how often, and where."""

    name: str
    role: Role
    first: str
    last: str = ""
    times: int = 0
    stations: set[StationName] = field(default_factory=set)


@dataclass(slots=True)
class LabelCounts:
    queued: int = 0
    """For the first time."""
    reprints: int = 0
    printed: int = 0
    failed: int = 0
    verified: int = 0
    mismatched: int = 0
    """Another label than the one due was scanned."""


def _by_minute() -> Counter[Minute]:
    return Counter()


@dataclass(slots=True)
class Facts:
    """Give it, for each time that it is about: `stopped_before` what came before, `begin`, `apply`
    each event, `end`. Counts are of things, by level, by the minute in UTC, or by reason."""

    lowest: LevelName
    events: int = 0
    accepted: Counter[Minute] = field(default_factory=_by_minute)
    """Of the lowest level."""
    by_order: Counter[OrderId] = field(default_factory=Counter)
    """Accepted while the line worked on it."""
    rejected: defaultdict[Reason, Counter[Minute]] = field(
        default_factory=lambda: defaultdict(_by_minute)
    )
    """Kept out at a gate."""
    refused: defaultdict[Reason, Counter[Minute]] = field(
        default_factory=lambda: defaultdict(_by_minute)
    )
    """Scans that belonged to no item, at a bench or at the gate."""
    escaped: int = 0
    packed: Counter[LevelName] = field(default_factory=Counter)
    closed: Counter[LevelName] = field(default_factory=Counter)
    """Without those that were reopened."""
    stops: list[Stop] = field(default_factory=list)
    stops_unlisted: int = 0
    accounts: list[ShiftEnded] = field(default_factory=list)
    reworks: Counter[tuple[Command, PersonId | None]] = field(default_factory=Counter)
    reworks_refused: Counter[Command] = field(default_factory=Counter)
    decommissioned: Counter[str] = field(default_factory=Counter)
    """Codes, by the reason given."""
    labels: LabelCounts = field(default_factory=LabelCounts)
    reprints: Counter[tuple[PersonId | None, str]] = field(default_factory=Counter)
    """By who asked, and why."""
    people: dict[PersonId, Attendance] = field(default_factory=dict)
    sign_ins_refused: Counter[str] = field(default_factory=Counter)
    """By why."""
    halts: list[Halt] = field(default_factory=list)
    halts_unlisted: int = 0
    order: OrderId = NO_ORDER
    """What the line works on."""
    clock_set_back: str = ""
    """The time to which it was set back first, if it was, into another minute."""
    _latest: Minute = ""
    _stopped: dict[tuple[StationName, bool], Stop] = field(default_factory=dict)
    """By station, and whether it is out of touch rather than stopped."""
    _samples: set[JobId] = field(default_factory=set)
    """Jobs that test a printer, and label nothing."""

    # --- what it says ------------------------------------------------------------------------

    @property
    def accepted_total(self) -> int:
        return self.accepted.total()

    @property
    def rejected_total(self) -> int:
        return sum(map(Counter.total, self.rejected.values()))

    @property
    def refused_total(self) -> int:
        return sum(map(Counter.total, self.refused.values()))

    def by_reason(self) -> dict[Reason, tuple[int, int]]:
        """Kept out at the gate, and refused scans, the most frequent reason first."""
        both = {
            reason: (self.rejected[reason].total(), self.refused[reason].total())
            for reason in Reason
            if reason in self.rejected or reason in self.refused
        }
        return dict(sorted(both.items(), key=lambda each: (-sum(each[1]), each[0])))

    # --- the fold ----------------------------------------------------------------------------

    def stopped_before(self, event: Event) -> None:
        """Take in an event of the time before: only a stop that lasts into the report's counts."""
        self._stop(event, listed=False)

    def begin(self, order: OrderId) -> None:
        """Here the report's time begins, or goes on; the line works on `order`. A stop that still
        lasts began before."""
        self.order = order
        self._latest = ""
        self._stopped = {key: replace(stop, since="") for key, stop in self._stopped.items()}

    def apply(self, event: Event) -> None:
        """Take in one more event of the line."""
        if isinstance(event, ShiftEnded):
            return  # of the shift before: `account` is given the one that belongs here
        self.events += 1
        minute = event.at[:16]
        if self._latest[:16] > minute and not self.clock_set_back:
            self.clock_set_back = event.at
        self._latest = minute
        match event:
            case Commissioned() | Passed() | Packed() | Closed() | Opened():
                self._make(event, minute)
            case Ejected() | EjectFailed() | Rejected():
                self._reject(event, minute)
            case Stopped() | Released() | Armed() | Disarmed():
                self._stop(event)
            case OrderChanged(order=order):
                self.order = OrderId(order)
                self.by_order[self.order] += 0
            case Resumed(at=at, detail=detail, refused_reads=refused):
                if len(self.halts) < LISTED:
                    self.halts.append(Halt(at, detail, refused))
                else:
                    self.halts_unlisted += 1
            case LabelQueued() | LabelPrinted() | LabelFailed() | LabelVerified():
                self._label(event)
            case _:
                self._people(event)

    def pass_over(self) -> None:
        """There was one more event, which counts nothing: a code accepted for an item."""
        self.events += 1

    def _make(
        self, event: Commissioned | Passed | Packed | Closed | Opened, minute: Minute
    ) -> None:
        match event:
            case Commissioned(item=None, level=self.lowest):
                self._accept(minute)
            case Passed(key=None):
                self.escaped += 1
            case Passed():
                self._accept(minute)
            case Packed(level=level):
                self.packed[level] += 1
            case Closed(level=level):
                self.closed[level] += 1
            case Opened(level=level, reopened=True):
                self.closed[level] -= 1

    def _accept(self, minute: Minute) -> None:
        self.accepted[minute] += 1
        self.by_order[self.order] += 1

    def _reject(self, event: Ejected | EjectFailed | Rejected, minute: Minute) -> None:
        match event:
            case Ejected(reason=reason) | EjectFailed(reason=reason):
                self.rejected[reason][minute] += 1
            case Rejected(item=None, reason=reason):
                self.refused[reason][minute] += 1
                self.labels.mismatched += reason is Reason.WRONG_LABEL

    def _people(self, event: Event) -> None:
        match event:
            case Reworked(operation=operation, by=by, why=why, moves=moves):
                self.reworks[_bounded(self.reworks, (operation, by), (operation, None))] += 1
                gone = sum(_is_end(move) for move in moves)
                if gone:
                    why = why or ("damaged" if operation is Command.REPLACE else "")
                    self.decommissioned[_bounded(self.decommissioned, why, OTHERS)] += gone
            case ReworkRefused(operation=operation):
                self.reworks_refused[operation] += 1
            case SignedIn(person=person, name=name, role=role, at=at, station=station):
                if person in self.people or len(self.people) < DISTINCT:
                    there = self.people.setdefault(person, Attendance(name, role, at))
                    there.last = at
                    there.times += 1
                    there.stations.add(station)
            case SignInRefused(why=why):
                self.sign_ins_refused[_bounded(self.sign_ins_refused, why, OTHERS)] += 1
            case _:
                pass

    def _label(self, event: Event) -> None:
        match event:
            case LabelQueued(copy=0, job=job):
                self._samples.add(job)
            case LabelPrinted(job=job) | LabelFailed(job=job) if job in self._samples:
                self._samples.remove(job)
            case LabelQueued(reprint_of=None):
                self.labels.queued += 1
            case LabelQueued(by=by, why=why):
                self.labels.reprints += 1
                self.reprints[_bounded(self.reprints, (by, why or ""), (None, OTHERS))] += 1
            case LabelPrinted():
                self.labels.printed += 1
            case LabelFailed():
                self.labels.failed += 1
            case LabelVerified():
                self.labels.verified += 1
            case _:
                pass

    def account(self, ended: ShiftEnded) -> None:
        """Take in the account of the report's own shift, which is closed after its end."""
        if len(self.accounts) < LISTED:
            self.accounts.append(ended)

    def end(self) -> None:
        """No more events of this time: what is still stopped is listed as such."""
        for stop in self._stopped.values():
            self._list(stop)
        self._stopped.clear()
        self.stops.sort(key=lambda stop: stop.since)

    def _stop(self, event: Event, *, listed: bool = True) -> None:
        station = event.station
        match event:
            case Stopped(cause=cause, detail=detail, at=at):
                self._stopped.setdefault((station, False), Stop(station, cause, detail, at))
            case Released(at=at, by=by, why=why):
                unknown = Stop(station, "", "")
                stop = self._stopped.pop((station, False), unknown)
                if listed:
                    self._list(replace(stop, until=at, by=by, why=why))
            case Disarmed(at=at, detail=detail):
                self._stopped.setdefault((station, True), Stop(station, OUT_OF_TOUCH, detail, at))
            case Armed(at=at):
                silent = self._stopped.pop((station, True), None)
                if silent is not None and listed:
                    self._list(replace(silent, until=at))
            case _:
                pass

    def _list(self, stop: Stop) -> None:
        if len(self.stops) < LISTED:
            self.stops.append(stop)
        else:
            self.stops_unlisted += 1


def _is_end(move: Move) -> bool:
    return move.after.state is State.DECOMMISSIONED and move.before.state is not move.after.state


def _bounded(counts: Mapping[Key, int], key: Key, others: Key) -> Key:
    """`key`, or `others` where too many are counted already."""
    return key if key in counts or len(counts) < DISTINCT else others
