"""A new badge on the screen, to be printed by the browser."""

import base64
import io

import zxingcpp
from nicegui.element import Element
from PIL import Image

_MODULE_PX = 8


class Badge(Element, component="static/badge.js"):
    """`secret` is what the badge says; `lines` are printed beside it."""

    def __init__(self, secret: str, lines: list[str], print_: str) -> None:
        super().__init__()
        self.props.update(picture=_qr(secret), lines=lines, print=print_)


def _qr(text: str) -> str:
    """`text` as a QR code, a PNG in a data URL: it is in no file and under no address."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture = Image.fromarray(code.to_image(scale=_MODULE_PX, add_quiet_zones=True))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
