"""From pixels to symbols: what is read, where it lies, and when the climb ends."""

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decode.spots import spots
from edge_agent.camera.symbols import Format
from tests.camera.decode.scenes import TEXTS, Grey, corners, label, read, scene, texts

EVERYTHING = Ladder(ReadingPlan(tuple(Format)))


@pytest.mark.parametrize("name", Format)
def test_each_symbology_is_read_with_its_text_and_aim_identifier(name: Format) -> None:
    (symbol,) = read(name, scene(label(name))).symbols
    assert (symbol.text, symbol.aim, symbol.format) == (*TEXTS[name][1:], name)


@pytest.mark.parametrize("name", Format)
def test_a_format_that_was_not_asked_for_is_not_read(name: Format) -> None:
    asked = Format.QR if name is not Format.QR else Format.DATA_MATRIX
    assert read(asked, scene(label(name))).symbols == ()


@pytest.mark.parametrize("angle_deg", range(0, 360, 15))
@pytest.mark.parametrize("name", [Format.DATA_MATRIX, Format.QR, Format.CODE_128, Format.EAN_13])
def test_a_code_may_be_turned_by_any_angle(name: Format, angle_deg: int) -> None:
    picture = scene(label(name, module_px=2), angle_deg=angle_deg)
    assert texts(read(name, picture)) == [TEXTS[name][1]]


@pytest.mark.parametrize("inverted", [True, False])
def test_light_on_dark_is_read_at_once_where_it_was_announced_and_else_late(inverted: bool) -> None:
    reading = read(Format.DATA_MATRIX, 255 - scene(label(Format.DATA_MATRIX)), inverted=inverted)
    assert texts(reading) == [TEXTS[Format.DATA_MATRIX][1]]
    assert (len(reading.tries) == 1) is inverted


def test_the_separator_in_a_gs1_code_is_ascii_gs() -> None:
    text = "010400638133393110LOT7\x1d21ABC"
    for name in (Format.DATA_MATRIX, Format.CODE_128, Format.QR):
        assert texts(read(name, scene(label(name, text, module_px=2)))) == [text]


@pytest.mark.parametrize("angle_deg", [0, 20, 90, 180, 270])
@pytest.mark.parametrize("name", [Format.DATA_MATRIX, Format.QR])
def test_corners_are_the_symbols_own_clockwise_from_its_top_left(
    name: Format, angle_deg: int
) -> None:
    printed = label(name, module_px=5)
    (symbol,) = read(name, scene(printed, angle_deg=angle_deg)).symbols
    expected = corners(printed, angle_deg=angle_deg)
    assert np.abs(np.array(symbol.corners) - np.array(expected)).max() < 8


@pytest.mark.parametrize("angle_deg", [0, 8, 90])
@pytest.mark.parametrize("name", [Format.EAN_13, Format.CODE_128, Format.DATABAR])
def test_corners_of_bars_enclose_most_of_them_and_nothing_else(
    name: Format, angle_deg: int
) -> None:
    """Though the engine ends with the first line that it can read."""
    printed = label(name)
    (symbol,) = read(name, scene(printed, angle_deg=angle_deg)).symbols
    true = np.array(corners(printed, angle_deg=angle_deg), dtype=np.float32)
    found = np.array(symbol.corners, dtype=np.float32)
    common, _ = cv2.intersectConvexConvex(true, found)
    assert common > 0.5 * cv2.contourArea(true)
    assert common > 0.9 * cv2.contourArea(found)


def test_corners_of_a_crop_are_in_the_frames_coordinates() -> None:
    frame = scene(label(Format.QR))
    ladder = Ladder(ReadingPlan((Format.QR,)))
    (whole,) = ladder.read(frame).symbols
    (part,) = ladder.read(frame[100:400, 150:500], origin=(150, 100)).symbols
    assert np.abs(np.array(whole.corners) - np.array(part.corners)).max() < 2


def test_the_climb_ends_when_what_is_expected_is_found() -> None:
    assert [it.rung for it in read(Format.QR, scene(label(Format.QR))).tries] == ["plain"]


def test_several_codes_in_one_picture_are_all_read_even_with_the_same_text() -> None:
    frame = np.hstack([scene(label(Format.DATA_MATRIX))] * 2)
    reading = read(Format.DATA_MATRIX, frame, expected=2)
    assert texts(reading) == [TEXTS[Format.DATA_MATRIX][1]] * 2
    assert len(reading.tries) == 1


