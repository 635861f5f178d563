"""The audit trail: ``/audit``. Who did what, when, what was and what is, and why; newest first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog
from nicegui import ui

from edge_agent import clock
from edge_agent.audit.acts import Act
from edge_agent.audit.trail import KINDS, PAGE, Filter, page
from edge_agent.audit.wording import Wording
from edge_agent.core.body import EventError, from_body
from edge_agent.core.names import PersonId
from edge_agent.core.people import Permission, Person
from edge_agent.hmi.markup import Form, Tap, button, name, node, text
from edge_agent.hmi.office import Office, add_page, pad_texts
from edge_agent.hmi.papers import PaperError, not_made
from edge_agent.hmi.site import Site
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.reports.directory import Directory

CHANGES = 12
"""Changes of one act that are shown; the exports have all."""
Deed = Callable[[Person], Awaitable[None]]
Names = Mapping[PersonId, str]

log = structlog.get_logger("edge_agent.hmi")


class AuditPage:
    """One browser's page. `_chosen` is what the filter's form says."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._chosen = {"person": "", "kind": "", "since": "", "until": ""}
        self._names: Names = {}
        t = office.t
        with node("div", "title"):
            text(t("Audit trail"), "h1")
            with node("div", "acts"):
                button(t("Filter"), self._act(self._ask_filter))
                button(t("As a table (CSV)"), self._act(self._csv))
                button(t("As paper (PDF)"), self._act(self._pdf))
        self._about = node("div", "pairs")
        self._list = node("section", "rows")
        with node("div", "ends"):
            self._newest = button(t("Newest"), self._act(self._first))
            self._older = button(t("Earlier"), self._act(self._next))
        self._last: int | None = None
        ui.timer(0, self._begin, once=True)

    def _act(self, what: Deed) -> Tap:
        return self._office.act(Permission.SEE_AUDIT, what)

    async def _begin(self) -> None:
        await self._act(self._first)()

    async def _first(self, _: Person) -> None:
        await self._show(None)

    async def _next(self, _: Person) -> None:
        await self._show(self._last)

    async def _show(self, before: int | None) -> None:
        """Draw the acts before event number `before`."""
        office, t = self._office, self._office.t
        try:
            found, self._names = await asyncio.to_thread(self._read, before)
        except (LedgerError, EventError) as error:
            log.warning("no audit trail", error=str(error))
            office.tell("bad", t("The ledger cannot be read: call a technician."))
            return
        wording = Wording(t, office.site.zone, self._names)
        self._last = found[-1].seq if found else None
        self._about.clear()
        with self._about:
            for each in self._filter_words(wording):
                text(each, "span", "badge")
        self._list.clear()
        with self._list:
            if not found:
                text(t("No entry fits."), "p", "none")
            for act in found:
                _draw(act, wording)
        self._older.set_visibility(len(found) == PAGE)
        self._newest.set_visibility(before is not None)

    def _read(self, before: int | None) -> tuple[list[Act], Names]:
        config = self._office.site.config
        with LedgerReader(config.ledger_path) as ledger, ledger.snapshot():
            entered = ((row.seq, from_body(row.body)) for row in ledger.entered())
            return page(ledger, self._wanted(), before), Directory.of(entered, {}).people

    # --- the filter --------------------------------------------------------------------------

    async def _ask_filter(self, _: Person) -> None:
        office, t, chosen = self._office, self._office.t, self._chosen
        people = [["", t("Everybody"), ""]]
        people += [[person, called, person] for person, called in sorted(self._names.items())]
        kinds = [["", t("Everything"), ""], *([kind, t(kind), ""] for kind in KINDS)]
        fields: list[dict[str, Any]] = [
            {"name": "person", "label": t("Who"), "options": people, "value": chosen["person"]},
            {"name": "kind", "label": t("What"), "options": kinds, "value": chosen["kind"]},
            {"name": "since", "label": t("From"), "kind": "date", "limit": 10,
             "value": chosen["since"]},
            {"name": "until", "label": t("Until, that day too"), "kind": "date", "limit": 10,
             "value": chosen["until"]},
        ]  # fmt: skip

        async def send(values: dict[str, str], _by: Person) -> None:
            faults = {
                field: t("A day such as 2026-11-22")
                for field in ("since", "until")
                if values.get(field) and _day(values[field]) is None
            }
            if faults:
                form.fault(faults)
                return
            self._chosen = {**chosen, **values}
            office.close()
            await self._show(None)

        with office.sheet(t("Filter")):
            form = Form(fields, pad_texts(t), office.sends(Permission.SEE_AUDIT, send))

    def _wanted(self) -> Filter:
        chosen = self._chosen
        return Filter(
            chosen["person"], KINDS.get(chosen["kind"], ()),
            self._moment(chosen["since"], 0), self._moment(chosen["until"], 1),
        )  # fmt: skip

    def _moment(self, day: str, days: int) -> str:
        """When `day` begins on the line's clock, `days` later; RFC 3339, UTC. Empty stays so."""
        found = _day(day)
        if found is None:
            return ""
        begins = datetime.combine(found + timedelta(days=days), time(), self._office.site.zone)
        return clock.as_utc(begins.isoformat())

    def _filter_words(self, wording: Wording) -> list[str]:
        t, chosen = self._office.t, self._chosen
        return [
            *([wording.person(chosen["person"])] if chosen["person"] else []),
            *([t(chosen["kind"])] if chosen["kind"] else []),
            *([t("From {when}", when=chosen["since"])] if chosen["since"] else []),
            *([t("Until {when}", when=chosen["until"])] if chosen["until"] else []),
        ]

    # --- exports -----------------------------------------------------------------------------

    async def _csv(self, _: Person) -> None:
        await self._export("--csv", "csv")

    async def _pdf(self, _: Person) -> None:
        await self._export("--pdf", "pdf")

    async def _export(self, option: str, ending: str) -> None:
        office, t, wanted = self._office, self._office.t, self._wanted()
        office.tell("ask", t("It is being made. Wait."))
        options = ["--language", t.language]
        for name_, value in (
            ("--person", wanted.person), ("--from", wanted.since), ("--until", wanted.until),
            *(("--kind", kind) for kind in wanted.kinds),
        ):  # fmt: skip
            options += [f"{name_}={value}"] if value else []
        name_ = f"audit-{office.site.config.line.name}.{ending}"
        try:
            path = await office.site.papers.make(
                office.session, Permission.SEE_AUDIT, name_, "audit", option, *options
            )
        except PaperError as error:
            office.tell("bad", not_made(error, t))
            return
        office.tell("good", t("It is made."))
        ui.navigate.to(path)


def _draw(act: Act, wording: Wording) -> None:
    t = wording.t
    with node("article", "act"):
        with node("div"):
            text(wording.when(act), "time", datetime=act.at)
            with node("small"):
                text(wording.place(act), "bdi")
                text(f" · {act.seq}", "span")
        name(wording.who(act))
        text(wording.what(act), "div", "what")
        if act.changes:
            _draw_changes(act, wording)
        if act.why:
            text(t("Why: {why}", why=wording.why(act)), "div", "why")


def _draw_changes(act: Act, wording: Wording) -> None:
    with node("div", "changes"):
        for label, old, new in wording.changes(act, CHANGES):
            with node("div"):
                text(f"{label}: " if old or new else label, "span", "soft")
                if old:
                    text(old, "s")
                    text(" → ", "span")
                text(new or ("—" if old else ""), "b")


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/audit", AuditPage)
