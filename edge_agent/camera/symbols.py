"""What is seen in a picture: values, no pixels."""

from dataclasses import dataclass, field
from enum import StrEnum

Point = tuple[float, float]
"""x to the right and y down, in pixels of the whole frame."""
Corners = tuple[Point, Point, Point, Point]
"""Clockwise, the symbol's own top left first."""


class Format(StrEnum):
    """The symbologies that a camera may be told to look for."""

    DATA_MATRIX = "data-matrix"
    QR = "qr"
    CODE_128 = "code-128"
    EAN_13 = "ean-13"
    EAN_8 = "ean-8"
    UPC_A = "upc-a"
    UPC_E = "upc-e"
    ITF = "itf"
    DATABAR = "databar"

    @property
    def is_retail(self) -> bool:
        """EAN and UPC: a single check digit, so that a misread is likely enough to guard against
        (GS1 General Specifications, 5.2)."""
        return self in (Format.EAN_13, Format.EAN_8, Format.UPC_A, Format.UPC_E)


class Engine(StrEnum):
    """Which library read it."""

    ZXING = "zxing"
    ZBAR = "zbar"


@dataclass(frozen=True, slots=True)
class Measures:
    """How well a symbol was printed and seen; None where it cannot be known.

    `contrast`: reflectance of light minus dark, 0 to 1 (ISO/IEC 15415, symbol contrast).
    `module_px`: pixels of one module (of the narrowest bar).
    `error_correction_left`: the part of the error correction that was not needed, 0 to 1
    (ISO/IEC 15415, unused error correction). `tries`: rungs of the ladder that were climbed.
    """

    contrast: float | None = None
    module_px: float | None = None
    error_correction_left: float | None = None
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol that was read. `aim` is its AIM identifier (ISO/IEC 15424) such as ``]d2``."""

    text: str
    aim: str
    format: Format
    corners: Corners
    engine: Engine
    rung: str
    measures: Measures = field(default_factory=Measures)


@dataclass(frozen=True, slots=True)
class Try:
    """One rung of the ladder that was climbed, and how many symbols it brought."""

    rung: str
    elapsed_us: int
    found: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one picture.

    `doubted` are symbols that were seen and are not trusted (a retail code that only one engine
    read once): they are no answer, and people are shown them.
    """

    symbols: tuple[Symbol, ...] = ()
    doubted: tuple[Symbol, ...] = ()
    tries: tuple[Try, ...] = ()
