"""What is packed: products, and the packaging levels with the forms of their codes."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from edge_agent.core.codes import CodeKind, Form, check_gtin
from edge_agent.core.names import LevelName
from edge_agent.section import Name, Pattern, Section
from edge_agent.station_config import Label, Pair

GtinText = Annotated[str, AfterValidator(check_gtin)]


class SerialRange(Section):
    """Serials issued for a product, compared as text of equal length."""

    first: str
    last: str

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if len(self.first) != len(self.last) or self.first > self.last:
            raise ValueError(
                f"is {self.first!r} to {self.last!r}, expected two serials of equal length, "
                "the smaller first"
            )
        return self


class Product(Section):
    """A trade item that may be packed now."""

    gtin: GtinText
    name: Annotated[str, Field(max_length=200)] = ""
    """As people call it."""
    issued: list[SerialRange] = []
    """Serials HQ has issued. Empty: any."""


class CodeForm(Section):
    """One way in which a level's code may be written."""

    kind: CodeKind
    requires: list[Annotated[str, Field(pattern=r"^\d{2,4}$")]] = []
    """GS1 application identifiers that make up the identity, in order."""
    lengths: dict[str, Annotated[int, Field(ge=1, le=90)]] = {}
    """Fixed lengths of variable elements, so that an element string whose FNC1 was lost is read."""
    pattern: Pattern | None = None
    """For url and plain: the whole text, with named groups serial, gtin, lot. For GS1: the key."""

    def of(self, level: str) -> Form:
        """As the core has it."""
        pattern = re.compile(self.pattern) if self.pattern else None
        lengths = dict(self.lengths)
        return Form(LevelName(level), self.kind, tuple(self.requires), lengths, pattern)

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        is_gs1 = self.kind in (CodeKind.GS1, CodeKind.DIGITAL_LINK)
        if is_gs1 and not self.requires:
            raise ValueError(
                f"requires is missing: a {self.kind} code needs its identifiers, e.g. ['01', '21']"
            )
        if not is_gs1 and self.pattern is None:
            raise ValueError(f"pattern is missing: a {self.kind} code is known by its pattern")
        if not is_gs1 and (self.requires or self.lengths):
            raise ValueError(
                f"requires and lengths belong to gs1 and digital-link, not to {self.kind}"
            )
        return self


class Level(Section):
    """A packaging level. The list of levels goes bottom up."""

    name: Name
    codes: Annotated[list[CodeForm], Field(min_length=1)]
    capacity: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Children of the level below that fill one container; absent only at the lowest level."""
    partial: bool = False
    """Whether reading the container's code closes it before it is full."""
    waiting: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Full containers that may wait for their code while the next one is being filled."""
    by_scan: bool = False
    """Each bench fills containers of its own with what is scanned there. Else one is filled after
    the other, in the order in which things pass the gate or are closed."""
    mixed: bool = False
    """Whether things of several products or batches may lie in one container."""
    per_layer: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Children in one layer, where it has layers."""
    label: Label | None = None
    pair: Pair | None = None
