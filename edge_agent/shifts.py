"""When a shift begins and ends, by the clock on the wall."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from edge_agent.core.names import utc_us


@dataclass(frozen=True, slots=True)
class Shift:
    """`name` is the local date and time of its beginning, ``2026-11-22/08:00``; the times are
    microseconds since the epoch, the end is the next shift's beginning."""

    name: str
    begins_us: int
    ends_us: int


class Shifts:
    """The shifts of a line, which begin each day at `starts` (``08:00``) in `time_zone`.

    A shift across a change of the clocks is an hour longer or shorter. One that would begin in the
    hour that is left out begins as if the clocks had not changed; in the hour that comes twice,
    at its first time.
    """

    def __init__(self, starts: Iterable[str], time_zone: str) -> None:
        self._starts = [time.fromisoformat(start) for start in starts]
        self._zone = ZoneInfo(time_zone)

    def at(self, moment_us: int) -> Shift | None:
        """The shift of this moment (microseconds since the epoch); None if there are no shifts."""
        today = datetime.fromtimestamp(moment_us / 1_000_000, UTC).astimezone(self._zone).date()
        begins = sorted(self._beginnings(today))
        for (begin_us, name), (end_us, _) in pairwise(begins):
            if begin_us <= moment_us < end_us:
                return Shift(name, begin_us, end_us)
        return None

    def ended(self, since: str | None, now_us: int) -> str | None:
        """The name of the shift in which `since` (RFC 3339) lies, if it is over."""
        shift = self.at(utc_us(since)) if since is not None else None
        return shift.name if shift is not None and shift.ends_us <= now_us else None

    def _beginnings(self, today: date) -> Iterator[tuple[int, str]]:
        for days in (-1, 0, 1):
            day = today + timedelta(days)
            for start in self._starts:
                begin = datetime.combine(day, start, self._zone)
                yield int(begin.timestamp()) * 1_000_000, f"{day}/{start:%H:%M}"
