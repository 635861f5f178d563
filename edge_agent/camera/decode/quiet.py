"""Whether an ITF has its quiet zones: without them it may be a part of a longer one.

Its start and stop are few narrow bars and a wide one, such as are inside of many an ITF. What the
picture's edge leaves of it is a shorter code that passes every check (ISO/IEC 16390: a quiet zone
of 10 modules on either side).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode import height
from edge_agent.camera.symbols import Corners

_MODULES_A_DIGIT = 8.0
_MODULES_ASIDE = 8.5
"""Of start and stop, where wide is 2.5 modules."""
_FROM, _TO = 1.5, 5.0
"""Modules beside the symbol that are looked at: an engine may be a module wrong at its ends."""
_PER_MODULE = 4
_LINES = 5
"""From the top of the bars to their foot: a scan line that leaves them ends in white."""
_PLAIN = 0.4
"""Part of the bars' contrast that shade and noise of a quiet zone may have."""


def is_whole(grey: NDArray[np.uint8], corners: Corners, digits: int) -> bool:
    """Whether both quiet zones are inside the picture, and nothing is printed in them."""
    a, b, c, d = np.array(height.whole(grey, corners), dtype=np.float64)
    along, down = ((b - a) + (c - d)) / 2, (d - a) / _LINES
    modules = _MODULES_A_DIGIT * digits + _MODULES_ASIDE
    beside = _TO / modules * along
    ends = (a + d) / 2 - beside, (b + c) / 2 + beside
    if not all(0 <= x < grey.shape[1] and 0 <= y < grey.shape[0] for x, y in ends):
        return False
    step = along / modules / _PER_MODULE
    lines = cv2.warpAffine(
        grey,
        np.column_stack((step, down, a - beside + down / 2)),
        (round((modules + 2 * _TO) * _PER_MODULE), _LINES),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    lines = cv2.blur(lines, (_PER_MODULE, 1))
    outside, zone = round(_TO * _PER_MODULE), round((_TO - _FROM) * _PER_MODULE)
    bars = np.ptp(lines[:, outside:-outside])
    zones = np.ptp(lines[:, :zone], axis=1), np.ptp(lines[:, -zone:], axis=1)
    return bool(np.max(zones) <= _PLAIN * bars)
