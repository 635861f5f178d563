"""Who is behind a PIN that a browser sent.

Guessing is slowed down for the browser and for the person, whichever comes first. An unknown
person, one without a PIN, one who was revoked and a wrong PIN take the same time and say the same.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog

from edge_agent.core.names import PersonId
from edge_agent.core.people import Person
from edge_agent.core.saying import Saying, say
from edge_agent.people.secrets import PIN, Throttle, hash_pin, is_pin
from edge_agent.people.store import Account, PeopleError, read_people
from edge_agent.station_config import People as Rules

log = structlog.get_logger("edge_agent.hmi")
WRONG = say("This PIN is wrong.")


@dataclass(frozen=True, slots=True)
class Refused:
    """Not let in. `is_guess`: another wrong PIN, and not only too soon."""

    saying: Saying
    is_guess: bool = True


class Pins:
    """Checks PINs against `path` (people.db). One at a time: each takes 19 MiB and tens of
    milliseconds, and nobody can make it more by asking often. `now_us` is the monotonic clock."""

    def __init__(self, path: Path, rules: Rules, now_us: Callable[[], int]) -> None:
        self._path = path
        self._now_us = now_us
        self._browsers = Throttle(rules.attempts, rules.pause_s * 1_000_000)
        self._people = Throttle(rules.attempts, rules.pause_s * 1_000_000)
        self._one = asyncio.Lock()

    def find(self, person: PersonId) -> Person | None:
        """Somebody who may sign in now; nobody may if people.db cannot be read."""
        account = self._account(person)
        return account.person if account and account.revoked_at is None else None

    def tiles(self) -> list[Person]:
        """Who may sign in with a PIN, by name; nobody if people.db cannot be read."""
        people = [a.person for a in self.accounts() if a.pin_hash and a.revoked_at is None]
        return sorted(people, key=lambda person: (person.name, person.id))

    async def check(self, browser: str, person: PersonId, pin: str) -> Person | Refused:
        """`person`, if `pin` is theirs and they may sign in."""
        async with self._one:
            now = self._now_us()
            wait_us = max(self._browsers.pause_us(browser, now), self._people.pause_us(person, now))
            if wait_us:
                seconds = -(-wait_us // 1_000_000)
                pause = say("Too many wrong PINs. Wait {seconds} seconds.", seconds=seconds)
                return Refused(pause, is_guess=False)
            account = self._account(person)
            is_in = account is not None and account.revoked_at is None
            pin_hash = account.pin_hash if account and is_in else None
            is_right = await asyncio.to_thread(is_pin, pin, pin_hash or _nobodys())
            if account is None or not is_right or pin_hash is None:
                self._browsers.failed(browser, self._now_us())
                if account is not None:
                    self._people.failed(person, self._now_us())
                return Refused(WRONG)
            self._browsers.succeeded(browser)
            self._people.succeeded(person)
            return account.person

    def _account(self, person: PersonId) -> Account | None:
        return next((a for a in self.accounts() if a.person.id == person), None)

    def accounts(self) -> list[Account]:
        """Everybody, by id, also who is revoked; nobody if people.db cannot be read."""
        try:
            return read_people(self._path)
        except PeopleError as error:
            log.error("nobody may sign in", error=str(error))
            return []


@cache
def _nobodys() -> str:
    """What the PIN of somebody who does not exist is compared with."""
    return hash_pin("".join(secrets.choice("0123456789") for _ in range(12)))


def is_pin_text(text: str) -> bool:
    """Whether `text` may be a PIN."""
    return PIN.fullmatch(text) is not None
