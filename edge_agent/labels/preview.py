"""A drawing as a picture, dot for dot as it is printed."""

import io

import zxingcpp
from PIL import Image, ImageDraw

from edge_agent.labels.layout import Drawing, Frame, Graphic, Symbol


def picture(drawing: Drawing) -> Image.Image:
    """The label, grey: 0 black, 255 white."""
    label = Image.new("L", (drawing.width, drawing.height), 255)
    draw = ImageDraw.Draw(label)
    for mark in drawing.marks:
        match mark:
            case Graphic(x, y, dots):
                label.paste(0, (x, y), Image.eval(dots.convert("L"), lambda dot: 255 - dot))
            case Symbol():
                label.paste(_bars(mark), (mark.x, mark.y))
            case Frame(x, y, width, height, line):
                right, bottom = x + width - 1, y + height - 1
                for edge in (
                    (x, y, right, y + line - 1),
                    (x, bottom - line + 1, right, bottom),
                    (x, y, x + line - 1, bottom),
                    (right - line + 1, y, right, bottom),
                ):
                    draw.rectangle(edge, fill=0)
    return label


def png(drawing: Drawing) -> bytes:
    """The label as a PNG."""
    target = io.BytesIO()
    picture(drawing).save(target, "PNG")
    return target.getvalue()


def _bars(symbol: Symbol) -> Image.Image:
    made = zxingcpp.create_barcode(symbol.says, zxingcpp.BarcodeFormat.Code128, gs1=True)
    bars = Image.fromarray(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    row = bars.crop((0, 0, bars.width, 1))
    return row.resize((bars.width * symbol.module, symbol.height), Image.Resampling.NEAREST)
