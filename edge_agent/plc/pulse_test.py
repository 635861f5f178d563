"""`edge-agent plc test`: fires a gate before a person's eyes, and proposes its timing."""

import asyncio
import signal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drivers.protocols import PlcError
from edge_agent.config import LineConfig
from edge_agent.gate_config import Gate
from edge_agent.plc.connection import connection, until_up, without_the_line
from edge_agent.plc.firing import Firing, fire
from edge_agent.plc.output import AbortedError, output_of
from edge_agent.plc.proposal import Findings, Spread, findings
from edge_agent.plc.stations import the_one_gated

_SENSORS = {
    "gate_open": "the PLC's output",
    "gate_eye": "photo-eye before the gate",
    "eject_eye": "photo-eye in the reject chute",
}


class NotConfirmedError(Exception):
    """The person did not type the station's name."""


def test_gate(config: LineConfig, asked: str | None, times: int, confirmed: str | None) -> None:
    """Fire `times` times and print what was found.

    `confirmed` is the station's name where it was given beforehand; else it is asked for. However
    it ends, SIGINT and SIGTERM too, the gate is shut. Raises StationError, LineRunsError,
    NotConfirmedError, PlcError, AbortedError, NotAtRestError.
    """
    station, gate = the_one_gated(config, asked)
    console = Console()
    with without_the_line(config):
        asyncio.run(_refuse(config, station, gate))
        _confirm(console, station, gate, times, confirmed)
        try:
            asyncio.run(_fire(console, config, gate, times))
        except asyncio.CancelledError:
            raise AbortedError("stopped by hand before anything moved") from None
    console.print("The gate is shut.")
    if _stops_belt(gate):
        console.print("The belt may not run until the line role runs and permits it.")


async def _refuse(config: LineConfig, station: str, gate: Gate) -> None:
    async with connection(config, gate.plc) as plc:
        await until_up(plc)
        if objection := await output_of(plc, gate).objection():
            raise AbortedError(f"station {station}: {objection}")


def _confirm(console: Console, station: str, gate: Gate, times: int, confirmed: str | None) -> None:
    belt = "may not run meanwhile" if _stops_belt(gate) else "is NOT stopped by this; stop it"
    console.print(
        f"[bold red]The gate of station {station} will open and shut {times} times[/], commanded "
        f"through {gate.plc}.\nThe belt {belt}. It must be empty. Keep hands and tools off the "
        "gate."
    )
    if confirmed is None:
        console.print("Type the station's name to go on: ", end="")
        try:
            confirmed = input()
        except (EOFError, KeyboardInterrupt):
            confirmed = ""
    if confirmed.strip() != station:
        raise NotConfirmedError(
            f"confirmed was {confirmed!r}, expected {station!r}: nothing was moved"
        )


def _stops_belt(gate: Gate) -> bool:
    return gate.io is None or gate.io.run is not None


async def _fire(console: Console, config: LineConfig, gate: Gate, times: int) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 a coroutine that runs is in one

    def stop() -> None:
        # Only once: a second one must not cut off the shutting.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    async with connection(config, gate.plc) as plc:
        await until_up(plc)
        output = output_of(plc, gate)
        firings: list[Firing] = []

        def fired(number: int, firing: Firing) -> None:
            firings.append(firing)
            seen = [
                f"{name} {firing.seen_ms[name]:.1f} ms" if name in firing.seen_ms else f"{name} -"
                for name in output.sensors
            ]
            console.print(f"{number:4}  {'  '.join(seen) or 'no sensor'}", highlight=False)

        try:
            await fire(output, times, fired)
        except asyncio.CancelledError:
            raise AbortedError("stopped by hand. The gate is shut") from None
        except (AbortedError, PlcError) as error:
            raise AbortedError(f"{error}. The gate is shut") from None
        finally:
            if firings:
                _show(console, findings(gate, output.sensors, firings), len(firings))


def _show(console: Console, found: Findings, fired: int) -> None:
    table = Table(title=f"command → confirm, {fired} firings, in ms", title_justify="left")
    for heading in ("", "seen", "missed", "p5", "median", "p95", "max"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, each in found.spreads.items():
        table.add_row(f"{name} ({_SENSORS[name]})", *_figures(each, fired))
    console.print(table)
    console.print(f"Measured to ± {found.doubt_ms:.1f} ms: the PLC is asked so often.")
    if found.proposed:
        console.print("[bold]Proposed for the section stations.gate:[/]")
        for line, why in found.proposed:
            console.print(f"  [green]{escape(line)}[/]", highlight=False)
            console.print(f"      {escape(why)}", highlight=False)
    for note in found.notes:
        console.print(f"Note: {escape(note)}.", highlight=False)
    for warning in found.warnings:
        console.print(f"[bold red]WARNING[/] {escape(warning)}.", highlight=False)


def _figures(spread: Spread | None, fired: int) -> list[str]:
    if spread is None:
        return ["0", str(fired), "-", "-", "-", "-"]
    times = (spread.p5, spread.median, spread.p95, spread.longest)
    return [str(spread.seen), str(spread.missing), *(f"{each:.1f}" for each in times)]
