"""A code as people read it: its application identifiers in brackets, without FNC1 (GS1 General
Specifications, section 4.14, human readable interpretation)."""

import re
from functools import lru_cache

from biip import ParseError
from biip.gs1_messages import GS1Message

from edge_agent.core.codes import FNC1

_IDENTIFYING = ("00", "01", "21")
"""Application identifiers that tell one thing from another; batch and dates do not."""
_ESCAPED_FNC1 = r"\x1d"
"""As the line escapes it in a text."""
_KEY = re.compile(r"(?:00(?P<sscc>\d{18})|01\d{14}21(?P<serial>.{1,20}))")
_KINDS = ("plain:", "url:", "second:")
"""With which the key of a code begins that is not of GS1."""


@lru_cache(256)
def parts(text: str, key: str) -> list[list[str]]:
    """What identifies a thing, as pairs of application identifier and value, the serial or SSCC
    last. `text` is what was read, `key` the identity it has; either may be empty. What is not of
    GS1 has one pair, without an identifier."""
    for code in (text.replace(_ESCAPED_FNC1, FNC1).strip(FNC1), key):
        if found := _elements(code):
            return found
    return [["", plain]] if (plain := short(key) or text.replace(_ESCAPED_FNC1, " ")) else []


def short(text: str) -> str:
    """The serial or the SSCC of `text` where it is the key of a thing; else `text`."""
    if match := _KEY.fullmatch(text):
        return match["sscc"] or match["serial"]
    for kind in _KINDS:
        text = text.removeprefix(kind)
    return text


def _elements(code: str) -> list[list[str]]:
    if code[:2] not in ("00", "01"):
        return []
    try:
        elements = GS1Message.parse(code).element_strings
    except ParseError:
        return []
    found = {element.ai.ai: element.value for element in elements}
    return [[ai, found[ai]] for ai in _IDENTIFYING if ai in found]
