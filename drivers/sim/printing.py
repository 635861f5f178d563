"""Symbols as a printer prints them: dark on light, every module a whole number of pixels.

The encoder is zint, in zxing-cpp; what is printed here is read by others' eyes, and never by
asking the printer.
"""

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from drivers.sim.codes import bracketed

_FORMATS = {
    "data-matrix": zxingcpp.BarcodeFormat.DataMatrix,
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "code-128": zxingcpp.BarcodeFormat.Code128,
    "ean-13": zxingcpp.BarcodeFormat.EAN13,
    "ean-8": zxingcpp.BarcodeFormat.EAN8,
    "upc-a": zxingcpp.BarcodeFormat.UPCA,
    "upc-e": zxingcpp.BarcodeFormat.UPCE,
    "itf": zxingcpp.BarcodeFormat.ITF,
    "databar": zxingcpp.BarcodeFormat.DataBarOmni,
}
_MAY_BE_GS1 = ("data-matrix", "qr", "code-128", "databar")


def printed(text: str, format_name: str, *, module_px: int, level: str = "M") -> NDArray[np.uint8]:
    """The symbol that says `text`, (h, w) grey 0 or 255, with its quiet zone.

    A GS1 element string that begins with an SSCC or a GTIN becomes a GS1 symbol, with FNC1, where
    the symbology has such. `module_px` is the width of a module, of the narrowest bar; `level` the
    error correction of a QR code (L, M, Q, H). A Data Matrix is square. Raises ValueError where the
    symbology cannot say `text`.
    """
    options: dict[str, str | bool] = {}
    elements = bracketed(text) if format_name in _MAY_BE_GS1 else None
    if elements is not None and format_name != "databar":  # which is GS1's anyway
        options["gs1"] = True
    if format_name == "qr":
        options["ec_level"] = level
    if format_name == "data-matrix":
        options["force_square"] = True
    symbol = zxingcpp.create_barcode(elements or text, _FORMATS[format_name], **options)
    modules = np.array(zxingcpp.write_barcode_to_image(symbol, scale=1), dtype=np.uint8)
    return modules.repeat(module_px, axis=0).repeat(module_px, axis=1)
