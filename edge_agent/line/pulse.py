"""When a command over remote I/O must go out: where the belt is, and how long a command takes.

Times are microseconds of the monotonic clock; positions are steps of the belt, fractions too.
"""

from collections import deque
from statistics import median

_REMEMBERED = 31
_SPEED_US = 50_000
"""The encoder's speed is that over so long: counts are whole, and polls come unevenly."""


class Motion:
    """The belt's position at any moment near the last sample."""

    def __init__(self, at_us: int) -> None:
        self._at_us = at_us
        self._position = 0.0
        self._steps_per_us = 0.0

    def at(self, us: float) -> float:
        """Where the belt is at `us` if its speed does not change."""
        return self._position + self._steps_per_us * (us - self._at_us)

    def when_us(self, position: float) -> float | None:
        """When it is at `position`; None while it stands."""
        if self._steps_per_us <= 0:
            return None
        return self._at_us + (position - self._position) / self._steps_per_us


class ClockMotion(Motion):
    """A step is a millisecond of the belt running, at constant speed."""

    def sampled(self, at_us: int, *, runs: bool) -> None:
        """The belt may run from `at_us` on, or stands."""
        self._position, self._at_us = self.at(at_us), at_us
        self._steps_per_us = 0.001 if runs else 0.0


class EncoderMotion(Motion):
    """A step is a count of the encoder, whose counter goes from `modulus` - 1 to 0. A count
    backwards (the belt swings when it stops) is one."""

    def __init__(self, at_us: int, modulus: int) -> None:
        super().__init__(at_us)
        self._modulus = modulus
        self._count: int | None = None
        self._samples: deque[tuple[int, float]] = deque()

    def forget(self) -> None:
        """The counter was out of sight: the next sample does not say how far the belt went."""
        self._count, self._steps_per_us = None, 0.0
        self._samples.clear()

    def sampled(self, at_us: int, count: int) -> None:
        """The counter showed `count` at `at_us`."""
        if self._count is not None:
            moved = (count - self._count) % self._modulus
            self._position += moved - self._modulus if moved > self._modulus // 2 else moved
        self._count, self._at_us = count, at_us
        self._samples.append((at_us, self._position))
        while len(self._samples) > 2 and at_us - self._samples[1][0] >= _SPEED_US:
            self._samples.popleft()
        since_us, before = self._samples[0]
        if at_us > since_us:
            self._steps_per_us = (self._position - before) / (at_us - since_us)


class RoundTrips:
    """How long requests take, from the last few; a single slow one moves nothing."""

    def __init__(self) -> None:
        self._last_us: deque[int] = deque(maxlen=_REMEMBERED)
        self.median_us = 0.0

    def add(self, us: int) -> None:
        self._last_us.append(us)
        self.median_us = median(self._last_us)
