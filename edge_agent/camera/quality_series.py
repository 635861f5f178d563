"""One measure of print quality over time: its rolling median, where it goes, where it came from.

Values are such that less is worse.
"""

import math
import statistics
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice

POINTS = 20
"""Medians of a tenth of a window each, to which a line is fitted: two windows."""
SURE = 6.0
"""A slope so many times its own standard error is no chance (t-test; 18 degrees of freedom)."""
_SAME_SIZE = 8
_PLATEAU = 4
"""Windows that are no higher end the search for a fall's beginning, where they tell enough."""
_SURELY = 4
"""Standard deviations."""


@dataclass(frozen=True, slots=True)
class Fall:
    """`was` is the level before it began to fall, and `since` when it was last seen at it."""

    since: datetime
    was: float


@dataclass(frozen=True, slots=True)
class _Block:
    """The median of one window, or the mean of several neighbouring medians."""

    level: float
    windows: int
    ended: datetime


class Series:
    """Bounded, however long it runs: two windows of values, and a history that is coarser the
    older it is."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._values: deque[float] = deque(maxlen=window)
        self._sorted: list[float] = []
        self._step = max(1, window // 10)
        self._points: deque[float] = deque(maxlen=POINTS)
        self._slope: float | None = None
        self._history: list[_Block] = []
        self._added = 0

    @property
    def median(self) -> float | None:
        """Of the last `window` values; None before there are so many."""
        return None if len(self._values) < self.window else _middle(self._sorted)

    def add(self, value: float, at: datetime) -> None:
        if len(self._values) == self.window:
            del self._sorted[bisect_left(self._sorted, self._values[0])]
        self._values.append(value)
        insort(self._sorted, value)
        self._added += 1
        if self._added % self._step == 0:
            newest = islice(reversed(self._values), self._step)
            self._points.append(statistics.median(newest))
            self._slope = sure_slope(self._points) if len(self._points) == POINTS else None
        if self._added % self.window == 0:
            self._remember(_Block(_middle(self._sorted), 1, at))

    @property
    def ahead(self) -> float | None:
        """Where the values will be, one window from now; None unless they surely fall."""
        if self._slope is None or self._slope >= 0:
            return None
        middle = statistics.fmean(self._points)
        return middle + self._slope * (POINTS / 2 + self.window / self._step)

    def fall(self, now: datetime) -> Fall | None:
        """How the present level came about; None if it was never higher, as far as is known."""
        level = _middle(self._sorted)
        deviation = statistics.median(abs(value - level) for value in self._values) * 1.4826
        noise = 1.2533 * deviation / math.sqrt(len(self._values))  # of a median of normal values
        top, top_age, age = level, 1, 0
        for block in reversed(self._history):
            age += block.windows
            if block.level > top + noise / math.sqrt(block.windows):
                top, top_age = block.level, age
            elif age - top_age >= _PLATEAU:
                # Had it been falling already here, as steeply as after, it would be seen.
                rise = (top - level - _SURELY * noise) / top_age * (age - top_age)
                if rise > _SURELY * noise:
                    break
        if top - level <= max(_SURELY * noise, 0.05 * abs(level)):
            return None
        still = (block for block in reversed(self._history) if block.level >= top - 2 * noise)
        return Fall(next((block.ended for block in still), now), top)

    def _remember(self, block: _Block) -> None:
        """Keep eight blocks of each size; of nine, the two oldest become one of twice the size."""
        self._history.append(block)
        size = 1
        while len(same := [b for b in self._history if b.windows == size]) > _SAME_SIZE:
            first = self._history.index(same[0])
            one, two = self._history[first : first + 2]
            self._history[first : first + 2] = [
                _Block((one.level + two.level) / 2, 2 * size, two.ended)
            ]
            size *= 2


def sure_slope(points: Sequence[float]) -> float | None:
    """The slope of the line through `points`, for each point; None if it may be chance, or if one
    step from a level to another tells the points better than a line does."""
    count = len(points)
    times = range(count)
    slope, start = statistics.linear_regression(times, points)
    if slope == 0:
        return None
    unexplained = sum((y - start - slope * x) ** 2 for x, y in zip(times, points, strict=True))
    error = math.sqrt(unexplained / (count - 2) / ((count**3 - count) / 12))
    if abs(slope) < SURE * error:
        return None
    return slope if unexplained <= _unexplained_by_a_step(points) else None


def _unexplained_by_a_step(points: Sequence[float]) -> float:
    """The sum of squares that the best two levels, one after the other, leave."""
    count, total = len(points), sum(points)
    explained = max(
        before**2 / size + (total - before) ** 2 / (count - size)
        for size, before in enumerate(accumulate(points), 1)
        if size < count
    )
    return sum(value**2 for value in points) - explained


def _middle(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2
