"""GS1-128: what is said as Code 128 symbol characters, in the fewest (ISO/IEC 15417; GS1 General
Specifications, 5.4).

Printers choose code sets each in their own way; the symbol must be as wide as it was laid out, so
every change of set is written down.
"""

from dataclasses import dataclass
from functools import lru_cache

FNC1 = "\x1d"
MAX_CHARACTERS = 48
"""Of data, with the FNC1 that separate elements (5.4.4.3)."""
_LETTERS, _DIGITS = "B", "C"
_START = {_LETTERS: ">:", _DIGITS: ">;"}
_SWITCH = {_LETTERS: ">6", _DIGITS: ">5"}
_FNC1_ZPL = ">8"
_ESCAPED = {">": ">0"}


@dataclass(frozen=True, slots=True)
class Code128:
    """`zpl` is the field data of ``^BC`` (ZPL II Programming Guide, ^BC, code set invocations),
    `modules` the symbol's width without its quiet zones."""

    zpl: str
    modules: int


def gs1_128(data: str) -> Code128:
    """The symbol that says `data`, an element string with FNC1 between elements (as GS)."""
    text = FNC1 + data
    code_set = min((_LETTERS, _DIGITS), key=lambda each: _cost(text, 0, each))
    zpl, position, count = _START[code_set], 0, 1
    while position < len(text):
        other = _LETTERS if code_set == _DIGITS else _DIGITS
        stay, change = _cost(text, position, code_set), 1 + _cost(text, position, other)
        if change < stay:
            code_set, zpl = other, zpl + _SWITCH[other]
        else:
            taken = _step(text, position, code_set)
            part = text[position : position + taken]
            zpl += _FNC1_ZPL if part == FNC1 else _ESCAPED.get(part, part)
            position += taken
        count += 1
    # With the check character; the stop character is 13 modules wide.
    return Code128(zpl, 11 * (count + 1) + 13)


def _step(text: str, position: int, code_set: str) -> int:
    """Characters of `text` that the next symbol character says in `code_set`; 0 if it cannot."""
    if text[position] == FNC1 or code_set == _LETTERS:
        return 1
    return 2 if len(pair := text[position : position + 2]) == 2 and pair.isdigit() else 0


@lru_cache(maxsize=512)
def _cost(text: str, position: int, code_set: str) -> int:
    """The fewest symbol characters for the rest of `text`, begun in `code_set`."""
    rest = text[position:]
    here, there = _table(rest)
    return here if code_set == _LETTERS else there


@lru_cache(maxsize=512)
def _table(text: str) -> tuple[int, int]:
    """The fewest symbol characters for `text` begun with letters, and begun with digits."""
    ends = [(0, 0)] * (len(text) + 2)
    for position in range(len(text) - 1, -1, -1):
        letters = 1 + ends[position + 1][0]
        taken = _step(text, position, _DIGITS)
        digits = 1 + ends[position + taken][1] if taken else len(text) * 2 + 2
        ends[position] = (min(letters, 1 + digits), min(digits, 1 + letters))
    return ends[0]
