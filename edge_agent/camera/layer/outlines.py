"""Measures of a symbol's outline."""

from math import dist

from edge_agent.camera.symbols import Corners, Point


def middle(corners: Corners) -> Point:
    """The mean of the corners."""
    return sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4


def side_px(corners: Corners) -> float:
    """The mean side."""
    a, b, c, d = corners
    return (dist(a, b) + dist(b, c) + dist(c, d) + dist(d, a)) / 4
