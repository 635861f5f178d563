"""Charts: what they show, on screen by day and night, and where a printer knows black only."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from reportlab.lib.colors import Color, HexColor

from edge_agent import hmi
from edge_agent.reports import charts
from edge_agent.reports.charts import Row, Series, number, wrap
from edge_agent.reports.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"
CSS = Path(hmi.__file__).with_name("static") / "reports.css"
DAY, NIGHT = (
    dict(re.findall(r"--chart-(\w+): (#\w+)", block))
    for block in CSS.read_text("utf-8").split(":root[data-theme")
)


def luminance(colour: Color) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.red, colour.green, colour.blue)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, two: str) -> float:
    low, high = sorted(luminance(HexColor(_long(each))) for each in (one, two))
    return (high + 0.05) / (low + 0.05)


def _long(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * each for each in colour[1:])


def shapes(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(SVG + tag))


@pytest.mark.parametrize("palette", [DAY, NIGHT], ids=["day", "night"])
def test_words_and_lines_are_read_by_day_and_night(palette: dict[str, str]) -> None:
    ground = palette["ground"]
    assert contrast(palette["ink"], ground) >= 7
    for text in ("quiet", "mark"):
        assert contrast(palette[text], ground) >= 4.5
    assert contrast(palette["dark"], ground) >= 3
    assert contrast(palette["ground"], palette["dark"]) >= 4.5  # numbers within a column
    assert contrast(palette["ink"], palette["light"]) >= 4.5


@pytest.mark.parametrize("palette", [DAY, NIGHT], ids=["day", "night"])
def test_series_are_told_apart_in_black_and_white(palette: dict[str, str]) -> None:
    series = [palette[name] for name in ("dark", "middle", "light", "pale")]
    for one, two in pairwise(series):
        assert contrast(one, two) >= 1.2
    assert contrast(series[0], series[1]) >= 1.8


def test_the_style_sheet_by_day_has_the_colours_of_the_paper() -> None:
    for name, colour in DAY.items():
        assert HexColor(_long(colour)) == getattr(charts, name.upper()), name


def test_columns_are_as_high_as_their_values() -> None:
    svg = to_svg(charts.columns(["a", "b", "c"], Series("s", [10, 20, 0])), "t")
    columns = [each for each in shapes(svg, "rect") if each.get("height") != "8.0"]
    heights = [float(each.get("height", "")) for each in columns]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert heights[2] == 0


def test_the_line_of_a_pareto_ends_at_all_of_it() -> None:
    svg = to_svg(charts.pareto(["a", "b"], Series("s", [30, 10]), None, "sum"), "t")
    line, _in_the_legend = (e for e in shapes(svg, "polyline") if e.get("stroke-dasharray"))
    ys = [float(pair.split(",")[1]) for pair in line.get("points", "").split()]
    zero = max(float(e.get("y1", "")) for e in shapes(svg, "line") if e.get("y1") == e.get("y2"))
    assert zero - ys[0] == pytest.approx(0.75 * (zero - ys[1]), abs=0.2)


def test_text_is_text_in_the_pages_font_and_cannot_be_markup() -> None:
    name = "<script>alert(1)</script> & 重复"
    svg = to_svg(charts.stacked(["<b>"], [Series(name, [1])]), name)
    assert "<script" not in svg
    said = [each.text for each in shapes(svg, "text")]
    assert name in said
    assert "<b>" in said
    assert "font-family" not in svg
    assert "style=" not in svg  # a strict content security policy takes attributes only


def test_nothing_to_show_is_still_a_chart() -> None:
    nothing = Series("s", [])
    for drawing in (
        charts.columns([], nothing),
        charts.stacked([], [nothing]),
        charts.pareto([], nothing, None, "x"),
        charts.course([], nothing, Series("m", [0])),
        charts.growth([], nothing, Series("t", [5])),
        charts.timeline([], [Row("gate", [])]),
    ):
        assert shapes(to_svg(drawing, "t"), "title")


def test_words_are_broken_where_people_break_them() -> None:
    assert wrap("Code was not issued", 60, 8, 3) == ["Code was not", "issued"]
    assert wrap("代码未发行过的产品", 40, 8, 3) == ["代码未发行", "过的产品"]
    assert "".join(wrap("X" * 40, 60, 8, 9)) == "X" * 40
    assert wrap("很长" * 50, 40, 8, 2)[-1].endswith("…")
    assert [number(each) for each in (0, 2.5, 12.4, 12345)] == ["0", "2.5", "12", "12,345"]


def test_a_mean_above_every_step_is_drawn_within_the_chart() -> None:
    svg = to_svg(charts.course(["08:00"], Series("rate", [2]), Series("mean", [75])), "t")
    heights = [float(each.split(",")[1]) for each in re.findall(r"[\d.-]+,[\d.-]+", svg)]
    assert min(heights) >= 0
