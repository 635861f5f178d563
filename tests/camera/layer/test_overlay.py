"""What people see."""

import numpy as np
import pytest

from edge_agent.camera.layer.assemble import assemble
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.overlay import Mark, Tone, code_marks, draw, layer_marks
from edge_agent.camera.layer.plan import LayerPlan, Place
from edge_agent.camera.symbols import Corners, Reading
from tests.camera.layer.test_merge import PLACES, symbol

SQUARE: Corners = ((100, 100), (200, 100), (200, 200), (100, 200))


def seen(picture: np.ndarray, tone: Tone) -> int:
    """Pixels of that colour."""
    return int((picture == tone.value[0]).all(axis=2).sum())


def test_read_missing_and_double_cells_are_green_red_and_yellow() -> None:
    plan = LayerPlan(rows=3, columns=4)
    read = [symbol(str(place), place) for place in PLACES[:-1]]
    read[4] = symbol("r1c1", PLACES[4])
    reading = assemble(plan, Box(0, 0, 1_000, 800), [Reading(tuple(read))])
    marks = {mark.name: mark for mark in layer_marks(reading)}

    assert len(marks) == 12
    assert (marks["r1c2"].tone, marks["r1c2"].text) == (Tone.GREEN, "r1c2")
    assert (marks["r3c4"].tone, marks["r3c4"].text) == (Tone.RED, "")
    assert (marks["r1c1"].tone, marks["r1c1"].text) == (Tone.YELLOW, "also r2c1")
    assert (marks["r2c1"].tone, marks["r2c1"].text) == (Tone.YELLOW, "also r1c1")


def test_a_stranger_is_marked() -> None:
    read = [symbol(str(place), place) for place in PLACES]
    stranger = symbol("stranger", Place(1, 1), moved=-100)
    plan, area = LayerPlan(rows=3, columns=4), Box(0, 0, 1_000, 800)
    *_, last = layer_marks(assemble(plan, area, [Reading((*read, stranger))]))

    assert (last.tone, last.name, last.text) == (Tone.YELLOW, "outside", "stranger")


def test_codes_without_places_are_marked_too() -> None:
    trusted, doubted = symbol("trusted", Place(1, 1)), symbol("doubted", Place(1, 2))
    one, other = code_marks(Reading((trusted,), (doubted,)))

    assert (one.tone, one.text) == (Tone.GREEN, "trusted")
    assert (other.tone, other.name, other.text) == (Tone.YELLOW, "doubtful", "doubted")


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 3), (3_000, 4_000)])
@pytest.mark.parametrize("tone", list(Tone))
def test_a_mark_is_drawn_at_its_corners_on_a_copy(shape: tuple[int, ...], tone: Tone) -> None:
    picture = np.full(shape, 200, np.uint8)
    drawn = draw(picture, [Mark(SQUARE, tone)])

    assert (picture == 200).all()
    assert drawn.shape == (*shape[:2], 3)
    assert tuple(drawn[150, 100]) == tone.value[0]
    assert tuple(drawn[250, 250]) == (200, 200, 200)


@pytest.mark.parametrize("width", [640, 4_000])
def test_names_grow_with_the_picture(width: int) -> None:
    picture = np.full((width * 3 // 4, width), 200, np.uint8)
    bare, named = (
        seen(draw(picture, [Mark(SQUARE, Tone.GREEN, name)]), Tone.GREEN) for name in ("", "r2c5")
    )
    letter_px = max(12, width // 100)

    assert named - bare > 1.2 * letter_px**2


def test_any_text_anywhere_leaves_a_picture() -> None:
    outside: Corners = ((-50, -50), (-10, -50), (-10, -10), (-50, -10))
    beyond: Corners = ((630, 470), (700, 470), (700, 540), (630, 540))
    texts = ["", "\x1d\n\x00", "中文 ÄÖ", "x" * 4_000]
    marks = [
        Mark(corners, Tone.YELLOW, text, text) for corners in (outside, beyond) for text in texts
    ]

    assert draw(np.zeros((480, 640), np.uint8), marks, "x" * 4_000).shape == (480, 640, 3)
    assert draw(np.zeros((1, 1), np.uint8), marks, "caption").shape == (1, 1, 3)
    assert draw(np.zeros((480, 640), np.uint8), []).max() == 0


def test_the_caption_stands_along_the_lower_edge() -> None:
    drawn = draw(np.full((480, 640), 200, np.uint8), [], "2 of 3 codes read")

    assert (drawn[:450] == 200).all()
    assert drawn[460:].max() == 255
    assert tuple(drawn[470, 638]) == (0, 0, 0)
