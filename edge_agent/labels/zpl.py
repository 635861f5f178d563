"""A drawing as ZPL II (Zebra's ZPL II Programming Guide)."""

from itertools import groupby

from PIL import Image, ImageOps

from edge_agent.labels.layout import Drawing, Frame, Graphic, Symbol

_REPEATS = {20 * n: chr(ord("f") + n) for n in range(1, 21)} | {
    n: chr(ord("F") + n) for n in range(1, 20)
}
"""Of graphics in hexadecimal: g is 20, h 40, ... z 400 times, G once, H twice, ... Y 19 times."""


def zpl(drawing: Drawing) -> bytes:
    """One label. Everything but bars and rules is a graphic, so nothing depends on the printer's
    fonts or its character set."""
    parts = ["^XA", f"^PW{drawing.width}", f"^LL{drawing.height}", "^LH0,0"]
    for mark in drawing.marks:
        match mark:
            case Graphic(x, y, picture):
                parts.append(f"^FO{x},{y}{_graphic(picture)}^FS")
            case Symbol(x, y, module, height, code):
                parts.append(f"^FO{x},{y}^BY{module}^BCN,{height},N,N,N^FD{code.zpl}^FS")
            case Frame(x, y, width, height, line):
                parts.append(f"^FO{x},{y}^GB{width},{height},{line}^FS")
    parts.append("^XZ\n")
    return "\n".join(parts).encode("ascii")


def _graphic(picture: Image.Image) -> str:
    """``^GFA`` in hexadecimal with repeated digits counted, lines ended early where the rest is
    white or black, and a colon for a line like the one before."""
    row_bytes = (picture.width + 7) // 8
    # In ZPL a set bit is black. The last byte's spare bits must be white.
    padded = Image.new("1", (row_bytes * 8, picture.height), 1)
    padded.paste(picture, (0, 0))
    data = ImageOps.invert(padded.convert("L")).convert("1").tobytes()
    rows = [
        data[start : start + row_bytes].hex().upper() for start in range(0, len(data), row_bytes)
    ]
    before, said = "", []
    for row in rows:
        said.append(":" if row == before else _row(row))
        before = row
    return f"^GFA,{len(data)},{len(data)},{row_bytes},{''.join(said)}"


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
