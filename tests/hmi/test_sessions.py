"""Sessions: who a browser is, for how long, and what somebody else can do with it."""

from collections.abc import Iterator
from http.cookiejar import CookieJar

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from edge_agent.core.names import PersonId
from edge_agent.core.people import Person, Role
from edge_agent.hmi import sessions
from edge_agent.hmi.sessions import TICKET_PATH, SessionCookies, Sessions, is_local

LI = Person(PersonId("li"), "李伟", Role.SUPERVISOR)
IDLE_US = 900_000_000


COOKIE = "edge_agent_session_80"


class Site:
    """A site of one page, which says who is signed in. `now_us` is its clock."""

    def __init__(self) -> None:
        self.now_us = 0
        self.people = {LI.id: LI}
        self.sessions = Sessions(self.people.get, IDLE_US, lambda: self.now_us)
        self.seen: list[sessions.Session] = []
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/static", lambda _: PlainTextResponse("")),
                Route("/local", lambda request: PlainTextResponse(str(is_local(request)))),
                Route(TICKET_PATH, self._redeem),
            ],
            middleware=[Middleware(SessionCookies)],
        )

    def browser(self, origin: str = "http://testserver") -> TestClient:
        return TestClient(self.app, base_url=origin, follow_redirects=False)

    def _page(self, request: Request) -> Response:
        session = self.sessions.of(request)
        self.seen.append(session)
        person = self.sessions.who(session)
        return PlainTextResponse(person.name if person else "nobody")

    def _redeem(self, request: Request) -> Response:
        return self.sessions.redeem(request)

    def sign_in(self, browser: TestClient) -> None:
        browser.get("/")
        path = self.sessions.ticket(self.seen[-1], LI.id, "/orders")
        assert browser.get(path).headers["location"] == "/orders"


@pytest.fixture
def site() -> Iterator[Site]:
    yield Site()


def test_a_ticket_signs_its_browser_in_and_gives_it_another_id(site: Site) -> None:
    browser = site.browser()
    assert browser.get("/").text == "nobody"
    before = browser.cookies[COOKIE]

    site.sign_in(browser)

    assert browser.get("/").text == "李伟"
    assert browser.cookies[COOKIE] != before


def test_an_id_that_was_planted_before_is_worth_nothing_after_the_sign_in(site: Site) -> None:
    victim, thief = site.browser(), site.browser()
    victim.get("/")
    thief.cookies.set(COOKIE, victim.cookies[COOKIE])

    site.sign_in(victim)

    assert thief.get("/").text == "nobody"


def test_a_ticket_of_another_browser_signs_nobody_in(site: Site) -> None:
    """Else a foreign page could sign somebody in as the thief, and have him work in that name."""
    thief, victim = site.browser(), site.browser()
    thief.get("/")
    path = site.sessions.ticket(site.seen[-1], LI.id, "/orders")

    assert victim.get(path).headers["location"] == "/"
    assert victim.get("/").text == "nobody"
    assert thief.get(path).headers["location"] == "/orders"


def test_a_ticket_is_good_once_and_not_for_long(site: Site) -> None:
    browser = site.browser()
    browser.get("/")
    session = site.seen[-1]
    first = site.sessions.ticket(session, LI.id, "/orders")
    second = site.sessions.ticket(session, LI.id, "/orders")

    assert browser.get(first).headers["location"] == "/", "a newer ticket replaces it"
    assert browser.get(second).headers["location"] == "/orders"
    assert browser.get(second).headers["location"] == "/"

    third = site.sessions.ticket(session, LI.id, "/orders")
    site.now_us += sessions.TICKET_US + 1
    assert browser.get(third).headers["location"] == "/"


