"""The two decoders behind one shape: grey pixels in, symbols in the picture's coordinates out.

Both say the same text for the same symbol: GS as FNC1 inside the text, no brackets, UPC-A and
UPC-E as GTIN-13 with leading zeros, which is what a scanner sends with ]E0 (ISO/IEC 15424).
"""

import ctypes
import re
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from edge_agent.camera.decode.bars import upc_e_to_gtin_13
from edge_agent.camera.symbols import Corners, Engine, Format, Point

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Seen:
    """What an engine says of one symbol, in the coordinates of the picture it was given.

    `modules` is how many a side of it has (rows and columns of a rectangular Data Matrix: their
    mean), None where the engine does not say.
    """

    text: str
    aim: str
    format: Format
    corners: Corners
    engine: Engine
    error_correction_left: float | None = None
    modules: float | None = None


class Reader(Protocol):
    """A decoder that was told its formats and flags."""

    def read(self, grey: Grey) -> list[Seen]:
        """Symbols of a contiguous (h, w) picture of at least one pixel."""


ZXING_FORMATS = {
    Format.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Format.QR: zxingcpp.BarcodeFormat.QRCode,
    Format.CODE_128: zxingcpp.BarcodeFormat.Code128,
    Format.EAN_13: zxingcpp.BarcodeFormat.EAN13,
    Format.EAN_8: zxingcpp.BarcodeFormat.EAN8,
    Format.UPC_A: zxingcpp.BarcodeFormat.UPCA,
    Format.UPC_E: zxingcpp.BarcodeFormat.UPCE,
    Format.ITF: zxingcpp.BarcodeFormat.ITF,
    Format.DATABAR: zxingcpp.BarcodeFormat.DataBar,
}
_ZXING_NAMES = {value: name for name, value in ZXING_FORMATS.items()} | {
    zxingcpp.BarcodeFormat.QRCodeModel1: Format.QR,
    zxingcpp.BarcodeFormat.QRCodeModel2: Format.QR,
    zxingcpp.BarcodeFormat.ITF14: Format.ITF,
}


class Zxing:
    """zxing-cpp: all formats; corners from its own detector."""

    def __init__(
        self,
        formats: Sequence[Format],
        *,
        rotate: bool = True,
        downscale: bool = True,
        invert: bool = True,
        binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage,
        only_first: bool = False,
    ) -> None:
        """`only_first` ends with the first symbol: many times faster than to look on for more."""
        self._names = frozenset(formats)
        self._only_first = only_first
        self._options: dict[str, Any] = {
            "formats": zxingcpp.BarcodeFormats([ZXING_FORMATS[name] for name in formats]),
            "try_rotate": rotate,
            "try_downscale": downscale,
            "try_invert": invert,
            "text_mode": zxingcpp.TextMode.Plain,
            "binarizer": binarizer,
        }

    def read(self, grey: Grey) -> list[Seen]:
        if self._only_first:
            first = zxingcpp.read_barcode(grey, **self._options)
            return [] if first is None else [self._symbol(first)]
        return [self._symbol(seen) for seen in zxingcpp.read_barcodes(grey, **self._options)]

    def _symbol(self, seen: zxingcpp.Barcode) -> Seen:
        at = seen.position
        extra: Any = seen.extra or {}
        name = _ZXING_NAMES.get(seen.format, Format.DATABAR)
        return Seen(
            text=seen.text,
            aim=seen.symbology_identifier,
            format=_retail(name, seen.text, self._names),
            corners=(
                (at.top_left.x, at.top_left.y),
                (at.top_right.x, at.top_right.y),
                (at.bottom_right.x, at.bottom_right.y),
                (at.bottom_left.x, at.bottom_left.y),
            ),
            engine=Engine.ZXING,
            error_correction_left=extra.get("UEC"),
            modules=_modules(name, extra.get("Version", "")),
        )


def _modules(name: Format, version: str) -> float | None:
    """Of zxing-cpp's version: "3" of a QR code, "16x48" of a Data Matrix."""
    if name is Format.QR:
        return 17 + 4 * int(version) if version.isdecimal() else None
    sides = [int(side) for side in version.split("x") if side.isdecimal()]
    return sum(sides) / 2 if len(sides) == 2 else None


def _retail(name: Format, text: str, wanted: frozenset[Format]) -> Format:
    """A UPC-A is an EAN-13 that begins with 0: it is called what was asked for."""
    if name is Format.EAN_13 and text.startswith("0") and Format.UPC_A in wanted:
        return Format.UPC_A
    return name


_ZBAR_TYPES = {
    Format.QR: 64,
    Format.CODE_128: 128,
    Format.EAN_13: 13,
    Format.EAN_8: 8,
    Format.UPC_A: 12,
    Format.UPC_E: 9,
    Format.ITF: 25,
}
"""DataBar is left out: zbar's decoder of it writes assertions to stderr."""
_ZBAR_NAMES = {value: name for name, value in _ZBAR_TYPES.items()}
ZBAR_FORMATS = frozenset(_ZBAR_TYPES)
_ENABLE, _BINARY, _TEST_INVERTED = 0, 4, 0x81
"""zbar_config_t of zbar 0.23 (zbar.h); pyzbar names only the first."""
_GREY_8 = int.from_bytes(b"Y800", "little")
_GS1 = 1
"""Bit of zbar_symbol_get_modifiers: FNC1 came first."""
_AIM = {
    Format.QR: ("]Q1", "]Q3"),
    Format.CODE_128: ("]C0", "]C1"),
    Format.EAN_13: ("]E0", "]E0"),
    Format.EAN_8: ("]E4", "]E4"),
    Format.UPC_A: ("]E0", "]E0"),
    Format.UPC_E: ("]E0", "]E0"),
    Format.ITF: ("]I0", "]I1"),
}
_READING_DIRECTION = {0: (1, 0), 1: (0, 1), 2: (-1, 0), 3: (0, -1)}
"""Of zbar_orientation_t, as a step (x, y); of an unknown one, -1, none."""


