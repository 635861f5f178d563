"""From a line's ledger to its report."""

import re
from collections.abc import Iterator
from itertools import takewhile

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.core.body import from_body
from edge_agent.core.events import Commissioned, ShiftEnded
from edge_agent.core.names import LevelName, OrderId
from edge_agent.core.saying import say
from edge_agent.ledger.reader import JournalRow, LedgerReader
from edge_agent.reports.directory import Directory
from edge_agent.reports.facts import Facts
from edge_agent.reports.period import Period, of_order, of_shift
from edge_agent.reports.reading import ReportError, directory_of, reading
from edge_agent.reports.report import report
from edge_agent.reports.sections import Report
from edge_agent.reports.sheet import Sheet
from edge_agent.words import Words

_ACCEPTED = f'{{"kind":"{Commissioned.kind}"'
_OF_ITEM = '"item":'
"""Within a text of JSON, its quotes would be escaped."""
LOOK_BACK = 2_000
"""Events before a report's time among which a stop is looked for that lasts into it. Few are
written while a line stands still."""
LOOK_ON = 1_000
"""Events after a shift's end among which its account is looked for: it is closed at once, or at the
line's next start."""


def make_report(config: LineConfig, shift: str, order: str, t: Words) -> Report:
    """The report of `order`, else of `shift` (``2026-11-22/08:00``; empty: the running one).

    Raises ReportError.
    """
    return report(collect(config, shift, order, clock.now().isoformat()), t)


def collect(config: LineConfig, shift: str, order: str, now: str) -> Sheet:
    """What the ledger knows of it; `now` is RFC 3339 in UTC. Raises ReportError."""
    with reading(config) as ledger:
        directory = directory_of(config, ledger)
        if order:
            period = of_order(ledger, directory, OrderId(order), now)
        else:
            period = of_shift(config, ledger, shift, now)
        facts = _facts(config, ledger, directory, period)
        return Sheet(config, period, facts, directory, _hash_of(ledger, period.last_seq))


def holds(config: LineConfig, check: str) -> str:
    """Whether the ledger has the event that a printed report names: `check` is its number, a colon
    and its hash, or the first 16 digits of it, spaces allowed. Says so.

    Raises ReportError if it has another, or none.
    """
    number, _, digits = check.partition(":")
    wanted = "".join(digits.split()).rstrip("…").lower()
    if not number.isdecimal() or not re.fullmatch("[0-9a-f]{16,64}", wanted):
        raise ReportError(
            say(
                "--check is {found}, expected the report's event and hash: NUMBER:HASH, of the "
                "hash at least 16 digits",
                found=repr(check),
            )
        )
    with reading(config) as ledger:
        found = _hash_of(ledger, int(number))
        if not found.startswith(wanted):
            has = f"hash {found}" if found else f"no such event, its last is {ledger.head()[0]}"
            raise ReportError(
                say(
                    "event {number} of {path}: the report has hash {wanted}, the ledger has {has}. "
                    "One of them was changed, or the report is of another line: `edge-agent ledger "
                    "verify` says whether the ledger holds",
                    number=number,
                    path=str(config.ledger_path),
                    wanted=wanted,
                    has=has,
                )
            )
    return (
        f"event {number} has this hash: the report and this ledger are of one history, if "
        "`edge-agent ledger verify` finds the ledger whole"
    )


def _hash_of(ledger: LedgerReader, seq: int) -> str:
    """Of event `seq`, hexadecimal; empty where there is none."""
    rows = ledger.rows(seq - 1, 1) if seq else []
    return rows[0].hash.hex() if rows else ""


def _facts(config: LineConfig, ledger: LedgerReader, directory: Directory, period: Period) -> Facts:
    facts = Facts(LevelName(config.levels[0].name))
    for span in period.spans:
        for row in _rows(ledger, max(span.after - LOOK_BACK, 0), span.after):
            facts.stopped_before(from_body(row.body))
        facts.begin(directory.order_before(span.after))
        for row in _rows(ledger, span.after, span.last):
            # A third of all events are verdicts on items, which the gate's words tell again:
            # reading them would take half of the time.
            if row.body.startswith(_ACCEPTED) and _OF_ITEM in row.body:
                facts.pass_over()
            else:
                facts.apply(from_body(row.body))
        facts.end()
    if period.shift and not period.is_open:
        for row in _rows(ledger, period.last_seq, period.last_seq + LOOK_ON):
            event = from_body(row.body)
            if isinstance(event, ShiftEnded) and event.shift == period.shift:
                facts.account(event)
    return facts


def _rows(ledger: LedgerReader, after: int, last: int) -> Iterator[JournalRow]:
    """Events after number `after` up to `last`."""
    return takewhile(lambda row: row.seq <= last, ledger.walk(after))
