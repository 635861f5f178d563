"""Printers and labels: ``/printers``. How each printer is, the latest jobs, a label once more.

A label once more is marked and counted (core.labels). A test label takes no code.
"""

import asyncio
from functools import partial

from nicegui import ui

from edge_agent.audit.wording import Wording
from edge_agent.core.body import EventError
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.jobs import JobLine, latest
from edge_agent.hmi.listing import follow
from edge_agent.hmi.markup import button, name, node, text
from edge_agent.hmi.office import Office, add_page
from edge_agent.hmi.site import Site
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.views import DeviceView
from edge_agent.vocabulary import LINKS
from edge_agent.words import N_

LOOK_S = 3.0
ASKED = N_("asked for at the office")
FATES = {
    "queued": (N_("waiting"), "ask"),
    "printed": (N_("printed"), "good"),
    "verified": (N_("scanned on its container"), "good"),
    "failed": (N_("failed"), "bad"),
}


class PrintersPage:
    """One browser's page."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._wording = Wording(office.t, office.site.zone, {})
        self._drawn: list[JobLine] | None = None
        self._may_test = office.person.may(Permission.SERVICE)
        t = office.t
        with node("div", "title"):
            text(t("Printers and labels"), "h1")
        follow(office, lambda view: view.devices, self._devices)
        with node("div", "title"):
            text(t("Latest labels"), "h2")
        self._jobs = node("section", "rows")
        ui.timer(LOOK_S, self._look)

    def _devices(self, devices: tuple[DeviceView, ...]) -> None:
        office, t = self._office, self._office.t
        printers = [device for device in devices if device.role == "printer"]
        if not printers:
            text(t("This line has no label printer."), "p", "none")
        for printer in printers:
            with node("article", "row-card"):
                with node("div", "facts"):
                    name(t.title(printer.name))
                    tone = "good" if printer.link == "up" else "bad"
                    text(t(LINKS.get(printer.link, printer.link)), "span", f"badge {tone}")
                    if printer.fault:
                        text(t.saying(printer.fault), "span")
                    if printer.waiting:
                        text(t("{count} labels wait", count=printer.waiting), "span")
                if self._may_test:
                    with node("div", "acts"):
                        test = partial(self._test, printer.name)
                        button(t("Test label"), office.act(Permission.SERVICE, test))

    async def _test(self, printer: str, person: Person) -> None:
        await self._office.ask(
            self._office.t("A test label is on its way."),
            "test-label", printer=printer, by=person.id,
        )  # fmt: skip

    async def _look(self) -> None:
        try:
            jobs = await asyncio.to_thread(self._read)
        except (LedgerError, EventError):
            jobs = []
        if jobs == self._drawn:
            return
        self._drawn = jobs
        self._jobs.clear()
        with self._jobs:
            if not jobs:
                text(self._office.t("No label lately."), "p", "none")
            for job in jobs:
                self._job(job)

    def _read(self) -> list[JobLine]:
        with LedgerReader(self._office.site.config.ledger_path) as ledger, ledger.snapshot():
            return latest(ledger)

    def _job(self, job: JobLine) -> None:
        office, t = self._office, self._office.t
        word, tone = FATES[job.fate]
        with node("article", "row-card"):
            with node("div", "facts"):
                if job.copy:
                    name(job.key)
                with node("div", "pairs"):
                    text(self._wording.local(job.at), "span")
                    text(" · ".join(map(t.title, (job.station, job.printer, job.level))), "span")
                    text(
                        t("copy {number}", number=job.copy) if job.copy else t("Test label"), "span"
                    )
                with node("div", "pairs"):
                    text(t(word), "span", f"badge {tone}")
                    if job.detail:
                        text(t.recorded(job.detail), "span")
            if job.copy and office.person.may(Permission.REPRINT):
                with node("div", "acts"):
                    again = partial(self._reprint, job)
                    button(t("Reprint"), office.act(Permission.REPRINT, again))

    async def _reprint(self, job: JobLine, person: Person) -> None:
        t = self._office.t
        await self._office.ask(
            t("{key} is printed again.", key=job.key), "reprint", station=job.station, key=job.key,
            by=person.id, why=ASKED,
        )  # fmt: skip


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/printers", PrintersPage)
