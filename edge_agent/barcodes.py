"""Command barcodes for the wall beside a station, and people's badges, as PDF to be printed.

A card says in large words what its code does and what is scanned after it. The codes are QR, level
M: short enough for modules of 1 mm and more, which a worn handheld reads from a metre away. Where
the scanners read bars alone, they are Code 128, each as wide as the page.
"""

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from edge_agent.code128 import bars
from edge_agent.config import LineConfig
from edge_agent.core.commands import DECOMMISSION_REASONS, PREFIX, Command, CommandScan
from edge_agent.core.dialog import PROCEDURES
from edge_agent.core.people import PERMISSIONS, Person, Role
from edge_agent.reports.charts import DARK, FONT, GRID, INK, MARK, QUIET, width, wrap
from edge_agent.reports.directory import Directory, Order
from edge_agent.reports.paper import MARGIN, Styles, load_font, paragraph, unwritten
from edge_agent.station_config import Hmi
from edge_agent.vocabulary import COMMANDS, DECOMMISSION, ROLES
from edge_agent.words import Words, words

SYMBOL = 40 * mm
"""A QR code with its quiet zone."""
BARS_HEIGHT = 13 * mm
HEADING, GAP, FOOT = 8 * mm, 3 * mm, 13 * mm
BADGE_WIDTH, BADGE_HEIGHT = 85.6 * mm, 53.98 * mm
"""ISO/IEC 7810, ID-1: fits the usual holders."""
STEPS_SHOWN = 4
TITLE_SIZE, SMALLEST_TITLE_SIZE = 19.0, 11.0
DEFAULT_FONT = Hmi().font
_REPAIRS = (
    Command.UNDO, Command.REMOVE, Command.REPLACE, Command.ADD, Command.EMPTY, Command.SPLIT,
    Command.MERGE, Command.MOVE, Command.UNPACK, Command.REOPEN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """One code. `steps` are what to do, in order; `leave` says who may, where not everybody."""

    text: str
    title: str
    steps: tuple[str, ...]
    leave: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """How the cards lie on a page, and what draws one at its lower left corner. `holds` says which
    texts can be on one."""

    columns: int
    width: float
    height: float
    draw: Callable[[Canvas, Card, float, float, Styles], None]
    holds: Callable[[str], bool]

    @property
    def rows(self) -> int:
        """Of a page with one group."""
        return int((_ROOM - HEADING - GAP) // self.height)

    def rows_of(self, group: Group) -> int:
        return -(-len(group.cards) // self.columns)

    def height_of(self, group: Group) -> float:
        return HEADING + self.rows_of(group) * self.height + GAP


def groups(config: LineConfig, directory: Directory, t: Words) -> list[Group]:
    """The cards for the stations of `config` at which people scan, and for the orders that are not
    ended. Empty where nobody scans."""
    if not any(station.handheld or not station.gate for station in config.stations):
        return []
    found = [
        Group(t("At any time"), _commands(config, _always(config), t)),
        Group(t("Packing"), _commands(config, _packing(config), t)),
        Group(t("Repairs"), _commands(config, _REPAIRS if len(config.levels) > 1 else (), t)),
        Group(t("Samples"), _commands(config, (Command.SAMPLE, Command.RETURN), t)),
        Group(t("Taking out of use"), tuple(_decommissions(config, t))),
        Group(t("Orders"), tuple(_orders(config, directory, t))),
    ]
    return [group for group in found if group.cards]


def barcode_sheets(
    found: Sequence[Group], config: LineConfig, path: Path, t: Words, form: Form
) -> list[str]:
    """Write the cards, each group from the top of a page; the texts that `form` does not hold,
    which are left out. Raises PaperError."""
    load_font(config.hmi.font)
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    canvas.setTitle(f"{t('Command barcodes')} {config.line.name}")
    pages, styles = _pages(found, form), Styles(t)
    for number, page in enumerate(pages, 1):
        top = A4[1] - MARGIN
        for group in page:
            _head(canvas, group.title, config.line.name, top, t)
            for index, card in enumerate(group.cards):
                row, column = divmod(index, form.columns)
                x, y = MARGIN + column * form.width, top - HEADING - (row + 1) * form.height
                canvas.setStrokeColor(GRID)
                canvas.setDash(3, 3)
                canvas.rect(x, y, form.width, form.height)
                canvas.setDash()
                form.draw(canvas, card, x, y, styles)
            top -= form.height_of(group)
        foot = t("Page {number} of {count}", number=number, count=len(pages))
        canvas.setFillColor(QUIET)
        canvas.setFont(FONT, 8)
        canvas.drawRightString(A4[0] - MARGIN, 8 * mm, foot)
        canvas.showPage()
    try:
        canvas.save()
    except OSError as error:
        raise unwritten(path, error) from None

    return [card.text for group in found for card in group.cards if not form.holds(card.text)]


def badge_sheet(
    person: Person, secret: str, path: Path, language: str, font: Path = DEFAULT_FONT
) -> None:
    """Write the badge of `person` as a PDF that only its owner can read: whoever has `secret` signs
    in as that person. Raises PaperError, also where the file exists."""
    load_font(font)
    t = words(language)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    canvas.setTitle(f"{t('Badge')} {person.id}")
    x, y = MARGIN, A4[1] - MARGIN - BADGE_HEIGHT
    canvas.setStrokeColor(QUIET)
    canvas.setDash(3, 3)
    canvas.roundRect(x, y, BADGE_WIDTH, BADGE_HEIGHT, 3.2 * mm)
    canvas.setDash()
    symbol = 38 * mm
    _symbol(canvas, f"{PREFIX}BADGE:{secret}", x + 2 * mm, y + 8 * mm, symbol)
    left, room = x + symbol + 3 * mm, BADGE_WIDTH - symbol - 5 * mm
    canvas.setFillColor(INK)
    lines = wrap(person.name, room, 17, 3)
    for index, line in enumerate(lines):
        canvas.setFont(FONT, 17)
        canvas.drawString(left, y + BADGE_HEIGHT - 14 * mm - index * 7 * mm, line)
    canvas.setFillColor(DARK)
    canvas.setFont(FONT, 12)
    below = y + BADGE_HEIGHT - 14 * mm - len(lines) * 7 * mm - 1 * mm
    canvas.drawString(left, below, t(ROLES[person.role]))
    canvas.setFillColor(QUIET)
    canvas.setFont(FONT, 9)
    canvas.drawString(left, y + 5 * mm, wrap(person.id, room, 9, 1)[0])
    said = t("Cut it out along the line. Whoever has this badge signs in with it: keep it on you.")
    note = paragraph(said, Styles(t).quiet)
    note.wrap(A4[0] - 2 * MARGIN, 50)
    note.drawOn(canvas, MARGIN, y - 12 * mm)
    canvas.showPage()
    canvas.save()
    _write_private(path, buffer.getvalue())


def _write_private(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise unwritten(path, error) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)


# --- which cards -----------------------------------------------------------------------------


def _always(config: LineConfig) -> Iterable[Command]:
    yield Command.CANCEL
    yield Command.SIGN_OUT
    if any(station.gate for station in config.stations):
        yield Command.RELEASE


def _packing(config: LineConfig) -> Iterable[Command]:
    if any(level.by_scan for level in config.levels):
        yield from (Command.CLOSE, Command.CONFIRM, Command.PARK, Command.RESUME)
    if any(level.label for level in config.levels):
        yield Command.REPRINT


def _commands(config: LineConfig, commands: Iterable[Command], t: Words) -> tuple[Card, ...]:
    return tuple(
        Card(
            CommandScan(command).text,
            t(COMMANDS[command].label),
            _steps(command, t),
            _leave(config, command, t),
        )
        for command in commands
    )


def _decommissions(config: LineConfig, t: Words) -> Iterable[Card]:
    command = Command.DECOMMISSION
    for reason in DECOMMISSION_REASONS:
        text = CommandScan(command, reason).text
        yield Card(text, t(DECOMMISSION[reason]), _steps(command, t), _leave(config, command, t))


def _orders(config: LineConfig, directory: Directory, t: Words) -> Iterable[Card]:
    if config.line.order:
        return
    for order in directory.orders.values():
        if not order.ended:
            text = CommandScan(Command.ORDER, order.id).text
            about = _about(order, directory, t)
            yield Card(text, order.id, about, _leave(config, Command.ORDER, t))


def _about(order: Order, directory: Directory, t: Words) -> tuple[str, ...]:
    product = directory.products.get(order.gtin) or order.gtin
    batch = t("Batch {batch}", batch=order.batch) if order.batch else ""
    target = t("Target {target}", target=f"{order.target:,}") if order.target else ""
    return tuple(filter(None, (product, batch, target)))


def _steps(command: Command, t: Words) -> tuple[str, ...]:
    procedure = PROCEDURES.get(command)
    if procedure is None or not procedure.scans:
        return (t(COMMANDS[command].hint),)
    scans = [t("scan this code"), *(t.saying(saying) for saying in procedure.scans)]
    return tuple(f"{number}. {step}" for number, step in enumerate(scans, 1))


def _leave(config: LineConfig, command: Command, t: Words) -> str:
    procedure = PROCEDURES.get(command)
    if procedure is None:
        return ""
    may = [role for role in Role if procedure.permission in PERMISSIONS[role]]
    roles = ", ".join(t(ROLES[role]) for role in may)
    if procedure.permission in config.people.four_eyes:
        return t("Two badges: {roles}", roles=roles)
    return "" if Role.OPERATOR in may else t("Badge: {roles}", roles=roles)


# --- drawing ---------------------------------------------------------------------------------


def _pages(found: Sequence[Group], form: Form) -> list[list[Group]]:
    """Groups that fit share a page; one that is longer than a page goes on on the next."""
    pages, room = [list[Group]()], _ROOM
    for group in found:
        cards = [card for card in group.cards if form.holds(card.text)]
        for first in range(0, len(cards), form.columns * form.rows):
            part = Group(group.title, tuple(cards[first : first + form.columns * form.rows]))
            if form.height_of(part) > room:
                pages.append([])
                room = _ROOM
            pages[-1].append(part)
            room -= form.height_of(part)
    return pages


def _head(canvas: Canvas, title: str, line: str, top: float, t: Words) -> None:
    canvas.setFillColor(INK)
    canvas.setFont(FONT, 17)
    canvas.drawString(MARGIN, top - 5.5 * mm, title)
    canvas.setFillColor(QUIET)
    canvas.setFont(FONT, 9)
    canvas.drawRightString(A4[0] - MARGIN, top - 5.5 * mm, f"{line} · {t('Command barcodes')}")


def _qr_card(canvas: Canvas, card: Card, x: float, y: float, styles: Styles) -> None:
    _symbol(canvas, card.text, x + 1.5 * mm, y + QR_HEIGHT - SYMBOL - 1.5 * mm, SYMBOL)
    left, room = x + SYMBOL + 3 * mm, QR_WIDTH - SYMBOL - 5 * mm
    top = y + QR_HEIGHT - 4 * mm
    longest = max(width(word, TITLE_SIZE) for word in card.title.split() or [""])
    size = max(min(TITLE_SIZE, TITLE_SIZE * room / (longest + 1)), SMALLEST_TITLE_SIZE)
    title = ParagraphStyle("card", styles.title, fontSize=size, leading=size * 1.2)
    step = ParagraphStyle("step", styles.text, fontSize=9.5, leading=12)
    for text in wrap(card.title, room, size, 3):
        top = _put(canvas, paragraph(text, title), left, top, room)
    top -= 1.5 * mm
    for text in card.steps[:STEPS_SHOWN]:
        for line in wrap(text, room, 9.5, 3):
            top = _put(canvas, paragraph(line, step), left, top, room)
    if card.leave:
        canvas.setFillColor(MARK)
        canvas.setFont(FONT, 8.5)
        for index, text in enumerate(reversed(wrap(card.leave, room, 8.5, 2))):
            canvas.drawString(left, y + 7 * mm + index * 10, text)
    canvas.setFillColor(QUIET)
    canvas.setFont(FONT, 7.5)
    canvas.drawString(x + 5 * mm, y + 2.6 * mm, wrap(card.text, QR_WIDTH - 8 * mm, 7.5, 1)[0])


def _bar_card(canvas: Canvas, card: Card, x: float, y: float, styles: Styles) -> None:
    """What it does on the left, how on the right, and the bars below, as wide as the card."""
    half = BAR_WIDTH / 2 - 5 * mm
    size = max(min(TITLE_SIZE, TITLE_SIZE * half / width(card.title, TITLE_SIZE)), 11)
    canvas.setFillColor(INK)
    canvas.setFont(FONT, size)
    canvas.drawString(x + 5 * mm, y + BAR_HEIGHT - 8 * mm, wrap(card.title, half, size, 1)[0])
    if card.leave:
        canvas.setFillColor(MARK)
        canvas.setFont(FONT, 8.5)
        canvas.drawString(x + 5 * mm, y + BAR_HEIGHT - 13 * mm, wrap(card.leave, half, 8.5, 1)[0])
    step = ParagraphStyle("step", styles.text, fontSize=9.5, leading=12)
    top = y + BAR_HEIGHT - 2 * mm
    for line in wrap("  ".join(card.steps), half, 9.5, 3):
        top = _put(canvas, paragraph(line, step), x + BAR_WIDTH / 2, top, half)
    # Not in the colour of what stands above: red bars are none in a laser's red light.
    canvas.setFillColor(black)
    if (found := bars(card.text, BAR_WIDTH, BARS_HEIGHT)) is not None:
        found.drawOn(canvas, x, y + 5 * mm)
    canvas.setFillColor(QUIET)
    canvas.setFont(FONT, 7.5)
    canvas.drawString(x + 5 * mm, y + 1.8 * mm, wrap(card.text, 2 * half, 7.5, 1)[0])


def _put(canvas: Canvas, text: Paragraph, x: float, top: float, room: float) -> float:
    """Draw `text` below `top`; the height at which the next goes on."""
    _, height = text.wrap(room, 100 * mm)
    text.drawOn(canvas, x, top - height)
    return top - height


def _symbol(canvas: Canvas, text: str, x: float, y: float, size: float) -> None:
    """A QR code of `text` with its quiet zone of 4 modules (ISO/IEC 18004)."""
    widget = QrCodeWidget(text, barLevel="M", barBorder=4, barWidth=size, barHeight=size)
    drawing = Drawing(size, size)
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, x, y)


QR_WIDTH, QR_HEIGHT = 90 * mm, 48 * mm
BAR_WIDTH, BAR_HEIGHT = 180 * mm, 34 * mm
_ROOM = A4[1] - MARGIN - FOOT
FORMS: Mapping[str, Form] = {
    "qr": Form(2, QR_WIDTH, QR_HEIGHT, _qr_card, lambda _: True),
    "code128": Form(
        1, BAR_WIDTH, BAR_HEIGHT, _bar_card,
        lambda text: bars(text, BAR_WIDTH, BARS_HEIGHT) is not None,
    ),
}  # fmt: skip
"""By symbology."""
