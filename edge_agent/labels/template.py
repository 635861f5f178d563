"""Templates of labels: a TOML file says what stands where, in millimetres from the top left.

::

    size_mm = [100, 70]

    [[parts]]
    kind = "text"
    at_mm = [4, 8]
    size_mm = [70, 10]
    text = "{product}"
    height_mm = 5                   # of the letters; smaller where it does not fit

    [[parts]]
    kind = "gs1-128"
    at_mm = [4, 30]
    size_mm = [92, 37]
    elements = ["(00){sscc}"]

The names in braces are those of `edge_agent.core.labels.FIELDS`. A template shows ``{mark}``
somewhere, so that a reprint cannot be taken for the first label.
"""

import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from edge_agent.core.labels import FIELDS
from edge_agent.section import Section

_BUILT_IN = Path(__file__).parent
_ELEMENT = re.compile(r"\((\d{2,4})\)(.+)")
Mm = Annotated[float, Field(ge=0, le=300)]
Length = Annotated[float, Field(gt=0, le=300)]


class TemplateError(Exception):
    """The template cannot be used: the message names the file and every fault."""


def _known_names(text: str) -> str:
    try:
        gaps = [gap for gap in Formatter().parse(text) if gap[1] is not None]
    except ValueError as error:
        raise ValueError(f"is {text!r}: {error}") from None
    unknown = [str(name) for _, name, form, way in gaps if name not in FIELDS or form or way]
    if unknown:
        raise ValueError(
            f"is {text!r}, which names {', '.join(map(repr, unknown))}, expected some of "
            f"{', '.join(FIELDS)}"
        )
    return text


def _element(text: str) -> str:
    if not _ELEMENT.fullmatch(text):
        raise ValueError(f"is {text!r}, expected an identifier and what it says, as (00){{sscc}}")
    return _known_names(text)


Filled = Annotated[str, Field(max_length=500), AfterValidator(_known_names)]
"""A text with names in braces."""
Elements = Annotated[
    list[Annotated[str, AfterValidator(_element)]], Field(min_length=1, max_length=20)
]
"""GS1 elements. One whose value is empty is left out; an ISO date becomes YYMMDD where the
identifier is a date."""


class _Part(Section):
    at_mm: tuple[Mm, Mm]
    """Left and top."""


class Text(_Part):
    """Text in a box, in the middle of its height: wrapped, made smaller until it fits, and cut with
    … where even that is not enough."""

    kind: Literal["text"]
    size_mm: tuple[Length, Length]
    text: Filled
    height_mm: Length
    least_mm: Length = 2
    align: Literal["left", "center", "right"] = "left"
    bold: bool = False
    inverse: bool = False
    """White on black; nothing where the text is empty."""


class Bars(_Part):
    """A GS1-128 symbol and what it says below, in the middle of its box.

    A module is at least 0.495 mm and a bar 31.75 mm high on a logistic unit (GS1 General
    Specifications, symbol specification table 5); ten modules to each side are kept clear.
    """

    kind: Literal["gs1-128"]
    size_mm: tuple[Length, Length]
    elements: Elements
    module_mm: Annotated[float, Field(ge=0.25, le=1.016)] = 0.495
    text_mm: Length = 3.2


class Matrix(_Part):
    """A square symbol: a GS1 Data Matrix or GS1 QR Code of `elements`, or a QR Code of `text`.
    As large as it fits into `side_mm`, with its quiet zone."""

    kind: Literal["datamatrix", "qr"]
    side_mm: Length
    elements: Elements | None = None
    text: Filled | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.elements is None) == (self.text is None):
            raise ValueError("expected either elements or text")
        return self


class Line(_Part):
    """A rule: as wide as `size_mm` says, or as high."""

    kind: Literal["line"]
    size_mm: tuple[Length, Length]


class Box(_Part):
    """A frame."""

    kind: Literal["box"]
    size_mm: tuple[Length, Length]
    width_mm: Length = 0.4


Part = Annotated[Text | Bars | Matrix | Line | Box, Field(discriminator="kind")]


class Template(Section):
    """A label as described, not yet filled in."""

    size_mm: tuple[Annotated[float, Field(ge=15, le=220)], Annotated[float, Field(ge=10, le=300)]]
    parts: Annotated[list[Part], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        faults = []
        for index, part in enumerate(self.parts):
            width, height = (part.side_mm,) * 2 if isinstance(part, Matrix) else part.size_mm
            right, bottom = part.at_mm[0] + width, part.at_mm[1] + height
            if right > self.size_mm[0] or bottom > self.size_mm[1]:
                faults.append(
                    f"parts.{index} ends at {right:g} mm across and {bottom:g} mm down, expected "
                    f"within {self.size_mm[0]:g} and {self.size_mm[1]:g}"
                )
        if not any(isinstance(part, Text) and "{mark}" in part.text for part in self.parts):
            faults.append("no text says {mark}: a reprint must be known as one")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def load_template(name: str, folder: Path | None) -> Template:
    """The template `name`: NAME.toml in `folder`, else a built-in one. Raises TemplateError."""
    places = [place / f"{name}.toml" for place in (folder, _BUILT_IN) if place is not None]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        known = sorted(place.stem for place in _BUILT_IN.glob("*.toml"))
        raise TemplateError(
            f"there is no label template {name!r}: expected {places[0]}, or one of "
            f"{', '.join(known)}"
        )
    try:
        return Template.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TemplateError(f"{path} cannot be read as TOML: {error}") from None
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False)
        ]
        raise TemplateError("\n".join(f"{path}: {fault}" for fault in faults)) from None
