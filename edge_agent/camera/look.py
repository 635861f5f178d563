"""The newest picture with what was read in it, for people who aim a camera."""

import base64
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.evidence.picture import pixels_of
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.layer.overlay import code_marks, draw, layer_marks
from edge_agent.logs import mask

LONG_PX = 1_600
MAX_JPEG_BYTES = 600_000
"""In base64, with all else, it is less than a line of the control socket may have."""
SHOWN = 100
"""Codes, and characters of each."""
_QUALITIES = (85, 60, 30)


def shown(outcome: Outcome | None, *, secret: bool) -> dict[str, Any]:
    """As JSON values: `picture` is a JPEG in base64, None if there is none yet. Where codes are
    `secret`, only their ends are written on it."""
    if outcome is None or outcome.picture is None:
        return {"picture": None, "codes": [], "why": ""}
    layer = outcome.layer
    marks = layer_marks(layer) if layer else code_marks(outcome.reading)
    if secret:
        texts = {symbol.text for symbol in outcome.reading.symbols + outcome.reading.doubted}
        marks = [
            replace(each, text=mask(each.text, secret=True) or "") if each.text in texts else each
            for each in marks
        ]
    return {
        "picture": base64.b64encode(_jpeg(draw(pixels_of(outcome.picture.data), marks))).decode(),
        "codes": [symbol.text[:SHOWN] for symbol in outcome.reading.symbols[:SHOWN]],
        "why": layer.why if layer else "",
    }


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
