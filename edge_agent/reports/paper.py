"""Paper: an A4 PDF with the line's name, page n of m, and on each page the event that it rests on.

A printed report can be checked: it names the last event that it covers and that event's hash, which
covers everything before it (core.chain).
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import Table as PaperTable

from edge_agent.core.saying import SaidError, say
from edge_agent.reports.charts import DARK, FONT, GRID, INK, LIGHT, MARK, PALE, QUIET, width
from edge_agent.reports.sections import Report, Section, Table, Tile
from edge_agent.words import Words

MARGIN = 15 * mm
TEXT_WIDTH = A4[0] - 2 * MARGIN
TILES_IN_A_ROW = 6
HASH_SHOWN = 16
"""Hexadecimal digits of the hash on each page; the last page has them all."""
_WHITE = HexColor("#ffffff")
_ISOLATES = {0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None}
"""They order text on a screen, and would be boxes on paper (UAX #9)."""
_FRAME_PADDING = 6
"""Of reportlab's frames."""
_TOGETHER_ROWS = 16
"""A table up to so long is not cut by a page's end."""


class PaperError(SaidError):
    """A PDF cannot be made; it is said what was found and expected."""


def load_font(path: Path) -> None:
    """Make the configured font known to reportlab. Raises PaperError."""
    try:
        # A collection's first font is the proportional one.
        pdfmetrics.registerFont(TTFont(FONT, path, subfontIndex=0))
    except (OSError, TTFError) as error:
        raise PaperError(
            say(
                "hmi.font is {path}, which cannot be used ({why}); expected a TrueType font with "
                "Chinese characters, as in the Debian package fonts-wqy-microhei",
                path=str(path),
                why=str(error),
            )
        ) from None


def write_pdf(report: Report, path: Path, font: Path, t: Words) -> None:
    """`report` as a PDF in the language of `t`. The same report gives the same bytes.

    Raises PaperError where the font or the file cannot be used.
    """
    load_font(font)
    styles = Styles(t)
    document = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=19 * mm,
        bottomMargin=18 * mm,
        title=f"{report.title} {report.name}",
        author=report.line,
        invariant=True,
    )
    story: list[Flowable] = [*_head(report, styles), *_tiles(report.tiles, styles)]
    for section in report.sections:
        story += _section(section, styles)
    story += _proof(report, styles, t)
    head = f"{report.line} · {report.title} · {report.name}".translate(_ISOLATES)
    foot = t("Event {seq}, hash {hash}…", seq=f"{report.seq:,}", hash=report.hash[:HASH_SHOWN])
    try:
        document.build(story, canvasmaker=numbered(head, foot, t))
    except OSError as error:
        raise unwritten(path, error) from None


def unwritten(path: Path, error: OSError) -> PaperError:
    why = error.strerror or str(error)
    return PaperError(say("{path} cannot be written ({why})", path=str(path), why=why))


class Styles:
    """Of paragraphs, in one language: Chinese is broken between any two characters."""

    def __init__(self, t: Words) -> None:
        chinese = t.language.startswith("zh")
        base = ParagraphStyle(
            "base",
            fontName=FONT,
            fontSize=9,
            leading=12.5,
            textColor=INK,
            wordWrap="CJK" if chinese else None,
        )
        self.text = base
        self.quiet = ParagraphStyle("quiet", base, textColor=QUIET, fontSize=8, leading=11)
        self.title = ParagraphStyle("title", base, fontSize=21, leading=26)
        self.name = ParagraphStyle("name", base, fontSize=13, leading=18, textColor=DARK)
        self.section = ParagraphStyle("section", base, fontSize=13, leading=17, spaceBefore=9)
        self.number = ParagraphStyle("number", base, alignment=2)
        self.head = ParagraphStyle("head", base, fontSize=8, leading=10.5, textColor=QUIET)
        self.head_number = ParagraphStyle("head-number", self.head, alignment=2)
        self.warning = ParagraphStyle("warning", base, fontSize=10.5, leading=15, textColor=_WHITE)
        self.tile = ParagraphStyle("tile", base, alignment=1, fontSize=9, leading=11)
        self.warned = ParagraphStyle("warned", self.tile, textColor=_WHITE)
        self.value = ParagraphStyle("value", base, alignment=1, fontSize=20, leading=25)


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text.translate(_ISOLATES)), style)


def numbered(head: str, foot: str, t: Words) -> type[Canvas]:
    """A canvas that writes head and foot on each page when it knows how many there are."""

    class Numbered(Canvas):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]

        def save(self) -> None:
            for number, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self._frame(t("Page {number} of {count}", number=number, count=len(self._pages)))
                super().showPage()
            super().save()

        def _frame(self, page: str) -> None:
            wide, high = A4
            self.setStrokeColor(GRID)
            self.setFillColor(QUIET)
            self.setFont(FONT, 8)
            self.line(MARGIN, high - 15 * mm, wide - MARGIN, high - 15 * mm)
            self.drawString(MARGIN, high - 13 * mm, head)
            self.line(MARGIN, 15 * mm, wide - MARGIN, 15 * mm)
            self.drawString(MARGIN, 10.5 * mm, foot)
            self.drawRightString(wide - MARGIN, 10.5 * mm, page)

    return Numbered


