"""Case labels: who can read which."""

import numpy as np
import pytest

from drivers.sim.labels import CaseLabel, LabelRoll, Wear
from drivers.sim.scene import photographed
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Format

PLAN = ReadingPlan((Format.CODE_128, Format.DATA_MATRIX))
LABELS = 60


@pytest.fixture(scope="module")
def labels() -> list[CaseLabel]:
    roll = LabelRoll(np.random.default_rng(4), has_damage=True)
    return [roll.label(number) for number in range(1, LABELS + 1)]


def read(label: CaseLabel, angle_deg: float) -> set[str]:
    picture = photographed(
        label.picture,
        size=(640, 480),
        at=(320, 240),
        angle_deg=angle_deg,
        tilt=(5, -8),
        blur_sigma=0.7,
        noise_sigma=3,
        rng=np.random.default_rng(9),
    )
    return {symbol.text for symbol in Ladder(PLAN).read(picture).symbols}


def test_a_torn_label_cannot_be_read_so_that_its_replacement_takes_no_other_case(
    labels: list[CaseLabel],
) -> None:
    torn = [label for label in labels if label.wear is Wear.TORN]
    assert torn
    assert not any(read(label, angle_deg) for label in torn for angle_deg in (4, 184))


def test_every_other_label_can_be_read_some_way(labels: list[CaseLabel]) -> None:
    worn = [label for label in labels if label.wear is Wear.SCRATCHED]
    assert worn
    for label in worn:
        assert any(label.code in read(label, angle_deg) for angle_deg in (4, 184, -7, 173)), label


def test_without_damage_all_labels_are_sound() -> None:
    roll = LabelRoll(np.random.default_rng(4), has_damage=False)
    assert {roll.label(number).wear for number in range(1, 20)} == {Wear.SOUND}
