"""Two libraries, one way of saying what was read."""

import cv2
import numpy as np
import pytest
import zxingcpp

from edge_agent.camera.decode.engines import ZBAR_FORMATS, Zbar, Zxing, text_of
from edge_agent.camera.symbols import Format
from tests.camera.decode.scenes import SERIAL, TEXTS, label, scene


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", sorted(ZBAR_FORMATS))
def test_both_engines_say_the_same_of_the_same_symbol(name: Format, turns: int) -> None:
    picture = np.ascontiguousarray(np.rot90(scene(label(name)), turns))
    (a,), (b,) = Zxing([name]).read(picture), Zbar([name]).read(picture)
    assert (a.text, a.format) == (b.text, b.format) == (TEXTS[name][1], name)
    assert a.aim == b.aim or name is Format.ITF  # zbar does not check an ITF's check digit
    assert np.abs(np.mean(a.corners, axis=0) - np.mean(b.corners, axis=0)).max() < 12
    reading_direction = np.subtract(a.corners[1], a.corners[0])
    assert np.dot(reading_direction, np.subtract(b.corners[1], b.corners[0])) > 0


@pytest.mark.parametrize("name", [Format.CODE_128, Format.QR])
def test_both_engines_say_the_same_of_gs1_codes(name: Format) -> None:
    picture = scene(label(name, f"{SERIAL}\x1d10LOT", module_px=2), size=(900, 480), at=(450, 240))
    (a,), (b,) = Zxing([name]).read(picture), Zbar([name]).read(picture)
    assert (a.text, a.aim) == (b.text, b.aim)
    assert "\x1d" in a.text


def test_both_engines_take_utf_8_that_is_not_declared_as_such() -> None:
    text = "Größe 漢字"
    modules = cv2.QRCodeEncoder.create().encode(text)
    picture = np.pad(modules.repeat(4, axis=0).repeat(4, axis=1), 16, constant_values=255)
    for engine in (Zxing([Format.QR]), Zbar([Format.QR])):
        assert [seen.text for seen in engine.read(picture)] == [text]


def test_both_engines_give_bytes_that_are_no_text_as_latin_1() -> None:
    data = b"\x00\x01\xff\xfe binary \x80"
    symbol = zxingcpp.create_barcode(data, zxingcpp.BarcodeFormat.QRCode)
    picture = np.array(zxingcpp.write_barcode_to_image(symbol, scale=4), dtype=np.uint8)
    for engine in (Zxing([Format.QR]), Zbar([Format.QR])):
        assert [seen.text for seen in engine.read(picture)] == [data.decode("latin-1")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("été à Noël".encode("latin-1"), "été à Noël"),
        ("*ﾃﾞｻﾞｲﾝQR*".encode("cp932"), "*ﾃﾞｻﾞｲﾝQR*"),
        ("[外側]コード\r\n".encode("cp932"), "[外側]コード\r\n"),
    ],
)
def test_bytes_that_are_not_utf_8_are_japanese_or_latin(data: bytes, text: str) -> None:
    assert text_of(data) == text


def test_an_ean_13_is_no_upc_a_where_only_that_is_looked_for() -> None:
    picture = scene(label(Format.EAN_13))
    assert Zxing([Format.UPC_A]).read(picture) == Zbar([Format.UPC_A]).read(picture) == []


def test_a_upc_a_is_called_so_where_both_are_looked_for() -> None:
    both = [Format.EAN_13, Format.UPC_A]
    picture = scene(label(Format.UPC_A))
    for engine in (Zxing(both), Zbar(both)):
        assert [seen.format for seen in engine.read(picture)] == [Format.UPC_A]


def test_zbar_writes_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    zbar = Zbar(tuple(Format))
    rng = np.random.default_rng(1)
    for _ in range(20):
        bars = rng.integers(0, 2, 200, dtype=np.uint8).repeat(2)[None].repeat(200, axis=0) * 255
        zbar.read(np.ascontiguousarray(bars))
    zbar.read(scene(label(Format.DATABAR)))
    assert capfd.readouterr() == ("", "")
