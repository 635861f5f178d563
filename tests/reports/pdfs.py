"""PDFs read back: their words, and the codes on them."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image


def texts(path: Path) -> list[str]:
    """The words of each page."""
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def pictures(path: Path, dpi: int = 150) -> Iterator[Image.Image]:
    """Each page as a printer would draw it."""
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil()


def codes(path: Path) -> list[str]:
    """What a reader finds on the pages, in no order."""
    return [
        found.text
        for picture in pictures(path)
        for found in zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)
    ]
