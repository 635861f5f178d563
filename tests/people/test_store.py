"""people.db, a real file."""

import resource
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.core.names import PersonId
from edge_agent.core.people import Person, Role
from edge_agent.people.store import Account, People, PeopleError, read_people
from edge_agent.sqlite import connect

WANG = Person(PersonId("wang"), "王芳", Role.OPERATOR, "zh_CN")
LI = Person(PersonId("li"), "Li \u202eWei 🙂" + "x" * 200, Role.SUPERVISOR)


def put(people: People, account: Account) -> None:
    with people.saving(account):
        pass


def test_who_was_put_in_is_there_after_a_restart_and_for_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "line" / "people.db"
    assert read_people(path) == []
    people = People(path)
    wang, li = Account(WANG, badge_digest="aa"), Account(LI, pin_hash="$argon2id$x")
    put(people, wang)
    put(people, li)
    assert people.by_badge("aa") == wang
    assert people.everybody() == [li, wang]
    assert read_people(path) == [li, wang]
    people.close()
    people = People(path)
    assert people.everybody() == [li, wang]
    assert people.get(PersonId("wang")) == wang
    people.close()


def test_a_new_badge_takes_the_place_of_the_old(tmp_path: Path) -> None:
    people = People(tmp_path / "people.db")
    put(people, Account(WANG, badge_digest="aa"))
    put(people, Account(WANG, badge_digest="bb"))
    assert people.by_badge("aa") is None
    assert people.by_badge("bb") is not None
    people.close()


def test_a_badge_belongs_to_one_person_also_after_it_is_revoked(tmp_path: Path) -> None:
    people = People(tmp_path / "people.db")
    put(people, Account(WANG, badge_digest="aa", revoked_at="2026-11-22T08:00:00.000Z"))
    with pytest.raises(PeopleError, match="this badge is wang's"):
        put(people, Account(LI, badge_digest="aa"))
    assert people.everybody() == read_people(tmp_path / "people.db")
    people.close()


def test_what_could_not_be_recorded_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    people = People(path)
    put(people, Account(WANG, badge_digest="aa"))
    with pytest.raises(RuntimeError), people.saving(Account(WANG, badge_digest="bb")):
        raise RuntimeError("the ledger is full")
    assert people.by_badge("bb") is None
    assert [each.badge_digest for each in read_people(path)] == ["aa"]
    put(people, Account(LI))
    people.close()


def test_what_is_recorded_counts_though_it_could_not_be_written_and_is_written_with_the_next(
    tmp_path: Path,
) -> None:
    path = tmp_path / "people.db"
    people = People(path)
    put(people, Account(WANG, badge_digest="aa"))
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    revoked = Account(WANG, badge_digest="aa", revoked_at="2026-11-22T08:00:00.000Z")
    try:
        with pytest.raises(PeopleError, match="cannot be written"), people.saving(revoked):
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))  # no room from here on
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert people.by_badge("aa") == revoked
    assert read_people(path) != [revoked]
    put(people, Account(LI))
    assert read_people(path) == [Account(LI), revoked]
    people.close()


def test_the_file_is_closed_to_other_users(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    People(path).close()
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_of_the_version_before_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with closing(connect(path)) as connection:
        connection.executescript(
            """
            CREATE TABLE person (
              id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, language TEXT NOT NULL,
              badge_digest TEXT UNIQUE, pin_hash TEXT, revoked_at TEXT
            ) STRICT;
            INSERT INTO person VALUES ('wang', '王芳', 'operator', 'zh_CN', 'aa', NULL, NULL);
            PRAGMA user_version = 1
            """
        )
    people = People(path)
    assert people.everybody() == [Account(WANG, badge_digest="aa")] == read_people(path)
    people.close()


def test_a_file_of_another_version_or_none_at_all_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    People(path).close()
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    for use in (People, read_people):
        with pytest.raises(PeopleError, match="has version 7, expected 2"):
            use(path)
    path.write_bytes(b"not a database at all, but long enough" * 100)
    for use in (People, read_people):
        with pytest.raises(PeopleError, match=str(path)):
            use(path)
