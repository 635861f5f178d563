"""Which browser is whose. Kept in memory alone: a restart signs everybody out.

A browser is known by a random id in a cookie that no script can read and no other site can send
(HttpOnly, SameSite=Strict). Signing in changes the id, so that one which somebody planted before is
worth nothing: the page that checked a PIN gets a ticket, and the browser changes that for its new
cookie at `TICKET_PATH`. A page keeps the `Session`, not the id: all tabs of a browser are one.

Who is signed in is asked of people.db each time: a revoked person or another role counts at once.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_agent.core.names import PersonId
from edge_agent.core.people import Person

COOKIE = "edge_agent_session"
"""How the cookie's name begins. The port follows: a browser gives a host's cookies to every port,
and one PC may serve the pages of several lines."""
TICKET_PATH = "/session/{ticket}"
LIMIT = 500
"""Browsers that are remembered. The longest idle ones are forgotten, those signed in last."""
TICKET_US = 30_000_000
LONGEST_US = 12 * 3_600 * 1_000_000
"""Even who is never idle signs in again after so long."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(eq=False, slots=True)
class Session:
    """One browser. `browser` stays while the id changes: guessing is slowed down by it."""

    id: str
    browser: str
    used_us: int
    person: PersonId | None = None
    since_us: int = 0


@dataclass(frozen=True, slots=True)
class _Ticket:
    session: Session
    person: PersonId
    then: str
    until_us: int


@dataclass(slots=True)
class Sessions:
    """`find` gives somebody who is not revoked. `idle_us` after the last use one is signed out.
    Times are the monotonic clock's, in microseconds."""

    find: Callable[[PersonId], Person | None]
    idle_us: int
    now_us: Callable[[], int]
    _by_id: dict[str, Session] = field(default_factory=dict)
    _tickets: dict[str, _Ticket] = field(default_factory=dict)

    def of(self, request: HTTPConnection) -> Session:
        """The browser's session; a new one, with nobody signed in, for a browser without."""
        known = self._by_id.get(_cookie(request))
        if known is None:
            known = Session(random_id(), random_id(), self.now_us())
            self._by_id[known.id] = known
            self._forget()
        request.state.session = known
        return known

    def who(self, session: Session) -> Person | None:
        """Who is signed in there now. Does not count as use."""
        if session.person is None:
            return None
        now = self.now_us()
        person = self.find(session.person)
        late = now - session.used_us > self.idle_us or now - session.since_us > LONGEST_US
        if person is None or late or self._by_id.get(session.id) is not session:
            self.sign_out(session)
            return None
        return person

    def use(self, session: Session) -> Person | None:
        """As `who`, for something that the person does."""
        person = self.who(session)
        session.used_us = self.now_us()
        return person

    def ticket(self, session: Session, person: PersonId, then: str) -> str:
        """The path at which the browser of `session` is signed in, once and soon; it goes on to
        `then`, a path of this site."""
        now = self.now_us()
        self._tickets = {
            name: each
            for name, each in self._tickets.items()
            if each.until_us > now and each.session is not session
        }
        name = random_id()
        self._tickets[name] = _Ticket(session, person, then, now + TICKET_US)
        return TICKET_PATH.format(ticket=name)

    def redeem(self, request: Request) -> Response:
        """The answer at `TICKET_PATH`. A ticket of another browser, or an old one, signs nobody
        in: it leads to the start."""
        session = self.of(request)
        ticket = self._tickets.get(request.path_params["ticket"])
        if ticket is None or ticket.session is not session or ticket.until_us < self.now_us():
            return RedirectResponse("/", status_code=303)
        del self._tickets[request.path_params["ticket"]]
        self._renew(session)
        session.person = ticket.person
        session.since_us = session.used_us = self.now_us()
        return RedirectResponse(ticket.then, status_code=303)

    def sign_out(self, session: Session) -> None:
        """Nobody is signed in there. The old id is worth nothing any more."""
        session.person = None
        self._by_id.pop(session.id, None)
        self._tickets = {n: t for n, t in self._tickets.items() if t.session is not session}

    def _renew(self, session: Session) -> None:
        del self._by_id[session.id]
        session.id = random_id()
        self._by_id[session.id] = session

    def _forget(self) -> None:
        while len(self._by_id) > LIMIT:
            idlest = min(self._by_id.values(), key=lambda s: (s.person is not None, s.used_us))
            del self._by_id[idlest.id]


class SessionCookies:
    """ASGI middleware: tells the browser its id where a page asked `Sessions.of` for its session
    and it came with another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)

        async def send_with_cookie(message: Message) -> None:
            session: Session | None = getattr(request.state, "session", None)
            if (
                message["type"] == "http.response.start"
                and session is not None
                and session.id != _cookie(request)
            ):
                secure = "; Secure" if request.url.scheme == "https" else ""
                MutableHeaders(scope=message).append(
                    "set-cookie",
                    f"{_name(request)}={session.id}; HttpOnly; SameSite=Strict; Path=/{secure}",
                )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def is_local(request: HTTPConnection) -> bool:
    """Whether the browser runs on the line PC itself. What came through a proxy did not."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    host = request.url.hostname or ""
    return _is_loopback(request.client.host) and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _name(request: HTTPConnection) -> str:
    _, port = request.scope["server"]
    return f"{COOKIE}_{port}"


def _cookie(request: HTTPConnection) -> str:
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(_name(request))
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def random_id() -> str:
    """256 bits that nobody guesses, as a path or a cookie may have them."""
    return secrets.token_urlsafe(32)
