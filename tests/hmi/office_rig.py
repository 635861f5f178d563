"""A line whose people.db, orders and products follow what the pages ask, as the line role's do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_agent import control
from edge_agent.core.effects import Tone
from edge_agent.core.names import PersonId
from edge_agent.core.people import Person, Role
from edge_agent.core.saying import SaidError, say
from edge_agent.people.secrets import badge_digest, hash_pin
from edge_agent.people.store import Account, People
from edge_agent.views import LastRead, LineView, OrderView, ProductView, to_json
from tests.hmi.fake_line import FakeLine

PIN = "2468"
PIN_HASH = hash_pin(PIN)
STAFF = {
    Role.OPERATOR: Person(PersonId("op"), "王小红", Role.OPERATOR),
    Role.SUPERVISOR: Person(PersonId("su"), "李伟", Role.SUPERVISOR),
    Role.TECHNICIAN: Person(PersonId("te"), "Nguyễn Văn Tài 🔧", Role.TECHNICIAN),
    Role.AUDITOR: Person(PersonId("au"), "מִרְיָם כהן", Role.AUDITOR),
}
SECOND = Person(PersonId("su2"), "陈静", Role.SUPERVISOR, "en")


class OfficeLine(FakeLine):
    """Takes the supervisor's commands too. `asked` is all that it was asked, the oldest first."""

    def __init__(self, path: Path, view: LineView, people: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.people = People(people)
        self.view = view
        for person in (*STAFF.values(), SECOND):
            digest = badge_digest(f"badge of {person.id}")
            with self.people.saving(Account(person, digest, PIN_HASH)):
                pass
        super().__init__(path, view)

    def show(self, view: LineView) -> None:
        self.view = view
        super().show(view)

    def close(self) -> None:
        super().close()
        self.people.close()

    async def _open(self) -> None:
        if self._server is None:
            self._is_closed = False
            handlers = {
                "press": self._press, "edit": self._edit, "sign-in": self._noted,
                "order": self._order, "reprint": self._noted, "test-label": self._noted,
                "wrong-pin": self._noted,
            }  # fmt: skip
            self._server = await control.serve(self._path, handlers, {"watch": self._watch})

    def _answer(self, tone: Tone = Tone.GOOD) -> dict[str, Any]:
        if self.refusal is not None:
            return control.refusal(SaidError(self.refusal))
        last = LastRead(1, "2026-11-22T00:00:00.000Z", tone, say("the line's own words"))
        shown = to_json(replace(self.view, stations=())) and {
            "n": last.n, "at": last.at, "tone": last.tone.value,
            "saying": {"text": last.saying.text, "given": {}},
        }  # fmt: skip
        return {"shown": shown, "recorded": 1}

    async def _noted(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        return self._answer()

    async def _order(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        order = next(each for each in self.view.orders if each.id == question["order"])
        self.show(replace(self.view, order=order, order_name=order.id))
        return self._answer()

    async def _edit(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        if self.refusal is None:
            getattr(self, f"_edit_{question['subject']}")(question["id"], question["new"])
        return self._answer()

    def _edit_order(self, number: str, new: dict[str, str]) -> None:
        done = next((each.done for each in self.view.orders if each.id == number), 0)
        order = OrderView(
            number, new["gtin"], new["batch"], new["made"], new["expiry"],
            int(new["target"] or 0), done, new["ended"] == "yes",
        )  # fmt: skip
        others = tuple(each for each in self.view.orders if each.id != number)
        self.show(replace(self.view, orders=(*others, order)))

    def _edit_product(self, gtin: str, new: dict[str, str]) -> None:
        others = tuple(each for each in self.view.products if each.gtin != gtin)
        self.show(replace(self.view, products=(*others, ProductView(gtin, new["name"]))))

    def _edit_person(self, number: str, new: dict[str, str] | None) -> None:
        account = self.people.get(PersonId(number))
        if new is None:
            assert account is not None
            account = replace(account, revoked_at="2026-11-22T00:00:00.000Z")
        else:
            old = account.person if account else Person(PersonId(number), "", Role.OPERATOR)
            role = Role(new.get("role", old.role))
            person = Person(
                old.id, new.get("name", old.name), role, new.get("language", old.language)
            )
            account = Account(
                person,
                new.get("badge_digest", account and account.badge_digest),
                new.get("pin_hash", account and account.pin_hash),
            )
        with self.people.saving(account):
            pass
