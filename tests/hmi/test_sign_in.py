"""Signing in at the pages: with gloves, without a keyboard, and not by guessing."""

import asyncio
import statistics
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from edge_agent.core.names import PersonId
from edge_agent.core.people import Permission, Person, Role
from edge_agent.hmi.office import SIGHTS, may_open
from edge_agent.hmi.pins import WRONG, Pins, Refused
from edge_agent.hmi.sessions import COOKIE
from edge_agent.people.store import Account, People
from edge_agent.station_config import People as Rules
from tests.hmi import scenes
from tests.hmi.office_browser import SUPERVISOR, Office, fresh, office, press
from tests.hmi.office_rig import PIN, PIN_HASH, STAFF

__all__ = ["fresh", "office"]
NOBODY = PersonId("nobody")


class Clock:
    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def pins(tmp_path: Path) -> tuple[Pins, Clock]:
    people = People(tmp_path / "people.db")
    for account in (
        Account(SUPERVISOR, None, PIN_HASH),
        Account(STAFF[Role.OPERATOR], None, None),
        Account(STAFF[Role.AUDITOR], None, PIN_HASH, "2026-11-22T00:00:00.000Z"),
    ):
        with people.saving(account):
            pass
    people.close()
    clock = Clock()
    return Pins(tmp_path / "people.db", Rules(attempts=3, pause_s=60), clock), clock


async def test_a_right_pin_is_the_person_and_a_wrong_one_nobody(pins: tuple[Pins, Clock]) -> None:
    checker, _ = pins

    assert await checker.check("b", SUPERVISOR.id, PIN) == SUPERVISOR
    assert await checker.check("b", SUPERVISOR.id, "1111") == Refused(WRONG)


@pytest.mark.parametrize("person", [NOBODY, STAFF[Role.OPERATOR].id, STAFF[Role.AUDITOR].id])
async def test_unknown_without_pin_and_revoked_are_refused_as_a_wrong_pin(
    pins: tuple[Pins, Clock], person: PersonId
) -> None:
    assert await pins[0].check("b", person, PIN) == Refused(WRONG)


async def test_an_unknown_person_costs_the_same_hash_as_a_wrong_pin(
    pins: tuple[Pins, Clock],
) -> None:
    """Without one hash for each the unknown would be answered a hundred times sooner."""
    checker, clock = pins

    async def cost_s(person: PersonId) -> float:
        clock.us += 10**9
        began = time.process_time()
        await checker.check("b", person, "1111")
        return time.process_time() - began

    await cost_s(NOBODY)
    known = statistics.median([await cost_s(SUPERVISOR.id) for _ in range(5)])
    unknown = statistics.median([await cost_s(NOBODY) for _ in range(5)])

    assert 0.3 < unknown / known < 3


async def test_after_some_wrong_pins_even_the_right_one_waits(pins: tuple[Pins, Clock]) -> None:
    checker, clock = pins
    for _ in range(3):
        await checker.check("b", SUPERVISOR.id, "1111")

    waiting = await checker.check("b", SUPERVISOR.id, PIN)
    clock.us += 60_000_000
    after = await checker.check("b", SUPERVISOR.id, PIN)

    assert isinstance(waiting, Refused)
    assert str(waiting.saying) == "Too many wrong PINs. Wait 60 seconds."
    assert after == SUPERVISOR


async def test_another_browser_does_not_go_on_guessing_the_same_person(
    pins: tuple[Pins, Clock],
) -> None:
    for number in range(3):
        await pins[0].check(f"browser {number}", SUPERVISOR.id, "1111")

    assert await pins[0].check("a fresh one", SUPERVISOR.id, PIN) != SUPERVISOR


async def test_a_browser_does_not_go_on_guessing_another_person(pins: tuple[Pins, Clock]) -> None:
    for number in range(3):
        await pins[0].check("b", PersonId(f"nobody-{number}"), "1111")

    assert await pins[0].check("b", SUPERVISOR.id, PIN) != SUPERVISOR
    assert await pins[0].check("another", SUPERVISOR.id, PIN) == SUPERVISOR


async def test_many_guesses_at_once_are_no_more_guesses(pins: tuple[Pins, Clock]) -> None:
    guesses = [pins[0].check("b", SUPERVISOR.id, f"{n:04}") for n in range(10)]

    found = await asyncio.gather(*guesses)

    assert sum(each == Refused(WRONG) for each in found) == 3


