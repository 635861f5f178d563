"""Printed symbols and pictures of them: what they say, and where they are, is true."""

import numpy as np
import pytest
import zxingcpp

from drivers.sim.codes import GS, PRODUCT, UnitCode, bracketed, sscc
from drivers.sim.labels import LabelRoll, Wear
from drivers.sim.printing import printed
from drivers.sim.scene import Corners, Grey, damaged, layer_scene, outline, photographed

UNIT = UnitCode(PRODUCT, "SERIAL0001").text
CASE = f"00{sscc(0, 7)}"
SIZE = (640, 480)


def read(picture: Grey) -> list[zxingcpp.Barcode]:
    return list(zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain))


def seen_at(symbol: zxingcpp.Barcode) -> list[tuple[int, int]]:
    position = symbol.position
    places = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return [(place.x, place.y) for place in places]


def furthest_px(corners: Corners, symbol: zxingcpp.Barcode) -> float:
    """How far a corner is from where it should be."""
    return max(
        float(np.hypot(x - u, y - v))
        for (x, y), (u, v) in zip(corners, seen_at(symbol), strict=True)
    )


@pytest.mark.parametrize(
    ("text", "format_name", "said", "aim"),
    [
        (UNIT, "data-matrix", UNIT, "]d2"),
        (UNIT, "qr", UNIT, "]Q3"),
        (CASE, "code-128", CASE, "]C1"),
        ("ORDER-12", "code-128", "ORDER-12", "]C0"),
        ("00123", "data-matrix", "00123", "]d1"),
        (
            "https://id.example/01/09521234543213",
            "qr",
            "https://id.example/01/09521234543213",
            "]Q1",
        ),
        ("9521234543213", "ean-13", "9521234543213", "]E0"),
        ("96385074", "ean-8", "96385074", "]E4"),
        ("036000291452", "upc-a", "0036000291452", "]E0"),
        ("19521234543210", "itf", "19521234543210", "]I1"),
        (f"01{PRODUCT}", "databar", f"01{PRODUCT}", "]e0"),
    ],
)
def test_a_symbol_says_its_text_and_has_fnc1_where_it_is_an_element_string(
    text: str, format_name: str, said: str, aim: str
) -> None:
    (symbol,) = read(printed(text, format_name, module_px=3))
    assert (symbol.text, symbol.symbology_identifier) == (said, aim)


def test_only_what_begins_with_a_right_sscc_or_gtin_is_an_element_string() -> None:
    assert bracketed(f"01{PRODUCT}21AB{GS}17261231{GS}3103000123{GS}10LOT") == (
        f"(01){PRODUCT}(21)AB(17)261231(3103)000123(10)LOT"
    )
    wrong = str((int(PRODUCT[-1]) + 1) % 10)
    for text in (
        "",
        "0",
        "ORDER",
        "10LOT",
        f"01{PRODUCT[:-1]}{wrong}",
        f"01{PRODUCT}17261",
        CASE[:-1],
    ):
        assert bracketed(text) is None


@pytest.mark.parametrize("angle_deg", [0, 33, 120, -75])
def test_the_outline_is_where_a_decoder_sees_the_symbol(angle_deg: float) -> None:
    label = printed(UNIT, "data-matrix", module_px=6)
    placed = {"size": SIZE, "at": (330, 220), "angle_deg": angle_deg, "tilt": (12, -8)}
    rng = np.random.default_rng(1)
    picture = photographed(label, blur_sigma=0.8, noise_sigma=4, rng=rng, **placed)  # type: ignore[arg-type]
    (symbol,) = read(picture)
    assert symbol.text == UNIT
    assert furthest_px(outline(label, **placed), symbol) < 5  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_picture_and_another_another() -> None:
    label = printed(UNIT, "qr", module_px=4)
    one, again, other = (
        photographed(
            label, size=SIZE, at=(300, 200), glare=0.5, noise_sigma=3, damage=5,
            rng=np.random.default_rng(seed),
        )
        for seed in (1, 1, 2)
    )  # fmt: skip
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("percent", [1, 5, 20, 50])
def test_damage_covers_the_asked_part_of_the_symbol(percent: float) -> None:
    dark = np.pad(np.zeros((200, 300), np.uint8), 20, constant_values=255)
    rng = np.random.default_rng(4)
    parts = [100 * np.mean(damaged(dark, percent, rng)[20:-20, 20:-20] > 0) for _ in range(40)]
    covered = [part for part in parts if part]  # the others were covered with dark
    assert covered and len(covered) < 40
    assert all(0.95 * percent <= part <= 1.1 * percent + 0.5 for part in covered)


def test_a_layer_tells_where_each_of_its_labels_is_and_which_place_is_empty() -> None:
    texts = [UnitCode(PRODUCT, f"SER{place:03}").text for place in range(12)]
    labels = [printed(text, "data-matrix", module_px=5) for text in texts]
    layer = layer_scene(
        [None if place == 5 else label for place, label in enumerate(labels)], 3, 4,
        size=(1600, 1200), tilt=(10, 0), angle_deg=4, turn_deg=20, blur_sigma=0.8, noise_sigma=3,
        rng=np.random.default_rng(2),
    )  # fmt: skip
    assert [place for place, corners in enumerate(layer.corners) if corners is None] == [5]
    found = {symbol.text: symbol for symbol in read(layer.pixels)}
    assert set(found) == {text for place, text in enumerate(texts) if place != 5}
    for text, corners in zip(texts, layer.corners, strict=True):
        assert corners is None or furthest_px(corners, found[text]) < 5
    with pytest.raises(ValueError, match="has 12 labels and 1 damages for 3 rows of 5"):
        layer_scene(labels, 3, 5, size=SIZE, damage=[1], rng=np.random.default_rng(1))


def test_a_torn_label_cannot_be_read_and_a_sound_one_can() -> None:
    roll = LabelRoll(np.random.default_rng(8), has_damage=True)
    labels = [roll.label(number) for number in range(1, 120)]
    assert {label.wear for label in labels} == set(Wear)
    for label in labels:
        found = [symbol.text for symbol in read(label.picture)]
        if label.wear is Wear.TORN:
            assert not found
        elif label.wear is Wear.SOUND:
            assert found == [label.code]
        assert set(found) <= {label.code}
