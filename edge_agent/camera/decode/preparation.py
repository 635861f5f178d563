"""What is done to a picture before an engine sees it, and the way back to its own pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners

Grey = NDArray[np.uint8]
Affine = NDArray[np.float64]
"""(2, 3): from one picture's pixels to another's."""
Filter = Callable[[Grey], Grey]
"""What is done to grey values; the shape stays."""

_LEAST_SIDE = 8
"""Pixels below which nothing is made smaller."""


def _grey(picture: object) -> Grey:
    return np.asarray(picture, dtype=np.uint8)


def equalised(grey: Grey) -> Grey:
    """Contrast-limited, in 8 by 8 tiles: bars in shade and glare."""
    return _grey(cv2.createCLAHE(3.0, (8, 8)).apply(grey))


def sharpened(grey: Grey) -> Grey:
    return _grey(cv2.addWeighted(grey, 2.5, cv2.GaussianBlur(grey, (0, 0), 2), -1.5, 0))


def smoothed(grey: Grey) -> Grey:
    """Against noise."""
    return _grey(cv2.GaussianBlur(grey, (0, 0), 1))


def smoothed_more(grey: Grey) -> Grey:
    """The dots of dot peen and ink jet run together."""
    return _grey(cv2.GaussianBlur(grey, (0, 0), 2))


def averaged_across(grey: Grey) -> Grey:
    """Along bars that lie: against scratches and noise."""
    return _grey(cv2.blur(grey, (9, 1)))


def averaged_down(grey: Grey) -> Grey:
    """Along bars that stand."""
    return _grey(cv2.blur(grey, (1, 9)))


def two_tone_locally(grey: Grey) -> Grey:
    block = max(11, (min(grey.shape) // 4) | 1)
    return _grey(
        cv2.adaptiveThreshold(
            grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, min(block, 101), 3
        )
    )


def despeckled(grey: Grey) -> Grey:
    return _grey(cv2.medianBlur(grey, 3))


def dark_grown(grey: Grey) -> Grey:
    """Thin bars, and dots that do not touch."""
    return _grey(cv2.erode(grey, np.ones((3, 3), dtype=np.uint8)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """Contiguous pixels, and the way back; None where they lie as in the picture."""

    pixels: Grey
    back: Affine | None

    def in_picture(self, corners: Corners) -> Corners:
        if self.back is None:
            return corners
        points = np.array(corners, dtype=np.float64) @ self.back[:, :2].T + self.back[:, 2]
        a, b, c, d = ((float(x), float(y)) for x, y in points)
        return a, b, c, d


@dataclass(frozen=True, slots=True)
class Preparation:
    """Scaled, then given a white border (a quiet zone that the print lacks), then turned against
    the clock, then filtered."""

    scale: float = 1
    border: bool = False
    turn_deg: float = 0
    filter: Filter | None = None

    def pixels(self, of: int) -> float:
        """How many pixels `apply` makes of so many, about."""
        return of * self.scale**2 * (2 if self.turn_deg else 1)

    def apply(self, grey: Grey) -> Prepared:
        """`grey` has at least one pixel."""
        if self == AS_IT_IS:
            return Prepared(np.ascontiguousarray(grey), None)
        there: Affine = np.eye(3)
        if self.scale > 1 or (self.scale < 1 and min(grey.shape) * self.scale >= _LEAST_SIDE):
            kind = cv2.INTER_CUBIC if self.scale > 1 else cv2.INTER_AREA
            grey = _grey(cv2.resize(grey, None, fx=self.scale, fy=self.scale, interpolation=kind))
            there = _scaling(self.scale) @ there
        if self.border:
            wide = max(10, min(grey.shape) // 10)
            grey = _grey(
                cv2.copyMakeBorder(grey, wide, wide, wide, wide, cv2.BORDER_CONSTANT, value=255)
            )
            there = np.array(((1, 0, wide), (0, 1, wide), (0, 0, 1))) @ there
        if self.turn_deg:
            turn, size = _turning(grey.shape, self.turn_deg)
            grey = _grey(
                cv2.warpAffine(
                    grey, turn[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
                )
            )
            there = turn @ there
        if self.filter is not None:
            grey = self.filter(grey)
        back: Affine | None = None
        if self.scale != 1 or self.border or self.turn_deg:
            back = np.asarray(np.linalg.inv(there)[:2], dtype=np.float64)
        return Prepared(np.ascontiguousarray(grey), back)


AS_IT_IS = Preparation()


def _scaling(by: float) -> Affine:
    """Pixel centres are half a pixel from the edge."""
    shift = (by - 1) / 2
    return np.array(((by, 0, shift), (0, by, shift), (0, 0, 1)))


def _turning(shape: tuple[int, ...], degrees: float) -> tuple[Affine, tuple[int, int]]:
    """Around the middle, onto a picture (width, height) that holds all of it."""
    height, width = shape[0], shape[1]
    turn = np.eye(3)
    turn[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    new_width = int(height * sine + width * cosine) + 1
    new_height = int(height * cosine + width * sine) + 1
    turn[:2, 2] += new_width / 2 - width / 2, new_height / 2 - height / 2
    return turn, (new_width, new_height)