# --- in the browser ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_pin_is_entered_without_a_keyboard(office: Office, language: str) -> None:
    page = office.browser(language=language)

    office.enter(page, SUPERVISOR, "/orders")

    expect(page.locator(".office-bar .who .name")).to_have_text(SUPERVISOR.name)
    assert page.locator("h1").inner_text() == {"zh_CN": "工单", "en": "Orders"}[language]


def test_a_keyboard_works_too(office: Office) -> None:
    page = office.browser()
    page.goto(f"{office.url}/sign-in?then=/orders")
    page.locator(".tile", has_text=SUPERVISOR.name).click()
    page.locator(".pad").wait_for()

    page.keyboard.type("9")
    page.keyboard.press("Backspace")
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{office.url}/orders")


def test_all_that_is_touched_is_large_enough_for_gloves(office: Office) -> None:
    page = office.browser()
    page.goto(f"{office.url}/sign-in")
    page.locator(".tile").first.wait_for()
    small = too_small(page)
    page.locator(".tile", has_text=SUPERVISOR.name).click()
    page.locator(".pad").wait_for()

    assert small + too_small(page) == []


def too_small(page: object) -> list[str]:
    found: list[str] = page.evaluate(  # type: ignore[attr-defined]
        """() => [...document.querySelectorAll("button, a, input, .button")]
          .map((e) => [e, e.getBoundingClientRect()])
          .filter(([e, r]) => r.width && (r.width < 63.5 || r.height < 63.5))
          .map(([e, r]) => `${e.tagName} ${e.className} ${e.textContent} ${r.width}x${r.height}`)"""
    )
    return found


def test_a_wrong_pin_is_told_and_counts(office: Office) -> None:
    page = office.browser()
    technician = STAFF[Role.TECHNICIAN]
    page.goto(f"{office.url}/sign-in")
    page.locator(".tile", has_text="Nguyễn").click()
    for _ in range(3):
        press(page, "1111")
        expect(page.locator(".told.bad")).to_have_text("This PIN is wrong.")
        page.locator(".pad").wait_for()
    press(page, PIN)

    expect(page.locator(".told.bad")).to_contain_text("Too many wrong PINs")
    told = [each for each in office.line.asked if each["command"] == "wrong-pin"]
    assert [(each["person"], each["station"]) for each in told] == [(technician.id, "")] * 3


def test_every_page_opens_for_those_alone_who_may(office: Office) -> None:
    for person in STAFF.values():
        if person.role is Role.TECHNICIAN:
            continue  # waits, after the test above
        client = signed_in(office, person)
        for sight in SIGHTS:
            answer = client.get(f"{office.url}{sight.path}")
            if may_open(person, sight):
                assert answer.status_code == 200, (person.role, sight.path)
            else:
                assert answer.status_code == 303, (person.role, sight.path)
                assert answer.headers["location"].startswith("/sign-in")
        client.close()


def test_nobody_opens_a_page_without_signing_in(office: Office) -> None:
    with httpx.Client() as client:
        for sight in SIGHTS:
            assert client.get(f"{office.url}{sight.path}").status_code == 303


def signed_in(office: Office, person: Person) -> httpx.Client:
    """What the browser of `person` would send."""
    page = office.browser()
    office.enter(page, person, next((s.path for s in SIGHTS if may_open(person, s)), "/"))
    cookies = {
        c["name"]: c["value"] for c in page.context.cookies() if c["name"].startswith(COOKIE)
    }
    return httpx.Client(cookies=cookies)


def test_the_cookie_is_hidden_from_scripts_and_other_sites(office: Office) -> None:
    page = office.browser()
    office.enter(page, SUPERVISOR, "/orders")

    (cookie,) = [c for c in page.context.cookies() if c["name"].startswith(COOKIE)]

    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert COOKIE not in page.evaluate("document.cookie")


def test_signing_out_in_one_tab_leaves_the_other_and_back_shows_nothing(office: Office) -> None:
    page = office.browser()
    office.enter(page, SUPERVISOR, "/orders")
    other = page.context.new_page()
    other.goto(f"{office.url}/people")
    other.locator(".row-card").first.wait_for()

    page.locator(".office-bar .button").click()

    page.wait_for_url("**/sign-in**")
    other.wait_for_url("**/sign-in**")
    page.go_back()
    page.wait_for_url("**/sign-in**")
    assert page.locator(".row-card").count() == 0


