"""The commands. This file only parses and calls; each command imports what it needs."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ledger_app = typer.Typer(no_args_is_help=True, help="The line's ledger.")
token_app = typer.Typer(no_args_is_help=True, help="The tokens with which lines sign in at HQ.")
app.add_typer(ledger_app, name="ledger")
app.add_typer(token_app, name="hq-token")
plc_app = typer.Typer(no_args_is_help=True, help="A gate's PLC: map, program, live view, test.")
app.add_typer(plc_app, name="plc")

ConfigArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG",
        envvar="EDGE_AGENT_CONFIG",
        help="A line's TOML file, or the name of one in /etc/edge-agent.",
    ),
]
ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        envvar="EDGE_AGENT_CONFIG",
        help="A line's TOML file, or the name of one in /etc/edge-agent.",
    ),
]
StationOption = Annotated[
    str | None, typer.Option(help="One gated station; needed by some where there are several.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Log every event.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edge-agent {version('edge-agent')}")
        raise typer.Exit


@app.callback()
def edge_agent(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Track and trace on the packing line."""


def _load(config: str) -> Any:
    from edge_agent.config import ConfigError, load_line

    try:
        return load_line(config)
    except ConfigError as error:
        raise _fail(str(error)) from None


def _fail(message: str, code: int = 1) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(code)


@app.command()
def check(
    config: ConfigArgument,
    probe: Annotated[bool, typer.Option(help="Open each device and report it.")] = False,
) -> None:
    """Check a configuration; with --probe also the devices it names."""
    loaded = _load(config)
    typer.echo(f"{loaded.line.name}: the configuration is good")
    if probe:
        from edge_agent.logs import configure_logs
        from edge_agent.probe import probe_devices

        configure_logs(logging.CRITICAL)  # the table says it all
        if not probe_devices(loaded):
            raise typer.Exit(1)


@app.command()
def line(config: ConfigArgument, verbose: VerboseOption = False) -> None:
    """Run the line role: read, decide, record, command the gate."""
    from edge_agent.control import ControlError
    from edge_agent.core.state import LevelsChangedError
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.line.role import run_line
    from edge_agent.logs import configure_logs
    from edge_agent.sqlite import SqliteTooOldError

    configure_logs(logging.DEBUG if verbose else logging.INFO)
    try:
        run_line(_load(config))
    except (LedgerError, ControlError, LevelsChangedError, SqliteTooOldError) as error:
        raise _fail(str(error)) from None