def test_a_neighbours_code_is_seen_where_one_is_to_be_alone() -> None:
    both = [scene(label(Format.DATA_MATRIX)), scene(label(Format.DATA_MATRIX, "NEIGHBOUR"))]
    reading = read(Format.DATA_MATRIX, np.hstack(both), alone=True)
    assert sorted(texts(reading)) == sorted([TEXTS[Format.DATA_MATRIX][1], "NEIGHBOUR"])


def test_a_neighbours_code_is_seen_in_another_spot_of_a_large_frame() -> None:
    """The first rung reads neither: who finds one in its spot has looked into the other, too."""
    for seed in range(4):
        frame = np.full((1024, 1280), 200, dtype=np.uint8)
        for text, x, y in (("OWN", 200, 300), ("NEIGHBOUR", 760, 500)):
            of = label(Format.QR, text, module_px=2)
            frame[y : y + of.shape[0], x : x + of.shape[1]] = of
        rng = np.random.default_rng(seed)
        noisy = cv2.GaussianBlur(frame, (0, 0), 1.1) + rng.normal(0, 4, frame.shape)
        reading = read(Format.QR, np.clip(noisy, 0, 255).astype(np.uint8), alone=True)
        assert len(reading.tries) > 1
        assert sorted(texts(reading)) == ["NEIGHBOUR", "OWN"]


def test_one_code_is_one_symbol_however_many_rungs_read_it() -> None:
    reading = read(Format.DATA_MATRIX, scene(label(Format.DATA_MATRIX)), expected=2)
    assert len(reading.tries) > 10
    assert texts(reading) == [TEXTS[Format.DATA_MATRIX][1]]


def test_no_rung_but_the_first_is_begun_that_would_end_after_the_budget() -> None:
    ladder = Ladder(ReadingPlan((Format.QR,)))
    blank = np.full((480, 640), 200, dtype=np.uint8)
    assert len(ladder.read(blank, budget_us=0).tries) == 1
    assert len(ladder.read(blank).tries) > 10


def test_a_rung_that_pays_here_is_climbed_earlier_in_time() -> None:
    """Codes that only an enlarged picture shows: at first that is tried late."""
    ladder = Ladder(ReadingPlan((Format.DATA_MATRIX,)))
    small = scene(label(Format.DATA_MATRIX, module_px=2), blur_sigma=1.1, noise_sigma=4, seed=2)
    first = ladder.read(small)
    for _ in range(300):
        last = ladder.read(small)
    assert texts(first) == texts(last) == [TEXTS[Format.DATA_MATRIX][1]]
    assert len(last.tries) < len(first.tries)


@pytest.mark.parametrize("contrast", [0.3, 0.5, 0.8])
def test_contrast_is_that_of_the_print(contrast: float) -> None:
    for name in (Format.DATA_MATRIX, Format.CODE_128):
        (symbol,) = read(name, scene(label(name), contrast=contrast)).symbols
        assert symbol.measures.contrast == pytest.approx(0.88 * contrast, abs=0.12)


@pytest.mark.parametrize("module_px", [2, 4])
@pytest.mark.parametrize("name", Format)
def test_the_module_is_as_wide_as_it_was_printed(name: Format, module_px: int) -> None:
    (symbol,) = read(name, scene(label(name, module_px=module_px), noise_sigma=0)).symbols
    assert symbol.measures.module_px == pytest.approx(module_px, rel=0.25)


def test_damage_uses_error_correction_up() -> None:
    left = [
        symbol.measures.error_correction_left
        for seed in range(8)
        for symbol in read(
            Format.DATA_MATRIX, scene(label(Format.DATA_MATRIX), damage=8, seed=seed)
        ).symbols
    ]
    (whole,) = read(Format.DATA_MATRIX, scene(label(Format.DATA_MATRIX))).symbols
    assert whole.measures.error_correction_left == 1
    known = [it for it in left if it is not None]
    assert len(known) > 3
    assert np.mean(known) < 0.9


def test_a_code_too_small_for_a_large_frame_is_read_in_its_spot_of_it() -> None:
    """Enlarging all of the frame is what takes long; corners are the frame's all the same."""
    printed = label(Format.QR, module_px=2)
    where = {"size": (1280, 1024), "at": (900, 300)}
    (symbol,) = read(
        Format.QR, scene(printed, blur_sigma=1.1, noise_sigma=4, seed=3, **where)
    ).symbols
    assert symbol.rung.startswith("spot-")
    middle = np.mean(symbol.corners, axis=0)
    assert np.abs(middle - (900, 300)).max() < 8


