"""Scans a second through the whole line role, nothing lost, against two bare loops.

A packing bench scans units and closes cases over TCP as fast as it is answered, a bounded number
of scans under way. Afterwards the ledger must hold exactly what was sent, chained.

There is no gated variant: products are told apart by time, so one gate takes some twenty a second
(`min_spacing_ms`), and 2,000 a second would be a hundred belts on one PC.
"""

import socket
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.child import BenchmarkError, Child
from benchmarks.figures import Figure, Result, percentiles
from benchmarks.fill import filled_ledger, packing
from benchmarks.line_process import LineProcess, write_config
from edge_agent.core.body import from_body
from edge_agent.core.chain import link
from edge_agent.core.events import Commissioned
from edge_agent.ledger.reader import LedgerReader

LINE_S = 20
FLOOR_S = 5
IN_FLIGHT = 64
_CONNECT_S = 60
_ANSWER_S = 10


@dataclass(frozen=True, slots=True)
class Drive:
    """One run of the scanner: what it sent, what was answered, and when."""

    sent: list[str]
    accepted: int
    seconds: float
    slowest_second: int
    answer_us: dict[str, float]

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds


def measure(ledger: Path, codes: int) -> Result:
    with (
        filled_ledger(ledger, codes),
        tempfile.TemporaryDirectory(dir=ledger.parent) as name,
    ):
        directory = Path(name)
        single = _floor(directory, "single")
        drive, found = _line(directory, ledger, codes)
        grouped = _floor(directory, "grouped")
        lost = _lost(ledger, codes, drive)
    queue = found["queue"]
    figures = [
        Figure(
            f"scans answered, {codes:,} codes",
            "/s",
            drive.rate,
            floor=single.rate,
            ratios=[drive.rate / single.rate],
            at_least=2_000,
        ),
        Figure(
            "the same, floor with grouped commits",
            "/s",
            drive.rate,
            floor=grouped.rate,
            ratios=[drive.rate / grouped.rate],
        ),
        Figure("slowest second", "scans", drive.slowest_second),
        Figure(f"scan to answer, {IN_FLIGHT} under way, p50", "µs", drive.answer_us["p50"]),
        Figure(f"scan to answer, {IN_FLIGHT} under way, p99", "µs", drive.answer_us["p99"]),
        Figure("scans lost or not answered", "", lost, at_most=0),
        Figure(
            f"queue peak of {queue['size']}", "inputs", queue["peak"], at_most=queue["size"] - 1
        ),
        Figure("queue overflows", "", queue["overflows"], at_most=0),
        Figure("resident memory, peak", "MB", found["memory_peak_mb"], at_most=120),
        Figure("write-ahead log, peak", "MB", found["log_peak_mb"]),
    ]
    return Result(figures, [], {"scans": len(drive.sent), "line_s": LINE_S, **found})


def _line(directory: Path, ledger: Path, codes: int) -> tuple[Drive, dict[str, Any]]:
    with _listener() as listener:
        config = write_config(directory, ledger, scanner=listener.getsockname()[1])
        with LineProcess(config) as line:
            drive = _drive(listener, packing(codes), LINE_S)
            status = line.wait_for(lambda s: s["queue"]["now"] <= 1)
            log = ledger.with_name(ledger.name + "-wal")
            return drive, {
                "queue": status["queue"],
                "memory_peak_mb": line.memory_peak_mb(),
                "log_peak_mb": log.stat().st_size / 1e6,
            }


def _floor(directory: Path, commits: str) -> Drive:
    with _listener() as listener:
        port, database = str(listener.getsockname()[1]), str(directory / f"{commits}.db")
        with Child(
            "benchmarks.floor_station", port, database, commits, log=directory / "floor.log"
        ):
            return _drive(listener, packing(0), FLOOR_S)


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(_CONNECT_S)
    return listener


def _drive(listener: socket.socket, texts: Iterator[str], seconds: float) -> Drive:
    """Scan `texts` for `seconds`, then wait for the answers that are still due."""
    scanner, _ = listener.accept()
    with scanner:
        scanner.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        scanner.settimeout(_ANSWER_S)
        sent: list[str] = []
        sent_at: deque[float] = deque()
        durations_us: list[float] = []
        accepted = 0
        answered_in: Counter[int] = Counter()
        begin = now = time.monotonic()
        while sent_at or now < begin + seconds:
            due = IN_FLIGHT - len(sent_at) if now < begin + seconds else 0
            if due:
                new = [next(texts) for _ in range(due)]
                sent += new
                sent_at.extend([time.monotonic()] * due)
                scanner.sendall("".join(f"{text}\r\n" for text in new).encode())
            answers = _answers(scanner, len(sent_at))
            now = time.monotonic()
            accepted += answers.count(b"A")
            answered_in[int(now - begin)] += answers.count(b"\n")
            for _ in range(answers.count(b"\n")):
                durations_us.append((now - sent_at.popleft()) * 1e6)
    slowest = min(answered_in[second] for second in range(int(seconds)))
    return Drive(sent, accepted, now - begin, slowest, percentiles(durations_us))


def _answers(scanner: socket.socket, due: int) -> bytes:
    """What the line said, ending with a whole answer."""
    try:
        said = scanner.recv(4_096)
        while said and not said.endswith(b"\n"):
            said += scanner.recv(1)
    except TimeoutError:
        said = b""
    if not said:
        raise BenchmarkError(f"{due} scans were not answered within {_ANSWER_S} s")
    return said


def _lost(ledger: Path, codes: int, drive: Drive) -> int:
    """Scans that were not accepted, or that the ledger does not hold. Raises BenchmarkError if it
    holds anything else, or if its chain is broken."""
    with LedgerReader(ledger) as reader:
        rows = list(reader.walk(after=codes - 1))
    for before, row in pairwise(rows):
        if row.seq != before.seq + 1 or link(before.hash, row.seq, row.body) != row.hash:
            raise BenchmarkError(f"event {row.seq} does not follow from event {before.seq}")
    events = (from_body(row.body) for row in rows[1:])
    held = [event.text for event in events if isinstance(event, Commissioned)]
    surplus = Counter(held) - Counter(drive.sent)
    if surplus:
        raise BenchmarkError(f"the ledger holds {surplus.total()} codes that nobody scanned once")
    return max(len(drive.sent) - drive.accepted, len(drive.sent) - len(held))
