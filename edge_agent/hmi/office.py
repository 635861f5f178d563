"""The shell of the office's pages: who may open them, what is along the top, and the one way in
which they change anything.

A page is drawn for a signed-in person who may see it; everybody else is led to the sign-in. Each
action asks again who is signed in and what they may, for a page stays open while roles change. It
comes over the websocket of the page, whose id nobody else knows: there is no URL that changes
anything.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from nicegui import ui
from nicegui.element import Element
from pydantic import TypeAdapter

from edge_agent.control import ControlError
from edge_agent.core.effects import Tone
from edge_agent.core.events import Subject
from edge_agent.core.names import PersonId
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.beat import Beat
from edge_agent.hmi.markup import Pad, Tap, button, link, name, node, text
from edge_agent.hmi.pins import Refused
from edge_agent.hmi.sessions import Session
from edge_agent.hmi.site import Site
from edge_agent.hmi.taste import theme_of, words_for
from edge_agent.views import LastRead
from edge_agent.vocabulary import ROLES
from edge_agent.words import N_, Words

LOOK_S = 2.0
"""How soon a page is left after its person was signed out elsewhere, or for doing nothing."""
Act = Callable[[Person], Awaitable[None]]

_LAST_READ = TypeAdapter[LastRead | None](LastRead | None)

log = structlog.get_logger("edge_agent.hmi")


@dataclass(frozen=True, slots=True)
class Sight:
    """A page of the office: any one of `needs` opens it."""

    path: str
    title: str
    needs: frozenset[Permission]


SIGHTS = (
    Sight("/orders", N_("Orders"), frozenset({Permission.CHANGE_ORDER, Permission.EDIT_ORDERS})),
    Sight("/products", N_("Products"), frozenset({Permission.EDIT_ORDERS})),
    Sight("/people", N_("People"), frozenset({Permission.EDIT_PEOPLE})),
    Sight("/reports", N_("Reports"), frozenset({Permission.SEE_REPORTS})),
    Sight("/audit", N_("Audit trail"), frozenset({Permission.SEE_AUDIT})),
    Sight(
        "/printers",
        N_("Printers and labels"),
        frozenset({Permission.SERVICE, Permission.REPRINT}),
    ),
)
"""Every page that needs somebody signed in. The permissions of roles are in core.people."""


def may_open(person: Person, sight: Sight) -> bool:
    return any(person.may(permission) for permission in sight.needs)


class Office:
    """One browser's page, for `person`."""

    def __init__(self, site: Site, request: Request, session: Session, person: Person) -> None:
        self.site = site
        self.session = session
        self.person = person
        self.t = words_for(request, person, site.config)
        self._busy = False
        self._told: Element | None = None
        self._sheet: Element | None = None

    def act(self, permission: Permission, what: Act) -> Tap:
        """A handler that does `what` once at a time, if who is signed in then may."""

        async def tapped() -> None:
            await self._guarded(permission, what)

        return tapped

    def sends(
        self, permission: Permission, what: Callable[[dict[str, str], Person], Awaitable[None]]
    ) -> Callable[[dict[str, str]], Awaitable[None]]:
        """As `act`, for what a form sends."""

        async def sent(values: dict[str, str]) -> None:
            await self._guarded(permission, lambda person: what(values, person))

        return sent

    async def _guarded(self, permission: Permission, what: Act) -> None:
        person = self.use()
        if person is None or self._busy:
            return
        if not person.may(permission):
            self.tell("bad", self.t("You may not do this. Sign in as somebody who may."))
            return
        self._busy = True
        try:
            await what(person)
        except ControlError as error:
            log.warning("not done", person=person.id, error=str(error))
            self.tell("bad", not_done(error, self.t))
        finally:
            self._busy = False

    def use(self) -> Person | None:
        """Who is signed in, for something that is done now. None: the page is left."""
        person = self.site.sessions.use(self.session)
        if person is None or person.id != self.person.id:
            ui.navigate.to("/sign-in")
            return None
        return person

    async def ask(self, done: str, command: str, **args: Any) -> bool:
        """Ask the line, and tell what became of it: `done`, or why not. Whether it was done.
        Raises ControlError."""
        refusal = refusal_in(await self.site.line.ask(command, **args), self.t)
        self.tell("bad" if refusal else "good", refusal or done)
        return not refusal

    async def edit(
        self,
        permission: Permission,
        person: Person,
        subject: Subject,
        what: str,
        new: dict[str, str] | None,
        why: str,
        done: str,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Have `person` edit `what`, with a second person's leave where that is asked for. When it
        is done the sheet is closed, and `then` called. Raises ControlError."""

        async def agreed(second: PersonId | None) -> None:
            if await self.ask(
                done, "edit", subject=subject, id=what, new=new, by=person.id, why=why,
                approved_by=second,
            ):  # fmt: skip
                self.close()
                if then is not None:
                    then()

        await self.agreed(permission, person, agreed)

    def tell(self, tone: str, words: str) -> None:
        """Say what became of it, until the next."""
        if self._told is not None:
            self._told.delete()
        with self._place:
            self._told = text(words, "div", f"told {tone}", role="status")

    def sheet(self, heading: str, leave: str = "") -> Element:
        """An empty sheet over the page; fill it inside ``with``. There is one at a time. `leave` is
        on the button that closes it, else Cancel."""
        self.close()
        with self._root:
            self._sheet = node("div", "sheet", role="dialog", aria_modal="true")
        with self._sheet, node("div", "sheet-head"):
            text(heading, "h2")
            button(leave or self.t("Cancel"), self.left)
        return self._sheet

    def close(self) -> None:
        """Leave the sheet."""
        if self._sheet is not None:
            self._sheet.delete()
            self._sheet = None

    async def left(self) -> None:
        """The handler of what leaves the sheet."""
        self.close()

    def confirm(
        self, heading: str, consequences: Sequence[str], yes: str, permission: Permission, do: Act
    ) -> None:
        """Ask, saying what will happen. `do` is done once, at `yes`."""

        async def done(person: Person) -> None:
            self.close()
            await do(person)

        with self.sheet(heading):
            with node("ul", "consequences"):
                for each in consequences:
                    text(each, "li")
            with node("div", "ends"):
                button(yes, self.act(permission, done), "go")

    async def agreed(
        self, permission: Permission, person: Person, then: Callable[[PersonId | None], Any]
    ) -> None:
        """Await `then` with who else agreed by PIN, where the configuration asks two people for
        `permission`; with None where one is enough."""
        if permission not in self.site.config.people.four_eyes:
            await then(None)
            return
        second = [
            each for each in self.site.pins.tiles() if each.may(permission) and each.id != person.id
        ]
        with self.sheet(self.t("A second person must agree")):
            if not second:
                text(self.t("Nobody else who may do this has a PIN."), "p", "none")
            with node("div", "tiles"):
                for each in second:
                    person_tile(each, self.t, self._ask_pin(each, permission, then))

    def _ask_pin(
        self, second: Person, permission: Permission, then: Callable[[PersonId | None], Any]
    ) -> Tap:
        async def check(pin: str, first: Person) -> None:
            found = await self.site.pins.check(self.session.browser, second.id, pin)
            if isinstance(found, Refused):
                self.tell("bad", self.t.saying(found.saying))
            elif not found.may(permission):
                self.tell("bad", self.t("You may not do this. Sign in as somebody who may."))
            elif found.id != first.id:
                self.close()
                await then(found.id)

        async def typed(pin: str) -> None:
            await self._guarded(permission, lambda first: check(pin, first))

        async def ask() -> None:
            with self.sheet(self.t("A second person must agree")):
                Pad("pin", pad_texts(self.t), typed, heading=second.name)

        return ask

    def draw(self, sight: Sight) -> Element:
        """The bar along the top. Returns the element into which the page goes."""
        t = self.t
        self._root = node("div", "office")
        self._root.on("pointerdown", self.use, args=[], throttle=10.0)
        with self._root:
            with node("header", "office-bar"):
                link(self.site.config.line.name, "/")
                with node("nav"):
                    for each in SIGHTS:
                        if may_open(self.person, each):
                            tab = link(t(each.title), each.path)
                            if each is sight:
                                tab.props["aria-current"] = "page"
                with node("div", "who"):
                    name(self.person.name, classes="one")
                    text(t(ROLES[self.person.role]), "small")
                button(t("Sign out"), self._sign_out)
            with node("main", "office-body") as body:
                self._place = node("div", "told-place")
        Beat(t)
        ui.timer(LOOK_S, self._look)
        return body

    async def _sign_out(self) -> None:
        self.site.sessions.sign_out(self.session)
        ui.navigate.to("/sign-in")

    def _look(self) -> None:
        person = self.site.sessions.who(self.session)
        if person is None or person.id != self.person.id:
            ui.navigate.to("/sign-in")


def add_page(site: Site, path: str, draw: Callable[[Office], object]) -> None:
    """Declare the page at `path`, one of `SIGHTS`; `draw` fills its body."""
    sight = next(each for each in SIGHTS if each.path == path)

    @ui.page(path)
    def page(request: Request) -> Response | None:
        session = site.sessions.of(request)
        person = site.sessions.use(session)
        if person is None or not may_open(person, sight):
            station = request.query_params.get("station", "")
            return RedirectResponse(f"/sign-in?then={path}&station={quote(station)}", 303)
        office_head(request)
        office = Office(site, request, session, person)
        with office.draw(sight):
            draw(office)
        return None


def refusal_in(answer: dict[str, Any], t: Words) -> str:
    """Why the line's rules refused what was asked; empty if they did not."""
    shown = _LAST_READ.validate_python(answer.get("shown"))
    if shown is None or shown.tone is not Tone.BAD:
        return ""
    return t.sayings((shown.saying, *shown.culprits))


def not_done(error: ControlError, t: Words) -> str:
    """What a person is told of what the line refused, or did not hear."""
    if not error.sayings:
        return t("The line does not answer. Try again.")
    return t("The line did not do it: {why}", why=t.sayings(error.sayings))


def office_head(request: Request) -> None:
    """Style and theme, before the first paint."""
    ui.add_head_html(
        '<link rel="stylesheet" href="/static/theme.css">'
        '<link rel="stylesheet" href="/static/office.css">'
        f'<meta name="theme" content="{theme_of(request)}">'
        '<script src="/static/taste.js"></script>'
    )


def pad_texts(t: Words) -> dict[str, str]:
    """What the pads and forms say."""
    return {
        "ok": t("OK"),
        "back": t("Delete the last"),
        "cancel": t("Cancel"),
        "pad": t("Keys on the screen"),
        "choose": t("Choose"),
        "search": t("Search"),
    }


def person_tile(person: Person, t: Words, tap: Tap) -> None:
    """A big button with somebody's name."""
    with node("button", "tile", type="button").on("click", tap, args=[]):
        name(person.name)
        text(t(ROLES[person.role]), "small")