@app.command()
def sync(
    config: ConfigArgument,
    now: Annotated[bool, typer.Option("--now", help="Send what waits, then end.")] = False,
    retry_quarantined: Annotated[
        bool, typer.Option(help="With --now: send again what HQ has refused.")
    ] = False,
    verbose: VerboseOption = False,
) -> None:
    """Run the sync role: the ledger to HQ, nightly, continuously as configured, or now."""
    from edge_agent.control import ControlError
    from edge_agent.logs import configure_logs
    from edge_agent.sqlite import SqliteTooOldError
    from sync.role import SyncError, run_sync, sync_now

    if retry_quarantined and not now:
        raise _fail("--retry-quarantined goes with --now; give both", 2)
    configure_logs(logging.DEBUG if verbose else logging.INFO)
    loaded = _load(config)
    try:
        if not now:
            raise typer.Exit(run_sync(loaded))
        report = sync_now(loaded, retry_quarantined=retry_quarantined)
    except (SyncError, ControlError, SqliteTooOldError) as error:
        raise _fail(str(error)) from None
    typer.echo(report.summary())
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def hq(
    data: Annotated[Path, typer.Option(help="Directory of HQ's databases.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="TCP port to listen on.")] = 8_080,
    verbose: VerboseOption = False,
) -> None:
    """Run HQ, the central server."""
    from edge_agent.logs import configure_logs
    from edge_agent.sqlite import SqliteTooOldError
    from sync.hq import run_hq
    from sync.hq.server import HqError

    configure_logs(logging.DEBUG if verbose else logging.INFO)
    try:
        run_hq(data, host, port)
    except (HqError, SqliteTooOldError) as error:
        raise _fail(str(error)) from None


@app.command()
def status(
    config: ConfigArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show how the line and sync roles are doing."""
    from edge_agent.status import show_status

    if not show_status(_load(config), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def release(
    config: ConfigArgument,
    by: Annotated[str, typer.Option(help="Who releases it: a person's name. Recorded.")],
    reason: Annotated[str, typer.Option(help="What was found and mended. Recorded.")],
    station: Annotated[str | None, typer.Option(help="Needed where several are stopped.")] = None,
) -> None:
    """Let a stopped line run again."""
    from edge_agent.control import ControlError, ask

    path = _load(config).control_path("line")
    try:
        answer = ask(path, "release", by=by, reason=reason, station=station)
    except ControlError as error:
        raise _fail(f"not released: {error}") from None
    cause, detail = answer["stop"]
    typer.echo(f"{answer['released']} is released by {by}; it was stopped: {cause}, {detail}")


@app.command()
def trace(
    code: Annotated[str, typer.Argument(help="A code as printed, or its canonical key.")],
    config: ConfigOption,
    at_hq: Annotated[bool, typer.Option("--hq", help="Ask HQ, not the local ledger.")] = False,
) -> None:
    """Print what a code lies in, what it holds, and what happened to it."""
    from edge_agent.trace import TraceError, trace_at_hq, trace_in_ledger

    ask = trace_at_hq if at_hq else trace_in_ledger
    try:
        ask(_load(config), code)
    except TraceError as error:
        raise _fail(str(error)) from None


@app.command()
def reconcile(
    config: ConfigArgument,
    shift: Annotated[str, typer.Option(help="A shift's beginning: 2026-11-22/08:00.")] = "",
    order: Annotated[str, typer.Option(help="An order, by its name.")] = "",
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--to", help="Moment after the last, ISO 8601.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Do triggers, passes, rejects, ejects and packed products agree? Lists what does not.

    Ends with 0 if all agree, 1 if not, 2 if the question cannot be answered.
    """
    from edge_agent.reconcile import ReconcileError, Selection
    from edge_agent.reconcile import reconcile as reconcile_ledger

    try:
        selection = Selection.of(shift, order, since, until)
        agrees = reconcile_ledger(_load(config), selection, as_json=as_json)
    except ReconcileError as error:
        raise _fail(str(error), 2) from None
    raise typer.Exit(0 if agrees else 1)


@app.command()
def export(
    config: ConfigOption,
    form: Annotated[str, typer.Option("--format", help="epcis or csv.")] = "epcis",
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--to", help="Moment after the last, ISO 8601.")] = "",
    container: Annotated[str, typer.Option(help="Only this container and what it holds.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File, else stdout.")
    ] = None,
) -> None:
    """Write the ledger's events as EPCIS 2.0 JSON-LD or CSV."""
    from edge_agent.export import ExportError, Selection, export_events

    try:
        selection = Selection.of(since, until, container)
        summary = export_events(_load(config), form, selection, output)
    except ExportError as error:
        raise _fail(str(error)) from None
    typer.echo(summary, err=True)


@app.command()
def replay(
    recording: Annotated[
        Path,
        typer.Argument(metavar="FILE|DIRECTORY", help="Of a flight recorder (docs/recorder.md)."),
    ],
    config: Annotated[
        str, typer.Option("--config", "-c", help="Decide by this, not as configured then.")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--to", help="Moment after the last, ISO 8601.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON for each entry.")] = False,
    show_codes: Annotated[
        bool, typer.Option("--show-codes", help="Also where codes are secret.")
    ] = False,
) -> None:
    """Run a recording through today's core; tell what it would decide otherwise.

    Ends with 0 if nothing, 1 if something, 2 if it cannot be told.
    """
    from edge_agent.config import ConfigError, load_line
    from edge_agent.recorder import timeline
    from edge_agent.recorder.reader import RecordingError

    try:
        summary = timeline.replay(
            recording,
            load_line(config) if config else None,
            timeline.Window.of(since, until),
            as_json=as_json,
            show_codes=show_codes,
            out=typer.echo,
        )
    except (RecordingError, ConfigError) as error:
        raise _fail(str(error), 2) from None
    raise typer.Exit(1 if summary.differing else 0)


@app.command()
def demo(
    units: Annotated[int, typer.Option(min=1, max=100_000, help="Products on the belt.")] = 300,
    rate: Annotated[int, typer.Option(min=1, max=1_200, help="Products a minute.")] = 900,
    seed: Annotated[int, typer.Option(help="The same seed gives the same products.")] = 1,
    faults: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: unread, duplicate, double-read, malformed, wrong-product, "
            "scanner-unplug, plc-drop, hq-offline; on the belt: speed-drift, belt-stop, "
            "close-items, bounce, slip, hand-removal, hand-insertion, jam, cylinder-slow, "
            "flap-stuck, eject-blind, bin-full, air-low, guard-open; or none. A mild mix of all "
            "if not given."
        ),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep configuration, logs, databases.")] = None,
) -> None:
    """Run a whole line on a simulated plant and reconcile plant, ledger and HQ."""
    from edge_agent.demo import DemoOptions, run_demo

    raise typer.Exit(run_demo(DemoOptions.of(units, rate, seed, faults, json_file, keep)))


@plc_app.command("map")
def plc_map(
    config: ConfigArgument,
    station: StationOption = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a PLC's software.")] = False,
) -> None:
    """Print every point that agent and PLC share: where it is, who writes it, what it means."""
    import sys

    from rich.console import Console

    from edge_agent.plc.map import show_map, write_csv
    from edge_agent.plc.stations import StationError, gated

    try:
        gates = gated(_load(config), station)
    except StationError as error:
        raise _fail(str(error), 2) from None
    if as_csv:
        write_csv(gates, sys.stdout)
    else:
        show_map(gates, Console())


@plc_app.command("program")
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
            _load(config),
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
        raise _fail(str(error), 2) from None
    except ProgramError as error:
        raise _fail(str(error)) from None
    except OSError as error:
        raise _fail(f"{output} cannot be written: {error.strerror}") from None


@plc_app.command("watch")
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
        watch(_load(config), station, seconds)
    except StationError as error:
        raise _fail(str(error), 2) from None
    except LineRunsError as error:
        raise _fail(str(error)) from None


@plc_app.command("test")
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
        raise _fail(f"--pulse is {pulse!r}, expected gate", 2)
    configure_logs(logging.CRITICAL)  # what is to be known is printed
    try:
        test_gate(_load(config), station, times, at_the_machine)
    except (StationError, NotConfirmedError) as error:
        raise _fail(str(error), 2) from None
    except (LineRunsError, PlcError, AbortedError) as error:
        raise _fail(f"not fired, or not further: {error}") from None
    except NotAtRestError as error:
        raise _fail(
            f"LOOK AT THE GATE, it may be open: {error}. Its watchdog or the PLC's program must "
            "shut it; if it does not, cut its power or air."
        ) from None


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="Shifts, at least.")] = 1_000,
    first: Annotated[int, typer.Option(min=0, help="The first shift's seed.")] = 1,
    items: Annotated[int, typer.Option(min=0, help="Items in all shifts, at least.")] = 0,
    length: Annotated[
        int | None, typer.Option(min=1, help="Items of each shift; if not given, by its seed.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Run this shift alone.")] = None,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="With --seed: print all that happened.")
    ] = False,
) -> None:
    """Run whole shifts in virtual time, with faults drawn by seed, and check what must hold."""
    from edge_agent.simulate.run import Options, run_simulation, show_timeline

    if timeline and seed is None:
        raise _fail("--timeline goes with --seed; give both", 2)
    if seed is not None and timeline:
        raise typer.Exit(show_timeline(seed, length))
    if seed is not None:
        seeds, first, items = 1, seed, 0
    raise typer.Exit(run_simulation(Options(seeds, first, items, length, jobs, json_file)))


