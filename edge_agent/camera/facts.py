"""What a camera role has seen of its decoding, for status and the log."""

import statistics
from collections import deque
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from edge_agent import clock
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.quality import Measure, Trend
from edge_agent.camera_config import Quality

_KEPT = 1_000
"""Latest durations from which percentiles are shown."""
_RATE_US = 5_000_000

log = structlog.get_logger("edge_agent.camera")


class DecodingFacts:
    """How long decoding takes, and what each rung of the ladder brings."""

    def __init__(self) -> None:
        self._decode_us: deque[int] = deque(maxlen=_KEPT)
        self._rungs: dict[str, list[int]] = {}
        self._failures = 0
        self._pictures_missed = 0

    def add(self, outcome: Outcome) -> None:
        if outcome.failure:
            self._failures += 1
            return
        if outcome.picture_fault:
            self._pictures_missed += 1
            log.error("no picture was made", why=outcome.picture_fault)
        self._decode_us.append(outcome.decode_us)
        for each in outcome.reading.tries:
            rung = self._rungs.setdefault(each.rung, [0, 0, 0])
            for index, value in enumerate((1, each.found, each.elapsed_us)):
                rung[index] += value

    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        decode_ms: dict[str, float] = {}
        if len(self._decode_us) >= 2:
            cuts = statistics.quantiles(self._decode_us, n=100, method="inclusive")
            decode_ms = {"p50": round(cuts[49] / 1e3, 1), "p99": round(cuts[98] / 1e3, 1)}
        return {
            "decode_ms": decode_ms,
            "lost_frames": self._failures,
            "pictures_not_made": self._pictures_missed,
            "rungs": {
                name: {"tries": tries, "found": found, "mean_ms": round(spent_us / tries / 1e3, 2)}
                for name, (tries, found, spent_us) in self._rungs.items()
            },
        }


class Rate:
    """Frames a second, over the last five."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque()

    def add(self, count: int, now_us: int) -> None:
        """So many there were until now."""
        self._counts.append((now_us, count))
        while now_us - self._counts[0][0] > _RATE_US:
            self._counts.popleft()

    @property
    def per_s(self) -> float:
        if len(self._counts) < 2:
            return 0.0
        (began_us, first), (ended_us, last) = self._counts[0], self._counts[-1]
        return round((last - first) * 1e6 / (ended_us - began_us), 1)


class QualityLog:
    """The trend of print quality; what begins and ends is logged once."""

    def __init__(self, config: Quality, time_zone: str) -> None:
        self._trend = Trend(config)
        self._zone = ZoneInfo(time_zone)
        self._warned: frozenset[Measure] = frozenset()

    def add(self, outcome: Outcome) -> None:
        """The codes of one answer."""
        at = datetime.fromtimestamp(clock.at(outcome.taken_us).utc_us / 1e6, self._zone)
        for symbol in outcome.reading.symbols:
            self._trend.add(symbol.measures, at)
        standing = {warning.measure: warning for warning in self._trend.warnings()}
        for measure in standing.keys() - self._warned:
            log.warning("print quality", warning=str(standing[measure]))
        for measure in self._warned - standing.keys():
            log.info("print quality is good again", measure=measure.value)
        self._warned = frozenset(standing)

    def facts(self) -> dict[str, Any]:
        """As JSON values."""
        return self._trend.facts()
