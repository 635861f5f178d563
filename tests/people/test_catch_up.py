"""people.db that lacks what the ledger has: as a crash between the two leaves it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.core.events import Edited, Event, Subject
from edge_agent.core.names import PersonId, StationName
from edge_agent.core.people import Person, Role
from edge_agent.people.catch_up import catch_up
from edge_agent.people.store import Account, People

WANG = Person(PersonId("wang"), "Wang", Role.OPERATOR)
PUBLIC = {"name": "Wang", "role": "operator", "language": ""}
ADDED = PUBLIC | {"badge": "given then", "pin": "given then"}


def edit(minute: int, new: dict[str, str] | None, person: str = "wang") -> Edited:
    return Edited(
        at=f"2026-11-22T08:{minute:02d}:00.000Z",
        station=StationName("line"),
        subject=Subject.PERSON,
        id=person,
        old=PUBLIC,
        new=new,
        by=None,
        why="test",
    )


def at(minute: int) -> str:
    return edit(minute, None).at


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    """Wang as of minute 1."""
    people = People(tmp_path / "people.db")
    with people.saving(Account(WANG, "aa", "hash", edited_at=at(1))):
        pass
    yield people
    people.close()


def found(people: People) -> Account:
    account = people.get(WANG.id)
    assert account is not None
    return account


def test_what_is_there_is_left_alone(people: People) -> None:
    before = found(people)
    assert catch_up(people, [edit(1, ADDED)]) == 0
    assert found(people) == before


def test_who_was_revoked_is_revoked_and_the_badge_is_still_known_as_theirs(people: People) -> None:
    assert catch_up(people, [edit(1, ADDED), edit(2, None)]) == 0
    assert found(people).revoked_at == at(2)
    assert people.by_badge("aa") == found(people)


def test_name_role_and_language_are_as_they_were_edited_last(people: People) -> None:
    edits: list[Event] = [
        edit(1, ADDED),
        edit(2, PUBLIC | {"role": "supervisor"}),
        edit(3, PUBLIC | {"role": "technician", "name": "Wang Fang", "language": "zh_CN"}),
    ]
    assert catch_up(people, edits) == 0
    person = Person(WANG.id, "Wang Fang", Role.TECHNICIAN, "zh_CN")
    assert found(people) == Account(person, "aa", "hash", None, at(3))


@pytest.mark.parametrize(("what", "left"), [("badge", (None, "hash")), ("pin", ("aa", None))])
def test_where_another_badge_or_pin_is_lost_the_old_one_does_not_count(
    people: People, what: str, left: tuple[str | None, str | None]
) -> None:
    edits = [edit(1, ADDED), edit(2, PUBLIC | {what: "given now"})]
    assert catch_up(people, edits) == 1
    assert (found(people).badge_digest, found(people).pin_hash) == left
    assert catch_up(people, edits) == 0, "it is told once"


def test_a_badge_that_was_taken_away_is_gone_and_nothing_is_lost(people: People) -> None:
    assert catch_up(people, [edit(1, ADDED), edit(2, PUBLIC | {"badge": "taken away"})]) == 0
    assert found(people).badge_digest is None


def test_a_badge_that_is_lost_and_was_taken_away_later_is_no_loss(people: People) -> None:
    edits = [
        edit(1, ADDED),
        edit(2, PUBLIC | {"badge": "given"}),
        edit(3, PUBLIC | {"badge": "taken away"}),
    ]
    assert catch_up(people, edits) == 0


def test_a_lost_file_is_made_anew_and_nobody_signs_in_until_they_get_another_badge(
    tmp_path: Path,
) -> None:
    people = People(tmp_path / "lost.db")
    edits = [edit(1, ADDED), edit(2, ADDED | {"name": "Li"}, "li"), edit(3, None, "li")]
    assert catch_up(people, edits) == 4
    li = Person(PersonId("li"), "Wang", Role.OPERATOR)
    assert people.everybody() == [
        Account(li, revoked_at=at(3), edited_at=at(3)),
        Account(WANG, edited_at=at(1)),
    ]
    people.close()


def test_a_file_that_does_not_say_which_edit_is_in_it_keeps_badges_and_pins(
    tmp_path: Path,
) -> None:
    people = People(tmp_path / "before.db")
    with people.saving(Account(WANG, "aa", "hash")):
        pass
    assert catch_up(people, [edit(1, ADDED), edit(2, ADDED | {"role": "supervisor"})]) == 0
    after = found(people)
    assert (after.badge_digest, after.pin_hash, after.edited_at) == ("aa", "hash", at(2))
    assert after.person.role is Role.SUPERVISOR
    people.close()
