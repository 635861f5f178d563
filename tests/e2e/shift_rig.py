"""The packing hall of line_configs/stations.toml as real parts: the line and hmi roles as
processes, hand scanners on ptys, a label printer on a socket, and Chromium before each screen.

What a test says of a screen is what a person reads there.
"""

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zxingcpp
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from drivers.sim.bench.hand_scanner import HandScanner
from drivers.sim.zpl_printer import ZplPrinter, picture
from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.control import ControlError, ask
from edge_agent.core.body import from_body
from edge_agent.core.events import Event
from edge_agent.ledger.reader import LedgerReader
from edge_agent.people.secrets import badge_digest, new_badge
from tests.chromium import LAUNCH
from tests.ports import free_port

EXAMPLE = Path(__file__).parents[2] / "line_configs" / "stations.toml"
CASE_UNITS, PALLET_CASES = 3, 3
WAIT_S = 20
"""Beyond this a part is broken, not slow: nothing is measured here."""
_ENGLISH_TITLES = {
    "1 号装箱台": "Bench 1",
    "2 号装箱台": "Bench 2",
    "返工台": "Rework table",
    "1 号台": "Bench 1",
    "2 号台": "Bench 2",
    "托盘枪": "Pallets",
    "返工枪": "Rework",
    "标签机": "Labels",
}
_LEASH = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "edge_agent")
SMALL, LARGE = (1024, 600), (1920, 1080)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the large field of a station's screen says. `tone` is its colour."""

    tone: str
    word: str
    text: str
    remedy: str
    culprits: tuple[str, ...]


class Screen:
    """A station's page, as who stands before it sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._last = page.locator("section.last")

    async def after(self, act: Callable[[], None]) -> Seen:
        """What the screen says once it has answered `act`."""
        before = await self._last.get_attribute("data-n")
        act()
        if before is None:
            await expect(self.page.locator("section.last[data-n]")).to_be_visible()
        else:
            await expect(self._last).not_to_have_attribute("data-n", before)
        return await self.seen()

    async def seen(self) -> Seen:
        found: dict[str, Any] = await self._last.evaluate(
            """last => {
                const text = name => last.querySelector(name)?.textContent ?? "";
                return {
                    tone: ["good", "full", "ask", "note", "bad"]
                        .find(tone => last.classList.contains(tone)) ?? "none",
                    word: text(".last-word"), text: text(".last-text"),
                    remedy: text(".last-remedy"),
                    culprits: [...last.querySelectorAll(".culprits li")].map(e => e.textContent),
                };
            }"""
        )
        culprits = tuple(found.pop("culprits"))
        return Seen(**found, culprits=culprits)

    @property
    def prompt(self) -> Locator:
        return self.page.locator(".prompt-text")

    @property
    def count(self) -> Locator:
        """How full the container is, as ``1 / 3``."""
        return self.page.locator("section.box .box-count")

    @property
    def who(self) -> Locator:
        """Who is signed in."""
        return self.page.locator(".who-name")

    @property
    def order(self) -> Locator:
        return self.page.locator(".order")

    @property
    def away(self) -> Locator:
        """What covers everything while nobody knows whether the line still says so."""
        return self.page.locator(".away")


@dataclass(slots=True)
class Hall:
    """Everything that stands in the hall."""

    config_path: Path
    config: LineConfig
    printer: ZplPrinter
    browser: Browser
    badges: dict[str, str] = field(default_factory=dict)
    """Person → what the badge says."""
    scanners: dict[str, HandScanner] = field(default_factory=dict)
    line: Process | None = None
    hmi: Process | None = None
    labels_taken: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.config.hmi.port}"

    async def screen(
        self, station: str, size: tuple[int, int] = SMALL, context: BrowserContext | None = None
    ) -> Screen:
        """A browser before `station`'s page, once it shows the line."""
        context = context or await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}
        )
        page = await context.new_page()
        await page.goto(f"{self.address}/station/{station}")
        await page.locator("section.last").wait_for()
        return Screen(page)

    async def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """What the line's control socket answers. Raises ControlError."""
        path = self.config.control_path("line")
        return await asyncio.to_thread(ask, path, command, **args)

    async def edit(
        self, subject: str, name: str, new: dict[str, str] | None, by: str | None, why: str = "set"
    ) -> None:
        await self.ask("edit", subject=subject, id=name, new=new, by=by, why=why)

    async def add_person(
        self, person: str, name: str, role: str, by: str | None, language: str = ""
    ) -> None:
        """Give somebody an account and a badge."""
        self.badges[person] = new_badge()
        digest = badge_digest(self.badges[person])
        values = {"name": name, "role": role, "language": language, "badge_digest": digest}
        await self.edit("person", person, values, by)

    async def next_label(self) -> str:
        """Take the next label out of the printer: what a scanner reads on it as an SSCC."""
        self.labels_taken += 1
        async with asyncio.timeout(WAIT_S):
            labels = await self.printer.printed(self.labels_taken)
        symbols = zxingcpp.read_barcodes(picture(labels[-1]), text_mode=zxingcpp.TextMode.Plain)
        codes = {each.text for each in symbols if each.format is zxingcpp.BarcodeFormat.Code128}
        (sscc,) = (code for code in codes if code.startswith("00"))
        return sscc

    async def take_label(self, screen: Screen, station: str, thing: str) -> str:
        """The label of the case in which `thing` lies; it is reprinted if it failed."""
        failed = screen.page.locator(".box-label.failed, .short-box.failed")
        if await failed.count():
            await screen.after(lambda: self.scanners[station].ask("REPRINT"))
            await screen.after(lambda: self.scanners[station].scan(thing))
        return await self.next_label()

    def events(self) -> list[Event]:
        """What the ledger says, from its first event on."""
        with LedgerReader(self.config.ledger_path) as ledger:
            return [from_body(row.body) for row in ledger.walk()]

    async def start_line(self) -> None:
        self.line = await _start("line", str(self.config_path))
        await _until(self.line, self._line_is_ready)

    async def stop_line(self) -> None:
        await _end(self.line)

    async def start_hmi(self) -> None:
        self.hmi = await _start("hmi", str(self.config_path))
        await _until(self.hmi, lambda: _listens(self.config.hmi.port))

    def _line_is_ready(self) -> bool:
        try:
            status = ask(self.config.control_path("line"), "status")
        except ControlError:
            return False
        return all(device["link"] == "up" for device in status["devices"].values())


