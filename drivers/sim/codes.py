"""The codes that the simulated plant prints, written by the GS1 General Specifications.

Written apart from the agent's parser on purpose: one that shares its code cannot find its faults.
"""

from dataclasses import dataclass

GS = "\x1d"
"""How a scanner sends FNC1 after an element of variable length (section 7.8.4)."""
COMPANY_PREFIX = "9521234"
"""952 is GS1's prefix for demonstrations: no real product has it."""
LOT = "L2611A"


def check_digit(digits: str) -> str:
    """The mod-10 check digit that follows `digits` (section 7.9.1: weights 3, 1 from the right)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def gtin(item_reference: int) -> str:
    """The GTIN (14 digits) of the company's product number `item_reference` (up to 5 digits)."""
    digits = f"0{COMPANY_PREFIX}{item_reference:05d}"
    return digits + check_digit(digits)


def sscc(extension_digit: int, serial_reference: int) -> str:
    """The SSCC (18 digits) of a logistic unit; `serial_reference` has up to 9 digits."""
    digits = f"{extension_digit}{COMPANY_PREFIX}{serial_reference:09d}"
    return digits + check_digit(digits)


PRODUCT = gtin(54321)
"""The product that is packed."""
OTHER_PRODUCT = gtin(77777)
"""A product that has no business on this line."""


@dataclass(frozen=True, slots=True)
class UnitCode:
    """A unit's GS1 element string: GTIN (01), serial (21), lot (10)."""

    gtin: str
    serial: str

    @property
    def key(self) -> str:
        """The identity alone, as GS1 writes it: ``01<GTIN>21<serial>``."""
        return f"01{self.gtin}21{self.serial}"

    @property
    def text(self) -> str:
        """What a scanner sends. FNC1 ends the serial, whose length varies; the lot comes last."""
        return f"{self.key}{GS}10{LOT}"
