"""Whether something has come into view, where neither the line nor the camera says so.

`Background` judges pixels, cheaply; `Things` counts what comes and goes. Neither has a clock.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Small = NDArray[np.float32]

_SIZE = (64, 48)
_SAMPLED_PX = 512
"""Of the longer side, before the picture is averaged down: an average over all of 12 megapixels
would cost as much as the decoding of a small code."""
_LEVELS = 14
"""Of 255: more than noise and the flicker of lamps leave in an average of many pixels."""
_PART = 0.01
"""Of the picture: a label has it, a fly has not."""
_SETTLE_US = 2_000_000
STAYS_US = 30_000_000
"""What has not moved for so long is background."""
STUCK_US = 60_000_000
"""Something that moves, but does not leave for so long, is no thing."""

LEAVE_FRAMES = 2
CODE_STALE_US = 500_000
OTHER_LOOKS = 2


class Background:
    """A small grey copy of what is seen when nothing is there, learned while nothing is there.

    What lies in view unmoved for half a minute becomes background as well: a shifted guide rail
    must not blind the camera for good. But a belt may have stopped with a product on it: so what
    was background before is known on, and when it is seen again the other is forgotten.
    """

    def __init__(self) -> None:
        self._empty: Small | None = None
        self._stayed: Small | None = None
        self._still: Small | None = None
        self._still_since_us = 0
        self._at_us = 0

    def differs(self, pixels: NDArray[np.uint8], at_us: int) -> bool:
        """Whether something is there; and learn from it. Light that changes evenly over the whole
        picture is no thing."""
        small = _small(pixels)
        weight = np.float32(-math.expm1(-(at_us - self._at_us) / _SETTLE_US))
        self._at_us = at_us
        if self._empty is None:
            self._empty = small
        if not _differ(small, self._empty):
            self._empty += weight * (small - self._empty)
            self._stayed = self._still = None
            return False
        if self._stayed is not None and not _differ(small, self._stayed):
            self._stayed += weight * (small - self._stayed)
            self._still = None
            return False
        if self._still is None or _differ(small, self._still):
            self._still, self._still_since_us = small, at_us
        if at_us - self._still_since_us < STAYS_US:
            return True
        self._empty = self._empty if self._stayed is None else self._stayed
        self._stayed, self._still = small, None
        return False


def _differ(one: Small, other: Small) -> bool:
    change = one - other
    change -= np.median(change)
    return bool(np.count_nonzero(np.abs(change) > _LEVELS) > _PART * change.size)


def _small(pixels: NDArray[np.uint8]) -> Small:
    step = max(1, max(pixels.shape[:2]) // _SAMPLED_PX)
    sampled = np.ascontiguousarray(pixels[::step, ::step])
    small = cv2.resize(sampled, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small if small.ndim == 2 else small.mean(axis=2, dtype=np.float32)


class Things:
    """One thing after the other: each is told once, and must leave before the next.

    A thing is there while the picture differs from the background or shows a code of it. Things
    that touch each other leave no gap: so it has also left when `OTHER_LOOKS` pictures in a row
    show the same other codes and none of its own. One that was not read in time, and shows its code
    later, is thus told once more: better than a code that nobody hears of.
    """

    def __init__(self) -> None:
        self.is_there = False
        self._codes: frozenset[str] = frozenset()
        self._code_seen_us = -CODE_STALE_US
        self._since_us = 0
        self._clear_frames = 0
        self._gap_us: int | None = None
        self._others: list[frozenset[str]] = []

    @property
    def is_leaving(self) -> bool:
        """Whether the newest frame is the first after it that looks empty."""
        return self.is_there and self._clear_frames == 1

    def stuck(self, now_us: int) -> bool:
        """Whether something is there that will not leave: nothing else can be seen behind it."""
        is_seen = self.is_there and not self._clear_frames
        return is_seen and now_us - self._since_us >= STUCK_US

    def frame(self, *, is_other: bool, at_us: int) -> bool:
        """A frame came. True if it is the first of a thing."""
        if is_other:
            if 0 < self._clear_frames < LEAVE_FRAMES:
                self._gap_us = None
            self._clear_frames = 0
            if not self.is_there:
                self._come(frozenset(), at_us, at_us - CODE_STALE_US)
                return True
            return False
        self._clear_frames += 1
        if self._clear_frames == 1:
            self._gap_us = at_us
        code_gone = at_us - self._code_seen_us >= CODE_STALE_US
        if self.is_there and self._clear_frames >= LEAVE_FRAMES and code_gone:
            self.is_there, self._since_us = False, at_us
        return False

    def read(self, codes: frozenset[str], at_us: int) -> None:
        """These codes were read on the thing that is there."""
        self._codes |= codes
        if codes:
            self._code_seen_us = at_us

    def looked(self, codes: frozenset[str], at_us: int) -> bool:
        """A frame that nobody asked for shows `codes`. True if there is a new thing: they are its
        codes, or it came behind a gap in which the code of the one before was not seen."""
        if at_us < self._since_us:
            return False
        was_gap = self._gap_us is not None and at_us >= self._gap_us and not self._clear_frames
        if not codes:
            self._code_seen_us = min(self._code_seen_us, at_us - CODE_STALE_US)
            self._others.clear()
            if self.is_there and was_gap:
                self._come(frozenset(), at_us, at_us - CODE_STALE_US)
                return True
            return False
        if self.is_there and codes & self._codes:
            self._code_seen_us = max(self._code_seen_us, at_us)
            self._others.clear()
            return False
        if self.is_there and not was_gap:
            self._others = [*self._others[-OTHER_LOOKS + 1 :], codes]
            if len(self._others) < OTHER_LOOKS or len(set(self._others)) > 1:
                return False
        self._come(codes, at_us, at_us)
        return True

    def _come(self, codes: frozenset[str], at_us: int, code_seen_us: int) -> None:
        self.is_there = True
        self._codes, self._since_us, self._code_seen_us = codes, at_us, code_seen_us
        self._clear_frames = 0
        self._gap_us = None
        self._others.clear()
