"""An EAN or UPC is believed where it is expected, agreed on, or plain from the pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.decode.agreement import Agreement, Witnesses
from edge_agent.camera.decode.bars import claim, upc_e_to_gtin_13
from edge_agent.camera.decode.engines import Seen
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Engine, Format
from tests.camera.decode.scenes import TEXTS, Grey, corners, label, read, scene, texts

EAN = TEXTS[Format.EAN_13][1]
BOTH = Witnesses(set(Engine), {"plain", "second-opinion"})
ZXING = Witnesses({Engine.ZXING}, {"plain"}, as_it_is=True)
ONE = Agreement(ReadingPlan((Format.EAN_13,)))


def with_check_digit(digits: str) -> str:
    total = sum(int(it) * (3, 1)[at % 2] for at, it in enumerate(digits[::-1]))
    return digits + str(-total % 10)


def claimed(text: str, of: Grey, name: Format = Format.EAN_13) -> Seen:
    """What an engine might say of a scene of the label."""
    return Seen(text, "]E0", name, corners(of), Engine.ZXING)


def test_with_one_a_clear_code_is_believed_at_once() -> None:
    reading = read(Format.EAN_13, scene(label(Format.EAN_13)))
    assert texts(reading) == [EAN]
    assert [it.rung for it in reading.tries] == ["plain"]


def test_with_engines_both_must_say_it() -> None:
    reading = read(Format.EAN_13, scene(label(Format.EAN_13)), agreement="engines")
    assert texts(reading) == [EAN]
    assert [it.rung for it in reading.tries] == ["plain", "second-opinion"]
    rule = Agreement(ReadingPlan((Format.EAN_13,), agreement="engines"))
    printed_ean = label(Format.EAN_13)
    seen = claimed(EAN, printed_ean)
    assert not rule.believes(seen, ZXING, scene(printed_ean))
    assert rule.believes(seen, BOTH, scene(printed_ean))


def test_with_frames_one_picture_is_never_enough_and_what_was_seen_is_doubted() -> None:
    reading = read(Format.EAN_13, scene(label(Format.EAN_13)), agreement="frames")
    assert reading.symbols == ()
    assert [symbol.text for symbol in reading.doubted] == [EAN]


@pytest.mark.parametrize("agreement", ["one", "engines", "frames"])
@pytest.mark.parametrize("gtin", [EAN, f"0{EAN}"])
def test_an_expected_gtin_is_believed_at_once(agreement: str, gtin: str) -> None:
    reading = read(
        Format.EAN_13,
        scene(label(Format.EAN_13)),
        agreement=agreement,
        gtins=frozenset({gtin}),
    )
    assert texts(reading) == [EAN]
    assert len(reading.tries) == 1


def test_other_gtins_than_the_expected_need_agreement() -> None:
    reading = read(
        Format.EAN_13,
        scene(label(Format.EAN_13)),
        agreement="frames",
        gtins=frozenset({"96385074"}),
    )
    assert reading.symbols == ()
    assert [symbol.text for symbol in reading.doubted] == [EAN]


def test_agreement_is_asked_of_retail_codes_only() -> None:
    reading = read(Format.CODE_128, scene(label(Format.CODE_128)), agreement="frames")
    assert texts(reading) == [TEXTS[Format.CODE_128][1]]


@settings(max_examples=80, deadline=None)
@given(
    digits=st.text("0123456789", min_size=12, max_size=12),
    at=st.integers(0, 10),
    step=st.integers(1, 9),
    blur_sigma=st.floats(0.3, 1.2),
    seed=st.integers(0, 999),
)
def test_a_misread_that_passes_the_check_digit_is_not_plain_from_the_pixels(
    digits: str, at: int, step: int, blur_sigma: float, seed: int
) -> None:
    """Another digit in place `at`, and the next one changed so that the check digit fits."""
    true = with_check_digit(digits)
    of = label(Format.EAN_13, true, module_px=2)
    picture = scene(of, blur_sigma=blur_sigma, noise_sigma=4, seed=seed)
    changed = list(true)
    changed[at] = str((int(true[at]) + step) % 10)
    for other in "0123456789":
        changed[at + 1] = other
        wrong = "".join(changed)
        if wrong != true and with_check_digit(wrong[:12]) == wrong:
            assert not ONE.believes(claimed(wrong, of), ZXING, picture)
    assert ONE.believes(claimed(true, of), ZXING, picture)


@pytest.mark.parametrize("name", [Format.EAN_8, Format.UPC_A, Format.UPC_E])
def test_the_other_retail_symbologies_are_plain_from_the_pixels_too(name: Format) -> None:
    picture = scene(label(name))
    reading = read(name, picture)
    assert texts(reading) == [TEXTS[name][1]]
    assert len(reading.tries) == 1
    wrong = {Format.EAN_8: "96385074", Format.UPC_E: "0042100005264"}.get(name, "0614141999996")
    assert not ONE.believes(claimed(wrong, label(name), name), ZXING, picture)


def test_where_the_pixels_leave_doubt_the_other_engine_is_asked() -> None:
    """Bars bent as on a bottle: no digit lies where it should."""
    flat = np.pad(label(Format.EAN_13, module_px=4), 40, constant_values=255)
    height, width = flat.shape
    x = np.linspace(-1, 1, width, dtype=np.float32)
    bent = ((x + 0.25 * np.sin(np.pi * x)) * 0.5 + 0.5) * (width - 1)
    y = np.arange(height, dtype=np.float32)
    picture = cv2.remap(flat, *np.meshgrid(bent, y), cv2.INTER_LINEAR).astype(np.uint8)
    reading = read(Format.EAN_13, picture)
    assert texts(reading) == [EAN]
    assert "second-opinion" in [it.rung for it in reading.tries]


@pytest.mark.parametrize("name", [Format.ITF, Format.DATABAR])
def test_little_guarded_bars_of_a_changed_picture_need_a_second_rung(name: Format) -> None:
    seen = claimed(TEXTS[name][1], label(name), name)
    rule = Agreement(ReadingPlan((name,)))
    picture = scene(label(name))
    assert rule.believes(seen, ZXING, picture)
    assert not rule.believes(seen, Witnesses({Engine.ZXING}, {"sharpened"}), picture)
    assert rule.believes(seen, Witnesses({Engine.ZXING}, {"sharpened", "double"}), picture)


@pytest.mark.parametrize(
    ("upc_e", "gtin_13"),
    [
        ("01234505", "0012000003455"),
        ("01234514", "0012100003454"),
        ("01234531", "0012300000451"),
        ("01234543", "0012340000053"),
        ("01234565", "0012345000065"),
        ("04252614", "0042100005264"),
    ],
)
def test_zeros_that_a_upc_e_leaves_out_come_back(upc_e: str, gtin_13: str) -> None:
    assert upc_e_to_gtin_13(upc_e) == gtin_13


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789", min_size=6, max_size=6), st.sampled_from("01"))
def test_the_bars_of_any_upc_e_are_those_the_printer_prints(six: str, system: str) -> None:
    body = upc_e_to_gtin_13(f"{system}{six}0")[:12]
    gtin_13 = with_check_digit(body)
    upc_e = f"{system}{six}{gtin_13[12]}"
    try:
        of = label(Format.UPC_E, upc_e)
    except ValueError:  # these digits have a shorter rule
        return
    assert ONE.believes(claimed(gtin_13, of, Format.UPC_E), ZXING, scene(of))


def test_a_text_that_the_symbology_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="expected its number of digits"):
        claim("123", Format.EAN_13)
