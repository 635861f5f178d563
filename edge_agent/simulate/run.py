"""`edge-agent simulate`: many shifts on all cores, and what happened in them."""

import gc
import json
import logging
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from drivers.sim.script import Fault
from edge_agent.simulate.check import check
from edge_agent.simulate.parts import Parts
from edge_agent.simulate.shift import Outage, Shift, draw_items, draw_shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.world import World

_SHOWN = 20
"""Violations that are printed; all are counted."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be simulated: at least `seeds` shifts and at least `items` items."""

    seeds: int = 1_000
    first: int = 1
    items: int = 0
    length: int | None = None
    """Items of each shift, in place of what its seed draws."""
    jobs: int = 0
    """Processes; 0: one a core."""
    json_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One shift. `cpu_s` is what it took of one core."""

    seed: int
    kinds: list[str]
    counts: Counter[str]
    violations: list[str]
    cpu_s: float


@dataclass(slots=True)
class Summary:
    """All of them."""

    seeds: int = 0
    shifts_with: Counter[str] = field(default_factory=Counter)
    """By kind of fault, how many shifts had drawn it."""
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def add(self, result: Result) -> None:
        self.seeds += 1
        self.shifts_with.update(result.kinds)
        self.counts += result.counts
        self.violations += ((result.seed, each) for each in result.violations)
        self.cpu_s += result.cpu_s

    @property
    def items_per_core_second(self) -> float:
        return self.counts["items"] / self.cpu_s if self.cpu_s else 0.0


def simulate(
    seed: int,
    *,
    length: int | None = None,
    kinds: frozenset[Fault | Outage] | None = None,
    repeats: int = 1,
    parts: Parts | None = None,
    timeline: Timeline | None = None,
) -> Result:
    """The shift of `seed`, run and checked. `kinds` is all that may go wrong, in place of what the
    seed draws."""
    shift = draw_shift(seed, items=length, kinds=kinds, repeats=repeats)
    began_s = time.process_time()
    with _quiet(), _scratch() as directory:
        day = World(shift, directory, timeline or Timeline(), parts).run()
        findings = check(day)
    cpu_s = time.process_time() - began_s
    violations = [str(each) for each in findings.violations]
    return Result(seed, sorted(map(str, _kinds(shift))), findings.counts, violations, cpu_s)


def _kinds(shift: Shift) -> frozenset[Fault | Outage]:
    return shift.faults | shift.outages


@contextmanager
def _scratch() -> Iterator[Path]:
    """A directory in memory, where there is one: a simulated disk need not be a slow one."""
    memory = Path("/dev/shm")  # noqa: S108  a directory of our own is made in it
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="edge-agent-simulate-", dir=where) as directory:
        yield Path(directory)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged, and no collection of garbage interrupts: a shift leaves little."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.ReturnLoggerFactory(),
    )
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        structlog.configure(**before)


# --- many of them --------------------------------------------------------------------------


def run_simulation(options: Options) -> int:
    """Run, show, and give the exit code: 0 only without a violation."""
    console = Console()
    seeds = _seeds(options)
    summary = Summary()
    began_s = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("shifts", total=len(seeds))
        for result in _run_all(seeds, options):
            summary.add(result)
            if result.violations:
                progress.console.print(f"[red]seed {result.seed}: {len(result.violations)}[/red]")
            progress.advance(task)
    summary.wall_s = time.monotonic() - began_s
    _show(console, summary, options)
    if options.json_file is not None:
        options.json_file.write_text(json.dumps(_as_json(summary), indent=1), encoding="utf-8")
    return 1 if summary.violations else 0


def _seeds(options: Options) -> list[int]:
    seeds = list(range(options.first, options.first + options.seeds))
    items = sum(options.length or draw_items(random.Random(seed)) for seed in seeds)  # noqa: S311
    for seed in count(options.first + options.seeds):
        if items >= options.items:
            return seeds
        seeds.append(seed)
        items += options.length or draw_items(random.Random(seed))  # noqa: S311
    return seeds


def _run_all(seeds: list[int], options: Options) -> Iterator[Result]:
    jobs = options.jobs or os.cpu_count() or 1
    left = iter(seeds)
    with ProcessPoolExecutor(jobs, initializer=_end_with_parent) as pool:

        def start(number: int) -> dict[Future[Result], int]:
            chosen = islice(left, number)
            return {pool.submit(simulate, seed, length=options.length): seed for seed in chosen}

        running = start(2 * jobs)
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                seed = running.pop(each)
                running |= start(1)
                if error := each.exception():
                    # One shift's end is a finding, and no reason to stop the others.
                    what = f"a shift ends in order: {type(error).__name__}: {error}"
                    yield Result(seed, [], Counter(), [what], 0.0)
                else:
                    yield each.result()


def _end_with_parent() -> None:
    """A worker waits for work for ever, also for that of a parent that was killed."""

    def watch() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def show_timeline(seed: int, length: int | None) -> int:
    """Run one shift and print all that happened in it."""
    timeline = Timeline(wanted=True)
    result = simulate(seed, length=length, timeline=timeline)
    print(timeline.text())  # noqa: T201  megabytes of plain text, for a pager
    print(f"\nseed {seed}: {draw_shift(seed, items=length).describe()}")  # noqa: T201
    for each in result.violations:
        print(f"violated: {each}")  # noqa: T201
    print(f"{result.counts['items']} items, {len(result.violations)} violations")  # noqa: T201
    return 1 if result.violations else 0


# --- what is shown -------------------------------------------------------------------------


def _show(console: Console, summary: Summary, options: Options) -> None:
    counts = summary.counts
    faults = Table("what went wrong", "shifts that had it", "times", title="Faults drawn")
    for column in faults.columns[1:]:
        column.justify = "right"
    for kind, shifts in sorted(summary.shifts_with.items()):
        faults.add_row(kind, f"{shifts:,}", f"{counts[f'fault {kind}']:,}")
    console.print(faults)
    totals = Table("", "", show_header=False, title="Shifts")
    totals.columns[1].justify = "right"
    for name, value in _totals(summary).items():
        totals.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:,.1f}")
    console.print(totals)
    for seed, violation in summary.violations[:_SHOWN]:
        console.print(f"[red]seed {seed}[/red]: {violation}", highlight=False, soft_wrap=True)
        length = f" --length {options.length}" if options.length else ""
        console.print(f"  edge-agent simulate --seed {seed}{length} --timeline", soft_wrap=True)
    if len(summary.violations) > _SHOWN:
        console.print(f"and {len(summary.violations) - _SHOWN} more")


def _totals(summary: Summary) -> dict[str, int | float]:
    counts = summary.counts
    return {
        "seeds": summary.seeds,
        "items": counts["items"],
        "passed": counts["passed"],
        "ejected": counts["ejected"],
        "of them good": counts["good ejected"],
        "taken off by hand": counts["removed"],
        "sessions lost": counts["sessions lost"],
        "line stops": counts["stops"],
        "items untracked": counts["untracked"],
        "writes delivered late": counts["late writes"],
        "violations": len(summary.violations),
        "seconds": summary.wall_s,
        "items a second and core": summary.items_per_core_second,
    }


def _as_json(summary: Summary) -> dict[str, object]:
    return {
        "totals": _totals(summary),
        "shifts_with": dict(sorted(summary.shifts_with.items())),
        "counts": dict(sorted(summary.counts.items())),
        "violations": [{"seed": seed, "what": what} for seed, what in summary.violations],
    }
