"""`edge-agent reconcile`: the accounts of the gated stations, made anew from the journal.

The whole journal is walked, one event at a time: what was on the belt and in open containers when
a period began is known only from what came before it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.core.accounts import Accounts
from edge_agent.core.body import EventError, from_body
from edge_agent.core.events import Event, OrderChanged, ShiftEnded
from edge_agent.core.laws import Law
from edge_agent.core.names import StationName, utc_us
from edge_agent.core.reconcile import Account, Difference
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.shifts import Shifts

NAMED = 10
"""Shifts or orders that an error names, the latest."""


class ReconcileError(Exception):
    """The accounts cannot be made as asked; the message says what was found and expected."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which accounts: of one shift, of one order, or of the time from `since` on and before `until`
    (RFC 3339, UTC; empty: no bound). None of them: the shift that is open, or all there is."""

    shift: str = ""
    order: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, shift: str, order: str, since: str, until: str) -> "Selection":
        """From what a person typed. Raises ReconcileError."""
        given = [bool(shift), bool(order), bool(since or until)]
        if sum(given) > 1:
            raise ReconcileError("give one of --shift, --order, and --from with --to")
        return cls(shift, order, _moment("--from", since), _moment("--to", until))


@dataclass(frozen=True, slots=True)
class Period:
    """The account of one station over one shift, order or time, as of `until`. `is_open`: it has
    not ended yet."""

    station: StationName
    name: str
    account: Account
    until: str
    is_open: bool = False

    @property
    def laws(self) -> list[Law]:
        return self.account.laws(self.until)

    @property
    def differences(self) -> list[Difference]:
        return self.account.differences(self.until)

    @property
    def unlisted(self) -> int:
        return self.account.difference_count(self.until) - len(self.differences)

    @property
    def agrees(self) -> bool:
        return not self.differences and all(law.left == law.right for law in self.laws)


def reconcile(config: LineConfig, selection: Selection, *, as_json: bool) -> bool:
    """Print the selected accounts. True if all of them agree. Raises ReconcileError."""
    try:
        with LedgerReader(config.ledger_path) as ledger:
            events = (from_body(row.body) for row in ledger.walk())
            found = _select(*_walk(events, config, selection), selection)
    except LedgerError as error:
        raise ReconcileError(str(error)) from None
    except EventError as error:
        raise ReconcileError(
            f"{config.ledger_path}: an event cannot be read: {error}; edge-agent ledger verify "
            "says which"
        ) from None
    console = Console()
    if as_json:
        console.print_json(json.dumps([_facts(each) for each in found]))
    else:
        for each in found:
            _show(console, each)
        if not found:
            console.print("no gated station has been in touch with its PLC: there is no account")
    return all(each.agrees for each in found)


# --- periods -------------------------------------------------------------------------------


def _walk(
    events: Iterable[Event], config: LineConfig, selection: Selection
) -> tuple[list[Period], list[Period]]:
    """The periods of the kind that `selection` asks for: those that were closed, and the last."""
    accounts = Accounts(packs=config.packs_behind_gates)
    by_shift = bool(selection.shift) or (selection == Selection() and bool(config.line.shifts))
    closed: list[Period] = []
    since, order = selection.since, ""
    for event in events:
        if since and event.at >= since:
            _turn_page(accounts, since)
            since = ""
        if selection.until and event.at >= selection.until:
            break
        match event:
            case ShiftEnded() if not by_shift:
                continue
            case ShiftEnded(at=at, station=station, shift=shift) if station in accounts.open:
                closed.append(Period(station, shift, accounts.open[station], at))
            case OrderChanged(at=at) if selection.order:
                closed += [Period(name, order, each, at) for name, each in accounts.open.items()]
                _turn_page(accounts, at)
                order = event.order
            case _:
                pass
        accounts.apply(event)
    if since:
        _turn_page(accounts, since)
    now = clock.now().isoformat()
    is_open = not selection.until or selection.until > now
    shifts = Shifts(config.line.shifts if by_shift else [], config.line.time_zone)
    last = []
    for station, account in accounts.open.items():
        shift_then = shifts.at(utc_us(account.since))
        name = shift_then.name if shift_then else order
        last.append(Period(station, name, account, now if is_open else selection.until, is_open))
    return closed, last


def _turn_page(accounts: Accounts, at: str) -> None:
    for station, account in accounts.open.items():
        accounts.open[station] = account.successor(at)


def _select(closed: list[Period], last: list[Period], selection: Selection) -> list[Period]:
    asked = selection.shift or selection.order
    if not asked:
        return last
    found = [each for each in (*closed, *last) if each.name == asked]
    if not found:
        names = [name for name in dict.fromkeys(each.name for each in (*closed, *last)) if name]
        option, known = "--shift" if selection.shift else "--order", ", ".join(names[-NAMED:])
        raise ReconcileError(
            f"{option} is {asked!r}, which the ledger does not know; its latest: {known or 'none'}"
        )
    return found


def _moment(option: str, text: str) -> str:
    try:
        return clock.as_utc(text) if text else ""
    except ValueError:
        raise ReconcileError(
            f"{option} is {text!r}, expected a time such as 2026-11-21T08:00"
        ) from None


# --- printing ------------------------------------------------------------------------------


def _facts(period: Period) -> dict[str, Any]:
    return {
        "station": period.station,
        "name": period.name,
        "since": period.account.since,
        "until": period.until,
        "is_open": period.is_open,
        "agrees": period.agrees,
        "totals": period.account.totals(period.until),
        "laws": [asdict(law) for law in period.laws],
        "differences": [asdict(each) for each in period.differences],
        "unlisted": period.unlisted,
    }


def _show(console: Console, period: Period) -> None:
    ended = "now, still open" if period.is_open else period.until
    called = f"{period.station} {period.name}".rstrip()
    title = f"{called}: from {period.account.since} to {ended}"
    console.print(Text(title, style="bold"), soft_wrap=True)
    table = Table("", "", show_header=False)
    totals = period.account.totals(period.until)
    for name, number in totals.items():
        if number or "." not in name:
            table.add_row(name.replace("_", " "), str(number))
    console.print(table)
    for law in period.laws:
        sign, colour = ("=", "green") if law.left == law.right else ("≠", "bold red")
        sides = f"[{colour}]{law.left} {sign} {law.right}[/]  {law.name}"
        console.print(sides, soft_wrap=True)
    if totals["on_belt"]:
        console.print(f"{totals['on_belt']} items are on the belt: the next account has them")
    for each in period.differences:
        line = (
            f"{period.station}: item {each.item or '-'}, code {each.code or '-'}: "
            f"found {each.found}; expected {each.expected}"
        )
        console.print(Text(line, style="red"), soft_wrap=True)
    if period.unlisted:
        console.print(f"[red]and {period.unlisted} more differences that are not listed[/]")
