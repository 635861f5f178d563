"""A picture that carries what was seen in it."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.evidence.picture import (
    Note,
    PictureError,
    encode,
    note_of,
    pixels_of,
)
from edge_agent.camera.layer.plan import Place
from edge_agent.camera.layer.reading import Cell, CellState
from edge_agent.camera.symbols import Reading
from edge_agent.camera_config import Evidence
from tests.camera.evidence.rig import note, square, symbol

FORMS = [Evidence(format="jpeg"), Evidence(format="webp")]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
NOTES = st.builds(
    Note,
    camera=st.just("cam"),
    trigger=st.integers(0, 2**40),
    at=st.just("2026-11-22T08:00:00.000Z"),
    reading=st.builds(
        Reading, st.lists(TEXTS.map(symbol), max_size=3).map(tuple), st.just(()), st.just(())
    ),
    cells=st.lists(
        st.builds(
            Cell,
            st.builds(Place, st.integers(1, 32), st.integers(1, 32)),
            st.sampled_from(CellState),
            st.just(square(0, 0)),
            TEXTS.map(symbol).map(lambda each: (each,)),
        ),
        max_size=3,
    ).map(tuple),
    why=TEXTS,
)


def gradient(height: int = 90, width: int = 161, channels: int = 0) -> Any:
    shape = (height, width, channels) if channels else (height, width)
    rows = np.linspace(0, 255, height * width * max(channels, 1)).reshape(shape)
    return rows.astype(np.uint8)


@settings(max_examples=50, deadline=None)
@given(NOTES, st.sampled_from(FORMS))
def test_the_note_is_read_as_it_was_written(note: Note, config: Evidence) -> None:
    picture = encode(gradient(8, 9), note, config)
    assert note_of(picture.data) == note
    assert picture.sha256 == sha256(picture.data).hexdigest()


@pytest.mark.parametrize("config", FORMS)
@pytest.mark.parametrize("channels", [0, 3])
def test_any_program_opens_the_file_and_sees_the_frame(config: Evidence, channels: int) -> None:
    frame = gradient(channels=channels)
    data = encode(frame, note("U1"), config).data
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    wanted = frame if channels else frame[:, :, None]
    assert seen is not None
    assert np.array_equal(seen, pixels_of(data))
    assert np.abs(seen.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize("config", FORMS)
def test_a_note_larger_than_one_segment_of_a_jpeg_is_kept_whole(config: Evidence) -> None:
    large = replace(note(*("U" * 1_000 for _ in range(400))), why="x")
    data = encode(gradient(), large, config).data
    assert len(data) > 400_000
    assert note_of(data) == large


@pytest.mark.parametrize(
    ("shape", "config"),
    [((0, 0), FORMS[0]), ((5, 0), FORMS[0]), ((2, 65_501), FORMS[0]), ((2, 16_384), FORMS[1])],
)
def test_what_the_format_cannot_hold_is_refused_and_said(
    shape: tuple[int, int], config: Evidence
) -> None:
    with pytest.raises(PictureError, match=f"the frame is {shape[0]} x {shape[1]}, expected 1 to"):
        encode(np.zeros(shape, np.uint8), note(), config)


@pytest.mark.parametrize("config", FORMS)
def test_a_file_cut_anywhere_or_of_another_kind_is_told_never_crashed_on(config: Evidence) -> None:
    whole = encode(gradient(20, 20), note("U1", "U2"), config).data
    plain = cv2.imencode(".jpg", gradient())[1].tobytes()
    for data in [b"", b"RIFF", b"no picture", plain, *(whole[:n] for n in range(0, 700, 7))]:
        try:
            assert note_of(data) == note("U1", "U2")
        except PictureError as error:
            assert "no note" in str(error)
    with pytest.raises(PictureError, match=r"no picture that can be opened"):
        pixels_of(b"no picture")
