"""What was read, drawn on the picture for people: boxes, places and short texts.

Green was read, red is missing, yellow is double or doubtful. A red box is crossed out as well, and
yellow ones say in words what is amiss, for those who see no difference between red and green.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.layer.order import in_reading_order
from edge_agent.camera.layer.outlines import middle
from edge_agent.camera.layer.plan import Place
from edge_agent.camera.layer.reading import Cell, CellState, LayerReading
from edge_agent.camera.symbols import Corners, Point, Reading

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""

SMALLEST_PX = 12
"""Of a letter that can still be read on a screen."""
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
_FONT = cv2.FontFace("sans")
_SEMIBOLD = 600


class Tone(Enum):
    """A mark's colour, and that of letters on it."""

    GREEN = ((80, 200, 40), BLACK)
    RED = ((40, 40, 230), WHITE)
    YELLOW = ((0, 215, 255), BLACK)


@dataclass(frozen=True, slots=True)
class Mark:
    """A box at `corners`, `name` above it and `text` below; a long text is cut at its beginning."""

    corners: Corners
    tone: Tone
    name: str = ""
    text: str = ""


_TONES = {
    CellState.READ: Tone.GREEN,
    CellState.MISSING: Tone.RED,
    CellState.DOUBLE: Tone.YELLOW,
    CellState.DOUBTFUL: Tone.YELLOW,
}


def layer_marks(reading: LayerReading) -> list[Mark]:
    """Of all cells and strangers; of all symbols, where there are no named cells."""
    if reading.placed:
        strangers = [
            Mark(each.corners, Tone.YELLOW, "outside", each.text) for each in reading.strangers
        ]
        return cell_marks(reading.cells) + strangers
    held = reading.held()
    return [
        Mark(symbol.corners, Tone.YELLOW, "double", symbol.text)
        if held[symbol.text] > 1
        else Mark(symbol.corners, Tone.GREEN, "", symbol.text)
        for symbol in in_reading_order(reading.symbols)
    ]


def cell_marks(cells: Iterable[Cell]) -> list[Mark]:
    """Of places of a layer; a double says where the other one is."""
    cells = list(cells)
    places = defaultdict[str, list[Place]](list)
    for cell in cells:
        for symbol in cell.symbols:
            places[symbol.text].append(cell.place)
    return [
        Mark(cell.corners, _TONES[cell.state], str(cell.place), _said(cell, places))
        for cell in cells
    ]


def code_marks(reading: Reading) -> list[Mark]:
    """Of codes that lie anywhere."""
    return [Mark(each.corners, Tone.GREEN, "", each.text) for each in reading.symbols] + [
        Mark(each.corners, Tone.YELLOW, "doubtful", each.text) for each in reading.doubted
    ]


def draw(picture: Pixels, marks: Sequence[Mark], caption: str = "") -> Pixels:
    """A copy of `picture`, (h, w) or (h, w, 3), as (h, w, 3) with `marks`, and `caption` along its
    lower edge. Lines and letters are as large as the picture needs."""
    drawn = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture.copy()
    canvas = _Canvas(drawn.astype(np.uint8, copy=False))
    rooms = _rooms([middle(mark.corners) for mark in marks], picture.shape[1])
    for mark, room in zip(marks, rooms, strict=True):
        canvas.box(mark)
        canvas.label(mark, room)
    if caption:
        canvas.caption(caption)
    return canvas.pixels


class _Canvas:
    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self._long = max(pixels.shape[:2])
        self._line = max(1, round(self._long / 700))

    def box(self, mark: Mark) -> None:
        colour, _ = mark.tone.value
        outline = np.round(np.array(mark.corners) * 16).astype(np.int32)
        # A dark seam: green and yellow are not seen on white paper, red not on dark board.
        for line, width in ((BLACK, 3 * self._line), (colour, 2 * self._line)):
            cv2.polylines(self.pixels, [outline], True, line, width, cv2.LINE_AA, shift=4)
        if mark.tone is Tone.RED:
            for start, end in ((0, 2), (1, 3)):
                points = tuple(map(int, outline[start])), tuple(map(int, outline[end]))
                cv2.line(self.pixels, *points, colour, self._line, cv2.LINE_AA, shift=4)

    def label(self, mark: Mark, room: float) -> None:
        xs, ys = zip(*mark.corners, strict=True)
        size = round(max(SMALLEST_PX, self._long / 100, min(0.2 * room, self._long / 50)))
        gap = 2 * self._line
        if mark.name:
            self._write(mark.name, (min(xs), min(ys) - gap), size, mark.tone, room, above=True)
        if mark.text:
            below = (min(xs), max(ys) + gap)
            self._write(mark.text, below, round(0.8 * size), mark.tone, room, above=False)

    def caption(self, text: str) -> None:
        size = max(SMALLEST_PX, self._long // 60)
        height, width = self.pixels.shape[:2]
        cv2.rectangle(self.pixels, (0, height - 2 * size), (width, height), BLACK, cv2.FILLED)
        text = _fitting(text, size, width - size, cut_end=True)
        self._letters(text, (size // 2, height - size // 2 - size // 8), size, WHITE)

    def _write(
        self, text: str, at: Point, size: int, tone: Tone, room: float, *, above: bool
    ) -> None:
        """On a ground of the mark's colour, moved into the picture where it would leave it."""
        pad = max(1, size // 5)
        height, width = self.pixels.shape[:2]
        text = _fitting(text, size, min(room, width) - 2 * pad)
        wide, high = _width(text, size) + 2 * pad, round(1.1 * size) + pad
        left = round(min(max(0, at[0]), width - wide))
        top = round(min(max(0, at[1] - high if above else at[1]), height - high))
        colour, letters = tone.value
        corner = (left + wide, top + high)
        cv2.rectangle(self.pixels, (left, top), corner, colour, cv2.FILLED)
        self._letters(text, (left + pad, top + high - pad - size // 8), size, letters)

    def _letters(self, text: str, at: tuple[int, int], size: int, colour: Colour) -> None:
        cv2.putText(self.pixels, text, at, colour, _FONT, size, _SEMIBOLD)


def _said(cell: Cell, places: Mapping[str, Sequence[Place]]) -> str:
    match cell.state:
        case CellState.MISSING:
            return ""
        case CellState.READ:
            return cell.symbols[0].text
        case CellState.DOUBLE if len(cell.symbols) > 1:
            return f"{len(cell.symbols)} codes"
        case CellState.DOUBLE:
            others = [place for place in places[cell.symbols[0].text] if place != cell.place]
            return f"also {others[0]}" if others else "also outside"
        case CellState.DOUBTFUL:
            return "doubtful"


def _rooms(points: Sequence[Point], width: int) -> list[float]:
    """How wide a text may be at each point: as far as the next."""
    return [
        min(
            (hypot(x - to_x, y - to_y) for to_x, to_y in points if (to_x, to_y) != (x, y)),
            default=float(width),
        )
        * 0.92
        for x, y in points
    ]


def _fitting(text: str, size: int, room: float, *, cut_end: bool = False) -> str:
    """`text` in printable characters, cut where there is no room; of a code, its end tells most."""
    text = "".join(letter if letter.isprintable() else "·" for letter in text)
    if _width(text, size) <= room:
        return text
    for length in range(min(len(text), 200), 0, -1):
        cut = f"{text[:length]}…" if cut_end else f"…{text[-length:]}"
        if _width(cut, size) <= room:
            return cut
    return "…"


def _width(text: str, size: int) -> int:
    """In pixels, as it is drawn."""
    _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _FONT, size, _SEMIBOLD)
    return int(width)
