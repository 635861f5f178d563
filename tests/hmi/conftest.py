"""The real hmi process, a real browser, and a line that says what the test wants."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.chromium import CHROMIUM, LAUNCH
from tests.hmi import scenes
from tests.hmi.fake_line import FakeLine
from tests.ports import free_port

SMALL, LARGE = (1_024, 600), (1_920, 1_080)


class HmiProcess:
    """`edge-agent hmi`, which can be killed and started again on the same port."""

    def __init__(self, config: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._config = config
        self.start()

    def start(self) -> None:
        with (self._config.parent / "hmi.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_agent", "hmi", str(self._config)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log()
            try:
                urllib.request.urlopen(f"{self.url}/static/theme.css", timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def log(self) -> str:
        return (self._config.parent / "hmi.log").read_text()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hmi")


@pytest.fixture(scope="module")
def line(workspace: Path) -> Iterator[FakeLine]:
    (workspace / "run").mkdir()
    fake = FakeLine(workspace / "run/line-1-line.sock", scenes.line())
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def hmi(workspace: Path, line: FakeLine) -> Iterator[HmiProcess]:
    port = free_port()
    config = workspace / "line.toml"
    config.write_text(scenes.CONFIG.format(dir=workspace, port=port) + scenes.station_keys())
    role = HmiProcess(config, port)
    yield role
    role.process.terminate()
    try:
        role.process.wait(10)
    except subprocess.TimeoutExpired:
        role.kill()
        raise


@pytest.fixture(autouse=True)
def rested(request: pytest.FixtureRequest) -> None:
    """Each test begins with the same view."""
    if "line" in request.fixturenames:
        fake: FakeLine = request.getfixturevalue("line")
        fake.refusal = None
        fake.silence(False)
        fake.start()
        fake.show(scenes.line())
        while not fake.presses.empty():
            fake.presses.get()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Playwright keeps a loop running in this thread, in which no other can be: of the
    module only, and tests that are coroutines stand before those with a browser."""
    assert Path(CHROMIUM).exists(), f"{CHROMIUM} is missing; install Debian's package chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**LAUNCH)
        yield chromium
        chromium.close()


Opener = Callable[..., Page]


def visit(
    page: Page, url: str, theme: str = "day", language: str = "zh_CN", owner: str | None = None
) -> None:
    """Go to a live page as somebody who chose `theme` and `language`; `owner` is who was signed in
    then, if not who is in the scene."""
    if owner is None:
        work = url.rpartition("/")[2]
        owner = {"": "", "supervisor": "p2"}.get(work, "p1")
    host = urlsplit(url).hostname or ""
    page.context.add_cookies(
        [
            {"name": name, "value": value, "domain": host, "path": "/"}
            for name, value in (("theme", theme), ("language", f"{owner}.{language}"))
        ]
    )
    page.goto(url)
    page.wait_for_selector(".live .bar-top, .live .away")


@pytest.fixture
def opened(browser: Browser, hmi: HmiProcess) -> Iterator[Opener]:
    """Opens a page: ``opened("/station/packing", size=SMALL, theme="dark", language="en")``."""
    contexts: list[BrowserContext] = []

    def open_page(
        path: str,
        size: tuple[int, int] = SMALL,
        theme: str = "day",
        language: str = "zh_CN",
        owner: str | None = None,
    ) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        page = context.new_page()
        visit(page, hmi.url + path, theme, language, owner)
        return page

    yield open_page
    for context in contexts:
        context.close()
