"""Charts as drawings of shapes: the same one goes into a PDF and, as SVG, into a page.

Every colour has a role and a name. They differ in lightness, so that they are told apart where a
printer knows black only; a bar has an outline, a line has its dashes.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Literal

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

FONT = "Report"
"""The name under which edge_agent.reports.paper registers the configured font."""
WIDTH, HEIGHT = 510, 158
"""Points; 180 mm, the text width of an A4 page."""

INK = HexColor("#14202b")
QUIET = HexColor("#46525e")
GRID = HexColor("#ccd4db")
GROUND = HexColor("#ffffff")
DARK = HexColor("#10406f")
MIDDLE = HexColor("#4a90cf")
LIGHT = HexColor("#bcd8f1")
PALE = HexColor("#eef4fa")
MARK = HexColor("#b3261e")
SERIES = (DARK, MIDDLE, LIGHT, PALE)

SMALL, TEXT = 7.5, 8.5
_EVERY = (1, 2, 4, 12, 24, 48)
"""Each which label of a time is written where not all have room: so they are full hours, mostly."""

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Series:
    """A name for the legend, and one value for each place along the axis."""

    name: str
    values: Sequence[float]


class _Plot:
    """The area between the axes, in the drawing's points, and what is drawn around it."""

    def __init__(
        self,
        top: float,
        *,
        exact: bool = False,
        left: float = 36,
        right: float = 6,
        below: float = 20,
    ) -> None:
        self.drawing = Drawing(WIDTH, HEIGHT)
        self.left, self.right = left, WIDTH - right
        self.bottom, self.ceiling = below, HEIGHT - 24.0
        self.step = _step(top)
        self.top = top if exact and top else max(ceil(top / self.step), 1) * self.step

    @property
    def width(self) -> float:
        return self.right - self.left

    def y(self, value: float) -> float:
        return self.bottom + (self.ceiling - self.bottom) * value / self.top

    def scale(self, *, grid: bool = True) -> None:
        """The axis of values, with its lines across."""
        for index in range(floor(self.top / self.step) + 1):
            value = index * self.step
            y = self.y(value)
            if grid and index:
                self.drawing.add(
                    Line(self.left, y, self.right, y, strokeColor=GRID, strokeWidth=0.6)
                )
            self.text(self.left - 4, y - 2.6, number(value), anchor="end", colour=QUIET)
        self.drawing.add(
            Line(self.left, self.bottom, self.right, self.bottom, strokeColor=INK, strokeWidth=0.9)
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: Anchor = "start",
        size: float = SMALL,
        colour: Color = INK,
    ) -> None:
        self.drawing.add(
            String(x, y, text, fontName=FONT, fontSize=size, textAnchor=anchor, fillColor=colour)
        )

    def places(self, labels: Sequence[str], *, edges: bool = False) -> None:
        """Labels along the foot, as many as have room; at the left edge of their place or below
        its middle."""
        each = self.width / max(len(labels), 1)
        widest = max((width(label, SMALL) for label in labels), default=0) + 8
        every = next((n for n in _EVERY if n * each >= widest), len(labels))
        for index in range(0, len(labels), every):
            x = self.left + each * (index if edges else index + 0.5)
            if edges:
                self.drawing.add(
                    Line(x, self.bottom, x, self.bottom - 3, strokeColor=INK, strokeWidth=0.6)
                )
            self.text(x, self.bottom - 12, labels[index], anchor="middle", colour=QUIET)

    def legend(self, entries: Sequence[tuple[str, Color]], lines: Sequence[str] = ()) -> None:
        """From the left: a box for each of `entries`, a dashed line for each of `lines`."""
        x, y = self.left, HEIGHT - 11.0
        for name, colour in entries:
            self.drawing.add(_box(x, y - 1, 8, 8, colour))
            self.text(x + 12, y, name, size=TEXT)
            x += 12 + width(name, TEXT) + 16
        for name in lines:
            self.drawing.add(_path([(x, y + 3), (x + 18, y + 3)], dashed=True))
            self.text(x + 23, y, name, size=TEXT)
            x += 23 + width(name, TEXT) + 16


