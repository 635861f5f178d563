"""`make bench`: parses, calls, prints and writes JSON."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import backlog, failsafe, growth, jitter, latency, machine, throughput
from benchmarks.child import BenchmarkError
from benchmarks.figures import Result, markdown, show
from edge_agent.core.state import FORM


def main(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Of latency, throughput, growth, backlog, failsafe, jitter; or all."),
    ] = None,
    codes: Annotated[int, typer.Option(min=20_000, help="Codes in the ledger.")] = 10_000_000,
    events: Annotated[int, typer.Option(min=1_000, help="Events to sync.")] = 1_000_000,
    items: Annotated[
        int, typer.Option(min=100, help="Past the gate, of jitter: 33 a second.")
    ] = jitter.ITEMS,
    rounds: Annotated[int, typer.Option(min=1, help="Of latency and growth.")] = latency.ROUNDS,
    workdir: Annotated[
        Path | None, typer.Option(help="Where filled ledgers are kept: some 4 GB.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of docs/benchmarks.md too.")
    ] = False,
) -> None:
    """Measure, each figure beside a floor of the same run. Fails if something was lost, or could
    not be measured; a goal that is missed is shown."""
    # Ended from outside, it still takes out what it put into the ledgers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    directory = workdir or Path(tempfile.gettempdir()) / "edge-agent-bench"
    ledger = directory / f"{codes}-form{FORM}.db"
    benchmarks: dict[str, Callable[[], Result]] = {
        "latency": lambda: latency.measure(ledger, codes, rounds),
        "throughput": lambda: throughput.measure(ledger, codes),
        "growth": lambda: growth.measure(ledger, codes, rounds),
        "backlog": lambda: backlog.measure(directory / f"{events}.db", events),
        "failsafe": failsafe.measure,
        "jitter": lambda: jitter.measure(items),
    }
    if unknown := set(names or []) - set(benchmarks):
        raise typer.BadParameter(f"{sorted(unknown)}: expected some of {', '.join(benchmarks)}")
    console = Console() if Console().is_terminal else Console(width=140)
    failures, results = dict[str, str](), dict[str, Result]()
    found = machine.facts()
    for name, measure in benchmarks.items():
        if names and name not in names:
            continue
        console.print(f"{name} …")
        try:
            results[name] = measure()
        except BenchmarkError as error:
            failures[name] = str(error)
            console.print(f"[red]{name} failed:[/] {error}", highlight=False)
        else:
            show(console, name, results[name])
    if as_markdown:
        typer.echo(markdown(found, results))
    if json_file is not None:
        report = {
            "machine": found,
            "benchmarks": {name: result.to_json() for name, result in results.items()},
            "failures": failures,
        }
        json_file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if failures:
        raise typer.Exit(1)


typer.run(main)
