"""What a running role hands to `camera view`: a picture on which no secret code is written."""

import base64
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note, encode
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.overlay import code_marks, draw
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.look import shown
from edge_agent.camera.symbols import Format, Reading
from edge_agent.camera_config import Evidence
from tests.camera.pictures import code, scene


@pytest.mark.parametrize("secret", [False, True])
def test_a_secret_code_is_written_on_the_picture_by_its_end_only(secret: bool) -> None:
    pixels = scene(code(1))
    reading = Ladder(ReadingPlan(formats=(Format.DATA_MATRIX,))).read(pixels)
    note = Note(camera="top", trigger=1, at="2026-03-02T14:00:00Z", reading=reading)
    outcome = Outcome(7_000, reading, picture=encode(pixels, note, Evidence()))
    told = shown(outcome, secret=secret)
    assert told["taken_us"] == 7_000
    data = base64.b64decode(told["picture"])
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert seen is not None
    (mark,) = code_marks(reading)
    whole, end = draw(pixels, [mark]), draw(pixels, [replace(mark, text="…0001")])
    differs = (whole != end).any(axis=2)
    unlike_whole, unlike_end = (
        float(np.abs(seen[differs].astype(int) - each[differs]).mean()) for each in (whole, end)
    )
    assert (unlike_end < unlike_whole) is secret


@pytest.mark.parametrize(
    "text", ["0109521234543213210A00001", "01\x1d'21\\A00001", "01\"21'A0000001"]
)
def test_a_secret_code_of_an_earlier_frame_of_a_layer_is_written_by_its_end_only(text: str) -> None:
    pixels = scene(code(1))
    (seen,) = Ladder(ReadingPlan(formats=(Format.DATA_MATRIX,))).read(pixels).symbols
    note = Note(camera="top", trigger=1, at="2026-03-02T14:00:00Z", reading=Reading())

    def told(text: str, *, secret: bool) -> dict[str, Any]:
        layer = LayerReading(
            LayerPlan(count=2),
            Box(0, 0, 600, 400),
            loose=(replace(seen, text=text),),
            disputed=frozenset([text]),
        )
        outcome = Outcome(0, Reading(), layer, picture=encode(pixels, note, Evidence()))
        return shown(outcome, secret=secret)

    assert repr(text) in told(text, secret=False)["why"]
    masked = told(text, secret=True)
    assert masked["why"] == f"1 of 2 codes read; in one place in two frames: …{text[-4:]}"
    assert masked["picture"] == told(f"…{text[-4:]}", secret=False)["picture"]
