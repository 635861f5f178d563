"""However a picture is prepared, what is found in it lies in the picture's own pixels."""

import numpy as np
import pytest

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decode.preparation import Preparation
from edge_agent.camera.decode.rungs import RUNGS, Rung, rungs_for
from edge_agent.camera.decode.worth import Worth
from edge_agent.camera.symbols import Format
from tests.camera.decode.scenes import label


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_a_dot_is_found_where_it_is(rung: Rung) -> None:
    picture = np.full((90, 120), 250, dtype=np.uint8)
    picture[38:45, 78:85] = 0
    prepared = rung.preparation.apply(picture)
    y, x = np.unravel_index(np.argsort(prepared.pixels.ravel())[:9], prepared.pixels.shape)
    middle = (float(np.mean(x)), float(np.mean(y)))
    back = prepared.in_picture((middle,) * 4)
    assert np.abs(np.array(back) - (81, 41)).max() < 4


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_each_rung_reads_a_clear_code(rung: Rung) -> None:
    """On its own; a filter that destroys pictures would never be missed by the ladder."""
    for name in (Format.QR, Format.EAN_13, Format.DATA_MATRIX):
        plan = ReadingPlan((name,))
        if not rung.formats(plan) or rung.preparation.turn_deg:
            continue
        standing = np.pad(label(name, module_px=6), 30, constant_values=255)
        lying = np.ascontiguousarray(standing.T)
        reader = rung.reader(plan)
        assert any(
            reader.read(rung.preparation.apply(picture).pixels) for picture in (standing, lying)
        ), name


def test_the_way_back_undoes_scaling_border_and_turn_together() -> None:
    picture = np.full((60, 100), 250, dtype=np.uint8)
    picture[20:23, 70:73] = 0
    prepared = Preparation(scale=2, border=True, turn_deg=30).apply(picture)
    y, x = np.unravel_index(int(prepared.pixels.argmin()), prepared.pixels.shape)
    back = prepared.in_picture(((float(x), float(y)),) * 4)
    assert np.abs(np.array(back) - (71, 21)).max() < 2.5


def test_names_of_rungs_are_unique() -> None:
    names = [rung.name for rung in RUNGS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", Format)
def test_both_hints_only_shorten_the_first_rung(name: Format) -> None:
    """A camera that was told wrongly that codes lie straight still reads them, late."""
    first, *others = rungs_for(ReadingPlan((name,), rotated=False))
    assert not first.rotate
    assert any(rung.rotate and rung.invert for rung in others)


def test_a_rung_is_worth_what_it_reads_for_its_time() -> None:
    worth = Worth(gain_percent=10, us_per_megapixel=5_000)
    before = worth.gain_per_us
    worth.learn(1_000_000, 5_000, gained=True)
    assert worth.gain_per_us > before
    for _ in range(50):
        worth.learn(1_000_000, 50_000, gained=False)
    assert worth.gain_per_us < before / 5
    assert worth.expected_us(2_000_000) > 80_000
