"""What a running role hands to `camera view`: a picture on which no secret code is written."""

import base64
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note, encode
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.layer.overlay import code_marks, draw
from edge_agent.camera.look import shown
from edge_agent.camera.symbols import Format
from edge_agent.camera_config import Evidence
from tests.camera.pictures import code, scene


@pytest.mark.parametrize("secret", [False, True])
def test_a_secret_code_is_written_on_the_picture_by_its_end_only(secret: bool) -> None:
    pixels = scene(code(1))
    reading = Ladder(ReadingPlan(formats=(Format.DATA_MATRIX,))).read(pixels)
    note = Note(camera="top", trigger=1, at="2026-03-02T14:00:00Z", reading=reading)
    outcome = Outcome(0, reading, picture=encode(pixels, note, Evidence()))
    data = base64.b64decode(shown(outcome, secret=secret)["picture"])
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    (mark,) = code_marks(reading)
    whole, end = draw(pixels, [mark]), draw(pixels, [replace(mark, text="…0001")])
    differs = (whole != end).any(axis=2)
    unlike_whole, unlike_end = (
        float(np.abs(seen[differs].astype(int) - each[differs]).mean()) for each in (whole, end)
    )
    assert (unlike_end < unlike_whole) is secret
