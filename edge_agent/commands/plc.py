"""`edge-agent plc`: what a technician does with a gate."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands.arguments import (
    ConfigArgument,
    StationOption,
    fail,
    load,
)

app = typer.Typer(no_args_is_help=True, help="A gate's PLC: map, program, live view, test.")


@app.command("map")
def plc_map(
    config: ConfigArgument,
    station: StationOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a PLC's software.")] = False,
) -> None:
    """Print every point that agent and PLC share: where it is, who writes it, what it means."""
    import os
    import sys

    from rich.console import Console

    from edge_agent.plc.map import show_map, write_csv
    from edge_agent.plc.stations import StationError, gated

    try:
        gates = gated(load(config), station)
    except StationError as error:
        raise fail(str(error), 2) from None
    if as_csv:
        write_csv(gates, sys.stdout)
    else:
        console = Console()
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console.width = 140  # a file has no width of its own
        show_map(gates, console)


@app.command("program")
def plc_program(
    config: ConfigArgument,
    station: StationOption = None,
    scan_ms: Annotated[int, typer.Option(min=1, max=100, help="The task's interval.")] = 2,
    words: Annotated[
        str, typer.Option(help="Location of holding register 0, without its number.")
    ] = "%QW",
    word_count: Annotated[
        int, typer.Option(min=1, max=65_536, help="How many holding registers the PLC has.")
    ] = 1_024,
    encoder: Annotated[str, typer.Option(help="Location of the encoder's counter.")] = "%IW0",
    clock: Annotated[
        str | None,
        typer.Option(
            help="Location of a LINT that counts seconds, for a PLC that keeps no RETAIN variables "
            "(OpenPLC: %ML1024)."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File, else stdout.")
    ] = None,
) -> None:
    """Write the gate's program for the PLC, as IEC 61131-3 Structured Text (docs/plc.md)."""
    from edge_agent.plc.program import ProgramError, gate_program
    from edge_agent.plc.stations import StationError

    try:
        text = gate_program(
            load(config),
            station,
            scan_ms=scan_ms,
            words=words,
            word_count=word_count,
            encoder=encoder,
            clock=clock,
        )
        if output is None:
            typer.echo(text, nl=False)
        else:
            output.write_text(text, encoding="ascii")
            typer.echo(f"{output}: written, {len(text.splitlines())} lines", err=True)
    except StationError as error:
        raise fail(str(error), 2) from None
    except ProgramError as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{output} cannot be written: {error.strerror}") from None


@app.command("watch")
def plc_watch(
    config: ConfigArgument,
    station: StationOption = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End after so long; else with Ctrl-C.")
    ] = None,
) -> None:
    """Show inputs, outputs, counters, session and round trips live. Writes nothing to the PLC.

    It may run beside the line role, where the PLC takes a second connection.
    """
    from edge_agent.logs import configure_logs
    from edge_agent.plc.connection import LineRunsError
    from edge_agent.plc.stations import StationError
    from edge_agent.plc.watch import watch

    configure_logs(logging.CRITICAL)  # the link is shown
    try:
        watch(load(config), station, seconds)
    except StationError as error:
        raise fail(str(error), 2) from None
    except LineRunsError as error:
        raise fail(str(error)) from None


@app.command("test")
def plc_test(
    config: ConfigArgument,
    pulse: Annotated[str, typer.Option(help="What is fired: gate.")],
    times: Annotated[int, typer.Option(min=1, max=1_000, help="How often it is fired.")] = 20,
    station: StationOption = None,
    at_the_machine: Annotated[
        str | None,
        typer.Option(
            "--yes-i-am-at-the-machine",
            metavar="STATION",
            help="For scripts: the confirmation that is otherwise typed, the station's name.",
        ),
    ] = None,
) -> None:
    """Fire the gate, measure when it is seen, and propose its timing. THE GATE MOVES.

    Not while the line role runs, and only with an empty belt.
    """
    from drivers.protocols import PlcError
    from edge_agent.logs import configure_logs
    from edge_agent.plc.connection import LineRunsError
    from edge_agent.plc.output import AbortedError, NotAtRestError
    from edge_agent.plc.pulse_test import NotConfirmedError, test_gate
    from edge_agent.plc.stations import StationError

    if pulse != "gate":
        raise fail(f"--pulse is {pulse!r}, expected gate", 2)
    configure_logs(logging.CRITICAL)  # what is to be known is printed
    try:
        test_gate(load(config), station, times, at_the_machine)
    except (StationError, NotConfirmedError) as error:
        raise fail(str(error), 2) from None
    except (LineRunsError, PlcError, AbortedError) as error:
        raise fail(f"not fired, or not further: {error}") from None
    except NotAtRestError as error:
        raise fail(
            f"LOOK AT THE GATE, it may be open: {error}. Its watchdog or the PLC's program must "
            "shut it; if it does not, cut its power or air."
        ) from None
