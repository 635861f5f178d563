"""How long a PLC takes to answer."""

import statistics
from collections import deque

BUCKETS_MS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_KEPT = 10_000


class RoundTrips:
    """The latest round trips, in milliseconds."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_KEPT)

    def add(self, ms: float) -> None:
        self._recent.append(ms)

    def summary(self) -> str:
        """Number, p50, p99 and max; of one or none there is nothing to say."""
        if len(self._recent) < 2:
            return f"n {len(self._recent)}"
        cuts = statistics.quantiles(self._recent, n=100, method="inclusive")
        longest = max(self._recent)
        return (
            f"n {len(self._recent)}  p50 {cuts[49]:.2f}  p99 {cuts[98]:.2f}  max {longest:.2f} ms"
        )

    def histogram(self) -> list[tuple[str, int]]:
        """Each bucket's bounds and how many are in it, shortest first."""
        counts = [0] * (len(BUCKETS_MS) + 1)
        for ms in self._recent:
            counts[sum(ms >= bound for bound in BUCKETS_MS)] += 1
        names = [f"< {bound:g} ms" for bound in BUCKETS_MS] + [f"≥ {BUCKETS_MS[-1]:g} ms"]
        return list(zip(names, counts, strict=True))
