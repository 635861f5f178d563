"""What one decision costs on a ledger of many codes, against the same on a small one.

Core and ledger of the line in this process, without devices. A bare lookup and the two inserts
nobody can leave out, on the same files, tell what of the growth is the storage's own. Each round
takes both sizes in turn.
"""

import socket
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, Result, percentiles
from benchmarks.fill import filled_ledger, key, packing
from benchmarks.line_process import write_config
from edge_agent import clock
from edge_agent.config_file import load_config
from edge_agent.core.inputs import Read
from edge_agent.core.line import Line
from edge_agent.core.names import StationName
from edge_agent.core.state import LineState
from edge_agent.ledger.journal import FOLD_IDLE_EVENTS, Ledger
from edge_agent.plan import line_plan
from edge_agent.sqlite import connect

SMALL = 10_000
ROUNDS = 5
DECISIONS = 1_500
STEPS = ("decide", "append", "commit")
Durations = dict[str, list[float]]
"""Microseconds of each decision by step."""


def measure(ledger: Path, codes: int, rounds: int = ROUNDS) -> Result:
    files = {SMALL: ledger.with_name(f"{SMALL}.db"), codes: ledger}
    line: dict[int, list[Durations]] = {SMALL: [], codes: []}
    bare: dict[int, list[list[float]]] = {SMALL: [], codes: []}
    with tempfile.TemporaryDirectory(dir=ledger.parent) as name:
        for _ in range(rounds):
            for size, path in files.items():
                with filled_ledger(path, size):
                    line[size].append(_decide(Path(name), path, size))
                with filled_ledger(path, size):
                    bare[size].append(_bare(path, size))
    return Result(_figures(line, bare, codes), [], _details(line, bare))


def _decide(directory: Path, path: Path, codes: int) -> Durations:
    """Scans at a packing bench, each decided, appended and committed by itself."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        config = load_config(write_config(directory, path, scanner=unused.getsockname()[1]))
    plan, station = line_plan(config), StationName("bench")
    ledger = Ledger(path)
    durations: Durations = {step: [] for step in (*STEPS, "fold")}
    try:
        line = Line(plan, LineState(plan.levels), ledger)
        for text in islice(packing(codes), DECISIONS):
            at = clock.now()
            begin_ns = time.monotonic_ns()
            with ledger.transaction():
                decision = line.decide(Read(at, station, at.mono_us, text))
                decided_ns = time.monotonic_ns()
                ledger.append(decision.events)
                appended_ns = time.monotonic_ns()
            committed_ns = time.monotonic_ns()
            # The line folds its log in between scans, when it has nothing else to do.
            ledger.fold_log(busy=False)
            ends_ns = (begin_ns, decided_ns, appended_ns, committed_ns, time.monotonic_ns())
            for step, (start, stop) in zip(durations, pairwise(ends_ns), strict=True):
                durations[step].append((stop - start) / 1_000)
    finally:
        ledger.close()
    return durations


def _bare(path: Path, codes: int) -> list[float]:
    """One lookup and one row in journal and tree each, committed at FULL."""
    connection = connect(path, cache_mib=40)
    durations_us = []
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        for seq in range(codes + 1, codes + 1 + DECISIONS):
            text = key(seq)
            body = f'{{"key":"{text}"}}'
            begin_ns = time.monotonic_ns()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT first_seq FROM node WHERE key = ?", (text,)).fetchone()
            connection.execute("INSERT INTO journal VALUES (?, ?, zeroblob(32))", (seq, body))
            connection.execute(
                "INSERT INTO node (key, level, state, first_seq, last_seq) "
                "VALUES (?1, 'unit', 'active', ?2, ?2)",
                (text, seq),
            )
            connection.execute("COMMIT")
            durations_us.append((time.monotonic_ns() - begin_ns) / 1_000)
            if seq % FOLD_IDLE_EVENTS == 0:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        connection.close()
    return durations_us


def _figures(
    line: dict[int, list[Durations]], bare: dict[int, list[list[float]]], codes: int
) -> list[Figure]:
    whole = {size: [_sum(each, STEPS) for each in rounds] for size, rounds in line.items()}
    figures = [_figure("one decision, committed, p99", "p99", whole, codes, goal=1.5)]
    figures.append(_figure("one decision, committed, p50", "p50", whole, codes))
    for step in STEPS:
        steps = {size: [each[step] for each in rounds] for size, rounds in line.items()}
        figures.append(_figure(f"of it to {step}, p99", "p99", steps, codes))
    figures.append(_figure("bare lookup and inserts, p99", "p99", bare, codes))
    folds = [sum(each["fold"]) / DECISIONS for each in line[codes]]
    small = [sum(each["fold"]) / DECISIONS for each in line[SMALL]]
    figures.append(
        Figure(
            "folding the log in between, mean",
            "µs",
            median(folds),
            floor=median(small),
            ratios=[a / b for a, b in zip(folds, small, strict=True)],
        )
    )
    return figures


def _figure(
    name: str,
    percentile: str,
    durations_us: dict[int, list[list[float]]],
    codes: int,
    goal: float | None = None,
) -> Figure:
    small, large = (
        [percentiles(each)[percentile] for each in durations_us[size]] for size in (SMALL, codes)
    )
    return Figure(
        f"{name}, {codes:,} codes (floor: {SMALL:,})",
        "µs",
        median(large),
        floor=median(small),
        ratios=[a / b for a, b in zip(large, small, strict=True)],
        at_most=goal,
        of="ratio",
    )


def _sum(durations: Durations, steps: Iterable[str]) -> list[float]:
    return [sum(each) for each in zip(*(durations[step] for step in steps), strict=True)]


def _details(
    line: dict[int, list[Durations]], bare: dict[int, list[list[float]]]
) -> dict[str, object]:
    def rounds(each: Sequence[list[float]]) -> list[dict[str, float]]:
        return [percentiles(durations) for durations in each]

    return {
        "line": {
            size: {step: rounds([each[step] for each in found]) for step in STEPS}
            for size, found in line.items()
        },
        "bare": {size: rounds(found) for size, found in bare.items()},
        "decisions": DECISIONS,
    }
