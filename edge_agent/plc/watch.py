"""`edge-agent plc watch`: a gate's controller live. It never writes.

Beside a running line it is a second connection, which some controllers do not have to give. Remote
I/O is watched only while the line role does not run, and that cannot start meanwhile: the polls
would keep the I/O's watchdog from falling when the line dies.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from datetime import datetime
from typing import Protocol

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.gate_config import Gate
from edge_agent.plc.connection import LineRunsError, connection, without_the_line
from edge_agent.plc.looking import Row
from edge_agent.plc.round_trips import RoundTrips
from edge_agent.plc.stations import gated
from edge_agent.plc.watched_io import WatchedIo
from edge_agent.plc.watched_program import WatchedProgram

POLL_S = 0.05
LINE_S = 1.0
"""Where the output is no terminal: a line at each change, and at least so often."""
_BAR = 40
_RESTLESS = ("belt", "round trips")
"""Rows that change with every poll."""


class Watched(Protocol):
    """One gated station's controller."""

    station: str
    trips: RoundTrips

    async def poll(self) -> None:
        """Look once. A controller out of reach is no error, but is shown."""
        ...

    def rows(self) -> list[Row]: ...


def watch(config: LineConfig, asked: str | None, seconds: float | None) -> None:
    """Show the gates until `seconds` have passed, or SIGINT or SIGTERM. Raises StationError and
    LineRunsError."""
    gates = gated(config, asked)
    console = Console()
    has_io = any(gate.io is not None for gate in gates.values())
    try:
        with without_the_line(config) if has_io else nullcontext():
            asyncio.run(_watch(config, gates, seconds, console))
    except LineRunsError as error:
        raise LineRunsError(
            f"{error}. In pulse mode nobody else may poll the I/O, or its watchdog would not fall "
            "when the line dies; edge-agent status shows what the line sees"
        ) from None


async def _watch(
    config: LineConfig, gates: dict[str, Gate], seconds: float | None, console: Console
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if seconds is not None:
        loop.call_later(seconds, ended.set)
    async with AsyncExitStack() as stack:
        plcs = {
            name: await stack.enter_async_context(connection(config, name))
            for name in sorted({gate.plc for gate in gates.values()})
        }
        stations = [
            WatchedProgram(plcs[gate.plc], station, gate)
            if gate.io is None
            else WatchedIo(plcs[gate.plc], station, gate, gate.io)
            for station, gate in gates.items()
        ]
        if console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                await _poll(stations, ended, lambda: live.update(_page(stations), refresh=True))
        else:
            await _poll(stations, ended, _Lines(console, stations).show)
            console.print(*(_histogram(each.station, each.trips) for each in stations))


async def _poll(
    stations: Sequence[Watched], ended: asyncio.Event, show: Callable[[], None]
) -> None:
    while not ended.is_set():
        await asyncio.gather(*(each.poll() for each in stations))
        show()
        try:
            async with asyncio.timeout(POLL_S):
                await ended.wait()
        except TimeoutError:
            pass


def _rows(station: Watched) -> list[Row]:
    return [*station.rows(), ("round trips", station.trips.summary())]


def _page(stations: Sequence[Watched]) -> Group:
    parts: list[Table] = []
    for each in stations:
        grid = Table(box=box.SIMPLE, show_header=False, title=f"station {each.station}")
        grid.title_justify = "left"
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column()
        for row in _rows(each):
            grid.add_row(*row)
        parts += [grid, _histogram(each.station, each.trips)]
    return Group(*parts, "read-only; Ctrl-C ends it")


def _histogram(station: str, trips: RoundTrips) -> Table:
    """How long the answers took, from the first bucket that is not empty to the last."""
    counts = trips.histogram()
    filled = [index for index, (_, count) in enumerate(counts) if count] or [0]
    most = max(count for _, count in counts) or 1
    grid = Table(box=None, show_header=False, title=f"round trips of {station}")
    grid.title_justify = "left"
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    for bound, count in counts[filled[0] : filled[-1] + 1]:
        grid.add_row(bound, str(count), "█" * -(-count * _BAR // most))
    return grid


class _Lines:
    """One line a change, for a file or a pipe."""

    def __init__(self, console: Console, stations: Sequence[Watched]) -> None:
        self._console = console
        self._stations = stations
        self._shown: dict[str, list[Row]] = {}
        self._shown_us: dict[str, int] = {}

    def show(self) -> None:
        for each in self._stations:
            rows, now_us = _rows(each), clock.now_us()
            lasting = [row for row in rows if row[0] not in _RESTLESS]
            late = now_us - self._shown_us.get(each.station, 0) > LINE_S * 1_000_000
            if lasting != self._shown.get(each.station) or late:
                self._shown[each.station], self._shown_us[each.station] = lasting, now_us
                at = datetime.now().astimezone().isoformat(timespec="milliseconds")
                text = " | ".join(f"{head}: {Text.from_markup(body).plain}" for head, body in rows)
                self._console.print(
                    f"{at} {each.station} | {text}", markup=False, highlight=False, soft_wrap=True
                )