@cache
def _zbar() -> Any:
    """pyzbar's binding, which needs libzbar0 on the machine; None without it.

    pyzbar.decode itself raises ValueError where zbar does not know the orientation, as it reads
    the -1 as unsigned, and cannot give the bytes of a QR code as they are.
    """
    try:
        from pyzbar import wrapper  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        return None
    return wrapper


_JAPANESE_WORD = re.compile("^(?!.*\ufffd)(?=.*([\uff61-\uff9f]{3}|[\u3040-\u9fff]{3}))", re.DOTALL)


def zbar_is_here() -> bool:
    """Whether libzbar0 is installed; without it the ladder has fewer rungs."""
    return _zbar() is not None


@cache
def _orientation_and_modifiers() -> tuple[Any, Any]:
    zbar = _zbar()
    symbol = ctypes.POINTER(zbar.zbar_symbol)
    return (
        zbar.zbar_function("zbar_symbol_get_orientation", ctypes.c_int, symbol),
        zbar.zbar_function("zbar_symbol_get_modifiers", ctypes.c_uint, symbol),
    )


class Zbar:
    """zbar: one-dimensional symbols, EAN and UPC, QR. Needs `zbar_is_here`."""

    def __init__(self, formats: Sequence[Format], *, invert: bool = False) -> None:
        self._names = frozenset(formats)
        zbar = _zbar()
        self._scanner = zbar.zbar_image_scanner_create()
        weakref.finalize(self, zbar.zbar_image_scanner_destroy, self._scanner)
        wanted = {_ZBAR_TYPES[name] for name in self._names & ZBAR_FORMATS}
        if Format.UPC_A in self._names:
            wanted.add(_ZBAR_TYPES[Format.EAN_13])  # zbar finds a UPC-A as one of these
        for kind in zbar.ZBarSymbol:
            if kind > zbar.ZBarSymbol.PARTIAL:
                self._set(kind, _ENABLE, kind in wanted)
        self._set(_ZBAR_TYPES[Format.QR], _BINARY, True)
        self._set(0, _TEST_INVERTED, invert)

    def _set(self, kind: int, setting: int, on: bool) -> None:
        _zbar().zbar_image_scanner_set_config(self._scanner, kind, setting, int(on))

    def read(self, grey: Grey) -> list[Seen]:
        zbar = _zbar()
        image = zbar.zbar_image_create()
        try:
            zbar.zbar_image_set_format(image, _GREY_8)
            zbar.zbar_image_set_size(image, grey.shape[1], grey.shape[0])
            pixels = grey.ctypes.data_as(ctypes.c_void_p)
            zbar.zbar_image_set_data(image, pixels, grey.size, None)
            zbar.zbar_scan_image(self._scanner, image)
            return list(self._symbols(zbar.zbar_image_first_symbol(image)))
        finally:
            zbar.zbar_image_destroy(image)

    def _symbols(self, at: Any) -> Iterator[Seen]:
        zbar = _zbar()
        orientation_of, modifiers_of = _orientation_and_modifiers()
        while at:
            name = _ZBAR_NAMES.get(at.contents.type)
            if name is not None and name in self._names:
                count = zbar.zbar_symbol_get_data_length(at)
                text = text_of(ctypes.string_at(zbar.zbar_symbol_get_data(at), count))
                if name is Format.UPC_E:
                    text = upc_e_to_gtin_13(text)
                elif name is Format.UPC_A:
                    text = text.rjust(13, "0")
                points = [
                    (zbar.zbar_symbol_get_loc_x(at, i), zbar.zbar_symbol_get_loc_y(at, i))
                    for i in range(zbar.zbar_symbol_get_loc_size(at))
                ]
                yield Seen(
                    text=text,
                    aim=_AIM[name][modifiers_of(at) & _GS1],
                    format=_retail(name, text, self._names),
                    corners=_corners(name, points, orientation_of(at)),
                    engine=Engine.ZBAR,
                )
            at = zbar.zbar_symbol_next(at)


def text_of(data: bytes) -> str:
    """Bytes of no declared encoding, as zxing-cpp reads them: UTF-8, else Shift JIS where there are
    words of it (Japanese printers' QR codes), else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        japanese = data.decode("cp932", "replace")
    return japanese if _JAPANESE_WORD.search(japanese) else data.decode("latin-1")


def _corners(name: Format, points: list[tuple[int, int]], orientation: int) -> Corners:
    """zbar gives a QR code's corners against the clock, and of bars the ends of its scan lines."""
    if name is Format.QR and len(points) == 4:
        a, b, c, d = points
        return a, d, c, b
    if not points:
        return ((0, 0),) * 4
    box = cv2.boxPoints(cv2.minAreaRect(np.array(points, dtype=np.float32)))
    middle = box.mean(axis=0)
    x, y = _READING_DIRECTION.get(orientation, (1, 0))
    along = (box - middle) @ np.array((x, y))
    down = (box - middle) @ np.array((-y, x))

    def corner(right: int, below: int) -> Point:
        best = box[int(np.argmax(right * along + below * down))]
        return float(best[0]), float(best[1])

    return corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)
