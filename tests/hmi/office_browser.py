"""Supervisors at the office's pages: the real hmi, a real browser, and a line that obeys."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from edge_agent.core.people import Person, Role
from edge_agent.hmi.sessions import COOKIE
from tests.hmi import scenes
from tests.hmi.conftest import SMALL, HmiProcess
from tests.hmi.office_rig import PIN, STAFF, OfficeLine
from tests.ports import free_port

PEOPLE_KEYS = """
[people]
idle_sign_out_s = 600
attempts = 3
pause_s = 3600
four_eyes = [{four_eyes}]
"""


class Office:
    """One hmi with its line. `browser` gives browsers that know nothing of each other."""

    def __init__(self, workspace: Path, chromium: Browser, four_eyes: str = "") -> None:
        (workspace / "run").mkdir()
        data = workspace / "data/line-1"
        data.mkdir(parents=True)
        self.line = OfficeLine(
            workspace / "run/line-1-line.sock", scenes.line(), data / "people.db"
        )
        port = free_port()
        config = workspace / "line.toml"
        config.write_text(
            scenes.CONFIG.format(dir=workspace, port=port)
            + PEOPLE_KEYS.format(four_eyes=four_eyes)
            + scenes.station_keys()
        )
        self.hmi = HmiProcess(config, port)
        self.url = self.hmi.url
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self._sessions: dict[str, list[Any]] = {}

    def browser(self, size: tuple[int, int] = SMALL, language: str = "en") -> Page:
        context = self._chromium.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        page.language = language  # type: ignore[attr-defined]
        self.prefer(page, "", language)
        return page

    def prefer(self, page: Page, owner: str, language: str) -> None:
        page.context.add_cookies(
            [{"name": "language", "value": f"{owner}.{language}", "url": self.url}]
        )

    def enter(self, page: Page, person: Person, path: str, pin: str = PIN) -> None:
        """Sign in with the PIN pad, without a keyboard, and go to `path`."""
        page.goto(f"{self.url}/sign-in?then={path}")
        page.locator(".tile", has_text=person.name).click()
        press(page, pin)
        self.prefer(page, person.id, getattr(page, "language", "en"))
        page.wait_for_url(f"{self.url}{path}")

    def opened(
        self, person: Person, path: str, size: tuple[int, int] = SMALL, language: str = "en"
    ) -> Page:
        """A page of `person`, who entered the PIN when the first of them was opened."""
        page = self.browser(size, language)
        cookies = self._sessions.get(person.id)
        if cookies is None:
            self.enter(page, person, path)
            found = page.context.cookies()
            self._sessions[person.id] = [c for c in found if c["name"].startswith(COOKIE)]
        else:
            page.context.add_cookies(cookies)
            self.prefer(page, person.id, language)
            page.goto(self.url + path)
        return page

    def close_browsers(self) -> None:
        while self._contexts:
            self._contexts.pop().close()

    def close(self) -> None:
        self.close_browsers()
        self.hmi.process.terminate()
        self.hmi.process.wait(10)
        self.line.close()


def press(page: Page, pin: str) -> None:
    page.locator(".pad").wait_for()
    for digit in pin:
        page.locator(".key", has_text=re.compile(f"^{digit}$")).click()
    page.locator(".key.go").click()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    rig = Office(tmp_path_factory.mktemp("office"), browser)
    yield rig
    rig.close()


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins with the same view, and a line that does what it is asked. Its browsers are
    closed after it, or each would draw what the tests after it show."""
    if "office" not in request.fixturenames:
        yield
        return
    rig: Office = request.getfixturevalue("office")
    rig.line.refusal = None
    rig.line.asked.clear()
    rig.line.show(scenes.line())
    yield
    rig.close_browsers()


SUPERVISOR = STAFF[Role.SUPERVISOR]
