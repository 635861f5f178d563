"""The newest picture with what was read in it, for people who aim a camera."""

import base64
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.evidence.picture import pixels_of
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.layer.overlay import Mark, code_marks, draw, layer_marks
from edge_agent.camera.symbols import Symbol
from edge_agent.logs import mask

LONG_PX = 1_600
MAX_JPEG_BYTES = 600_000
"""In base64, with all else, it is less than a line of the control socket may have."""
SHOWN = 100
"""Codes, and characters of each."""
_QUALITIES = (85, 60, 30)
_QUOTED = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1""")


def shown(outcome: Outcome | None, *, secret: bool) -> dict[str, Any]:
    """As JSON values: `picture` is a JPEG in base64, None if there is none yet, and `taken_us` says
    when it was taken (monotonic clock of this machine, which tells pictures apart, too). Where
    codes are `secret`, only their ends are written on it and in `why`."""
    if outcome is None or outcome.picture is None:
        return {"picture": None, "taken_us": None, "codes": [], "why": ""}
    layer = outcome.layer
    marks = layer_marks(layer) if layer else code_marks(outcome.reading)
    why = layer.why if layer else ""
    if secret:
        symbols = outcome.reading.symbols + outcome.reading.doubted
        marks = masked_marks(marks, symbols + layer.symbols if layer else symbols)
        why = masked_why(why)
    return {
        "picture": base64.b64encode(_jpeg(draw(pixels_of(outcome.picture.data), marks))).decode(),
        "taken_us": outcome.taken_us,
        "codes": [symbol.text[:SHOWN] for symbol in outcome.reading.symbols[:SHOWN]],
        "why": why,
    }


def masked_marks(marks: list[Mark], symbols: Iterable[Symbol]) -> list[Mark]:
    """`marks` with only the ends of what `symbols` say."""
    texts = {symbol.text for symbol in symbols}
    return [
        replace(each, text=mask(each.text, secret=True) or "") if each.text in texts else each
        for each in marks
    ]


def masked_why(why: str) -> str:
    """`why` of a layer, in which texts stand in quotes, as Python writes them."""
    return _QUOTED.sub(lambda text: mask(text[2], secret=True) or "", why)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """No larger than MAX_JPEG_BYTES."""
    scale = LONG_PX / max(pixels.shape[:2])
    while True:
        if scale < 1:
            pixels = cv2.resize(
                pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            ).astype(np.uint8, copy=False)
        for quality in _QUALITIES:
            _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if coded.size <= MAX_JPEG_BYTES:
                return coded.tobytes()
        scale = 0.5
