"""How well a symbol was printed and seen, from the pixels between its corners."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Format

Weights = NDArray[np.float64]

_SIDE = 16
"""Points along each side of a two-dimensional symbol."""
_ALONG = 256
"""Points along a line across bars."""
_DARKEST, _LIGHTEST = 0.05, 0.95
"""Parts of the points that may be specks of either tone."""
_MODULES: Mapping[Format, int] = MappingProxyType(
    {Format.EAN_13: 95, Format.UPC_A: 95, Format.EAN_8: 67, Format.UPC_E: 51}
)
_LEAST_CONTRAST = 5
"""Grey levels below which there are no bars to measure."""


def _grid(columns: int, rows: int) -> Weights:
    """Of the four corners, (4, points), for the middles of a grid's cells."""
    u = np.tile((np.arange(columns) + 0.5) / columns, rows)
    v = np.repeat((np.arange(rows) + 0.5) / rows, columns)
    return np.stack(((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v))


_AREA = _grid(_SIDE, _SIDE)
_LINE = _grid(_ALONG, 1)


def _grey_at(grey: NDArray[np.uint8], corners: Corners, weights: Weights) -> NDArray[np.uint8]:
    height, width = grey.shape
    clipped = [(min(max(x, 0), width - 1), min(max(y, 0), height - 1)) for x, y in corners]
    x, y = (np.array(clipped, dtype=np.float64).T @ weights).astype(np.intp)
    return np.asarray(grey.ravel().take(y * width + x), dtype=np.uint8)


def is_area(corners: Corners) -> bool:
    """Whether the corners span one: an engine may give the ends of a single scan line."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    return abs((cx - ax) * (dy - by) - (dx - bx) * (cy - ay)) >= 2


def contrast(grey: NDArray[np.uint8], corners: Corners, name: Format) -> float:
    """Reflectance of light minus dark, 0 to 1 (ISO/IEC 15415, symbol contrast)."""
    is_area_code = name in (Format.DATA_MATRIX, Format.QR)
    points = _grey_at(grey, corners, _AREA if is_area_code else _LINE)
    points.sort()
    last = len(points) - 1
    return (int(points[int(_LIGHTEST * last)]) - int(points[int(_DARKEST * last)])) / 255


def module_px(
    grey: NDArray[np.uint8], corners: Corners, name: Format, modules: float | None
) -> float | None:
    """Pixels of one module. `modules` of a side is what the engine said; None where neither it nor
    the symbology nor the pixels tell."""
    a, b, c, d = corners
    along = (math.dist(a, b) + math.dist(c, d)) / 2
    if name in (Format.DATA_MATRIX, Format.QR):
        return (along + (math.dist(a, d) + math.dist(b, c)) / 2) / 2 / modules if modules else None
    if name in _MODULES:
        return along / _MODULES[name]
    return _narrowest(grey, corners, along)


def _narrowest(grey: NDArray[np.uint8], corners: Corners, along: float) -> float | None:
    """Of bars: the median of the narrower half of all bars and spaces."""
    count = min(max(_ALONG, int(4 * along)), 1 << 14)
    line = _grey_at(grey, corners, _grid(count, 1))
    low, high = int(line.min()), int(line.max())
    if high - low < _LEAST_CONTRAST:
        return None
    runs = np.sort(np.diff(np.flatnonzero(np.diff(line > (low + high) / 2))))
    if len(runs) < 3:
        return None
    return float(np.median(runs[: (len(runs) + 1) // 2])) * along / count
