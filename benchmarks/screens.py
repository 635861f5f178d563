"""`make bench-screens`: what people wait for before a screen, and what the screens cost the gate.

* A scan is written to the pty of a hand scanner; Chromium's own MutationObserver says when the
  large field of the station's page changed, and its next frame when that can be seen. Both clocks
  are the machine's wall clock: ``performance.timeOrigin + performance.now()`` there,
  ``time.time()`` here.
* The hmi role's memory while ten pages are open and scans go on.
* Scan received → PASS acknowledged (latency.py), in turn with nobody watching, and with ten pages
  open and one report after another being made: with the ledger on a disk, and once more in memory,
  where a tail is the processors' and not the disk's. The browser's profile is in memory, as
  docs/hmi.md asks of a kiosk.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import psutil
import typer
from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console

from benchmarks import machine
from benchmarks.child import BenchmarkError, Child
from benchmarks.figures import Figure, Result, show
from benchmarks.fill import filled_ledger
from benchmarks.latency import SCANS, Peer
from benchmarks.line_process import LineProcess, devices_are_up, write_config
from drivers.sim.bench.goods import Goods
from edge_agent.core.state import FORM
from edge_agent.ledger.reader import LedgerReader
from tests.e2e.shift_rig import CASE_UNITS, hall

PAGES = 10
CODES = 20_000
SCAN_PERIOD_S = 0.3
CHANGED_MS, MEMORY_MIB, GATE_RATIO = 150, 150, 1.2
DISK, MEMORY = Path(tempfile.gettempdir()), Path("/dev/shm")
LINE_PRIORITY, HMI_NICE = 10, 5
"""Of systemd's units. Only root may run the line before others."""
_CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": ["--no-sandbox", "--disable-gpu"],
}
_WATCH = """() => {
    window.changes = {};
    const now = () => performance.timeOrigin + performance.now();
    new MutationObserver(() => {
        const n = document.querySelector("section.last")?.dataset.n;
        if (n === undefined || n in window.changes) return;
        const change = window.changes[n] = {changed: now()};
        requestAnimationFrame(() => requestAnimationFrame(() => { change.seen = now(); }));
    }).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


async def changed(scans: int) -> Result:
    """Scan to screen, and the memory of the hmi role, with PAGES pages open."""
    with tempfile.TemporaryDirectory(prefix="edge-agent-screens-") as name:
        async with hall(Path(name), {f"capacity = {CASE_UNITS}": "capacity = 5000"}) as made:
            await made.add_person("li", "Li", "supervisor", None)
            screen = await made.screen("bench-1")
            others = ("bench-2", "pallet", "rework", "bench-1")
            for index in range(PAGES - 1):
                await made.screen(others[index % len(others)])
            scanner, goods = made.scanners["bench-1"], Goods("L2611A")
            await screen.after(lambda: scanner.show_badge(made.badges["li"]))
            await screen.page.evaluate(_WATCH)
            first = int(await screen.page.locator("section.last").get_attribute("data-n") or 0) + 1
            written: list[float] = []
            resident: list[int] = []
            assert made.hmi is not None
            hmi = psutil.Process(made.hmi.pid)
            for _ in range(scans):
                scanner.scan(goods.bottle().text)
                written.append(time.time() * 1_000)
                await asyncio.sleep(SCAN_PERIOD_S)
                resident.append(hmi.memory_info().rss)
            await asyncio.sleep(1)
            changes: dict[str, dict[str, float]] = await screen.page.evaluate("window.changes")
    pairs = list(zip(written, _shown(changes, first, len(written)), strict=True))
    dom_ms = [change["changed"] - at for at, change in pairs]
    seen_ms = [change["seen"] - at for at, change in pairs]
    figures = []
    for what, values, goal in (
        ("scan to the screen's field changed", dom_ms, CHANGED_MS),
        ("scan to the frame that shows it", seen_ms, CHANGED_MS),
    ):
        cuts = quantiles(values, n=100, method="inclusive")
        figures += [
            Figure(f"{what}, p50", "ms", cuts[49]),
            Figure(f"{what}, p95", "ms", cuts[94], at_most=goal),
        ]
    mib = max(resident) / (1 << 20)
    figures.append(Figure(f"hmi resident, {PAGES} pages", "MiB", mib, at_most=MEMORY_MIB))
    merged = len(written) - len(changes)
    note = [f"{merged} scans were shown together with the next one"] if merged else []
    return Result(figures, note, {"changed_ms": dom_ms, "seen_ms": seen_ms})


def _shown(changes: dict[str, dict[str, float]], first: int, scans: int) -> list[dict[str, float]]:
    """When each scan, the first having the number `first`, or a later one was on the screen."""
    at = {int(n): change for n, change in changes.items()}
    return [at[min(n for n in at if n >= number)] for number in range(first, first + scans)]


async def gate(rounds: int, medium: Path) -> Result:
    """The gate's latency with the screens and reports, against without, in turn; the ledger is on
    `medium`."""
    directory = medium / "edge-agent-bench"
    ledger = directory / f"{CODES}-form{FORM}.db"
    pairs: list[dict[str, Any]] = []
    firsts = count(CODES, SCANS)  # no code comes twice
    with (
        filled_ledger(ledger, CODES),
        tempfile.TemporaryDirectory(dir=directory) as name,
    ):
        for index in range(rounds):
            pair = {}
            # Whoever is first in one round is second in the next.
            for who in ("alone", "watched") if index % 2 else ("watched", "alone"):
                pair[who] = await _gate_round(
                    Path(name), ledger, next(firsts), watched=who == "watched"
                )
            pairs.append(pair)
    figures = []
    for percentile in ("p50", "p99"):
        watched, alone = ([pair[who][percentile] for pair in pairs] for who in ("watched", "alone"))
        figures.append(
            Figure(
                f"read to PASS acknowledged, {PAGES} pages and a report, {percentile}",
                "µs",
                median(watched),
                floor=median(alone),
                ratios=[one / other for one, other in zip(watched, alone, strict=True)],
                at_most=GATE_RATIO if percentile == "p99" else None,
                of="ratio",
            )
        )
    notes = [
        f"round {number}, {who}: {SCANS - each['passed']} of {SCANS} items were rejected, its tail "
        f"is disturbed: {each['tally']}"
        for number, pair in enumerate(pairs, 1)
        for who, each in pair.items()
        if each["passed"] < SCANS
    ]
    reports = sum(pair["watched"]["reports"] for pair in pairs)
    return Result(figures, [*notes, f"{reports} reports were made meanwhile"], {"rounds": pairs})


async def _gate_round(
    directory: Path, ledger: Path, first: int, *, watched: bool
) -> dict[str, Any]:
    # As systemd's unit has the line; and the peer is hardware, which nothing holds up.
    with Peer(directory, LINE_PRIORITY) as peer:
        config = write_config(
            directory, ledger, scanner=peer.ports["scanner"], modbus=peer.ports["modbus"]
        )
        port = _free_port()
        with config.open("a", encoding="utf-8") as text:
            text.write(f"\n[hmi]\nport = {port}\n")
        with LedgerReader(ledger) as reader:
            head, _ = reader.head()
        with LineProcess(config, LINE_PRIORITY) as line:
            line.wait_for(lambda s: devices_are_up(s) and s["seq"] > head)
            reports = 0
            if watched:
                async with _watching(config, port, directory) as made:
                    passed = await asyncio.to_thread(peer.run, first)
                    reports = made()
            else:
                passed = await asyncio.to_thread(peer.run, first)
            status = line.wait_for(lambda _: True)
            steps = status["latency"].get("acknowledged")
            if steps is None:
                raise BenchmarkError(f"no item of {SCANS} was passed: {status}")
    return {
        "p50": steps["p50_us"], "p99": steps["p99_us"], "passed": passed, "reports": reports,
        "tally": {what: n for what, n in status["tally"].items() if what != "commissioned"},
    }  # fmt: skip


@contextlib.asynccontextmanager
async def _watching(config: Path, port: int, directory: Path) -> AsyncIterator[Any]:
    """PAGES pages of the station are open, and reports are made. Gives how many were."""
    made = 0

    async def reports() -> None:
        nonlocal made
        while True:
            process = await asyncio.create_subprocess_exec(
                "nice", "--adjustment=15", sys.executable,
                "-m", "edge_agent", "report", str(config),
                "--pdf", str(directory / "report.pdf"),
                stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                made += await process.wait() == 0
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()

    with Child("edge_agent", "hmi", str(config), log=directory / "hmi.log") as hmi:
        # As systemd's unit has it: behind the line.
        os.setpriority(os.PRIO_PROCESS, hmi.pid, HMI_NICE)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**_CHROMIUM)
            try:
                for _ in range(PAGES):
                    await _opened(browser, f"http://127.0.0.1:{port}/station/bench")
                making = asyncio.create_task(reports())
                yield lambda: made
                making.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await making
            finally:
                await browser.close()


async def _opened(browser: Browser, url: str) -> Page:
    page = await browser.new_page(viewport={"width": 1_024, "height": 600})
    for _ in range(100):
        with contextlib.suppress(Exception):  # the role is not listening yet
            await page.goto(url)
            break
        await asyncio.sleep(0.1)
    await page.locator("section.last, section.gate").first.wait_for()
    return page


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def main(
    scans: Annotated[int, typer.Option(min=20, help="Before the screen.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="Of the gate, with and without.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
    only: Annotated[str, typer.Option(help="changed or gate; both, if not given.")] = "",
) -> None:
    """Measure the screens in a real browser."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["TMPDIR"] = str(MEMORY)  # where the browser's profile is made
    console = Console() if Console().is_terminal else Console(width=140)
    results: dict[str, Result] = {}
    for name, measure in (
        ("changed", lambda: changed(scans)),
        ("gate, ledger on disk", lambda: gate(rounds, DISK)),
        ("gate, ledger in memory", lambda: gate(rounds, MEMORY)),
    ):
        if name.startswith(only):
            results[name] = asyncio.run(measure())
            show(console, name, results[name])
    if json_file is not None:
        found = {name: result.to_json() for name, result in results.items()}
        json_file.write_text(json.dumps({"machine": machine.facts(), **found}, indent=1))


if __name__ == "__main__":
    typer.run(main)
