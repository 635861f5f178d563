"""Print quality as a trend: a warning before codes become unreadable, and what to mend.

Every code that is read brings its measures (`Measures`). Of each measure the rolling median over
`window` codes is compared with its limit, and so is the place where a line fitted to the last two
windows will be one window later. A warning stands until all has been well for a whole window.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from edge_agent.camera.quality_series import Series
from edge_agent.camera.symbols import Measures
from edge_agent.camera_config import Quality

CLEAR_BY = 0.1
"""A warning is cleared when the median is better than its limit by this part of it."""


class Measure(StrEnum):
    """What is followed. The names are those of `Measures`."""

    CONTRAST = "contrast"
    MODULE_PX = "module_px"
    ERROR_CORRECTION_LEFT = "error_correction_left"
    TRIES = "tries"


@dataclass(frozen=True, slots=True)
class _Words:
    what: str
    value: str
    mend: str


_WORDS = {
    Measure.CONTRAST: _Words(
        "printer fading",
        "contrast {:.2f}",
        "check ribbon or ink and clean the print head; if the print is good, check the light",
    ),
    Measure.MODULE_PX: _Words(
        "codes too small in the picture",
        "{:.1f} pixels per module",
        "the camera or the product guide has moved, or the code is printed smaller: "
        "see edge-agent camera view",
    ),
    Measure.ERROR_CORRECTION_LEFT: _Words(
        "codes damaged",
        "error correction left {:.2f}",
        "clean the print head; look for scratches, folds and dirt on the code",
    ),
    Measure.TRIES: _Words(
        "codes hard to read",
        "{:.1f} tries a code",
        "clean the lens and its window, check the focus, then the light",
    ),
}


@dataclass(frozen=True, slots=True)
class QualityWarning:
    """One measure that is beyond its limit, or will soon be.

    `now` is the rolling median at `at`; `was` the level before it began to fall, None if it was
    never better. `reached` is false while the limit is only ahead, within about `window` codes.
    """

    measure: Measure
    since: datetime
    at: datetime
    now: float
    was: float | None
    limit: float
    reached: bool
    window: int

    def __str__(self) -> str:
        """For people; the clock is that of the times which were given."""
        words = _WORDS[self.measure]
        clock = "%H:%M" if self.since.date() == self.at.date() else "%Y-%m-%d %H:%M"
        side = "at most" if self.measure is Measure.TRIES else "at least"
        text = f"{words.what} since {self.since.strftime(clock)}: {words.value.format(self.now)}"
        if self.was is not None:
            text += f", was {_number(words, self.was)}"
        limit = _number(words, self.limit)
        if self.reached:
            text += f", expected {side} {limit}"
        else:
            text += f", beyond its limit of {limit} within about {self.window} codes"
        return f"{text}; {words.mend}"


class Trend:
    """Print quality at one camera. Pure: the time is given, and memory is bounded.

    Times are `datetime` with a zone; warnings tell the clock of that zone.
    """

    def __init__(self, config: Quality) -> None:
        limits = {
            Measure.CONTRAST: config.min_contrast,
            Measure.MODULE_PX: config.min_module_px,
            Measure.ERROR_CORRECTION_LEFT: config.min_error_correction_left,
            Measure.TRIES: config.max_tries,
        }
        self._watches = [
            _Watch(measure, limit, config.window) for measure, limit in limits.items() if limit
        ]

    def add(self, measures: Measures, at: datetime) -> None:
        """One code that was read at `at`. A measure that is None tells nothing."""
        for watch in self._watches:
            value: float | None = getattr(measures, watch.measure)
            if value is not None:
                watch.add(value, at)

    def warnings(self) -> tuple[QualityWarning, ...]:
        """What stands now; empty when all is well."""
        return tuple(watch.warning for watch in self._watches if watch.warning is not None)

    def facts(self) -> dict[str, Any]:
        """For status: JSON values. A median is None before a window is full."""
        return {
            "medians": {watch.measure.value: watch.shown for watch in self._watches},
            "warnings": [str(warning) for warning in self.warnings()],
        }


class _Watch:
    """One measure against its limit. Inside, less is worse: tries are counted downwards."""

    def __init__(self, measure: Measure, limit: float, window: int) -> None:
        self.measure = measure
        self.warning: QualityWarning | None = None
        self._sign = -1 if measure is Measure.TRIES else 1
        self._limit = limit * self._sign
        self._series = Series(window)
        self._well = 0

    @property
    def shown(self) -> float | None:
        median = self._series.median
        return None if median is None else round(median * self._sign, 3)

    def add(self, value: float, at: datetime) -> None:
        self._series.add(value * self._sign, at)
        level, ahead = self._series.median, self._series.ahead
        if level is None:
            return
        reached = level < self._limit
        bad = reached or (ahead is not None and ahead < self._limit)
        if self.warning is None:
            if bad:
                self.warning = self._new(level, at, reached)
                self._well = 0
            return
        self._well = 0 if bad or level < self._clear_at else self._well + 1
        if self._well == self._series.window:
            self.warning = None
            return
        now = level * self._sign
        self.warning = replace(self.warning, at=at, now=now, reached=reached)

    @property
    def _clear_at(self) -> float:
        return self._limit + CLEAR_BY * abs(self._limit)

    def _new(self, level: float, at: datetime, reached: bool) -> QualityWarning:
        fall = self._series.fall(at)
        return QualityWarning(
            measure=self.measure,
            since=at if fall is None else fall.since,
            at=at,
            now=level * self._sign,
            was=None if fall is None else fall.was * self._sign,
            limit=self._limit * self._sign,
            reached=reached,
            window=self._series.window,
        )


def _number(words: _Words, value: float) -> str:
    return words.value[words.value.index("{") : words.value.index("}") + 1].format(value)
