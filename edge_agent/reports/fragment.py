"""A report as HTML to be put into a page (hmi/static/reports.css). Every text is escaped."""

from collections.abc import Iterable
from html import escape

from edge_agent.reports.sections import Report, Section, Table, Tile
from edge_agent.reports.svg import to_svg
from edge_agent.words import Words


def to_html(report: Report, t: Words) -> str:
    """`report` as one <article>, in the language of `t`."""
    about = "".join(
        f"<div><dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>"
        for name, value in report.about
    )
    rests_on = t("Event {seq}, hash {hash}…", seq=f"{report.seq:,}", hash=report.hash[:16])
    return "".join(
        (
            '<article class="report">',
            f"<header><h2>{escape(report.title)} <bdi>{escape(report.name)}</bdi></h2>",
            f"<dl>{about}</dl></header>",
            *(f'<p class="remark">{escape(remark)}</p>' for remark in report.remarks),
            f'<div class="numbers">{"".join(map(_tile, report.tiles))}</div>',
            f'<div class="parts">{"".join(map(_section, report.sections))}</div>',
            f"<footer>{escape(rests_on)}</footer></article>",
        )
    )


def _tile(tile: Tile) -> str:
    looks = "number warns" if tile.warns else "number"
    return (
        f'<div class="{looks}">{escape(tile.name)}<b>{escape(tile.value)}</b>'
        f"{escape(tile.note)}</div>"
    )


def _section(section: Section) -> str:
    chart = to_svg(section.chart, section.title) if section.chart else ""
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in section.remarks)
    tables = "".join(map(_table, section.tables))
    return f"<section><h2>{escape(section.title)}</h2>{remarks}{chart}{tables}</section>"


def _table(table: Table) -> str:
    rows = "".join(f"<tr>{_cells(row, table.numbers, 'td')}</tr>" for row in table.rows)
    head = _cells(table.head, table.numbers, "th")
    return (
        f'<div class="wide-table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(texts: Iterable[str], numbers: int, tag: str) -> str:
    return "".join(
        f'<{tag} class="count">{escape(each)}</{tag}>'
        if index >= numbers
        else f"<{tag}><bdi>{escape(each)}</bdi></{tag}>"
        for index, each in enumerate(texts)
    )
