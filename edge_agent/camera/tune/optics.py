"""How a picture was taken: light and sharpness, of all of it or of one code in it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Format

Grey = NDArray[np.uint8]

DARK = 2
BRIGHT = 253
"""Grey levels at which a sensor tells no more than that it is so dark or so bright."""

SHARP = 0.21
BLURRED = 0.28
"""In modules. A quarter of a module is well read; beyond a third, small codes begin to fail."""

_MODULE_PX = 4.0
"""Codes with larger modules are looked at so much smaller: noise falls, and blur is measured where
it matters, against the module."""
_LINEAR = (Format.CODE_128, Format.ITF, Format.DATABAR)
_ALONG_ONE_AXIS = 3.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """Parts of the pixels that are as dark or as bright as can be, the mean grey level, and the
    level of what is light (the 95th percentile)."""

    dark: float
    bright: float
    mean: float
    light: float


@dataclass(frozen=True, slots=True)
class Blur:
    """`modules` is about the width (standard deviation) of an edge, in modules. `along` is set if
    it is smeared in one direction of the frame only: it moved."""

    modules: float
    along: Literal["x", "y"] | None

    @property
    def words(self) -> str:
        if self.modules < SHARP:
            return "sharp"
        return "a little soft" if self.modules < BLURRED else "blurred"


def exposure(grey: Grey, corners: Corners | None = None) -> Exposure:
    """Of the picture, or of what lies between `corners`. An empty one is black."""
    pixels = grey if corners is None else grey[_inside(grey.shape, corners)]
    if not pixels.size:
        return Exposure(1, 0, 0, 0)
    return Exposure(
        dark=float(np.mean(pixels <= DARK)),
        bright=float(np.mean(pixels >= BRIGHT)),
        mean=float(pixels.mean()),
        light=float(np.percentile(pixels, 95)),
    )


def laplacian_variance(grey: Grey) -> float:
    """The usual number for sharpness, less what noise adds to it. It tells only how two pictures
    of the same scene compare."""
    if not grey.size:
        return 0.0
    # Smoothed a little first, or the noise of a large plain scene hides a small code's edges.
    edges = cv2.Laplacian(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1), cv2.CV_32F)
    return max(0.0, float(np.mean(edges**2)) - _noise(np.asarray(edges, np.float32)))


def blur(grey: Grey, corners: Corners, module_px: float, form: Format) -> Blur | None:
    """How far the edges of one code are smeared; None where that cannot be told.

    A sharp code of modules `m` pixels wide has, on each edge, two pixels with a second difference
    of the full contrast; blur of standard deviation s leaves 1 / (4 sqrt(pi) s^3) of a squared step
    in each pixel's length of an edge. What the flat parts of the picture show as well is noise.
    """
    if module_px <= 0:
        return None
    crop, inside = _crop(grey, corners, min(1.0, _MODULE_PX / module_px))
    module = min(module_px, _MODULE_PX)
    if np.count_nonzero(inside) < 64:
        return None
    across, down = _second_difference(crop, 1, 0), _second_difference(crop, 0, 1)
    variance = float(crop[inside].astype(np.float32).var())
    if variance < 1:
        return None
    x, y = (max(float(np.mean(each[inside] ** 2)) - _noise(each), 0.0) for each in (across, down))
    if form in _LINEAR or form.is_retail:
        return Blur(_smear((x + y) / variance * module / 4) / module, None)
    blurred = Blur(_smear(2 * min(x, y) / variance * module / 8) / module, None)
    if blurred.modules < SHARP or max(x, y) < _ALONG_ONE_AXIS * min(x, y):
        return blurred
    return replace(blurred, along="x" if x < y else "y")


def _smear(part: float) -> float:
    """The standard deviation, in pixels, that leaves this part of the second differences."""
    return float((8 * math.sqrt(math.pi) * max(part, 1e-4)) ** (-1 / 3))


def _second_difference(grey: Grey, dx: int, dy: int) -> NDArray[np.float32]:
    kernel = np.array([[1, -2, 1]], np.float32)
    return np.asarray(cv2.filter2D(grey, cv2.CV_32F, kernel if dx else kernel.T), np.float32)


def _noise(differences: NDArray[np.float32]) -> float:
    """Their variance where there are no edges: more than half of the crop, which is wider than
    the code."""
    return float(1.4826 * np.median(np.abs(differences))) ** 2


def _crop(grey: Grey, corners: Corners, scale: float) -> tuple[Grey, NDArray[np.bool_]]:
    """The code with as much again around it, and which of its pixels are the code's."""
    points = np.array(corners, np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = (high - low) / 2
    height, width = grey.shape
    left, top = (int(v) for v in np.clip(low - margin, 0, (width, height)))
    right, bottom = (int(v) + 1 for v in np.clip(high + margin, 0, (width, height)))
    crop = grey[top:bottom, left:right]
    if not crop.size:
        return crop, np.zeros(crop.shape, np.bool_)
    small = (
        crop
        if scale == 1
        else cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )
    inside = _inside(small.shape, [((x - left) * scale, (y - top) * scale) for x, y in corners])
    return np.asarray(small, np.uint8), inside


def _inside(shape: Sequence[int], corners: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.array(corners, np.float32).round().astype(np.int32), 1)
    return mask > 0
