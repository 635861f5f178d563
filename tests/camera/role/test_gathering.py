"""What the frames of one trigger bring together, and which of them the answer is about."""

import pytest
from pydantic import ValidationError

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.gathering import LayerCodes, Outcome, ThingCodes
from edge_agent.camera.layer.assemble import assemble
from edge_agent.camera.layer.merge import merge
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.symbols import Corners, Engine, Format, Reading, Symbol
from edge_agent.camera_config import Layer


def symbol(text: str, x: float = 100, y: float = 100) -> Symbol:
    corners: Corners = ((x - 20, y - 20), (x + 20, y - 20), (x + 20, y + 20), (x - 20, y + 20))
    return Symbol(text, "]d2", Format.DATA_MATRIX, corners, Engine.ZXING, "plain")


def outcome(taken_us: int, *texts: str, failure: str = "") -> Outcome:
    return Outcome(taken_us, Reading(tuple(symbol(text) for text in texts)), failure=failure)


@pytest.mark.parametrize(
    ("frames", "about"),
    [
        ([(), ("A",)], 1),
        ([("A", "B"), ("C",)], 0),
        ([("A",), ("B",)], 1),
        ([(), None], 0),
        ([("A",), None, ()], 0),
        ([None, ()], 1),
        ([None], 0),
    ],
)
def test_an_answer_is_about_the_frame_that_shows_most_of_it(
    frames: list[tuple[str, ...] | None], about: int
) -> None:
    """None: the decoder crashed on that frame, so there is no picture of it."""
    gathering = ThingCodes(ReadingPlan((Format.DATA_MATRIX,), expected=2))
    seen = [
        outcome(number, failure="crashed") if texts is None else outcome(number, *texts)
        for number, texts in enumerate(frames)
    ]
    for each in seen:
        gathering.add(each)
    assert gathering.outcome is seen[about]


def test_a_layers_answer_is_about_the_frame_whose_pixels_its_cells_have() -> None:
    plan, area = LayerPlan(rows=2, columns=3), Box(0, 0, 1_000, 800)

    def shown(*places: int, right: float = 0) -> Reading:
        return Reading(
            tuple(
                symbol(f"A{at}", 100 + right + 100 * (at % 3), 100 + 100 * (at // 3))
                for at in places
            )
        )

    first = assemble(plan, area, [shown(0, 1, 2, 3, 4)])
    little = merge(first, assemble(plan, area, [shown(0, right=300)]))
    whole = merge(little, assemble(plan, area, [shown(1, 2, 3, 4, 5, right=40)]))
    gathering, abouts = LayerCodes(), list[int]()
    layers = [first, little, None, whole]
    for number, layer in enumerate(layers):
        gathering.add(Outcome(number, layer=layer, failure="" if layer else "crashed"))
        assert gathering.outcome is not None
        abouts.append(gathering.outcome.taken_us)
    assert abouts == [0, 0, 0, 3]


def test_a_grid_of_more_codes_than_an_answer_holds_is_refused() -> None:
    assert Layer(rows=20, columns=20).expected == 400
    with pytest.raises(ValidationError, match="32 rows of 32 codes, 1024, expected at most 400"):
        Layer(rows=32, columns=32)