def paper_table(table: Table, styles: Styles, room: float = TEXT_WIDTH) -> PaperTable:
    """`table` in at most `room` points; its head is said again on each page."""

    def style_of(column: int, *, head: bool) -> ParagraphStyle:
        if column >= table.numbers:
            return styles.head_number if head else styles.number
        return styles.head if head else styles.text

    cells = [[paragraph(text, style_of(i, head=True)) for i, text in enumerate(table.head)]]
    cells += [
        [paragraph(text, style_of(i, head=False)) for i, text in enumerate(row)]
        for row in table.rows
    ]
    drawn = PaperTable(
        cells, colWidths=_column_widths(table, room), repeatRows=1, hAlign="LEFT", spaceAfter=8
    )
    drawn.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, GRID),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ]
    )
    return drawn


def _column_widths(table: Table, room: float) -> list[float]:
    widest = [
        max(width(row[column], 9) for row in [table.head, *table.rows]) + 14
        for column in range(len(table.head))
    ]
    most = room / 3
    found = [min(each, most) for each in widest]
    if table.wide is not None:
        rest = room - sum(found) + found[table.wide]
        found[table.wide] = max(min(widest[table.wide], rest), 60)
    total = sum(found)
    return [each * room / total for each in found] if total > room else found


def _head(report: Report, styles: Styles) -> list[Flowable]:
    about = [
        [paragraph(name, styles.quiet), paragraph(value, styles.text)]
        for name, value in report.about
    ]
    facts = PaperTable(about, colWidths=[32 * mm, TEXT_WIDTH - 32 * mm], hAlign="LEFT")
    facts.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5),
        ]
    )
    story: list[Flowable] = [
        paragraph(report.title, styles.title),
        paragraph(report.name, styles.name),
        Spacer(1, 4),
        facts,
    ]
    for remark in report.remarks:
        box = PaperTable([[paragraph(remark, styles.warning)]], colWidths=[TEXT_WIDTH])
        box.setStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), MARK),
                ("LEFTPADDING", (0, 0), (-1, -1), 8),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
        story += [Spacer(1, 5), box]
    return [*story, Spacer(1, 8)]


def _tiles(tiles: Sequence[Tile], styles: Styles) -> list[Flowable]:
    story: list[Flowable] = []
    for first in range(0, len(tiles), TILES_IN_A_ROW):
        row = tiles[first : first + TILES_IN_A_ROW]
        cells = [
            [paragraph(each.name, styles.warned if each.warns else styles.tile) for each in row],
            [paragraph(each.value, styles.value) for each in row],
            [paragraph(each.note, styles.tile) for each in row],
        ]
        drawn = PaperTable(cells, colWidths=[TEXT_WIDTH / len(row)] * len(row))
        looks: list[Any] = [
            ("BACKGROUND", (0, 0), (-1, -1), PALE),
            ("BOX", (0, 0), (-1, -1), 0.8, INK),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 2), (-1, 2), 6),
            *(("LINEBEFORE", (index, 0), (index, -1), 0.8, INK) for index in range(1, len(row))),
            *(
                ("BACKGROUND", (index, 0), (index, 0), MARK)
                for index, each in enumerate(row)
                if each.warns
            ),
        ]
        drawn.setStyle(looks)
        story += [drawn, Spacer(1, 6)]
    return story


def _section(section: Section, styles: Styles) -> list[Flowable]:
    top: list[Flowable] = [paragraph(section.title, styles.section)]
    top += [paragraph(remark, styles.text) for remark in section.remarks]
    top.append(Spacer(1, 3))
    if section.chart is not None:
        top += [section.chart, Spacer(1, 4)]
    rest: list[Flowable] = []
    for index, tables in enumerate(_side_by_side(section.tables)):
        drawn = _beside([paper_table(table, styles) for table in tables])
        is_short = all(len(table.rows) <= _TOGETHER_ROWS for table in tables)
        if index == 0 and is_short:
            top.append(drawn)
        elif is_short:
            rest.append(KeepTogether([drawn]))
        else:
            rest += [CondPageBreak(40 * mm), drawn]
    return [KeepTogether(top), *rest]


def _side_by_side(tables: Sequence[Table]) -> list[list[Table]]:
    """Two short, narrow tables that follow each other share a row."""
    rows = list[list[Table]]()
    alone = True
    for table in tables:
        is_small = (
            len(table.rows) <= _TOGETHER_ROWS
            and sum(_column_widths(table, TEXT_WIDTH)) < TEXT_WIDTH / 2 - 8
        )
        if is_small and not alone:
            rows[-1].append(table)
            alone = True
        else:
            rows.append([table])
            alone = not is_small
    return rows


def _beside(tables: Sequence[PaperTable]) -> PaperTable:
    if len(tables) == 1:
        return tables[0]
    row = PaperTable([list(tables)], colWidths=[TEXT_WIDTH / 2] * 2, spaceAfter=8)
    row.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return row


def _proof(report: Report, styles: Styles, t: Words) -> list[Flowable]:
    """What pins this paper to the ledger."""
    said = t(
        "This report follows from the line's ledger up to event {seq}. Each event's hash covers "
        "all events before it. To check this paper: edge-agent report CONFIG --check {seq}:HASH, "
        "with the hash below.",
        seq=report.seq,
    )
    digits = " ".join(report.hash[start : start + 8] for start in range(0, len(report.hash), 8))
    box = PaperTable(
        [
            [paragraph(t("How to check this report"), styles.section)],
            [paragraph(said, styles.text)],
            [paragraph(digits or t("The ledger has no event yet."), styles.text)],
        ],
        colWidths=[TEXT_WIDTH],
    )
    box.setStyle([("BOX", (0, 0), (-1, -1), 0.8, INK), ("BACKGROUND", (0, 2), (-1, 2), LIGHT)])
    return [Spacer(1, 10), KeepTogether([box])]
