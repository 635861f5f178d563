"""A chart as SVG for a page: its text in the page's own fonts, its colours as the variables of
hmi/static/reports.css, without a style attribute, which the pages' security policy forbids.

reportlab's own writer fixes fonts and colours, and gives two charts the same identifiers.
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
