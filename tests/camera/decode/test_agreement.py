"""An EAN or UPC is believed where it is expected, agreed on, or plain from the pixels."""

from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.decode.agreement import Agreement, Witnesses
from edge_agent.camera.decode.bars import claim, upc_e_to_gtin_13
from edge_agent.camera.decode.engines import Reader, Seen, Zbar, Zxing
from edge_agent.camera.decode.ladder import Ladder, _Climb
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Engine, Format
from tests.camera.decode.scenes import TEXTS, Grey, corners, label, read, scene, texts

EAN = TEXTS[Format.EAN_13][1]
ONE = Agreement(ReadingPlan((Format.EAN_13,)))


def with_check_digit(digits: str) -> str:
    total = sum(int(it) * (3, 1)[at % 2] for at, it in enumerate(digits[::-1]))
    return digits + str(-total % 10)


def claimed(text: str, of: Grey, name: Format = Format.EAN_13) -> Seen:
    """What an engine might say of a scene of the label."""
    return Seen(text, "]E0", name, corners(of), Engine.ZXING)


def both() -> Witnesses:
    return Witnesses(set(Engine), {"plain", "second-opinion"})


def zxing(*rungs: str) -> Witnesses:
    """In the picture as it is, if no rungs are named."""
    return Witnesses({Engine.ZXING}, set(rungs) or {"plain"}, as_it_is=not rungs)


def scratched(text: str, rng: np.random.Generator) -> Grey:
    """An EAN-13 with dark or light scratches along its bars, each some modules wide."""
    of = label(Format.EAN_13, text, module_px=2)
    height, width = of.shape
    picture = np.full((height + 60, width + 80), 200.0)
    picture[30 : 30 + height, 40 : 40 + width] = of
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(40, 40 + width))
        picture[:, at : at + int(rng.integers(1, 5))] = rng.choice([40, 200])
    noisy = cv2.GaussianBlur(picture, (0, 0), 1) + rng.normal(0, rng.uniform(2, 10), picture.shape)
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


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
    assert not rule.believes(seen, zxing(), scene(printed_ean))
    assert rule.believes(seen, both(), scene(printed_ean))


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
    blur_sigma=st.floats(0.3, 1.0),
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
            assert not ONE.believes(claimed(wrong, of), zxing(), picture)
    assert ONE.believes(claimed(true, of), zxing(), picture)


@pytest.mark.parametrize("name", [Format.EAN_8, Format.UPC_A, Format.UPC_E])
def test_the_other_retail_symbologies_are_plain_from_the_pixels_too(name: Format) -> None:
    picture = scene(label(name))
    reading = read(name, picture)
    assert texts(reading) == [TEXTS[name][1]]
    assert len(reading.tries) == 1
    wrong = {Format.EAN_8: "96385074", Format.UPC_E: "0042100005264"}.get(name, "0614141999996")
    assert not ONE.believes(claimed(wrong, label(name), name), zxing(), picture)


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


def test_of_scratched_codes_no_more_are_misread_than_by_the_better_engine_alone() -> None:
    """Many rungs that read alike are no proof: all of them see the same scratch."""
    rng = np.random.default_rng(5)
    alone: dict[str, Reader] = {"zxing": Zxing([Format.EAN_13]), "zbar": Zbar([Format.EAN_13])}
    read_, wrong, union = Counter[str](), Counter[str](), 0
    for _ in range(250):
        true = with_check_digit("".join(map(str, rng.integers(0, 10, 12))))
        picture = scratched(true, rng)
        said = {name: [it.text for it in engine.read(picture)] for name, engine in alone.items()}
        said["ladder"] = texts(read(Format.EAN_13, picture))
        read_.update(name for name, each in said.items() if true in each)
        wrong.update(name for name, each in said.items() if set(each) - {true})
        union += any(true in said[name] for name in alone)
    assert wrong["ladder"] <= min(wrong["zxing"], wrong["zbar"])
    assert read_["ladder"] >= union


def test_what_the_pixels_contradict_is_not_believed_whoever_reads_it() -> None:
    of = label(Format.EAN_13)
    wrong = with_check_digit(EAN[:6] + "9" + EAN[7:12])
    rungs = zxing("plain", "full", "double", "sharpened")
    for witnesses in (both(), rungs):
        assert not ONE.believes(claimed(wrong, of), witnesses, scene(of))
        assert not ONE.believes_at_last(claimed(wrong, of), witnesses)


def test_a_rung_in_a_spot_is_the_same_witness_as_on_the_whole_picture() -> None:
    climb = _Climb(scene(label(Format.ITF)), Agreement(ReadingPlan((Format.ITF,))))
    seen = claimed(TEXTS[Format.ITF][1], label(Format.ITF), Format.ITF)
    assert not climb.add(seen, "sharpened")
    assert not climb.add(seen, "spot-sharpened")
    assert climb.add(seen, "double")


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_itf_that_the_pictures_edge_cuts_is_not_a_shorter_one(side: str) -> None:
    text = "16901234567898"
    printed = label(Format.ITF, text)
    ladder = Ladder(ReadingPlan((Format.ITF,)))
    believed, doubted = set[str](), set[str]()
    quiet = np.full((20, printed.shape[1]), 255, dtype=np.uint8)
    whole = np.vstack((quiet, printed, quiet))
    rng = np.random.default_rng(0)
    for cut in range(60, printed.shape[1] - 60, 14):
        part = whole[:, cut:] if side == "left" else whole[:, :-cut]
        noisy = 60 + 0.6 * part + rng.normal(0, 4, part.shape)
        reading = ladder.read(noisy.astype(np.uint8), budget_us=25_000)
        believed |= set(texts(reading))
        doubted |= {symbol.text for symbol in reading.doubted}
    assert doubted
    assert not believed
    assert texts(ladder.read(whole)) == [text]


def test_an_itf_of_less_than_six_digits_is_doubted() -> None:
    reading = read(Format.ITF, scene(label(Format.ITF, "1234")))
    assert not reading.symbols
    assert texts(read(Format.ITF, scene(label(Format.ITF, "123457")))) == ["123457"]


@pytest.mark.parametrize("name", [Format.ITF, Format.DATABAR])
def test_little_guarded_bars_of_a_changed_picture_need_a_second_rung(name: Format) -> None:
    seen = claimed(TEXTS[name][1], label(name), name)
    rule = Agreement(ReadingPlan((name,)))
    picture = scene(label(name))
    assert rule.believes(seen, zxing(), picture)
    assert not rule.believes(seen, zxing("sharpened"), picture)
    assert rule.believes(seen, zxing("sharpened", "double"), picture)


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
    assert ONE.believes(claimed(gtin_13, of, Format.UPC_E), zxing(), scene(of))


def test_a_text_that_the_symbology_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="expected its number of digits"):
        claim("123", Format.EAN_13)
