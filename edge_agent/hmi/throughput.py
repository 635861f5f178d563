"""How many things a minute each station accepts, from the counters that the line shows."""

from collections import deque
from collections.abc import Callable, Mapping

from edge_agent import clock

SPAN_US = 600_000_000
EVERY_US = 5_000_000


class Throughput:
    """Counters of the last ten minutes, one sample every five seconds. `now_us` is monotonic."""

    def __init__(self, now_us: Callable[[], int] = clock.now_us) -> None:
        self._now_us = now_us
        self._samples: deque[tuple[int, dict[str, int]]] = deque(maxlen=SPAN_US // EVERY_US)

    def add(self, accepted: Mapping[str, int]) -> None:
        """`accepted` counts by station. A count that fell began anew: what was before is left."""
        now_us = self._now_us()
        if self._samples:
            at_us, before = self._samples[-1]
            if any(accepted.get(name, 0) < count for name, count in before.items()):
                self._samples.clear()
            elif now_us - at_us < EVERY_US:
                return
        self._samples.append((now_us, dict(accepted)))

    def per_minute(self) -> dict[str, int | None]:
        """By station; None until there are two samples."""
        if not self._samples:
            return {}
        (from_us, first), (to_us, last) = self._samples[0], self._samples[-1]
        if to_us == from_us:
            return dict.fromkeys(last)
        minutes = (to_us - from_us) / 60_000_000
        return {name: round((n - first.get(name, 0)) / minutes) for name, n in last.items()}
