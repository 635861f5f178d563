"""The order in which a person would read symbols off a picture: by rows, from the top left."""

from collections.abc import Iterable
from math import atan2, cos, hypot, sin
from statistics import median

from edge_agent.camera.layer.outlines import middle, side_px
from edge_agent.camera.symbols import Point, Symbol

ROW_GAP = 0.5
"""Symbols farther below than so many sizes begin a row."""


def in_reading_order(symbols: Iterable[Symbol]) -> list[Symbol]:
    """By rows, which may be turned by up to 35 degrees, and from left to right."""
    waiting = list(symbols)
    if not waiting:
        return []
    points = [middle(symbol.corners) for symbol in waiting]
    angle = median(_angles(points) or [0.0])
    turned = {
        number: (x * cos(angle) + y * sin(angle), y * cos(angle) - x * sin(angle))
        for number, (x, y) in enumerate(points)
    }
    gap = ROW_GAP * median(side_px(symbol.corners) for symbol in waiting)
    rows = list[list[int]]()
    last = 0.0
    for number in sorted(turned, key=lambda number: turned[number][1]):
        if not rows or turned[number][1] - last > gap:
            rows.append([])
        rows[-1].append(number)
        last = turned[number][1]
    return [
        waiting[number] for row in rows for number in sorted(row, key=lambda each: turned[each][0])
    ]


def _angles(points: list[Point]) -> list[float]:
    """From each point to the next on its right."""
    found = []
    for x, y in points:
        right = [
            (hypot(to_x - x, to_y - y), atan2(to_y - y, to_x - x))
            for to_x, to_y in points
            if to_x - x > 0 and abs(to_y - y) < 0.7 * (to_x - x)
        ]
        if right:
            found.append(min(right)[1])
    return found
