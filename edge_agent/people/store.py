"""people.db: who may sign in. The line role writes it; the pages read it.

That somebody was added, changed or revoked, by whom and why, is in the ledger. Here is only what
must not be there: what is kept of badges and PINs. Nobody is deleted: an id is never used again.
What is edited is committed there first, then here: people.catch_up mends what a crash leaves out.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.core.names import PersonId
from edge_agent.core.people import Person, Role
from edge_agent.core.saying import SaidError, say
from edge_agent.sqlite import Connection, SqliteError, connect

_VERSION = 2
_TABLE = """
CREATE TABLE person (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, language TEXT NOT NULL,
  badge_digest TEXT UNIQUE, pin_hash TEXT, revoked_at TEXT, edited_at TEXT
) STRICT
"""
_FROM_1 = "ALTER TABLE person ADD COLUMN edited_at TEXT"
_CACHE_MIB = 1


class PeopleError(SaidError):
    """people.db cannot be used, or somebody cannot be put into it. It is said what mends it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person, and what is kept of the badge and the PIN (people.secrets). Times are RFC 3339,
    UTC. `revoked_at` None: the person may sign in. `edited_at` is that of the last edit in it, as
    the ledger has it; None: not known."""

    person: Person
    badge_digest: str | None = None
    pin_hash: str | None = None
    revoked_at: str | None = None
    edited_at: str | None = None


def read_people(path: Path) -> list[Account]:
    """Everybody in `path`, by id; nobody where it does not exist yet. Raises PeopleError."""
    if not path.exists():
        return []
    try:
        with closing(connect(path, read_only=True, cache_mib=_CACHE_MIB)) as connection:
            _refuse_other_version(connection, path)
            return list(_accounts(connection))
    except (SqliteError, ValueError) as error:
        raise _unreadable(path, error) from None


class People:
    """people.db, opened to write: one process, one instance. All of it is in memory too, so that
    asking costs no disk. Raises PeopleError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = connect(path, cache_mib=_CACHE_MIB)
        except (SqliteError, OSError) as error:
            raise PeopleError(
                say("{path} cannot be opened ({why})", path=str(path), why=str(error))
            ) from None
        try:
            if (version := _version(self._connection)) < _VERSION:
                change = _FROM_1 if version else _TABLE
                self._connection.executescript(
                    f"BEGIN; {change}; PRAGMA user_version = {_VERSION}; COMMIT"
                )
            _refuse_other_version(self._connection, path)
            self._by_id = {each.person.id: each for each in _accounts(self._connection)}
        except (SqliteError, ValueError) as error:
            self._connection.close()
            raise _unreadable(path, error) from None
        except PeopleError:
            self._connection.close()
            raise
        self._unsaved: dict[PersonId, Account] = {}
        self._index()

    def _index(self) -> None:
        accounts = self._by_id.values()
        self._by_badge = {each.badge_digest: each for each in accounts if each.badge_digest}

    def close(self) -> None:
        self._connection.close()

    def get(self, person: PersonId) -> Account | None:
        return self._by_id.get(person)

    def by_badge(self, digest: str) -> Account | None:
        """Whose badge it is, or was: see `Account.revoked_at`."""
        return self._by_badge.get(digest)

    def everybody(self) -> list[Account]:
        """By id, also who is revoked."""
        return [self._by_id[person] for person in sorted(self._by_id)]

    @contextmanager
    def saving(self, account: Account) -> Iterator[None]:
        """`account` is on disk when this returns, or as before where what is inside fails. Raises
        PeopleError, before anything inside is done, for a badge that another person has, or a disk
        without room; after it, where the disk has none then: `account` counts here all the same,
        and is written with the next."""
        other = self.by_badge(account.badge_digest) if account.badge_digest else None
        if other is not None and other.person.id != account.person.id:
            raise PeopleError(say("this badge is {person}'s; make another", person=other.person.id))
        unsaved = {**self._unsaved, account.person.id: account}
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR REPLACE INTO person VALUES (?,?,?,?,?,?,?,?)",
                map(_row, unsaved.values()),
            )
        except SqliteError as error:
            self._roll_back()
            raise _unwritable(self._path, error) from None
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self._by_id[account.person.id] = account
        self._index()
        self._unsaved = unsaved
        try:
            self._connection.execute("COMMIT")
        except SqliteError as error:
            self._roll_back()
            raise _unwritable(self._path, error) from None
        self._unsaved = {}

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _unreadable(path: Path, error: Exception) -> PeopleError:
    return PeopleError(say("{path} cannot be read ({why})", path=str(path), why=str(error)))


def _unwritable(path: Path, error: Exception) -> PeopleError:
    return PeopleError(say("{path} cannot be written ({why})", path=str(path), why=str(error)))


def _row(account: Account) -> tuple[str | None, ...]:
    person = account.person
    return (
        person.id, person.name, person.role.value, person.language,
        account.badge_digest, account.pin_hash, account.revoked_at, account.edited_at,
    )  # fmt: skip


def _version(connection: Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _refuse_other_version(connection: Connection, path: Path) -> None:
    if (found := _version(connection)) != _VERSION:
        raise PeopleError(
            say(
                "{path} has version {found}, expected {expected}: install what wrote it",
                path=str(path), found=found, expected=_VERSION,
            )
        )  # fmt: skip


def _accounts(connection: Connection) -> Iterator[Account]:
    rows: list[tuple[Any, ...]] = connection.execute("SELECT * FROM person ORDER BY id").fetchall()
    for person, name, role, language, *others in rows:
        yield Account(Person(PersonId(person), name, Role(role), language), *others)
