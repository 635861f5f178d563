"""A chart as SVG for a page: its text in the page's own fonts, its colours as the page's variables.

reportlab's own writer fixes both, and gives two charts on one page the same identifiers.
"""

from html import escape

from reportlab.graphics.shapes import (
    Circle,
    Drawing,
    Line,
    LineShape,
    Polygon,
    PolyLine,
    Rect,
    Shape,
    SolidShape,
    String,
)
from reportlab.lib.colors import Color

from edge_agent.reports import charts

_NAMES = {
    charts.INK.hexval(): "ink",
    charts.QUIET.hexval(): "quiet",
    charts.GRID.hexval(): "grid",
    charts.GROUND.hexval(): "ground",
    charts.DARK.hexval(): "dark",
    charts.MIDDLE.hexval(): "middle",
    charts.LIGHT.hexval(): "light",
    charts.PALE.hexval(): "pale",
    charts.MARK.hexval(): "mark",
}
STYLE = """
.chart{width:100%;height:auto;display:block;font-family:inherit;
 --chart-ink:#14202b;--chart-quiet:#46525e;--chart-grid:#ccd4db;--chart-ground:#fff;
 --chart-dark:#10406f;--chart-middle:#4a90cf;--chart-light:#bcd8f1;--chart-pale:#eef4fa;
 --chart-mark:#b3261e}
.body--dark .chart{
 --chart-ink:#e8eef4;--chart-quiet:#b4c0cb;--chart-grid:#33404c;--chart-ground:#10171e;
 --chart-dark:#8cc4f5;--chart-middle:#4a86bd;--chart-light:#24527c;--chart-pale:#1b2732;
 --chart-mark:#ff9d94}
"""
"""For the page's style sheet. Each colour keeps its distance from the ground by day and night."""


def to_svg(drawing: Drawing, title: str) -> str:
    """`drawing` as one <svg> element of class ``chart``, which `title` says to a screen reader."""
    shapes = "".join(_shape(shape, drawing.height) for shape in drawing.contents)
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {drawing.width:g} {drawing.height:g}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{shapes}</svg>'
    )


def _shape(shape: Shape, height: float) -> str:
    match shape:
        case Rect():
            return (
                f'<rect x="{shape.x:.1f}" y="{height - shape.y - shape.height:.1f}" '
                f'width="{shape.width:.1f}" height="{shape.height:.1f}"{_paint(shape)}/>'
            )
        case Line():
            return (
                f'<line x1="{shape.x1:.1f}" y1="{height - shape.y1:.1f}" '
                f'x2="{shape.x2:.1f}" y2="{height - shape.y2:.1f}"{_stroke(shape)}/>'
            )
        case Circle():
            return (
                f'<circle cx="{shape.cx:.1f}" cy="{height - shape.cy:.1f}" '
                f'r="{shape.r:.1f}"{_paint(shape)}/>'
            )
        case Polygon() | PolyLine():
            pairs = zip(shape.points[::2], shape.points[1::2], strict=True)
            points = " ".join(f"{x:.1f},{height - y:.1f}" for x, y in pairs)
            if isinstance(shape, Polygon):
                return f'<polygon points="{points}"{_paint(shape)}/>'
            return f'<polyline points="{points}" fill="none"{_stroke(shape)}/>'
        case String():
            return (
                f'<text x="{shape.x:.1f}" y="{height - shape.y:.1f}" '
                f'font-size="{shape.fontSize:g}" text-anchor="{shape.textAnchor}" '
                f'fill="{_colour(shape.fillColor)}">{escape(shape.text)}</text>'
            )
    raise TypeError(f"{type(shape).__name__} has no SVG here")


def _paint(shape: SolidShape) -> str:
    return f' fill="{_colour(shape.fillColor)}"{_stroke(shape)}'


def _stroke(shape: LineShape) -> str:
    if shape.strokeColor is None:
        return ""
    dashes = " ".join(map(str, shape.strokeDashArray or ()))
    return f' stroke="{_colour(shape.strokeColor)}" stroke-width="{shape.strokeWidth:g}"' + (
        f' stroke-dasharray="{dashes}"' if dashes else ""
    )


def _colour(colour: Color | None) -> str:
    return f"var(--chart-{_NAMES[colour.hexval()]})" if colour else "none"