def test_the_pages_of_two_lines_on_one_pc_keep_their_sessions_apart() -> None:
    first, second = Site(), Site()
    here, there = first.browser("http://pc:8480"), second.browser("http://pc:8481")
    here.cookies = there.cookies = CookieJar()  # a browser's one, in which cookies know no port
    first.sign_in(here)
    second.sign_in(there)
    assert (here.get("/").text, there.get("/").text) == (LI.name, LI.name)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    def cookie(origin: str) -> set[str]:
        answer = site.browser(origin).get("/").headers["set-cookie"]
        return {part.strip() for part in answer.split(";")[1:]}

    assert cookie("http://testserver") == {"HttpOnly", "SameSite=Strict", "Path=/"}
    assert cookie("https://testserver") == {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"}


def test_what_needs_no_session_sets_no_cookie(site: Site) -> None:
    assert "set-cookie" not in site.browser().get("/static").headers


@pytest.mark.parametrize(
    "cookie", ["", "x" * 5_000, 'a"b;=;\\', "\N{SNOWMAN}".encode().decode("latin-1")]
)
def test_a_cookie_of_nonsense_is_a_new_browser(site: Site, cookie: str) -> None:
    headers = {b"cookie": f"{COOKIE}={cookie}".encode("latin-1")}

    answer = site.browser().get("/", headers=headers)

    assert answer.text == "nobody"
    assert COOKIE in answer.headers["set-cookie"]


def test_who_does_nothing_is_signed_out(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    session = site.seen[-1]

    site.now_us += IDLE_US
    assert site.sessions.use(session) == LI
    site.now_us += IDLE_US
    assert site.sessions.who(session) == LI, "looking is no use"
    site.now_us += 1
    assert site.sessions.who(session) is None
    assert browser.get("/").text == "nobody"


def test_who_is_never_idle_signs_in_again_after_a_shift(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    session = site.seen[-1]
    for _ in range(sessions.LONGEST_US // IDLE_US):
        site.now_us += IDLE_US
        assert site.sessions.use(session) == LI

    site.now_us += IDLE_US

    assert site.sessions.use(session) is None


def test_who_is_revoked_or_has_another_role_is_so_at_once(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    session = site.seen[-1]
    fewer = Person(LI.id, LI.name, Role.OPERATOR)

    site.people[LI.id] = fewer
    assert site.sessions.who(session) == fewer

    del site.people[LI.id]
    assert site.sessions.who(session) is None
    site.people[LI.id] = LI
    assert browser.get("/").text == "nobody", "he signs in again"


def test_signing_out_holds_for_all_tabs_and_for_the_old_id(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    browser.get("/")
    one, two = site.seen[-1], site.seen[-1]
    old = browser.cookies[COOKIE]

    site.sessions.sign_out(one)

    assert site.sessions.who(two) is None
    thief = site.browser()
    thief.cookies.set(COOKIE, old)
    assert thief.get("/").text == "nobody"


def test_a_restart_signs_everybody_out(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)

    after = site.browser()
    site.sessions = Sessions(site.people.get, IDLE_US, lambda: site.now_us)
    after.cookies.set(COOKIE, browser.cookies[COOKIE])

    assert after.get("/").text == "nobody"


def test_a_flood_of_browsers_is_forgotten_before_who_is_signed_in(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    for _ in range(sessions.LIMIT + 10):
        site.now_us += 1
        site.browser().get("/")

    assert browser.get("/").text == "李伟"
    assert len(site.sessions._by_id) == sessions.LIMIT


@pytest.mark.parametrize(
    ("origin", "client", "headers", "local"),
    [
        ("http://127.0.0.1:8480", "127.0.0.1", {}, True),
        ("http://localhost:8480", "127.0.0.1", {}, True),
        ("http://[::1]:8480", "::1", {}, True),
        ("http://127.0.0.1:8480", "192.168.0.7", {}, False),
        ("https://line1.example", "127.0.0.1", {}, False),
        ("http://127.0.0.1:8480", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("http://127.0.0.1:8480", "127.0.0.1", {"Forwarded": "for=10.0.0.1"}, False),
    ],
)
def test_only_a_browser_on_the_pc_itself_is_local(
    site: Site, origin: str, client: str, headers: dict[str, str], local: bool
) -> None:
    browser = TestClient(site.app, base_url=origin, client=(client, 50_000))

    assert browser.get("/local", headers=headers).text == str(local)
