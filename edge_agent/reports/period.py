"""Which part of the ledger a report is about: a shift, or the times in which an order was packed.

Events are found by their number. Where a time begins is found by bisection over `at`, so that a
ledger of years costs no more than one of a day.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.config import LineConfig
from edge_agent.core.names import OrderId, format_utc, utc_us
from edge_agent.core.saying import say
from edge_agent.ledger.reader import LedgerReader
from edge_agent.reports.directory import Directory
from edge_agent.reports.reading import ReportError
from edge_agent.shifts import Shift, Shifts

NAMED = 10
"""Orders that an error names, the latest."""
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{2}:\d{2})")
_AT = re.compile(r'"at":"([^"]{20,30})"')


@dataclass(frozen=True, slots=True)
class Span:
    """Events after number `after` up to `last`, which became true from `since` on and before
    `until` (RFC 3339, UTC)."""

    after: int
    last: int
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Period:
    """What a report is about. `is_open`: it has not ended yet, and `until` is now."""

    shift: str
    order: OrderId
    spans: tuple[Span, ...]
    is_open: bool

    @property
    def since(self) -> str:
        return self.spans[0].since

    @property
    def until(self) -> str:
        return self.spans[-1].until

    @property
    def last_seq(self) -> int:
        return self.spans[-1].last


def shifts_of(config: LineConfig) -> Shifts:
    """A line without shifts is reported by the day."""
    return Shifts(config.line.shifts or ["00:00"], config.line.time_zone)


def of_shift(config: LineConfig, ledger: LedgerReader, name: str, now: str) -> Period:
    """The shift called `name` (``2026-11-22/08:00``), or the running one if it is empty. `now` is
    RFC 3339 in UTC. Raises ReportError."""
    shift = _shift(config, name, now)
    since, until = format_utc(shift.begins_us), format_utc(shift.ends_us)
    first = ledger.rows(0, 1)
    begins = moment(first[0].body) if first else ""
    if since > now:
        raise ReportError(say("shift {shift} has not begun yet", shift=shift.name))
    if not begins or until <= begins:
        if not begins:
            raise ReportError(say("nothing is recorded yet: the ledger is empty"))
        raise ReportError(
            say("nothing is known of shift {shift}: the ledger begins at {begins}",
                shift=shift.name, begins=begins)
        )  # fmt: skip
    head, _ = ledger.head()
    last = head if until > now else last_before(ledger, until)
    span = Span(last_before(ledger, since), last, since, min(until, now))
    return Period(shift.name, OrderId(""), (span,), is_open=until > now)


def of_order(ledger: LedgerReader, directory: Directory, order: OrderId, now: str) -> Period:
    """All times in which the line worked on `order`. Raises ReportError."""
    spans, head = [], ledger.head()[0]
    changes = directory.changes
    for index, change in enumerate(changes):
        if change.order != order:
            continue
        following = changes[index + 1] if index + 1 < len(changes) else None
        if following is None:
            spans.append(Span(change.seq - 1, head, change.at, now))
        else:
            spans.append(Span(change.seq - 1, following.seq - 1, change.at, following.at))
    if not spans:
        known = ", ".join(directory.worked_on()[:NAMED]) or "—"
        if order in directory.orders:
            said = say(
                "order {order} was not worked on yet; the latest: {known}", order=order, known=known
            )
        else:
            said = say("order {order} is not known; the latest: {known}", order=order, known=known)
        raise ReportError(said)
    return Period("", order, tuple(spans), is_open=changes[-1].order == order)


def latest_shifts(config: LineConfig, ledger: LedgerReader, now: str, limit: int) -> list[str]:
    """The names of up to `limit` shifts of which the ledger may know, the running one first."""
    first = ledger.rows(0, 1)
    begins = moment(first[0].body) if first else now
    shifts, names = shifts_of(config), list[str]()
    shift = shifts.at(utc_us(now))
    while shift is not None and len(names) < limit and format_utc(shift.ends_us) > begins:
        names.append(shift.name)
        shift = shifts.at(shift.begins_us - 1_000)
    return names


def last_before(ledger: LedgerReader, at: str) -> int:
    """The number of the last event that was written before the moment `at`; 0 if none was.

    Takes for granted that time goes on. A clock that was set back makes the bound inexact by what
    happened in between; `Facts.clock_set_back` tells of it.
    """
    low, high = 0, ledger.head()[0]
    while low < high:
        middle = (low + high + 1) // 2
        if moment(ledger.rows(middle - 1, 1)[0].body) < at:
            low = middle
        else:
            high = middle - 1
    return low


def moment(body: str) -> str:
    """When an event became true, from its written form (core.body): without reading the rest."""
    found = _AT.search(body)
    if found is None:
        raise ReportError(
            say("an event has no time: {found}; run `edge-agent ledger verify`", found=body[:80])
        )
    return found[1]


def _shift(config: LineConfig, name: str, now: str) -> Shift:
    shifts, zone = shifts_of(config), ZoneInfo(config.line.time_zone)
    at_us = utc_us(now)
    found = _NAME.fullmatch(name)
    if found:
        try:
            local = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=zone)
        except ValueError:
            found = None
        else:
            at_us = int(local.timestamp()) * 1_000_000
    shift = shifts.at(at_us)
    if shift is None or (name and (not found or shift.name != name)):
        raise ReportError(
            say(
                "there is no shift {shift}: expected a day and one of {starts}, as in {example}",
                shift=name,
                starts=", ".join(config.line.shifts or ["00:00"]),
                example=shift.name if shift else "2026-11-22/08:00",
            )
        )
    return shift
