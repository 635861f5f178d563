"""`edge-agent export`: a part of the ledger's events as EPCIS 2.0 JSON-LD or CSV."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.core.body import from_body
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import JournalRow, LedgerReader
from sync import csv_export, epcis

FORMS = ("epcis", "csv")


class ExportError(Exception):
    """The export cannot be made as asked; the message says what was found and expected."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: from `since` on and before `until` (RFC 3339, UTC; empty: no bound), or those
    about one container and everything in it."""

    since: str = ""
    until: str = ""
    container: str = ""

    @classmethod
    def of(cls, since: str, until: str, container: str) -> "Selection":
        """From what a person typed. Raises ExportError for a time that cannot be read."""
        if container and (since or until):
            raise ExportError("a container is exported whole; leave out --from and --to")
        return cls(_moment("--from", since), _moment("--to", until), container)


def export_events(config: LineConfig, form: str, selection: Selection, output: Path | None) -> str:
    """Write the selected events to `output`, or standard output. Returns a line for a person.

    Raises ExportError.
    """
    if form not in FORMS:
        raise ExportError(f"--format is {form!r}, expected one of {', '.join(FORMS)}")
    left_out: Counter[str] = Counter()
    count = 0

    def counted(rows: Iterator[epcis.Row]) -> Iterator[epcis.Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    try:
        with LedgerReader(config.ledger_path) as ledger, ledger.snapshot(), _sink(output) as sink:
            rows = counted(_select(ledger, selection))
            naming = epcis.Naming(config.line.name)
            sink.writelines(
                csv_export.lines(rows)
                if form == "csv"
                else epcis.document(rows, naming, left_out, clock.now().isoformat())
            )
    except (LedgerError, OSError) as error:
        raise ExportError(str(error)) from None
    said = "".join(f"; {number} {what}" for what, number in sorted(left_out.items()))
    return f"{count} events read{said}"


def _select(ledger: LedgerReader, selection: Selection) -> Iterator[epcis.Row]:
    source = _about(ledger, selection.container) if selection.container else ledger.walk()
    for row in source:
        event = from_body(row.body)
        if event.at >= selection.since and (not selection.until or event.at < selection.until):
            yield row.seq, row.hash, event


def _about(ledger: LedgerReader, key: str) -> Iterator[JournalRow]:
    """The events about `key` and all it holds, in order, each once."""
    if ledger.node(key) is None:
        raise ExportError(f"--container is {key!r}: this line knows no such code")
    rows: dict[int, JournalRow] = {}
    keys = [key]
    while keys:
        key = keys.pop()
        rows.update((row.seq, row) for row in ledger.concerning(key))
        node = ledger.node(key)
        if node is not None and node.holds is not None:
            keys += [child.key for child in ledger.children(node.holds)]
    for seq in sorted(rows):
        yield rows[seq]


def _moment(option: str, text: str) -> str:
    if not text:
        return ""
    try:
        return clock.as_utc(text)
    except ValueError:
        raise ExportError(
            f"{option} is {text!r}, expected a time such as 2026-11-21T08:00"
        ) from None


@contextlib.contextmanager
def _sink(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        yield file
