"""People: ``/people``. Added, given a badge and a PIN, given another role, revoked.

A badge is shown once, to be printed, and then only its digest is anywhere. The PIN is typed by whom
it is for; its hash is made here, so that nothing else than the hash leaves this process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui

from edge_agent.core.commands import PREFIX
from edge_agent.core.events import Subject
from edge_agent.core.people import Permission, Person, Role
from edge_agent.hmi.badge import Badge
from edge_agent.hmi.checks import NAME_LIMIT, person_faults
from edge_agent.hmi.markup import Form, Pad, Tap, button, name, node, text
from edge_agent.hmi.office import Office, add_page, pad_texts
from edge_agent.hmi.pins import is_pin_text
from edge_agent.hmi.site import Site
from edge_agent.hmi.whys import NEW, OF_PEOPLE, OF_SECRETS, why_field
from edge_agent.people.secrets import badge_digest, hash_pin, new_badge
from edge_agent.people.store import Account
from edge_agent.vocabulary import ROLES
from edge_agent.words import LANGUAGES

LOOK_S = 2.0


class PeoplePage:
    """One browser's page."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._drawn: list[Account] | None = None
        with node("div", "title"):
            text(office.t("People"), "h1")
            button(office.t("New person"), self._act(self._new), "go")
        self._rows = node("section", "rows")
        self._look()
        ui.timer(LOOK_S, self._look)

    def _act(self, what: Callable[[Person], Awaitable[None]]) -> Tap:
        return self._office.act(Permission.EDIT_PEOPLE, what)

    def _look(self) -> None:
        """Draw everybody again where somebody changed. Hashes are compared, and not shown."""
        accounts = self._office.site.pins.accounts()
        if accounts == self._drawn:
            return
        self._drawn = accounts
        self._rows.clear()
        with self._rows:
            for account in sorted(accounts, key=lambda each: each.revoked_at is not None):
                self._row(account)

    def _row(self, account: Account) -> None:
        t, person = self._office.t, account.person
        with node("article", "row-card over" if account.revoked_at else "row-card"):
            with node("div", "facts"):
                name(person.name)
                with node("div", "pairs"):
                    text(person.id, "span")
                    text(t(ROLES[person.role]), "b")
                    text(LANGUAGES.get(person.language, ""), "span")
                with node("div", "pairs"):
                    if account.revoked_at:
                        text(t("Revoked"), "span", "badge bad")
                    else:
                        text(t("Badge") if account.badge_digest else t("No badge"), "span", "badge")
                        text(t("PIN") if account.pin_hash else t("No PIN"), "span", "badge")
            if account.revoked_at:
                return
            with node("div", "acts"):
                button(t("Change"), self._act(partial(self._change, person)))
                button(t("Badge"), self._act(partial(self._badge, person)))
                button("PIN", self._act(partial(self._pin, person)))
                button(t("Revoke"), self._act(partial(self._revoke, person)), "end")

    # --- added and changed -------------------------------------------------------------------

    async def _new(self, _: Person) -> None:
        self._form(None)

    async def _change(self, person: Person, _: Person) -> None:
        self._form(person)

    def _form(self, person: Person | None) -> None:
        office, t = self._office, self._office.t
        everybody = frozenset(str(each.person.id) for each in office.site.pins.accounts())
        taken = everybody if person is None else frozenset[str]()
        languages = [["", t("The station's"), ""], *([c, own, ""] for c, own in LANGUAGES.items())]
        fields: list[dict[str, Any]] = [
            {
                "name": "name", "label": t("Full name"), "kind": "text", "limit": NAME_LIMIT,
                "value": person.name if person else "", "wide": True,
            },
            {
                "name": "id", "label": t("Staff number"), "kind": "text", "limit": 40,
                "value": person.id if person else "", "fixed": person is not None,
            },
            {
                "name": "role", "label": t("Role"),
                "options": [[role.value, t(ROLES[role]), ""] for role in Role],
                "value": person.role.value if person else "",
            },
            {
                "name": "language", "label": t("Language"), "options": languages,
                "value": person.language if person else "",
            },
        ]  # fmt: skip
        if person is not None:
            fields.append(why_field(OF_PEOPLE, t))

        async def send(values: dict[str, str], by: Person) -> None:
            if person is not None:
                values["id"] = person.id
            if faults := person_faults(values, taken):
                form.fault({field: t.saying(fault) for field, fault in faults.items()})
                return
            new = {
                "name": values["name"].strip(),
                "role": values["role"],
                "language": values.get("language", ""),
            }
            await self._edit(by, values["id"], new, values.get("why", NEW), t("Saved."))

        with office.sheet(t("Change the person") if person else t("New person")):
            form = Form(fields, pad_texts(t), office.sends(Permission.EDIT_PEOPLE, send))

    async def _revoke(self, person: Person, _: Person) -> None:
        t = self._office.t

        async def revoke(values: dict[str, str], by: Person) -> None:
            why = values.get("why", "")
            await self._edit(by, person.id, None, why, t("{name} is revoked.", name=person.name))

        with self._office.sheet(t("Revoke {name}?", name=person.name)):
            with node("ul", "consequences"):
                text(t("Badge and PIN are void at once, and the person is signed out."), "li")
                text(t("This cannot be taken back. The staff number is never used again."), "li")
            Form(
                [why_field(OF_PEOPLE, t)],
                {**pad_texts(t), "ok": t("Revoke")},
                self._office.sends(Permission.EDIT_PEOPLE, revoke),
            )

    # --- badge and PIN -----------------------------------------------------------------------

    async def _badge(self, person: Person, _: Person) -> None:
        t = self._office.t

        async def make(values: dict[str, str], by: Person) -> None:
            secret = new_badge()
            done = t("{name} has a new badge.", name=person.name)
            new = {"badge_digest": badge_digest(secret)}
            why = values.get("why", "")
            await self._edit(by, person.id, new, why, done, lambda: self._show(person, secret))

        with self._office.sheet(t("New badge for {name}?", name=person.name)):
            with node("ul", "consequences"):
                text(t("A badge before this one is void at once."), "li")
                text(t("The new one is shown a single time: print it then."), "li")
            Form(
                [why_field(OF_SECRETS, t)],
                {**pad_texts(t), "ok": t("Make the badge")},
                self._office.sends(Permission.EDIT_PEOPLE, make),
            )

    def _show(self, person: Person, secret: str) -> None:
        t = self._office.t
        with self._office.sheet(t("The badge of {name}", name=person.name), t("Close this")):
            text(t("Print it now: it cannot be shown again."), "p")
            Badge(
                f"{PREFIX}BADGE:{secret}",
                [person.name, person.id, self._office.site.config.line.name],
                t("Print"),
            )

    async def _pin(self, person: Person, _: Person) -> None:
        t = self._office.t

        async def chosen(values: dict[str, str], _by: Person) -> None:
            self._first(person, values.get("why", ""))

        with self._office.sheet(t("PIN of {name}", name=person.name)):
            Form(
                [why_field(OF_SECRETS, t)],
                pad_texts(t),
                self._office.sends(Permission.EDIT_PEOPLE, chosen),
            )

    def _first(self, person: Person, why: str) -> None:
        t = self._office.t

        async def typed(pin: str) -> None:
            if not is_pin_text(pin):
                self._office.tell("bad", t("A PIN has 4 to 12 digits."))
            else:
                self._second(person, why, pin)

        with self._office.sheet(t("PIN of {name}", name=person.name)):
            Pad("pin", pad_texts(t), typed, heading=t("The new PIN, 4 to 12 digits"))

    def _second(self, person: Person, why: str, first: str) -> None:
        office, t = self._office, self._office.t

        async def typed(pin: str) -> None:
            if pin != first:
                self._first(person, why)
                office.tell("bad", t("The two are not the same. Begin again."))
            else:
                await office.act(Permission.EDIT_PEOPLE, save)()

        async def save(by: Person) -> None:
            pin_hash = await asyncio.to_thread(hash_pin, first)
            done = t("{name} has a new PIN.", name=person.name)
            await self._edit(by, person.id, {"pin_hash": pin_hash}, why, done)

        with office.sheet(t("PIN of {name}", name=person.name)):
            Pad("pin", pad_texts(t), typed, heading=t("The same PIN once more"))

    async def _edit(
        self,
        by: Person,
        who: str,
        new: dict[str, str] | None,
        why: str,
        done: str,
        then: Callable[[], None] | None = None,
    ) -> None:
        await self._office.edit(
            Permission.EDIT_PEOPLE, by, Subject.PERSON, who, new, why, done, then
        )
        self._look()


def add(site: Site) -> None:
    """Declare the page."""
    add_page(site, "/people", PeoplePage)
