"""A label laid out: every part in dots, as it is printed and as it is shown."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import zxingcpp
from biip import ParseError
from biip.gs1_element_strings import GS1ElementString
from PIL import Image, ImageOps

from edge_agent.core.labels import FIELDS
from edge_agent.labels.template import Bars, Box, Line, Matrix, Template, Text
from edge_agent.labels.typesetting import Typeface

_DOTS_PER_INCH = {6: 152, 8: 203, 12: 300, 24: 600}
"""Of print heads, by their name in dots a millimetre."""
_FNC1 = "\x1d"
_MAX_CHARACTERS = 48
"""Of data in one GS1-128 symbol, with the FNC1 between elements (GS1 General Specifications,
5.4.4.3)."""
_QUIET_MODULES = 10
_DATES = ("11", "12", "13", "15", "16", "17")
_FIXED = ("00", "01", "02", "03", "04", *map(str, range(11, 21)), *map(str, range(31, 37)), "41")
"""First digits of identifiers whose elements need no FNC1 after them (GS1 General Specifications,
figure 7.8.5-2)."""
_COUNT_OF, _CONTENT = "37", "02"


class LabelError(Exception):
    """The label cannot be drawn: the message says which part, what it has to say, and the mend."""


@dataclass(frozen=True, slots=True)
class Graphic:
    """A bitmap (mode 1, 0 black) with its left top corner at `x`, `y` dots."""

    x: int
    y: int
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Symbol:
    """A GS1-128 symbol, `height` dots high, modules of `module` dots. `bars` are first module and
    width of each, in modules; `says` is what it says, in brackets."""

    x: int
    y: int
    module: int
    height: int
    bars: tuple[tuple[int, int], ...]
    says: str

    @property
    def modules(self) -> int:
        """Its width without the quiet zones."""
        return sum(self.bars[-1])


@dataclass(frozen=True, slots=True)
class Frame:
    """Black lines of `line` dots around `width` by `height`; a rule where that is all there is."""

    x: int
    y: int
    width: int
    height: int
    line: int


Mark = Graphic | Symbol | Frame


@dataclass(frozen=True, slots=True)
class Drawing:
    """A label of `width` by `height` dots. `warnings` say what could not be shown as it is."""

    width: int
    height: int
    marks: tuple[Mark, ...]
    warnings: tuple[str, ...]


def lay_out(
    template: Template, fields: Mapping[str, str], dpmm: int, typeface: Typeface
) -> Drawing:
    """The label of `fields` for a printer of `dpmm` dots a millimetre. Raises LabelError."""
    said = {name: fields.get(name, "") for name in FIELDS}
    draft = _Draft(said, _DOTS_PER_INCH[dpmm] / 25.4, typeface)
    for index, part in enumerate(template.parts):
        draft.at = f"parts.{index}"
        match part:
            case Text():
                draft.text(part)
            case Bars():
                draft.bars(part)
            case Matrix():
                draft.matrix(part)
            case Line():
                x, y, width, height = draft.dots(*part.at_mm, *part.size_mm)
                draft.marks.append(Frame(x, y, width, height, min(width, height)))
            case Box():
                x, y, width, height = draft.dots(*part.at_mm, *part.size_mm)
                draft.marks.append(Frame(x, y, width, height, draft.dot(part.width_mm)))
    width, height = map(draft.dot, template.size_mm)
    return Drawing(width, height, tuple(draft.marks), tuple(draft.warnings))


class _Draft:
    """A drawing while it is being made. `at` names the part."""

    def __init__(self, fields: Mapping[str, str], per_mm: float, typeface: Typeface) -> None:
        self._fields = fields
        self._per_mm = per_mm
        self._typeface = typeface
        self.marks: list[Mark] = []
        self.warnings: list[str] = []
        self.at = ""

    def dot(self, mm: float) -> int:
        return max(1, round(mm * self._per_mm))

    def dots(self, *mm: float) -> tuple[int, ...]:
        return tuple(round(each * self._per_mm) for each in mm[:2]) + tuple(map(self.dot, mm[2:]))

    def text(self, part: Text) -> None:
        x, y, width, height = self.dots(*part.at_mm, *part.size_mm)
        said = part.text.format_map(self._fields).strip()
        if not said:
            return
        pad = self.dot(0.8) if part.inverse else 0
        made = self._typeface.set(
            said,
            (width - 2 * pad, height),
            self.dot(part.height_mm),
            self.dot(part.least_mm),
            align=part.align,
            bold=part.bold,
        )
        if made.boxed:
            codes = ", ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(made.boxed))
            self.warnings.append(
                f"{self.at}: {len(made.boxed)} shown as a box, for the font lacks {codes}"
            )
        if made.cut:
            self.warnings.append(f"{self.at}: {said!r:.80} is cut with …")
        if part.inverse:
            black = Image.new("1", (width, height), 1)
            black.paste(made.picture, (pad, 0))
            self.marks.append(Graphic(x, y, ImageOps.invert(black.convert("L")).convert("1")))
        else:
            self._ink(x, y, made.picture)

    def bars(self, part: Bars) -> None:
        elements = self._elements(part.elements)
        if not elements:
            return
        says = "".join(f"({ai}){value}" for ai, value in elements)
        if len(data := _element_string(elements)) > _MAX_CHARACTERS:
            raise LabelError(
                f"{self.at}: {says} has {len(data)} characters, expected at most "
                f"{_MAX_CHARACTERS} in one GS1-128 symbol: put some elements into another"
            )
        bars = _bars(elements)
        x, y, width, height = self.dots(*part.at_mm, *part.size_mm)
        # A narrower module than was asked for may be too narrow for the scanners on the way.
        module = math.ceil(part.module_mm * self._per_mm - 1e-6)
        text = self.dot(part.text_mm)
        text_box = round(text * 1.3)
        symbol = Symbol(x, y, module, height - text_box, bars, says)
        needed = (symbol.modules + 2 * _QUIET_MODULES) * module
        if needed > width:
            raise LabelError(
                f"{self.at}: the bars of {says} need {needed / self._per_mm:.1f} mm with their "
                f"quiet zones and have {width / self._per_mm:.1f}: put some elements into another "
                "symbol, or into a Data Matrix"
            )
        left = x + (width - symbol.modules * module) // 2
        self.marks.append(replace(symbol, x=left))
        made = self._typeface.set(says, (width, text_box), text, self.dot(2), align="center")
        self._ink(x, y + height - text_box, made.picture)

    def matrix(self, part: Matrix) -> None:
        x, y, side = self.dots(*part.at_mm, part.side_mm)
        options: dict[str, str | bool] = {}
        if part.elements is not None:
            elements = self._elements(part.elements)
            said = _bracketed(elements)
            options["gs1"] = True
        else:
            said = (part.text or "").format_map(self._fields)
        if not said:
            return
        if part.kind == "qr":
            kind = zxingcpp.BarcodeFormat.QRCode
            options["ec_level"] = "M"
        else:
            kind = zxingcpp.BarcodeFormat.DataMatrix
            options["force_square"] = True
        try:
            symbol = zxingcpp.create_barcode(said, kind, **options)
        except ValueError as error:
            raise LabelError(f"{self.at}: a {part.kind} cannot say {said!r:.80}: {error}") from None
        modules = Image.fromarray(
            zxingcpp.write_barcode_to_image(symbol, scale=1, add_quiet_zones=True)
        )
        scale = side // modules.width
        if not scale:
            raise LabelError(
                f"{self.at}: the {part.kind} has {modules.width} modules and {side} dots, expected "
                "a larger side_mm or fewer elements"
            )
        if (width_mm := scale / self._per_mm) < 0.25:
            self.warnings.append(
                f"{self.at}: a module of the {part.kind} is {width_mm:.2f} mm wide, which few "
                "scanners read; make side_mm larger"
            )
        edge = modules.width * scale
        picture = modules.resize((edge, edge), Image.Resampling.NEAREST).convert("1")
        middle = (side - edge) // 2
        self._ink(x + middle, y + middle, picture)

    def _ink(self, x: int, y: int, picture: Image.Image) -> None:
        """Only where `picture` is black: less to send."""
        box = ImageOps.invert(picture.convert("L")).getbbox()
        if box is not None:
            self.marks.append(Graphic(x + box[0], y + box[1], picture.crop(box)))

    def _elements(self, wanted: list[str]) -> list[tuple[str, str]]:
        """Identifier and value of each element that has something to say, as GS1 writes it."""
        found = []
        for each in wanted:
            ai, pattern = each[1:].split(")", 1)
            if value := pattern.format_map(self._fields).strip():
                found.append((ai, _written(ai, value)))
        identifiers = {ai for ai, _ in found}
        if _CONTENT not in identifiers:
            # A count says of what (GS1 General Specifications, 4.13.2): alone it is no message.
            found = [each for each in found if each[0] != _COUNT_OF]
        faults = [fault for ai, value in found if (fault := _fault(ai, value))]
        if faults:
            raise LabelError(f"{self.at}: " + "; ".join(faults))
        return found


def _written(ai: str, value: str) -> str:
    if ai in _DATES and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value[2:4] + value[5:7] + value[8:10]
    # Digits are said in pairs: with an odd number the symbol is two characters longer.
    return value.zfill(len(value) + len(value) % 2) if ai == _COUNT_OF else value


def _fault(ai: str, value: str) -> str | None:
    try:
        element = GS1ElementString.extract(ai + value)
    except ParseError as error:
        return f"({ai}) cannot say {value!r:.60}: {' '.join(str(error).split()):.120}"
    if element.value != value:
        return f"({ai}) cannot say {value!r:.60}, only {element.value!r:.60} of it"
    if wrong := element.gtin_error or element.sscc_error:
        return f"({ai}) cannot say {value!r:.60}: {' '.join(str(wrong).split()):.120}"
    return None


def _element_string(elements: list[tuple[str, str]]) -> str:
    text = ""
    for ai, value in elements:
        text += ai + value
        if not ai.startswith(_FIXED):
            text += _FNC1
    return text.removesuffix(_FNC1)


def _bracketed(elements: list[tuple[str, str]]) -> str:
    """As zint takes them. No value has such a bracket; a round one may be part of a batch."""
    return "".join(f"[{ai}]{value}" for ai, value in elements)


def _bars(elements: list[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
    """First module and width of each bar, in modules. zint, in zxing-cpp, chooses the code sets."""
    said = _bracketed(elements)
    made = zxingcpp.create_barcode(said, zxingcpp.BarcodeFormat.Code128, gs1=True)
    row = np.asarray(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))[0]
    edges = np.flatnonzero(np.diff(np.concatenate(([255], row, [255])) == 0))
    return tuple((int(start), int(end - start)) for start, end in edges.reshape(-1, 2))
