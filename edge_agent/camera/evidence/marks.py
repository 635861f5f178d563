"""What a person sees of a picture that was kept: its note, drawn."""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.evidence.picture import Note
from edge_agent.camera.layer.overlay import (
    SMALLEST_PX,
    Mark,
    Tone,
    cell_marks,
    code_marks,
    draw,
)
from edge_agent.camera.symbols import Corners
from edge_agent.core.events import Rejected
from edge_agent.core.record import printable

MARGIN = 0.3
"""Around a symbol that is covered, in parts of its size: what it says is often printed there."""
_GREY = (128, 128, 128)


def marked(
    pixels: NDArray[np.uint8], note: Note, event: Rejected, caption: str, *, secret: bool
) -> NDArray[np.uint8]:
    """`pixels` (height, width, 3) with what the note tells: the rejected code red, what else was
    read green, what is doubted yellow. Codes are covered if they are `secret`."""
    marks = _marks(note, event)
    if secret:
        symbols = (*note.reading.symbols, *note.reading.doubted)
        pixels = _covered(pixels, (symbol.corners for symbol in symbols))
        marks = [replace(mark, text="") for mark in marks]
    # The caption has a strip of its own: it hides nothing of the picture.
    strip = 2 * max(SMALLEST_PX, max(pixels.shape) // 60)
    pixels = cv2.copyMakeBorder(pixels, 0, strip, 0, 0, cv2.BORDER_CONSTANT).astype(np.uint8)
    return draw(pixels, marks, caption)


def caption_of(seq: int, event: Rejected, note: Note, code: str, *, secret: bool) -> str:
    """What stands below the picture."""
    parts = [
        f"event {seq}",
        f"{event.reason.value} {code}".rstrip(),
        f"camera {note.camera}",
        note.at,
    ]
    if not secret:
        parts += dict.fromkeys(filter(None, (event.detail, note.why)))
    return " | ".join(parts)


def _marks(note: Note, event: Rejected) -> list[Mark]:
    if note.cells:
        return cell_marks(note.cells)
    return [
        replace(mark, tone=Tone.RED, name=event.reason.value)
        if event.text is not None and printable(mark.text) == event.text
        else mark
        for mark in code_marks(note.reading)
    ]


def _covered(pixels: NDArray[np.uint8], corners: Iterable[Corners]) -> NDArray[np.uint8]:
    covered = pixels.copy()
    for each in corners:
        points = np.array(each)
        low, high = points.min(axis=0), points.max(axis=0)
        margin = MARGIN * max(high - low)
        (left, top), (right, bottom) = (low - margin).astype(int), (high + margin).astype(int)
        cv2.rectangle(covered, (left, top), (right, bottom), _GREY, cv2.FILLED)
    return covered
