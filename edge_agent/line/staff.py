"""Edits of people: what goes into the ledger, and what into people.db alone.

The ledger says that a badge or a PIN was given, and when; never what is kept of it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, get_args

from edge_agent.core.names import Instant, PersonId
from edge_agent.core.people import PERSON_ID, Permission, Person, Role
from edge_agent.core.saying import Saying, say
from edge_agent.people.catch_up import SECRETS, TAKEN_AWAY
from edge_agent.people.secrets import DIGEST, is_pin_hash
from edge_agent.people.store import Account, People, PeopleError
from edge_agent.station_config import Language
from edge_agent.station_config import People as Rules

_LANGUAGES = ("", *get_args(Language))
_VALUES = ("name", "role", "language", "badge_digest", "pin_hash")


class Staff:
    """Who works on the line, as `people` has it; `rules` say what takes two."""

    def __init__(self, people: People, rules: Rules) -> None:
        self._people = people
        self._rules = rules

    def listed(self) -> list[dict[str, Any]]:
        """Everybody, without secrets, as JSON values."""
        return [
            {
                "id": each.person.id,
                "name": each.person.name,
                "role": each.person.role.value,
                "language": each.person.language,
                "badge": each.badge_digest is not None,
                "pin": each.pin_hash is not None,
                "revoked_at": each.revoked_at,
            }
            for each in self._people.everybody()
        ]

    def objection(
        self, permission: Permission, by: PersonId | None, approver: PersonId | None
    ) -> Saying | None:
        """Why `by` may not do what needs `permission`, with the leave of `approver`; None if they
        may. While nobody may edit people, who reaches the control socket may, or the first could
        never be added."""
        if by is None:
            if permission is not Permission.EDIT_PEOPLE or self._somebody_edits_people():
                return say("by is missing: who does it?")
            return None
        if permission in self._rules.four_eyes and approver in (None, by):
            return say("another person must agree")
        for person in (by, approver):
            if person is None:
                continue
            account = self._people.get(person)
            if account is None or account.revoked_at is not None:
                return say("{person} is not known, or revoked", person=f"{person:.80}")
            if not account.person.may(permission):
                return say("{name} may not do this", name=account.person.name)
        return None

    def _somebody_edits_people(self) -> bool:
        return any(
            each.revoked_at is None and each.person.may(Permission.EDIT_PEOPLE)
            for each in self._people.everybody()
        )

    def edited(
        self, person: str, new: Mapping[str, str] | None, at: Instant
    ) -> tuple[Account, dict[str, str] | None, dict[str, str] | None]:
        """The account of `person` as it is to be, and how the ledger is told they were and are;
        `new` None: revoked. What `new` leaves out stays. Raises PeopleError with every fault."""
        before = self._people.get(PersonId(person))
        if before is not None and before.revoked_at is not None:
            raise PeopleError(
                say(
                    "{person} is revoked, and an id is never used again: add another", person=person
                )
            )
        old = _public(before) if before else None
        if new is None:
            if before is None:
                raise PeopleError(
                    say("there is nobody with the id {person}", person=f"{person:.80}")
                )
            gone = replace(before, revoked_at=at.isoformat(), edited_at=at.isoformat())
            return gone, old, None
        values = {**_known(before), **new}
        if faults := _faults(person, values, new):
            raise PeopleError(*faults)
        account = Account(
            Person(
                PersonId(person), values["name"].strip(), Role(values["role"]), values["language"]
            ),
            values.get("badge_digest") or None,
            values.get("pin_hash") or None,
            edited_at=at.isoformat(),
        )
        public = _public(account)
        for what, given in SECRETS.items():
            if given in new:
                public[what] = f"given {at.isoformat()}" if new[given] else TAKEN_AWAY
        return account, old, public

    def saving(self, account: Account) -> AbstractContextManager[None]:
        """`people.store.People.saving`."""
        return self._people.saving(account)


def _public(account: Account) -> dict[str, str]:
    person = account.person
    return {"name": person.name, "role": person.role.value, "language": person.language}


def _known(before: Account | None) -> dict[str, str]:
    if before is None:
        return {"language": ""}
    return {
        **_public(before),
        "badge_digest": before.badge_digest or "",
        "pin_hash": before.pin_hash or "",
    }


def _faults(person: str, values: Mapping[str, str], new: Mapping[str, str]) -> list[Saying]:
    """All that is wrong. What is kept of a badge or a PIN is not told back."""
    faults = [_fault("new", name, ", ".join(_VALUES)) for name in new if name not in _VALUES]
    if not PERSON_ID.fullmatch(person):
        faults.append(_fault("id", person, "1–40: a-z A-Z 0-9 . _ -"))  # noqa: RUF001 a range
    if not values.get("name", "").strip():
        faults.append(say("{name} is missing", name="name"))
    elif len(values["name"]) > 200:
        faults.append(
            say("{name} has {count} characters: at most {limit}",
                name="name", count=len(values["name"]), limit=200)
        )  # fmt: skip
    if values.get("role") not in list(Role):
        faults.append(_fault("role", values.get("role"), ", ".join(Role)))
    if values["language"] not in _LANGUAGES:
        faults.append(_fault("language", values["language"], ", ".join(_LANGUAGES)))
    if new.get("badge_digest") and not DIGEST.fullmatch(new["badge_digest"]):
        faults.append(say("badge_digest is no SHA-256 in hexadecimal"))
    if new.get("pin_hash") and not is_pin_hash(new["pin_hash"]):
        faults.append(say("pin_hash is no argon2id hash"))
    return faults


def _fault(name: str, found: str | None, expected: str) -> Saying:
    return say(
        "{name} is {found}, expected {expected}",
        name=name, found=f"{found!r:.80}", expected=expected,
    )  # fmt: skip