def columns(labels: Sequence[str], series: Series) -> Drawing:
    """A column for each label, its value above it."""
    plot = _Plot(max(series.values, default=0))
    plot.scale()
    each = plot.width / max(len(labels), 1)
    for index, value in enumerate(series.values):
        x = plot.left + each * (index + 0.14)
        plot.drawing.add(_box(x, plot.bottom, each * 0.72, plot.y(value) - plot.bottom, DARK))
        text = number(value)
        if value and width(text, SMALL) < each:
            plot.text(x + each * 0.36, plot.y(value) + 3, text, anchor="middle")
    plot.places(labels)
    plot.legend([(series.name, DARK)])
    return plot.drawing


def growth(labels: Sequence[str], series: Series, target: Series) -> Drawing:
    """How a sum grows towards a target. `series` has the sum at the end of each place, the one
    value of `target` is drawn across."""
    goal = target.values[0]
    plot = _Plot(max(*series.values, goal, 1))
    plot.scale()
    each = plot.width / max(len(labels), 1)
    points = [(plot.left, plot.bottom)]
    points += [(plot.left + each * (i + 1), plot.y(v)) for i, v in enumerate(series.values)]
    plot.drawing.add(_area([*points, (points[-1][0], plot.bottom)], LIGHT))
    plot.drawing.add(_path(points, colour=DARK))
    y = plot.y(goal)
    plot.drawing.add(_path([(plot.left, y), (plot.right, y)], dashed=True))
    plot.places(labels, edges=True)
    plot.legend([(series.name, LIGHT)], [f"{target.name} {number(goal)}"])
    return plot.drawing


def course(labels: Sequence[str], series: Series, mean: Series) -> Drawing:
    """A rate over time as steps, and its mean as a line across. `labels` are of the left edges."""
    plot = _Plot(max((*series.values, *mean.values), default=0))
    plot.scale()
    each = plot.width / max(len(series.values), 1)
    points = [(plot.left, plot.bottom)]
    for index, value in enumerate(series.values):
        y = plot.y(value)
        points += [(plot.left + each * index, y), (plot.left + each * (index + 1), y)]
    points.append((plot.right, plot.bottom))
    plot.drawing.add(_area(points, LIGHT))
    plot.drawing.add(_path(points[1:-1], colour=DARK))
    y = plot.y(mean.values[0])
    plot.drawing.add(_path([(plot.left, y), (plot.right, y)], dashed=True))
    plot.places(labels, edges=True)
    plot.legend([(series.name, LIGHT)], [f"{mean.name} {number(mean.values[0])}"])
    return plot.drawing


def stacked(labels: Sequence[str], series: Sequence[Series]) -> Drawing:
    """Columns of up to four series on top of each other, the first at the foot."""
    sums = [sum(values) for values in zip(*(each.values for each in series), strict=True)]
    plot = _Plot(max(sums, default=0))
    plot.scale()
    each = plot.width / max(len(labels), 1)
    for index in range(len(labels)):
        below, x = 0.0, plot.left + each * (index + 0.14)
        for one, colour in zip(series, SERIES, strict=False):
            above = below + one.values[index]
            if above > below:
                height = plot.y(above) - plot.y(below)
                plot.drawing.add(_box(x, plot.y(below), each * 0.72, height, colour))
            below = above
    plot.places(labels)
    plot.legend([(one.name, colour) for one, colour in zip(series, SERIES, strict=False)])
    return plot.drawing


def pareto(labels: Sequence[str], first: Series, second: Series | None, cumulative: str) -> Drawing:
    """Columns of `first`, and `second` on them, the greatest sum at the left; the dashed line is
    the share of all up to there, in per cent at the right."""
    added = second.values if second else [0.0] * len(labels)
    sums = [a + b for a, b in zip(first.values, added, strict=True)]
    # Both axes end at all there is: so no column reaches over the line.
    plot = _Plot(sum(sums), exact=True, right=34, below=42)
    plot.scale()
    each = plot.width / max(len(labels), 1)
    points, running = [], 0.0
    for index, (lower, whole) in enumerate(zip(first.values, sums, strict=True)):
        x, middle = plot.left + each * (index + 0.16), plot.left + each * (index + 0.5)
        plot.drawing.add(_box(x, plot.bottom, each * 0.68, plot.y(lower) - plot.bottom, DARK))
        if whole > lower:
            height = plot.y(whole) - plot.y(lower)
            plot.drawing.add(_box(x, plot.y(lower), each * 0.68, height, LIGHT))
        for row, text in enumerate(wrap(labels[index], each - 4, SMALL, 3)):
            plot.text(middle, plot.bottom - 11 - 9 * row, text, anchor="middle")
        running += whole
        points.append((middle, plot.y(running)))
        if index:  # the first one's place is the line's
            plot.text(middle, plot.y(whole) + 3, number(whole), anchor="middle")
        elif plot.y(whole) - plot.bottom > 16:
            colour = GROUND if whole == lower else INK
            plot.text(middle, plot.y(whole) - 11, number(whole), anchor="middle", colour=colour)
    for per_cent in (0, 50, 80, 100):
        y = plot.y(plot.top * per_cent / 100) - 2.6
        plot.text(plot.right + 5, y, f"{per_cent}%", colour=QUIET)
    plot.drawing.add(_path(points, dashed=True))
    for x, y in points:
        plot.drawing.add(Circle(x, y, 2.4, fillColor=GROUND, strokeColor=MARK, strokeWidth=1.2))
    entries = [(first.name, DARK)] + ([(second.name, LIGHT)] if second else [])
    plot.legend(entries, [cumulative])
    return plot.drawing


