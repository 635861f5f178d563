"""A text as Code 128 (ISO/IEC 15417) on paper, for laser and linear scanners."""

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm

MODULE, LEAST_MODULE = 0.5 * mm, 0.33 * mm
"""How wide the narrowest bar is where there is room, and at least (13 mil): what is finer needs a
scanner of high density and a steady hand."""
_QUIET_MODULES = 10


def bars(text: str, room: float, height: float) -> Code128 | None:
    """The bars of `text` with their quiet zones, in `room` points; None if it has other letters
    than ASCII, or too many for bars of LEAST_MODULE."""
    if not (text.isascii() and text.isprintable()):
        return None
    modules = Code128(text, barWidth=1, quiet=False).width + 2 * _QUIET_MODULES
    module = min(MODULE, room / modules)
    if module < LEAST_MODULE:
        return None
    quiet = _QUIET_MODULES * module
    return Code128(text, barWidth=module, barHeight=height, lquiet=quiet, rquiet=quiet)
