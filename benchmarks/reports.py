"""`make bench-reports`: what the report of a large shift costs, as the pages have it made.

A shift as it might be (tests/reports/ledgers.py), of so many hours that it has EVENTS events, and
the hours made shorter. `edge-agent report` runs by itself, niced; its processor time and its peak
memory are what the kernel says of it when it ends (getrusage(2)). That peak is at least this
process's own memory, so the events are not kept.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from benchmarks import machine
from benchmarks.child import BenchmarkError
from benchmarks.figures import Figure, Result, show
from edge_agent.core.body import to_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.events import Event
from edge_agent.core.names import format_utc, utc_us
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.sqlite import connect
from tests.reports.ledgers import busy_shift, line_of

EVENTS = 500_000
SHIFT_HOURS = 12
BEGIN, SHIFT, ORDER = "2026-11-22T00:00:00.000Z", "2026-11-22/08:00", "4711"
CPU_S, PEAK_MB = 10, 200


class Cost(NamedTuple):
    """Seconds on the clock, seconds of the processor, and the peak of the resident memory in
    units of 10^6 bytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(events: int, rounds: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="edge-agent-reports-") as name:
        directory = Path(name)
        config = line_of(directory)
        _fill(config.ledger_path, _shift(events))
        with LedgerReader(config.ledger_path) as ledger:
            if (found := ledger.head()[0]) != events:
                raise BenchmarkError(f"the shift has {found} events, expected {events}")
        papers = {
            "a shift's PDF": (f"--shift={SHIFT}", "--pdf"),
            "a shift as the page shows it": (f"--shift={SHIFT}", "--html"),
            "an order's PDF": (f"--order={ORDER}", "--pdf"),
        }
        costs: dict[str, list[Cost]] = {what: [] for what in papers}
        for _ in range(rounds):
            for what, (of, form) in papers.items():
                costs[what].append(_cost(directory / "one.toml", of, form, directory / "paper"))
    figures = [figure for what, found in costs.items() for figure in _figures(what, found)]
    return Result(figures, [], costs)


def _figures(what: str, found: list[Cost]) -> Iterator[Figure]:
    yield Figure(f"{what}: on the clock", "s", median(each.wall_s for each in found))
    cpu_s = median(each.cpu_s for each in found)
    yield Figure(f"{what}: of one core", "s", cpu_s, at_most=CPU_S)
    peak_mb = max(each.peak_mb for each in found)
    yield Figure(f"{what}: resident memory, peak", "MB", peak_mb, at_most=PEAK_MB)


def _shift(events: int) -> Iterator[Event]:
    """At four seconds a thing, as busy_shift has it, an hour has some 2,600 events."""
    hours = events // 1_500
    begin_us = utc_us(BEGIN)
    for event in islice(busy_shift(BEGIN, hours=hours), events):
        since_us = (utc_us(event.at) - begin_us) * SHIFT_HOURS // hours
        yield replace(event, at=format_utc(begin_us + since_us))


def _fill(path: Path, events: Iterable[Event]) -> None:
    """Only the journal: a report reads nothing else."""
    create_ledger(path)

    def rows() -> Iterator[tuple[int, str, bytes]]:
        before = GENESIS
        for seq, event in enumerate(events, 1):
            body = to_body(event)
            before = link(before, seq, body)
            yield seq, body, before

    connection = connect(path)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", rows())
    connection.execute("COMMIT")
    connection.close()


def _cost(config: Path, of: str, form: str, paper: Path) -> Cost:
    begun_s = time.monotonic()
    process = subprocess.Popen(
        ["nice", "-n", "15", sys.executable, "-m", "edge_agent", "report", config, of, form, paper],
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"report {of} {form} ended with {process.returncode}")
    wall_s = time.monotonic() - begun_s
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def main(
    events: Annotated[int, typer.Option(min=1_000, help="Events in the shift.")] = EVENTS,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """Measure; a goal that is missed is shown."""
    console = Console() if Console().is_terminal else Console(width=140)
    console.print(machine.facts())
    show(console, f"reports of {events:,} events", measure(events, rounds))


if __name__ == "__main__":
    typer.run(main)
