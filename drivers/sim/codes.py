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


_FIXED = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "20": 2, "41": 13}
_FIXED |= {str(first): 6 for first in (*range(11, 20), *range(31, 37))}
"""First two digits of an application identifier → length of its value, where no FNC1 has to end it
(figure 7.8.5-2)."""
_THREE_DIGITS = ("23", "24", "25", "40", "41", "42", "71")
_FOUR_DIGITS = ("31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82")


def bracketed(text: str) -> str | None:
    """An element string as people write it, with its identifiers in brackets. None if it is none.

    Only what begins with a right SSCC or GTIN is taken for one: other digits may be anything.
    """
    first = text[2 : 2 + _FIXED[text[:2]]] if text[:2] in ("00", "01") else ""
    if not first.isdigit() or check_digit(first[:-1]) != first[-1]:
        return None
    written = ""
    while text:
        start = text[:2]
        digits = 3 if start in _THREE_DIGITS else 4 if start in _FOUR_DIGITS else 2
        identifier, rest = text[:digits], text[digits:]
        fixed = _FIXED.get(start)
        if fixed is None:
            value, _, text = rest.partition(GS)
        else:
            value, text = rest[:fixed], rest[fixed:].removeprefix(GS)
        if not identifier.isdigit() or not value or len(value) != (fixed or len(value)):
            return None
        written += f"({identifier}){value}"
    return written


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
