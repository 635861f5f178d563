"""Who a badge belongs to. The secret itself goes no further than here."""

from edge_agent.core.inputs import Badge
from edge_agent.core.names import Instant, PersonId, StationName
from edge_agent.core.saying import say
from edge_agent.people.secrets import Throttle, badge_digest
from edge_agent.people.store import Account, People
from edge_agent.station_config import People as Rules

UNKNOWN = str(say("nobody has this badge: ask a supervisor for a new one"))
REVOKED = str(say("this badge is not valid any more: ask a supervisor for a new one"))
WRONG_PIN = str(say("the PIN is wrong"))
WAIT = str(say("too many wrong attempts: wait, then try again"))


class SignIn:
    """Turns a badge, or a person whose PIN was verified, into what the core decides on. Guessing
    is slowed down for each station by itself."""

    def __init__(self, people: People, rules: Rules) -> None:
        self._people = people
        self._throttle = Throttle(rules.attempts, rules.pause_s * 1_000_000)
        self.refused = 0

    def badge(self, at: Instant, station: StationName, secret: str) -> Badge:
        """`secret` was scanned at `station`."""
        return self._resolve(at, station, "badge", self._people.by_badge(badge_digest(secret)))

    def pin(self, at: Instant, station: StationName, person: PersonId) -> Badge:
        """The pages have verified the PIN of `person`, and slow down guessing themselves."""
        return self._resolve(at, station, "pin", self._people.get(person))

    def wrong_pin(self, at: Instant, place: StationName, person: PersonId) -> Badge:
        """Somebody typed a wrong PIN for `person`, at a station or in the office (the line's
        name)."""
        self.refused += 1
        account = self._people.get(person)
        return Badge(at, place, "pin", account.person if account else None, WRONG_PIN)

    def _resolve(
        self, at: Instant, station: StationName, how: str, account: Account | None
    ) -> Badge:
        if self._throttle.pause_us(station, at.mono_us):
            # Not even a good one is looked at: who guesses must not learn that it is good.
            self.refused += 1
            return Badge(at, station, how, None, WAIT)
        if account is None or account.revoked_at is not None:
            self.refused += 1
            self._throttle.failed(station, at.mono_us)
            person = account.person if account else None
            return Badge(at, station, how, person, REVOKED if account else UNKNOWN)
        self._throttle.succeeded(station)
        return Badge(at, station, how, account.person)
