"""Where in a large picture a code may lie: where grey values change most from pixel to pixel.

To enlarge a whole frame costs more than the time there is; to enlarge a spot of it does not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[slice, slice]
"""Rows and columns of a picture."""

_CELL_PX = 16
_MOST = 3
"""Spots of a picture."""
_BUSY = 0.35
"""Part of the busiest cell's change from which a cell belongs to a spot."""
_ABOVE_REST = 2.0
"""So many times the change of half of all cells: noise is everywhere."""
_AROUND_CELLS = 2
"""Of quiet zone around a spot."""
_LARGEST = 0.5
"""Part of the picture above which a spot is not worth to be cut out."""


def spots(grey: NDArray[np.uint8]) -> list[Box]:
    """The busiest first; none where all of the picture is as busy, or nothing is."""
    cells = (grey.shape[1] // _CELL_PX, grey.shape[0] // _CELL_PX)
    if min(cells) < 3:
        return []
    across = cv2.resize(cv2.absdiff(grey[:, 2:], grey[:, :-2]), cells, interpolation=cv2.INTER_AREA)
    down = cv2.resize(cv2.absdiff(grey[2:], grey[:-2]), cells, interpolation=cv2.INTER_AREA)
    busy = cv2.blur(np.maximum(across, down).astype(np.float32), (3, 3))
    least = max(_BUSY * float(busy.max()), _ABOVE_REST * float(np.median(busy)), 1.0)
    count, _, boxes, _ = cv2.connectedComponentsWithStats((busy >= least).astype(np.uint8))
    found = sorted(boxes[1:count].tolist(), key=lambda box: box[4], reverse=True)
    cut = [_in_pixels(*box[:4]) for box in found[:_MOST]]
    return [box for box in cut if grey[box].size < _LARGEST * grey.size]


def _in_pixels(left: int, top: int, width: int, height: int) -> Box:
    def part(first: int, length: int) -> slice:
        begin = max(first - _AROUND_CELLS, 0) * _CELL_PX
        return slice(begin, (first + length + _AROUND_CELLS) * _CELL_PX)

    return part(top, height), part(left, width)
