"""The commands. This file only parses and calls; each command imports what it needs."""

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from edge_agent.commands import (
    audit,
    barcodes,
    camera,
    hmi,
    hq_token,
    label,
    ledger,
    people,
    plc,
    report,
    words,
)
from edge_agent.commands.arguments import (
    ConfigArgument,
    ConfigOption,
    VerboseOption,
    fail,
    load,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(ledger.app, name="ledger")
app.add_typer(hq_token.app, name="hq-token")
app.add_typer(plc.app, name="plc")
app.add_typer(camera.app, name="camera")
app.add_typer(people.app, name="people")
app.command()(hmi.hmi)
app.command()(audit.audit)
app.command()(report.report)
app.command()(barcodes.barcodes)
app.command()(words.words)
app.command()(label.label)


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


@app.command()
def check(
    config: ConfigArgument,
    probe: Annotated[bool, typer.Option(help="Open each device and report it.")] = False,
) -> None:
    """Check a configuration; with --probe also the devices it names."""
    loaded = load(config)
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
    from edge_agent.config_file import find_config
    from edge_agent.control import ControlError
    from edge_agent.core.state import LevelsChangedError
    from edge_agent.ledger.errors import LedgerError
    from edge_agent.line.printing import PrintingError
    from edge_agent.line.role import run_line
    from edge_agent.logs import configure_logs
    from edge_agent.people.store import PeopleError
    from edge_agent.sqlite import SqliteTooOldError

    configure_logs(logging.DEBUG if verbose else logging.INFO)
    refusals = (
        LedgerError,
        ControlError,
        LevelsChangedError,
        PeopleError,
        PrintingError,
        SqliteTooOldError,
    )
    try:
        run_line(load(config), find_config(config).parent / "labels")
    except refusals as error:
        raise fail(str(error)) from None


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
        raise fail("--retry-quarantined goes with --now; give both", 2)
    configure_logs(logging.DEBUG if verbose else logging.INFO)
    loaded = load(config)
    try:
        if not now:
            raise typer.Exit(run_sync(loaded))
        report = sync_now(loaded, retry_quarantined=retry_quarantined)
    except (SyncError, ControlError, SqliteTooOldError) as error:
        raise fail(str(error)) from None
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
        raise fail(str(error)) from None


@app.command()
def status(
    config: ConfigArgument,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show how the line, camera and sync roles are doing."""
    from edge_agent.status import show_status

    if not show_status(load(config), as_json=as_json):
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

    path = load(config).control_path("line")
    try:
        answer = ask(path, "release", by=by, reason=reason, station=station)
    except ControlError as error:
        raise fail(f"not released: {error}") from None
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
        ask(load(config), code)
    except TraceError as error:
        raise fail(str(error)) from None


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
        agrees = reconcile_ledger(load(config), selection, as_json=as_json)
    except ReconcileError as error:
        raise fail(str(error), 2) from None
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
        summary = export_events(load(config), form, selection, output)
    except ExportError as error:
        raise fail(str(error)) from None
    typer.echo(summary, err=True)


@app.command()
def evidence(
    config: ConfigArgument,
    event: Annotated[
        str,
        typer.Argument(
            metavar="[EVENT]",
            help="The number of a reject, a picture's SHA-256, or a code; all, if not given.",
        ),
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; else NAME-EVENT.jpg, here.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="As it is kept, without marks.")] = False,
    since: Annotated[str, typer.Option("--from", help="First moment, ISO 8601.")] = "",
    until: Annotated[str, typer.Option("--to", help="Moment after the last, ISO 8601.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    show_codes: Annotated[
        bool, typer.Option("--show-codes", help="Also where codes are secret.")
    ] = False,
) -> None:
    """List the rejects that have a picture; or prove the picture of one, and write it to a file.

    Ends with 1 if there is none, or if it is not the one that the ledger means.
    """
    from edge_agent.evidence import EvidenceError, export_evidence, list_evidence

    loaded = load(config)
    try:
        if not event:
            list_evidence(loaded, since, until, as_json=as_json, show_codes=show_codes)
            return
        export_evidence(loaded, event, output, raw=raw, as_json=as_json, show_codes=show_codes)
    except EvidenceError as error:
        raise fail(str(error)) from None


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
    from edge_agent.config_file import ConfigError, load_line
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
        raise fail(str(error), 2) from None
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
            "flap-stuck, eject-blind, bin-full, air-low, guard-open; at the cases' camera: "
            "label-damage, glare, camera-freeze, camera-drop; or none. A mild mix of all if not "
            "given."
        ),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep configuration, logs, databases.")] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep the screens when all is done, until Ctrl-C.")
    ] = False,
) -> None:
    """Run a whole line on a simulated plant, with its screens; reconcile plant, ledger and HQ."""
    from edge_agent.demo import DemoOptions, run_demo

    raise typer.Exit(
        run_demo(DemoOptions.of(units, rate, seed, faults, json_file, keep, stay=stay))
    )


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
        raise fail("--timeline goes with --seed; give both", 2)
    if seed is not None and timeline:
        raise typer.Exit(show_timeline(seed, length))
    if seed is not None:
        seeds, first, items = 1, seed, 0
    raise typer.Exit(run_simulation(Options(seeds, first, items, length, jobs, json_file)))
