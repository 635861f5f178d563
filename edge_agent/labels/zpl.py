"""A drawing as ZPL II (Zebra's ZPL II Programming Guide)."""

from collections.abc import Iterator
from itertools import groupby

from PIL import Image, ImageOps

from edge_agent.labels.layout import Drawing, Frame, Graphic, Symbol

_MAX_GRAPHIC_BYTES = 99_999
_REPEATS = {20 * n: chr(ord("f") + n) for n in range(1, 21)} | {
    n: chr(ord("F") + n) for n in range(1, 20)
}
"""Of graphics in hexadecimal: g is 20, h 40, ... z 400 times, G once, H twice, ... Y 19 times."""


def zpl(drawing: Drawing) -> bytes:
    """One label, of boxes (``^GB``) and graphics (``^GF``) alone: nothing depends on a printer's
    fonts, its character set, or how its make encodes a bar code."""
    parts = ["^XA", f"^PW{drawing.width}", f"^LL{drawing.height}", "^LH0,0"]
    for mark in drawing.marks:
        match mark:
            case Graphic(x, y, picture):
                parts += _graphics(x, y, picture)
            case Symbol(x, y, module, height, bars):
                parts += [
                    _box(x + first * module, y, width * module, height) for first, width in bars
                ]
            case Frame(x, y, width, height, line):
                parts.append(_box(x, y, width, height, line))
    parts.append("^XZ\n")
    return "\n".join(parts).encode("ascii")


def _box(x: int, y: int, width: int, height: int, line: int | None = None) -> str:
    """A frame of `line` dots, or all black."""
    return f"^FO{x},{y}^GB{width},{height},{line or min(width, height)}^FS"


def _graphics(x: int, y: int, picture: Image.Image) -> Iterator[str]:
    """``^GFA`` in hexadecimal with repeated digits counted, lines ended early where the rest is
    white or black, and a colon for a line like the one before; more than one, if it is large."""
    row_bytes = (picture.width + 7) // 8
    # In ZPL a set bit is black. The last byte's spare bits must be white.
    padded = Image.new("1", (row_bytes * 8, picture.height), 1)
    padded.paste(picture, (0, 0))
    data = ImageOps.invert(padded.convert("L")).convert("1").tobytes()
    rows = _MAX_GRAPHIC_BYTES // row_bytes
    for first in range(0, picture.height, rows):
        band = data[first * row_bytes : (first + rows) * row_bytes]
        lines, before = list[str](), ""
        for start in range(0, len(band), row_bytes):
            row = band[start : start + row_bytes].hex().upper()
            lines.append(":" if row == before else _row(row))
            before = row
        size = len(band)
        yield f"^FO{x},{y + first}^GFA,{size},{size},{row_bytes},{''.join(lines)}^FS"


def _row(row: str) -> str:
    kept = row.rstrip(row[-1]) if row[-1] in "0F" else row
    end = {"0": ",", "F": "!"}[row[-1]] if len(row) - len(kept) > 1 else ""
    runs = groupby(kept if end else row)
    return "".join(_run(digit, len(list(run))) for digit, run in runs) + end


def _run(digit: str, count: int) -> str:
    if count < 3:
        return digit * count
    said = _REPEATS[400] * (count // 400)
    count %= 400
    said += _REPEATS.get(count - count % 20, "")
    return said + (_REPEATS[count % 20] if count % 20 else "") + digit
