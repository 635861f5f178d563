"""The line's own time on reports, and time cut into equal parts for charts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.core.names import utc_us

COLUMN_WIDTHS_MIN = (60, 240, 1_440, 10_080)
COLUMNS = 26
"""At most so many columns; a day with 25 hours has 25."""
STEP_WIDTHS_MIN = (5, 15, 30, 60, 240, 1_440, 10_080)
STEPS = 74
_DAY_MIN = 1_440


@dataclass(frozen=True, slots=True)
class LocalTime:
    """RFC 3339 in UTC, as the clock on the wall showed it."""

    zone: ZoneInfo

    def of(self, at: str) -> datetime:
        return datetime.fromisoformat(at).astimezone(self.zone)

    def day_and_time(self, at: str) -> str:
        return f"{self.of(at):%Y-%m-%d %H:%M}"

    def time(self, at: str) -> str:
        return f"{self.of(at):%H:%M:%S}"

    def range(self, since: str, until: str) -> str:
        """Without the day of the end where it is that of the beginning."""
        begin, end = self.of(since), self.of(until)
        last = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
        return f"{begin:%Y-%m-%d %H:%M} \N{EN DASH} {last}"

    def offset_change(self, since: str, until: str) -> timedelta:
        """By how much the clocks were put forward between the two; mostly not at all."""
        begin, end = self.of(since).utcoffset(), self.of(until).utcoffset()
        return (end or timedelta()) - (begin or timedelta())


@dataclass(frozen=True, slots=True)
class Axis:
    """A time in `count` parts of `width_min` minutes from `begin_min` (minutes since 1970, UTC)."""

    begin_min: int
    end_min: int
    width_min: int
    labels: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.labels)

    def sums(self, by_minute: Mapping[str, int]) -> list[int]:
        """What was counted by the minute (``2026-11-22T08:15``, UTC), for each part."""
        found = [0] * self.count
        for minute, number in by_minute.items():
            index = (_minutes(minute) - self.begin_min) // self.width_min
            found[min(max(index, 0), self.count - 1)] += number
        return found

    def minutes(self, index: int) -> int:
        """How long a part is; the last may be cut off by the end."""
        begin = self.begin_min + index * self.width_min
        return max(min(begin + self.width_min, self.end_min) - begin, 1)

    def share(self, at: str) -> float:
        """Where the moment `at` is between the begin (0) and the end (1)."""
        whole = self.count * self.width_min
        return min(max((utc_us(at) / 60e6 - self.begin_min) / whole, 0), 1)


def axis(since: str, until: str, zone: ZoneInfo, widths_min: tuple[int, ...], most: int) -> Axis:
    """From `since` to `until` (RFC 3339, UTC) in at most `most` parts of the smallest of
    `widths_min` minutes that does; of the largest, if none does."""
    end_min = -(-utc_us(until) // 60_000_000)
    for width_min in widths_min:
        begin_min = _floor(since, zone, width_min)
        count = max(-(-(end_min - begin_min) // width_min), 1)
        if count <= most:
            break
    return Axis(begin_min, end_min, width_min, _labels(begin_min, width_min, count, zone))


def _labels(begin_min: int, width_min: int, count: int, zone: ZoneInfo) -> tuple[str, ...]:
    moments = [
        datetime.fromtimestamp((begin_min + index * width_min) * 60, UTC).astimezone(zone)
        for index in range(count)
    ]
    if width_min >= _DAY_MIN:
        return tuple(f"{each:%m-%d}" for each in moments)
    if count * width_min > 25 * 60:
        return tuple(f"{each:%m-%d %H:%M}" for each in moments)
    return tuple(f"{each:%H:%M}" for each in moments)


def _floor(at: str, zone: ZoneInfo, width_min: int) -> int:
    """The latest beginning of a part, by the clock on the wall, that is not after `at`."""
    local = datetime.fromisoformat(at).astimezone(zone)
    over_min = (local.hour * 60 + local.minute) % min(width_min, _DAY_MIN)
    return utc_us(at) // 60_000_000 - over_min


def _minutes(minute: str) -> int:
    return int(datetime.fromisoformat(f"{minute}:00+00:00").timestamp()) // 60
