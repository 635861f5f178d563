"""The decoders that the ladder is measured beside, each as its library is used alone."""

from collections.abc import Callable, Sequence

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from pyzbar import pyzbar

from edge_agent.camera.decode.bars import upc_e_to_gtin_13
from edge_agent.camera.decode.engines import ZXING_FORMATS
from edge_agent.camera.symbols import Format

Grey = NDArray[np.uint8]
Decoder = Callable[[Grey], list[str]]

_ZBAR_SYMBOLS = {
    Format.QR: [pyzbar.ZBarSymbol.QRCODE],
    Format.CODE_128: [pyzbar.ZBarSymbol.CODE128],
    Format.EAN_13: [pyzbar.ZBarSymbol.EAN13],
    Format.EAN_8: [pyzbar.ZBarSymbol.EAN8],
    Format.UPC_A: [pyzbar.ZBarSymbol.UPCA, pyzbar.ZBarSymbol.EAN13],
    Format.UPC_E: [pyzbar.ZBarSymbol.UPCE],
    Format.ITF: [pyzbar.ZBarSymbol.I25],
}
"""Without DataBar, on which zbar writes assertions to stderr."""


def zxing_with_defaults(grey: Grey) -> list[str]:
    return [it.text for it in zxingcpp.read_barcodes(grey, text_mode=zxingcpp.TextMode.Plain)]


def zxing_told(formats: Sequence[Format]) -> Decoder:
    told = zxingcpp.BarcodeFormats([ZXING_FORMATS[name] for name in formats])
    plain = zxingcpp.TextMode.Plain
    return lambda grey: [
        it.text for it in zxingcpp.read_barcodes(grey, formats=told, text_mode=plain)
    ]


def pyzbar_told(formats: Sequence[Format]) -> Decoder | None:
    """None where zbar has none of `formats`."""
    symbols = [symbol for name in formats for symbol in _ZBAR_SYMBOLS.get(name, [])]
    if not symbols:
        return None

    def decode(grey: Grey) -> list[str]:
        try:
            return [_text(it.type, it.data) for it in pyzbar.decode(grey, symbols=symbols)]
        except ValueError:  # pyzbar 0.1.9, where zbar does not know the orientation
            return []

    return decode


def _text(kind: str, data: bytes) -> str:
    """UPC as the 13 digits that zxing-cpp gives."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if kind == "UPCA":
        return text.rjust(13, "0")
    return upc_e_to_gtin_13(text) if kind == "UPCE" else text
