"""Reports: ``/reports``. What a shift or an order came to, with its charts; and as paper.

The report itself is made by `edge-agent report` in a process of its own (hmi.papers): reading a
shift's events takes seconds, in which no page may wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from nicegui import ui

from edge_agent import clock
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.fragment import Fragment
from edge_agent.hmi.markup import Tap, button, node, text
from edge_agent.hmi.office import Office, add_page
from edge_agent.hmi.papers import PaperError, not_made
from edge_agent.hmi.site import Site
from edge_agent.reports.period import latest_shifts
from edge_agent.reports.reading import ReportError, directory_of, reading

LISTED = 30
"""Shifts and orders to choose from, the latest."""
Deed = Callable[[Person], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An option of `edge-agent report`, and its value."""

    option: str
    value: str


class ReportsPage:
    """One browser's page. It begins with the running shift."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._asked = _Asked("--shift", "")
        t = office.t
        ui.add_head_html('<link rel="stylesheet" href="/static/reports.css">')
        with node("div", "title"):
            text(t("Reports"), "h1")
            with node("div", "acts"):
                button(t("Shift"), self._act(partial(self._choose, "--shift")))
                button(t("Order"), self._act(partial(self._choose, "--order")))
                button(t("As paper (PDF)"), self._act(self._pdf), "go")
        self._shown = node("div", "shown-report")
        ui.timer(0, self._act(self._show), once=True)

    def _act(self, what: Deed) -> Tap:
        return self._office.act(Permission.SEE_REPORTS, what)

    # --- choosing ----------------------------------------------------------------------------

    async def _choose(self, option: str, _: Person) -> None:
        office, t = self._office, self._office.t
        try:
            shifts, orders = await asyncio.to_thread(self._known)
        except ReportError as error:
            office.tell("bad", not_made(error, t))
            return
        names = shifts if option == "--shift" else orders
        heading = t("Which shift?") if option == "--shift" else t("Which order?")
        with office.sheet(heading):
            if not names:
                text(t("The line has not worked on any yet."), "p", "none")
            with node("div", "tiles"):
                for each in names:
                    button(each, self._act(partial(self._chosen, _Asked(option, each))), "tile")

    def _known(self) -> tuple[list[str], list[str]]:
        config = self._office.site.config
        with reading(config) as ledger:
            shifts = latest_shifts(config, ledger, clock.now().isoformat(), LISTED)
            return shifts, list(directory_of(config, ledger).worked_on()[:LISTED])

    async def _chosen(self, asked: _Asked, person: Person) -> None:
        self._asked = asked
        self._office.close()
        await self._show(person)

    # --- showing -----------------------------------------------------------------------------

    async def _show(self, _: Person) -> None:
        office, t = self._office, self._office.t
        self._shown.clear()
        with self._shown:
            text(t("It is being made. Wait."), "p", "none")
        try:
            made = await office.site.papers.text("report", "--html", *self._options())
        except PaperError as error:
            made = ""
            office.tell("bad", not_made(error, t))
        self._shown.clear()
        with self._shown:
            # Made by our own command, which escapes every text (reports.fragment).
            Fragment(made)

    async def _pdf(self, _: Person) -> None:
        office, t = self._office, self._office.t
        office.tell("ask", t("It is being made. Wait."))
        file_name = f"report-{office.site.config.line.name}-{self._asked.value or 'now'}.pdf"
        try:
            path = await office.site.papers.make(
                office.session, Permission.SEE_REPORTS, file_name.replace("/", "_"),
                "report", "--pdf", *self._options(),
            )  # fmt: skip
        except PaperError as error:
            office.tell("bad", not_made(error, t))
            return
        office.tell("good", t("It is made."))
        ui.navigate.to(path)

    def _options(self) -> list[str]:
        # As one word each: a value may begin with a dash.
        return [
            f"{self._asked.option}={self._asked.value}",
            f"--language={self._office.t.language}",
        ]


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/reports", ReportsPage)
