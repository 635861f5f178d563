"""Whether something has come into view, where neither the line nor the camera says so.

`Background` judges pixels, cheaply; `Things` counts what comes and goes. Neither has a clock.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE = (64, 48)
_SAMPLED_PX = 512
"""Of the longer side, before the picture is averaged down: an average over all of 12 megapixels
would cost as much as the decoding of a small code."""
_LEVELS = 14
"""Of 255: more than noise and the flicker of lamps leave in an average of many pixels."""
_PART = 0.01
"""Of the picture: a label has it, a fly has not."""
_SETTLE_US = 2_000_000
_SETTLE_OTHER_US = 30_000_000

LEAVE_FRAMES = 2
CODE_STALE_US = 500_000
OTHER_LOOKS = 2


class Background:
    """A small grey copy of what is seen when nothing is there, slowly learned.

    What stays in view for half a minute becomes background as well: a shifted guide rail must not
    blind the camera for good.
    """

    def __init__(self) -> None:
        self._mean: NDArray[np.float32] | None = None
        self._at_us = 0

    def differs(self, pixels: NDArray[np.uint8], at_us: int) -> bool:
        """Whether something is there; and learn from it. Light that changes evenly over the whole
        picture is no thing."""
        small = _small(pixels)
        if self._mean is None:
            self._mean, self._at_us = small, at_us
            return False
        change = small - self._mean
        change -= np.median(change)
        other = bool(np.count_nonzero(np.abs(change) > _LEVELS) > _PART * change.size)
        settle_us = _SETTLE_OTHER_US if other else _SETTLE_US
        weight = -math.expm1(-(at_us - self._at_us) / settle_us)
        self._mean += np.float32(weight) * (small - self._mean)
        self._at_us = at_us
        return other


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
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
        self._clear_frames = 0
        self._others: list[frozenset[str]] = []

    def frame(self, *, is_other: bool, at_us: int) -> bool:
        """A frame came. True if it is the first of a thing."""
        if is_other:
            self._clear_frames = 0
            if not self.is_there:
                self._come(frozenset(), at_us - CODE_STALE_US)
                return True
            return False
        self._clear_frames += 1
        code_gone = at_us - self._code_seen_us >= CODE_STALE_US
        if self._clear_frames >= LEAVE_FRAMES and code_gone:
            self.is_there = False
        return False

    def read(self, codes: frozenset[str], at_us: int) -> None:
        """These codes were read on the thing that is there."""
        self._codes |= codes
        if codes:
            self._code_seen_us = at_us

    def looked(self, codes: frozenset[str], at_us: int) -> bool:
        """A frame that nobody asked for shows `codes`. True if they are of a new thing."""
        if not codes:
            self._code_seen_us = min(self._code_seen_us, at_us - CODE_STALE_US)
            self._others.clear()
            return False
        if self.is_there and codes & self._codes:
            self._code_seen_us = max(self._code_seen_us, at_us)
            self._others.clear()
            return False
        if self.is_there:
            self._others = [*self._others[-OTHER_LOOKS + 1 :], codes]
            if len(self._others) < OTHER_LOOKS or len(set(self._others)) > 1:
                return False
        self._come(codes, at_us)
        return True

    def _come(self, codes: frozenset[str], code_seen_us: int) -> None:
        self.is_there = True
        self._codes, self._code_seen_us = codes, code_seen_us
        self._clear_frames = 0
        self._others.clear()
