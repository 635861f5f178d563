"""Where something is in a picture: boxes, and symbols' outlines."""

from math import dist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Point


class Box(NamedTuple):
    """A rectangle of the picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def within(self, other: "Box") -> "Box":
        """What both have in common; no width or no height, if nothing."""
        left, top = max(other.x, self.x), max(other.y, self.y)
        right = min(other.x + other.width, self.x + self.width)
        bottom = min(other.y + other.height, self.y + self.height)
        return Box(left, top, max(0, right - left), max(0, bottom - top))

    def padded(self, pixels: int) -> "Box":
        return Box(
            self.x - pixels, self.y - pixels, self.width + 2 * pixels, self.height + 2 * pixels
        )

    def moved(self, right: int, down: int) -> "Box":
        return self._replace(x=self.x + right, y=self.y + down)

    def cut(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """That part of a picture, as a view."""
        return grey[self.y : self.y + self.height, self.x : self.x + self.width]


def middle(corners: Corners) -> Point:
    """The mean of the corners."""
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4


def side_px(corners: Corners) -> float:
    """The mean side."""
    a, b, c, d = corners
    return (dist(a, b) + dist(b, c) + dist(c, d) + dist(d, a)) / 4