def in_language(language: str) -> dict[str, str]:
    """The changes of a hall whose pages are in `language`."""
    titles = _ENGLISH_TITLES if language == "en" else {}
    return {'language = "zh_CN"': f'language = "{language}"', **titles}


@contextlib.asynccontextmanager
async def hall(root: Path, changes: Mapping[str, str] | None = None) -> AsyncIterator[Hall]:
    """A hall whose roles run, in the directory `root`. `changes` are texts in the configuration,
    old to new, beside those of addresses and sizes."""
    printer = ZplPrinter()
    await printer.start()
    scanners = {name: root / name for name in ("bench-1", "bench-2", "pallet", "rework")}
    config_path = root / "benches.toml"
    config_path.write_text(
        _configuration(root, scanners, printer.port, changes or {}), encoding="utf-8"
    )
    config = load_config(config_path)
    done = await _start("ledger", "init", str(config_path))
    assert await done.wait() == 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**LAUNCH)
        made = Hall(config_path, config, printer, browser)
        made.scanners = {name: HandScanner(link) for name, link in scanners.items()}
        try:
            await made.start_line()
            await made.start_hmi()
            yield made
        finally:
            await browser.close()
            for process in (made.hmi, made.line):
                await _end(process)
            for scanner in made.scanners.values():
                scanner.close()
            printer.power_off()


def _configuration(
    root: Path, scanners: dict[str, Path], printer_port: int, changes: Mapping[str, str]
) -> str:
    """The example, with the addresses of this hall."""
    text = EXAMPLE.read_text(encoding="utf-8")
    pairs = {
        '"/var/lib/edge-agent"': f'"{root}/data"',
        '"/run/edge-agent"': f'"{root}/run"',
        "capacity = 12": f"capacity = {CASE_UNITS}",
        "capacity = 24": f"capacity = {PALLET_CASES}",
        "per_layer = 8": f"per_layer = {PALLET_CASES}",
        "192.168.0.40:9100": f"127.0.0.1:{printer_port}",
        "[hmi]": f"[hmi]\nport = {free_port()}",
        **{f"/dev/serial/by-id/usb-{name}": str(link) for name, link in scanners.items()},
        **changes,
    }
    for old, new in pairs.items():
        assert old in text, f"the example has no {old!r} any more"
        text = text.replace(old, new)
    return text


async def _start(*arguments: str) -> Process:
    log = Path(arguments[-1]).with_name(f"{arguments[0]}.log")
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(*_LEASH, *arguments, stdout=out, stderr=out)


async def _end(process: Process | None) -> None:
    if process is not None and process.returncode is None:
        process.terminate()
        await process.wait()


async def _until(process: Process, holds: Callable[[], bool]) -> None:
    """Wait until `holds`. Raises AssertionError where `process` ends before."""
    async with asyncio.timeout(WAIT_S):
        while not await asyncio.to_thread(holds):
            assert process.returncode is None, "it ended before it was ready; see its log"
            await asyncio.sleep(0.05)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
