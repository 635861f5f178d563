"""people.db as the ledger says that it is, after a crash between the two.

An edit is committed to the ledger first. It has all of it but what is kept of a badge or a PIN:
where that is lost, the one before must not count any more, and the person needs another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from edge_agent.core.events import Edited, Event, Subject
from edge_agent.core.names import PersonId
from edge_agent.core.people import Person, Role
from edge_agent.people.store import Account, People

SECRETS = {"badge": "badge_digest", "pin": "pin_hash"}
"""What the ledger says of them: that one was given, when, or that it was taken away."""
TAKEN_AWAY = "taken away"

log = structlog.get_logger("edge_agent.people")


def catch_up(people: People, events: Iterable[Event]) -> int:
    """Bring `people` to what `events` say, the ledger's in their order; how many badges and PINs
    were given that nobody has any more. Raises PeopleError where it cannot be written."""
    of_person: dict[PersonId, list[Edited]] = defaultdict(list)
    for event in events:
        if isinstance(event, Edited) and event.subject is Subject.PERSON:
            of_person[PersonId(event.id)].append(event)
    return sum(_catch_up(people, person, mine) for person, mine in of_person.items())


def _catch_up(people: People, person: PersonId, edits: Sequence[Edited]) -> int:
    account = before = people.get(person)
    lost: dict[str, str] = {}
    for edit in _missed(before, edits):
        account = _after(person, account, edit)
        lost |= {what: said for what, said in (edit.new or {}).items() if what in SECRETS}
    if account is None or account == before:
        return 0
    with people.saving(account):
        pass  # the ledger has it
    if before is None or replace(before, edited_at=account.edited_at) != account:
        log.warning("people.db was behind the ledger", person=person, edited_at=account.edited_at)
    given = [what for what, said in lost.items() if said != TAKEN_AWAY]
    for what in given:
        log.error("it was given and is lost: give another", person=person, what=what)
    return len(given)


def _missed(before: Account | None, edits: Sequence[Edited]) -> Sequence[Edited]:
    """What is not in `before`. Where nobody knows, that is what the ledger says last; of badges
    and PINs, people.db is believed then."""
    if before is None:
        return edits
    times = [edit.at for edit in edits]
    if before.edited_at in times:
        return edits[times.index(before.edited_at) + 1 :]
    last = edits[-1]
    return [replace(last, new=None if last.new is None else _public(last.new))]


def _after(person: PersonId, before: Account | None, edit: Edited) -> Account:
    new = edit.new or {}
    values = new or edit.old or {}
    badge, pin = (before.badge_digest, before.pin_hash) if before else (None, None)
    return Account(
        Person(person, values["name"], Role(values["role"]), values["language"]),
        None if "badge" in new else badge,
        None if "pin" in new else pin,
        revoked_at=edit.at if edit.new is None else None,
        edited_at=edit.at,
    )


def _public(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if name not in SECRETS}
