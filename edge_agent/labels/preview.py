"""A drawing as a picture, dot for dot as it is printed."""

import io

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
            case Symbol(x, y, module, height, bars):
                for first, modules in bars:
                    left, right = x + first * module, x + (first + modules) * module - 1
                    draw.rectangle((left, y, right, y + height - 1), fill=0)
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
