"""How high bars stand: an engine that ends with the first scan line knows only their width."""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Point

_ALONG = 96
"""Samples of the symbol's width."""
_ASIDE = 32
"""Samples of what is left and right of it, where slanting bars go."""
_STEPS = 10
"""Lines above and below, as far as the symbol is wide."""
_SLANT = 6
"""Samples by which bars may be further aside on the next line: some 30 degrees."""
_ALIKE = 0.6
"""Correlation with the line that was read, from which a line crosses the same bars."""
_THIN = 0.1
"""Height, as part of the width, below which only a scan line was told."""


def whole(grey: NDArray[np.uint8], corners: Corners) -> Corners:
    """The corners of all that looks like the line that was read; `corners` where they are more."""
    a, b, c, d = corners
    begin, end = _middle(a, d), _middle(b, c)
    width = math.dist(begin, end)
    if width < 8 or math.dist(a, d) + math.dist(b, c) > 2 * _THIN * width:
        return corners
    step = ((end[0] - begin[0]) / _ALONG, (end[1] - begin[1]) / _ALONG)
    down = (-step[1] * _ALONG / _STEPS, step[0] * _ALONG / _STEPS)
    first = (
        begin[0] - _ASIDE * step[0] - _STEPS * down[0],
        begin[1] - _ASIDE * step[1] - _STEPS * down[1],
    )
    lines = cv2.warpAffine(
        grey,
        np.array(((step[0], down[0], first[0]), (step[1], down[1], first[1]))),
        (_ALONG + 2 * _ASIDE, 2 * _STEPS + 1),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    read = lines[_STEPS : _STEPS + 1, _ASIDE : _ASIDE + _ALONG]
    alike = cv2.matchTemplate(lines, read, cv2.TM_CCOEFF_NORMED)
    above = _last_alike(alike[_STEPS::-1])
    below = _last_alike(alike[_STEPS:])

    def at(along: float, beneath: float) -> Point:
        return (
            begin[0] + along * step[0] + beneath * down[0],
            begin[1] + along * step[1] + beneath * down[1],
        )

    return (
        at(above[1], -above[0]),
        at(above[1] + _ALONG, -above[0]),
        at(below[1] + _ALONG, below[0]),
        at(below[1], below[0]),
    )


def _last_alike(alike: NDArray[Any]) -> tuple[int, int]:
    """The last of the lines, from the read one outwards, that crosses the same bars: how many lines
    away it is, and how many samples aside. `alike` is (lines, samples aside)."""
    slant, last = 0, (0, 0)
    for number in range(1, len(alike)):
        middle = _ASIDE + last[1] + slant
        low, high = max(middle - _SLANT, 0), middle + _SLANT + 1
        near = alike[number, low:high]
        if not near.size or near.max() < _ALIKE:
            break
        aside = low + int(near.argmax()) - _ASIDE
        slant, last = aside - last[1], (number, aside)
    return last


def _middle(p: Point, q: Point) -> Point:
    return (p[0] + q[0]) / 2, (p[1] + q[1]) / 2
