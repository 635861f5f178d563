"""How well a symbol was printed and seen, from the pixels between its corners."""

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Format

_ACROSS = 256
"""Samples along the bars' direction of reading."""
_SIDE = 32
"""Samples along each side of a two-dimensional symbol."""
_DARKEST, _LIGHTEST = 0.05, 0.95
"""Parts of the samples that may be specks of either tone."""
_MODULES: Mapping[Format, int] = MappingProxyType(
    {Format.EAN_13: 95, Format.UPC_A: 95, Format.EAN_8: 67, Format.UPC_E: 51}
)
_LEAST_CONTRAST = 0.02
"""Reflectance below which there are no bars to measure."""


def sampled(
    grey: NDArray[np.uint8], corners: Corners, width: int, height: int
) -> NDArray[np.uint8]:
    """(height, width) samples of what lies between `corners`."""
    places = np.array(((0, 0), (width, 0), (width, height), (0, height)), dtype=np.float32)
    to_picture = cv2.getPerspectiveTransform(places, np.array(corners, dtype=np.float32))
    return np.asarray(
        cv2.warpPerspective(
            grey,
            to_picture,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )


def is_area(corners: Corners) -> bool:
    """Whether the corners span one: an engine may give the ends of a single scan line."""
    return abs(float(cv2.contourArea(np.array(corners, dtype=np.float32)))) >= 1


def contrast(grey: NDArray[np.uint8], corners: Corners, name: Format) -> float:
    """Reflectance of light minus dark, 0 to 1 (ISO/IEC 15415, symbol contrast)."""
    if name in (Format.DATA_MATRIX, Format.QR):
        samples = sampled(grey, corners, _SIDE, _SIDE).ravel()
    else:
        samples = sampled(grey, corners, _ACROSS, 3)[1]
    samples.sort()
    last = len(samples) - 1
    light, dark = samples[int(_LIGHTEST * last)], samples[int(_DARKEST * last)]
    return (int(light) - int(dark)) / 255


def _length(corners: Corners) -> tuple[float, float]:
    """Pixels along the reading direction, and across it."""
    a, b, c, d = np.array(corners, dtype=np.float64)
    along = (np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2
    return float(along), float((np.linalg.norm(d - a) + np.linalg.norm(c - b)) / 2)


def module_px(
    grey: NDArray[np.uint8], corners: Corners, name: Format, modules: float | None
) -> float | None:
    """Pixels of one module. `modules` of a side is what the engine said; None where neither it nor
    the symbology nor the pixels tell."""
    along, down = _length(corners)
    if name in (Format.DATA_MATRIX, Format.QR):
        return (along + down) / 2 / modules if modules else None
    if name in _MODULES:
        return along / _MODULES[name]
    return _narrowest(grey, corners, along)


def _narrowest(grey: NDArray[np.uint8], corners: Corners, along: float) -> float | None:
    """Of bars: the median of the narrower half of all bars and spaces."""
    samples = max(_ACROSS, min(4 * int(along), 16_384))
    line = sampled(grey, corners, samples, 3)[1]
    low, high = int(line.min()), int(line.max())
    if high - low < 255 * _LEAST_CONTRAST:
        return None
    edges = np.flatnonzero(np.diff(line > (low + high) / 2))
    runs = np.sort(np.diff(edges))
    if len(runs) < 3:
        return None
    return float(np.median(runs[: (len(runs) + 1) // 2])) * along / samples