def test_a_revoked_person_is_out_of_the_pages_at_once(office: Office) -> None:
    gone = Person(PersonId("gone"), "Gone Soon", Role.SUPERVISOR)
    with office.line.people.saving(Account(gone, None, PIN_HASH)):
        pass
    page = office.browser()
    office.enter(page, gone, "/orders")

    with office.line.people.saving(Account(gone, None, PIN_HASH, "2026-11-22T00:00:00.000Z")):
        pass

    page.wait_for_url("**/sign-in**")
    expect(page.locator(".tile", has_text="Gone Soon")).to_have_count(0)


def test_at_a_station_the_pin_signs_in_there_too(office: Office) -> None:
    page = office.browser()
    page.goto(f"{office.url}/sign-in?station=packing")
    page.locator(".tile", has_text=SUPERVISOR.name).click()

    press(page, PIN)

    page.wait_for_url("**/station/packing")
    assert office.line.asked == [
        {"command": "sign-in", "station": "packing", "person": SUPERVISOR.id}
    ]


def test_a_badge_scanned_at_the_station_signs_its_page_in(office: Office) -> None:
    page = office.browser()
    office.line.show(scenes.line(scenes.station("packing", signed_in=None)))
    page.goto(f"{office.url}/sign-in?station=packing&then=/orders")
    page.locator(".tile").first.wait_for()

    office.line.show(scenes.line(scenes.station("packing", signed_in=SUPERVISOR)))

    page.wait_for_url(f"{office.url}/orders")
    expect(page.locator(".office-bar .who .name")).to_have_text(SUPERVISOR.name)


def test_who_is_signed_in_at_the_station_already_does_not_open_the_office(office: Office) -> None:
    office.line.show(scenes.line(scenes.station("packing", signed_in=SUPERVISOR)))

    with httpx.Client() as client:
        answer = client.get(f"{office.url}/orders?station=packing")

    assert answer.status_code == 303


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/people/../x", "x"])
def test_nobody_is_sent_to_another_site(office: Office, then: str) -> None:
    page = office.browser()
    page.goto(f"{office.url}/sign-in?then={then}")
    page.locator(".tile", has_text=SUPERVISOR.name).click()

    press(page, PIN)

    page.wait_for_url(f"{office.url}/orders")


def test_names_of_any_script_and_length_are_texts(office: Office) -> None:
    accounts = [
        Account(Person(PersonId(f"t{n}"), name, Role.OPERATOR), None, PIN_HASH)
        for n, name in enumerate(scenes.TROUBLESOME)
    ]
    for account in accounts:
        with office.line.people.saving(account):
            pass
    page = office.browser()

    page.goto(f"{office.url}/sign-in")
    page.locator(".tile").nth(len(scenes.TROUBLESOME)).wait_for()
    shown = page.locator(".tile .name").all_inner_texts()
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    pwned = page.evaluate("window.pwned")

    for account in accounts:
        with office.line.people.saving(replace(account, revoked_at="2026-11-22T00:00:00.000Z")):
            pass
    assert pwned is None
    assert not wide
    assert set(scenes.TROUBLESOME) <= {each.strip() for each in shown}


# --- other sites ---------------------------------------------------------------------------------


def test_a_foreign_page_reaches_no_socket_and_no_session(office: Office) -> None:
    """Its requests go without the cookie (SameSite), and its websocket is refused (Origin)."""
    page = office.browser()
    office.enter(page, SUPERVISOR, "/orders")
    client = page.locator("script", has_text="client").first
    assert client
    foreign = {"Origin": "http://evil.example", "Host": office.url.removeprefix("http://")}
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    socket = f"{office.url}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"

    with httpx.Client() as http:
        assert http.get(socket, headers={**upgrade, **foreign}).status_code == 403
        assert http.post(f"{office.url}/orders", headers=foreign).status_code == 403
        same = {**upgrade, "Origin": office.url}
        assert http.get(socket, headers=same).status_code == 101


def test_a_foreign_site_cannot_show_a_page_in_a_frame(office: Office) -> None:
    with httpx.Client() as client:
        policy = client.get(f"{office.url}/sign-in").headers["content-security-policy"]

    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def test_no_url_changes_anything(office: Office) -> None:
    """All that changes something comes over a page's own socket: there is nothing to forge."""
    client = signed_in(office, SUPERVISOR)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for sight in SIGHTS:
            answer = client.request(method, f"{office.url}{sight.path}")
            assert answer.status_code in (404, 405), (method, sight.path)
    client.close()

    assert office.line.asked == []
    assert Permission.EDIT_ORDERS