@dataclass(frozen=True, slots=True)
class Row:
    """A name, and its times as shares of the whole (0 to 1)."""

    name: str
    times: Sequence[tuple[float, float]]


def timeline(labels: Sequence[str], rows: Sequence[Row]) -> Drawing:
    """A bar for each row, dark where something stood still. `labels` are of equal parts' edges."""
    names = [wrap(row.name, 86, TEXT, 2) for row in rows]
    plot = _Plot(1, left=96, right=10)
    plot.drawing.height = 30 + 26 * len(rows)
    ceiling = plot.drawing.height - 4.0
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = ceiling - 26 * (index + 1) + 5
        plot.drawing.add(_box(plot.left, y, plot.width, 16, PALE))
        for begin, end in row.times:
            length = max((end - begin) * plot.width, 0.8)
            plot.drawing.add(_box(plot.left + begin * plot.width, y, length, 16, DARK))
        for line, text in enumerate(name):
            plot.text(plot.left - 6, y + 5 - 9 * line, text, anchor="end", size=TEXT)
    plot.drawing.add(
        Line(plot.left, plot.bottom, plot.right, plot.bottom, strokeColor=INK, strokeWidth=0.9)
    )
    plot.places(labels, edges=True)
    return plot.drawing


def number(value: float) -> str:
    """With its thousands apart; below ten, with one decimal place if it has any."""
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def width(text: str, size: float) -> float:
    """About how many points `text` takes: a Chinese character is square, a Latin one narrower."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return size * (wide + 0.56 * (len(text) - wide))


def wrap(text: str, room: float, size: float, lines: int) -> list[str]:
    """`text` in up to `lines` lines of `room` points, broken between words or Chinese characters,
    and within a word that is longer than a line; what does not fit ends with an ellipsis."""
    found, line = list[str](), ""
    for part in _parts(text, room, size):
        if line and width((line + part).rstrip(), size) > room:
            found.append(line.rstrip())
            line = ""
        line += part
    found.append(line.rstrip())
    if len(found) <= lines:
        return found
    last = found[lines - 1]
    while last and width(last + "…", size) > room:
        last = last[:-1]
    return [*found[: lines - 1], last + "…"]


def _parts(text: str, room: float, size: float) -> list[str]:
    """What is not broken: words, Chinese characters, and pieces of a word beyond a line."""
    parts = [""]
    for character in text:
        if parts[-1] and width(parts[-1] + character, size) > room:
            parts.append("")
        parts[-1] += character
        if character == " " or unicodedata.east_asian_width(character) in "WF":
            parts.append("")
    return [part for part in parts if part]


def _step(top: float) -> float:
    """The distance of the scale's marks: 1, 2 or 5 times a power of ten, about four of them."""
    if top <= 4:
        return 1
    rough = top / 4
    power: float = 10 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def _box(x: float, y: float, width: float, height: float, colour: Color) -> Rect:
    box = Rect(x, y, width, height)
    box.fillColor, box.strokeColor, box.strokeWidth = colour, INK, 0.5
    return box


def _path(
    points: Sequence[tuple[float, float]], *, colour: Color = MARK, dashed: bool = False
) -> PolyLine:
    path = PolyLine([coordinate for point in points for coordinate in point])
    path.strokeColor, path.strokeWidth = colour, 1.4
    if dashed:
        path.strokeDashArray = [5, 3]
    return path


def _area(points: Sequence[tuple[float, float]], colour: Color) -> Polygon:
    area = Polygon([coordinate for point in points for coordinate in point])
    area.fillColor, area.strokeColor = colour, None
    return area