def test_a_frame_that_one_code_may_fill_is_not_cut_into_spots() -> None:
    wide = label(Format.CODE_128, "00095212340000000013", module_px=3)
    reading = read(Format.CODE_128, scene(wide, glare=0.8, blur_sigma=0.9, noise_sigma=5))
    assert texts(reading) == ["00095212340000000013"]
    assert len(reading.tries) > 1
    assert not [each.rung for each in reading.tries if each.rung.startswith("spot")]


def test_the_spots_of_a_frame_hold_its_codes() -> None:
    for seed in range(6):
        at = (200 + 150 * seed, 150 + 120 * seed)
        frame = scene(label(Format.DATA_MATRIX), size=(1280, 1024), at=at, seed=seed)
        rows, columns = spots(frame)[0]
        assert rows.start < at[1] - 30 < at[1] + 30 < rows.stop
        assert columns.start < at[0] - 30 < at[0] + 30 < columns.stop
    assert spots(np.full((1024, 1280), 9, dtype=np.uint8)) == []


def test_the_measure_of_tries_counts_the_rungs_that_were_climbed() -> None:
    small = scene(label(Format.DATA_MATRIX, module_px=2), blur_sigma=1.1, noise_sigma=4, seed=2)
    reading = read(Format.DATA_MATRIX, small)
    assert reading.symbols[0].measures.tries == len(reading.tries) > 1


def test_a_symbol_with_four_kilobytes_of_text_is_read() -> None:
    text = "".join(str(number % 10) for number in range(4_096))
    assert texts(read(Format.QR, label(Format.QR, text, module_px=2, level="L"))) == [text]


def test_control_characters_are_part_of_the_text() -> None:
    text = "\x00A\x1b[2J\r\n\x7f"
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    picture = np.array(zxingcpp.write_barcode_to_image(symbol, scale=4), dtype=np.uint8)
    assert texts(read(Format.QR, picture)) == [text]


def test_five_hundred_codes_in_a_frame_do_no_harm() -> None:
    tile = np.pad(label(Format.DATA_MATRIX, "A", module_px=2), 2, constant_values=255)
    frame = np.tile(tile, (20, 25))
    reading = Ladder(ReadingPlan((Format.DATA_MATRIX,), expected=400)).read(frame, budget_us=0)
    assert 200 < len(reading.symbols) <= 500


@pytest.mark.parametrize("shape", [(0, 0), (0, 9), (1, 1), (1, 700), (700, 1), (2, 2), (1, 40_000)])
def test_pictures_without_room_for_a_code_have_none(shape: tuple[int, int]) -> None:
    assert EVERYTHING.read(np.zeros(shape, dtype=np.uint8)).symbols == ()


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_has_no_code(grey: int) -> None:
    assert EVERYTHING.read(np.full((240, 320), grey, dtype=np.uint8)).symbols == ()


def test_a_view_of_a_larger_array_is_read_as_a_copy_of_it_would_be() -> None:
    picture = np.asfortranarray(np.repeat(scene(label(Format.QR)), 2, axis=1))[:, ::2]
    assert not picture.flags.c_contiguous
    assert texts(read(Format.QR, picture)) == [TEXTS[Format.QR][1]]


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "bars", "blocks"]),
)
def test_no_picture_whatever_makes_it_raise(height: int, width: int, seed: int, kind: str) -> None:
    EVERYTHING.read(_random(height, width, np.random.default_rng(seed), kind), origin=(7, 9))


def _random(height: int, width: int, rng: np.random.Generator, kind: str) -> Grey:
    if kind == "noise":
        return rng.integers(0, 256, (height, width), dtype=np.uint8)
    cells = (1, width) if kind == "bars" else (height // 3 + 1, width // 3 + 1)
    few = rng.integers(0, 2, cells, dtype=np.uint8) * 255
    tall, wide = -(-height // few.shape[0]), -(-width // few.shape[1])
    return few.repeat(tall, axis=0).repeat(wide, axis=1)[:height, :width]


def test_a_plan_without_formats_is_refused() -> None:
    with pytest.raises(ValueError, match="formats is empty"):
        ReadingPlan(())
