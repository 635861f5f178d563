"""A station's page, by its kind of work: ``/station/NAME``.

Who stands at the station is whoever is signed in there, so its buttons work only from the line PC
itself: another browser of the network only looks on.
"""

from typing import Any

import structlog
from fastapi import HTTPException, Request
from nicegui import ui

from edge_agent import clock
from edge_agent.control import ControlError
from edge_agent.core.commands import LIMIT, Command
from edge_agent.hmi.live import Live, follow, page_head
from edge_agent.hmi.office import not_done
from edge_agent.hmi.screen import Plain, station_screen
from edge_agent.hmi.sessions import is_local
from edge_agent.hmi.site import Site
from edge_agent.hmi.taste import cookie_owner, theme_of, words_for
from edge_agent.hmi.texts import station_texts

DOUBLE_TAP_US = 500_000

log = structlog.get_logger("edge_agent.hmi")


class StationPage:
    """One browser's page of one station."""

    def __init__(self, site: Site, name: str, request: Request) -> None:
        self._site = site
        self._name = name
        self._request = request
        self._may_press = is_local(request)
        self._pressed: tuple[str, str] | None = None
        self._pressed_at_us = 0
        self._refused = 0
        self._refusal: ControlError | None = None
        self._live = Live("station", *self._content())
        self._live.on_tap("press", self._press)
        follow(site.line, self._live, self._draw)

    def _draw(self) -> None:
        self._live.show(*self._content())

    def _content(self) -> tuple[dict[str, Any], Plain]:
        """The texts and the screen, in the language of who is signed in at the station."""
        view = self._site.line.view
        known = view or self._site.line.last_known
        station = next((s for s in known.stations if s.name == self._name), None) if known else None
        person = station.signed_in if station else None
        t = words_for(self._request, person, self._site.config)
        texts = station_texts(self._site.config, self._name, t, may_press=self._may_press)
        texts = {**texts, "owner": cookie_owner(person)}
        if view is None or station is None:
            return texts, {}
        plain = station_screen(view, station, t, self._site.zone)
        told = {"n": self._refused, "text": not_done(self._refusal, t) if self._refusal else ""}
        return texts, {"beat": self._site.line.heard, "told": told, **plain}

    async def _press(self, tap: dict[str, Any]) -> None:
        """A button: once, however often it is touched."""
        command, argument = str(tap.get("command")), str(tap.get("argument", ""))
        if command not in Command.__members__:
            return
        if not self._may_press or len(argument) > LIMIT:
            return
        now_us = clock.now_us()
        again = self._pressed == (command, argument)
        if again and now_us - self._pressed_at_us < DOUBLE_TAP_US:
            return
        self._pressed, self._pressed_at_us = (command, argument), now_us
        try:
            await self._site.line.ask("press", station=self._name, press=command, argument=argument)
        except ControlError as error:
            log.warning("not pressed", station=self._name, command=command, error=str(error))
            self._refused, self._refusal = self._refused + 1, error
            self._draw()


def add(site: Site) -> None:
    """Declare the pages."""
    names = {station.name for station in site.config.stations}

    @ui.page("/station/{name}")
    async def station(request: Request, name: str) -> None:
        if name not in names:
            raise HTTPException(404, f"no station is called {name[:80]!r}")
        page_head(theme_of(request))
        StationPage(site, name, request)