@ledger_app.command("init")
def ledger_init(config: ConfigArgument) -> None:
    """Make a new line's empty ledger. An existing one is never touched."""
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.ledger.journal import create_ledger

    path = _load(config).ledger_path
    try:
        create_ledger(path)
    except LedgerError as error:
        raise _fail(str(error)) from None
    typer.echo(f"{path}: created")


@ledger_app.command("verify")
def ledger_verify(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|FILE.db",
            envvar="EDGE_AGENT_CONFIG",
            help="As for the other commands, or a ledger (a backup, say): any file ending in .db.",
        ),
    ],
) -> None:
    """Recompute the hash chain and the tree; name the first wrong row."""
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.ledger.verify import verify

    if config.endswith(".db"):
        path = Path(config)
        if not path.exists():
            raise _fail(f"{path}: there is no such file")
    else:
        path = _load(config).ledger_path
    try:
        verdict = verify(path)
    except LedgerError as error:
        raise _fail(str(error)) from None
    if verdict.fault is not None:
        raise _fail(f"{path}: {verdict.fault}; the {verdict.events} events before it are good")
    typer.echo(
        f"{path}: good: {verdict.events} events chained, {verdict.nodes} codes and "
        f"{verdict.containers} containers as the journal says"
    )


@token_app.command("add")
def token_add(
    agent: Annotated[str, typer.Argument(help="The line's name: name in its [line].")],
    data: Annotated[Path, typer.Option(help="HQ's directory.")],
) -> None:
    """Give a line a token. It is shown once."""
    from edge_agent import clock
    from sync.hq.tokens import TokenError, add_token

    try:
        typer.echo(add_token(data, agent, clock.now().isoformat()))
    except TokenError as error:
        raise _fail(str(error)) from None


@token_app.command("list")
def token_list(data: Annotated[Path, typer.Option(help="HQ's directory.")]) -> None:
    """Show who has a token, never the token."""
    from sync.hq.tokens import TokenError, list_tokens

    try:
        tokens = list_tokens(data)
    except TokenError as error:
        raise _fail(str(error)) from None
    for token in tokens:
        typer.echo(f"{token.id}  {token.agent}  {token.added_at}")
    if not tokens:
        typer.echo(f"{data}: no line has a token", err=True)


@token_app.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(help="As `hq-token list` shows it.")],
    data: Annotated[Path, typer.Option(help="HQ's directory.")],
) -> None:
    """Take a token back. HQ refuses it from now on."""
    from sync.hq.tokens import TokenError, revoke_token

    try:
        typer.echo(f"{revoke_token(data, token_id).agent}: revoked")
    except TokenError as error:
        raise _fail(str(error)) from None
