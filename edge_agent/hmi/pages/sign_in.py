"""Signing in: ``/sign-in``. Somebody is chosen, and enters the PIN; no keyboard is needed.

From a station's page (``?station=NAME``), and only on the line PC itself, one is signed in at the
station as well. There a badge that is scanned while the page is open does the same. ``then`` is the
page of the office that was asked for.
"""

from fastapi import Request
from nicegui import ui
from nicegui.element import Element

from edge_agent.control import ControlError
from edge_agent.core.names import PersonId
from edge_agent.core.people import Person
from edge_agent.hmi.beat import Beat
from edge_agent.hmi.markup import Pad, Tap, button, link, name, node, text
from edge_agent.hmi.office import (
    SIGHTS,
    may_open,
    not_done,
    office_head,
    pad_texts,
    person_tile,
    refusal_in,
)
from edge_agent.hmi.pins import Refused
from edge_agent.hmi.sessions import Session, is_local
from edge_agent.hmi.site import Site
from edge_agent.hmi.taste import words_for
from edge_agent.vocabulary import ROLES


class SignInPage:
    """One browser's page. `station` is empty where nobody is to be signed in at one."""

    def __init__(
        self, site: Site, request: Request, session: Session, station: str, then: str
    ) -> None:
        self._site = site
        self._session = session
        self._station = station
        self._then = then
        self._busy = False
        self._pad: Pad | None = None
        self._told: Element | None = None
        self._at_station = self._signed_in_at_station()
        self.t = words_for(request, None, site.config)
        self._root = node("div", "office")
        self._body: Element | None = None
        self._draw(None)
        Beat(self.t)
        if station:
            stop = site.line.listen(self._look)
            self._root.client.on_delete(stop)

    def _draw(self, chosen: Person | None) -> None:
        self._root.clear()
        self._told = None
        with self._root:
            with node("header", "office-bar"):
                link(self._site.config.line.name, "/")
                if self._station:
                    link(self.t.title(self._station), f"/station/{self._station}")
            with node("main", "office-body") as self._body:
                self._who_is()
                if chosen is None:
                    self._tiles()
                else:
                    self._pin(chosen)

    def _who_is(self) -> None:
        """Who is signed in at this browser already."""
        person = self._site.sessions.who(self._session)
        if person is None:
            return
        with node("section", "row-card"):
            with node("div", "facts"):
                name(person.name)
                text(self.t(ROLES[person.role]), "small")
                if self._then and not self._may(person):
                    text(self.t("This page needs somebody else. Sign in as another person."), "p")
            with node("div", "acts"):
                for sight in SIGHTS:
                    if may_open(person, sight):
                        link(self.t(sight.title), sight.path, "button")
                button(self.t("Sign out"), self._sign_out)

    def _tiles(self) -> None:
        t, people = self.t, self._site.pins.tiles()
        text(t("Who are you?"), "h1")
        if self._station:
            station = t.title(self._station)
            text(t("Or scan your badge at station {station}.", station=station), "p", "soft")
        if not people:
            text(
                t("Nobody has a PIN yet. Scan a badge at a station, or add people first."),
                "p",
                "none",
            )
        with node("div", "tiles"):
            for person in people:
                person_tile(person, t, self._choose(person))

    def _pin(self, person: Person) -> None:
        with node("div", "sign-in"):
            with node("div", "rows"):
                text(self.t("Enter your PIN"), "h1")
                name(person.name, "p", "chosen")
                text(self.t(ROLES[person.role]), "small")
                with node("div", "acts"):
                    button(self.t("Somebody else"), self._back)

            async def typed(pin: str) -> None:
                await self._check(person, pin)

            self._pad = Pad("pin", pad_texts(self.t), typed)

    def _choose(self, person: Person) -> Tap:
        async def tapped() -> None:
            self._draw(person)

        return tapped

    async def _back(self) -> None:
        self._draw(None)

    async def _sign_out(self) -> None:
        self._site.sessions.sign_out(self._session)
        ui.navigate.reload()

    async def _check(self, person: Person, pin: str) -> None:
        if self._busy or self._pad is None:
            return
        self._busy = True
        self._pad.hold(True)
        try:
            found = await self._site.pins.check(self._session.browser, person.id, pin)
            if isinstance(found, Refused):
                self._tell(self.t.saying(found.saying))
                if found.is_guess:
                    await self._site.line.ask("wrong-pin", station=self._station, person=person.id)
            elif refusal := await self._at_line(found):
                self._tell(refusal)
            else:
                self._go(found)
        except ControlError as error:
            self._tell(not_done(error, self.t))
        finally:
            self._busy = False
            self._pad.hold(False)

    async def _at_line(self, person: Person) -> str:
        """Sign in at the station as well. Why the line refuses that; empty if it does not."""
        if not self._station:
            return ""
        answer = await self._site.line.ask("sign-in", station=self._station, person=person.id)
        return refusal_in(answer, self.t)

    def _go(self, person: Person) -> None:
        home = f"/station/{self._station}" if self._station else "/"
        office = next((each.path for each in SIGHTS if may_open(person, each)), home)
        then = self._then if self._may(person) else (home if self._station else office)
        ui.navigate.to(self._site.sessions.ticket(self._session, person.id, then))

    def _may(self, person: Person) -> bool:
        return any(each.path == self._then and may_open(person, each) for each in SIGHTS)

    def _look(self) -> None:
        """A badge was scanned at the station since the page was opened."""
        before, self._at_station = self._at_station, self._signed_in_at_station()
        if self._busy or self._at_station is None or self._at_station == before:
            return
        person = self._site.pins.find(self._at_station)
        if person is not None:
            self._busy = True
            with self._root:
                self._go(person)

    def _signed_in_at_station(self) -> PersonId | None:
        view = self._site.line.view
        if view is None or not self._station:
            return None
        found = next((each for each in view.stations if each.name == self._station), None)
        return found.signed_in.id if found and found.signed_in else None

    def _tell(self, words: str) -> None:
        if self._told is not None:
            self._told.delete()
        if self._body is not None:
            with self._body:
                self._told = text(words, "div", "told bad", role="alert")
                self._told.move(target_index=0)


def add(site: Site) -> None:
    """Declare the page."""
    stations = {station.name for station in site.config.stations}
    paths = {each.path for each in SIGHTS}

    @ui.page("/sign-in")
    def sign_in(request: Request, station: str = "", then: str = "") -> None:
        at = station if station in stations and is_local(request) else ""
        office_head(request)
        session = site.sessions.of(request)
        SignInPage(site, request, session, at, then if then in paths else "")
