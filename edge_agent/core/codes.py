"""What a read's text means: parsed at the edge into a `Code`, or refused with the exact reason.

GS1 element strings follow the GS1 General Specifications, section 7.8, Digital Links the GS1
Digital Link URI syntax. What the parser biip leaves unchecked (a wrong check digit inside a
message, doubled elements, doubled separators) is checked here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from edge_agent.core.names import CodeKey, Gtin, LevelName

FNC1 = "\x1d"
"""FNC1 as a scanner sends it: ASCII GS."""
_GS1_SYMBOLOGIES = {"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"}
"""AIM identifiers that say: this is GS1 data (ISO/IEC 15424)."""
_CHARACTERS_82 = frozenset(
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)
"""GS1 AI encodable character set 82 (GS1 General Specifications, figure 7.11-1)."""
_SHOWN = 60
"""Characters of a bad text that an error message repeats."""


class CodeKind(StrEnum):
    """How a code is written."""

    GS1 = "gs1"
    """GS1 element string, with or without FNC1."""
    DIGITAL_LINK = "digital-link"
    """GS1 Digital Link URI, uncompressed, of any domain."""
    URL = "url"
    """A brand's own URL, known by its pattern."""
    PLAIN = "plain"
    """Plain text, known by its pattern."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which the code of `level` may be written.

    GS1 kinds: `requires` are the application identifiers whose values make up the key, in order;
    `lengths` gives variable elements a fixed length, so that a string that lost its FNC1 can be
    split; `pattern` restricts the key. Other kinds: `pattern` matches the whole text, and its
    groups ``serial``, ``gtin`` and ``lot`` are taken from it.
    """

    level: LevelName
    kind: CodeKind
    requires: tuple[str, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """A code that is well formed for this line. `key` is its identity."""

    key: CodeKey
    level: LevelName
    kind: CodeKind
    text: str
    gtin: Gtin | None = None
    serial: str | None = None
    lot: str | None = None
    expiry: str | None = None


class CodeError(ValueError):
    """The text is no code of this line; the message says what was found and expected."""


def check_gtin(text: str) -> Gtin:
    """`text` as a GTIN-14. Raises CodeError for a wrong length, character or check digit."""
    _check_number("GTIN", text, 14)
    return Gtin(text)


def _check_number(name: str, text: str, length: int) -> None:
    """GS1 General Specifications, section 7.9: weights 3, 1, 3, ... from the right."""
    if not (len(text) == length and text.isascii() and text.isdigit()):
        raise CodeError(f"{name} is {text!r:.40}, expected {length} digits")
    total = 3 * sum(map(int, text[-2::-2])) + sum(map(int, text[-3::-2]))
    due = -total % 10
    if int(text[-1]) != due:
        raise CodeError(f"{name} {text} ends in {text[-1]}, its check digit should be {due}")


def parse(text: str, forms: Sequence[Form], symbology: str | None = None) -> Code:
    """The code that `text` is, under the first of `forms` that admits it.

    `symbology` is an AIM identifier; one that says GS1 rules out the other kinds. Raises
    CodeError naming every form that was tried and why it did not fit.
    """
    # FNC1 says nothing at the ends; some encoders put one there all the same.
    text = text.removeprefix(FNC1).removesuffix(FNC1)
    _refuse_unprintable(text)
    # A QR code in alphanumeric mode has capitals only; scheme and host mean the same in them.
    is_uri = text[:8].lower().startswith(("http://", "https://"))
    says_gs1 = symbology in _GS1_SYMBOLOGIES
    faults: list[str] = []
    elements: dict[str, str] | None = None
    for form in forms:
        try:
            match form.kind:
                case CodeKind.GS1 if not is_uri:
                    if elements is None or form.lengths:
                        elements = _elements(text, form.lengths)
                    return _gs1_code(text, form, elements)
                case CodeKind.DIGITAL_LINK if is_uri:
                    return _gs1_code(text, form, _link_elements(text))
                case CodeKind.URL if is_uri:
                    return _pattern_code(text, form)
                case CodeKind.PLAIN if not is_uri and not says_gs1:
                    return _pattern_code(text, form)
        except CodeError as error:
            faults.append(f"as {form.level} ({form.kind}): {error}")
    if not faults:
        kinds = ", ".join(sorted({form.kind.value for form in forms}))
        what = "a URL" if is_uri else "no URL"
        raise CodeError(f"{text[:_SHOWN]!r} is {what}; this line reads {kinds}")
    raise CodeError("; ".join(dict.fromkeys(faults)))


def second(text: str, level: LevelName, match: re.Match[str]) -> Code:
    """The second code of a thing of `level`, `text` having matched its pattern. Its key is of its
    own kind: the serials of two codes may be the same, and still be two things' codes."""
    serial = match.groupdict().get("serial") or text
    kind = CodeKind.URL if text[:8].lower().startswith(("http://", "https://")) else CodeKind.PLAIN
    return Code(CodeKey(f"second:{serial}"), level, kind, text, serial=serial)


def _refuse_unprintable(text: str) -> None:
    if not text:
        raise CodeError("the text is empty")
    if text.isascii() and text.isprintable():
        return
    for position, char in enumerate(text):
        if not (" " <= char <= "~" or char == FNC1):
            raise CodeError(
                f"character {position + 1} is U+{ord(char):04X}, expected printable ASCII or FNC1"
            )


def _gs1_code(text: str, form: Form, elements: Mapping[str, str]) -> Code:
    missing = [ai for ai in form.requires if ai not in elements]
    if missing:
        found = ", ".join(f"({ai})" for ai in elements)
        raise CodeError(f"has {found}, lacks {', '.join(f'({ai})' for ai in missing)}")
    for ai, length in form.lengths.items():
        if ai in elements and len(elements[ai]) != length:
            raise CodeError(f"({ai}) has {len(elements[ai])} characters, expected {length}")
    key = CodeKey("".join(f"{ai}{elements[ai]}" for ai in form.requires))
    if form.pattern and not form.pattern.fullmatch(key):
        raise CodeError(f"{key} does not match {form.pattern.pattern}")
    gtin = elements.get("01")
    return Code(
        key,
        form.level,
        form.kind,
        text,
        Gtin(gtin) if gtin else None,
        elements.get("21"),
        elements.get("10"),
        elements.get("17"),
    )


def _pattern_code(text: str, form: Form) -> Code:
    assert form.pattern is not None  # noqa: S101 the configuration demands it for these kinds
    match = form.pattern.fullmatch(text)
    if not match:
        raise CodeError(f"{text[:_SHOWN]!r} does not match {form.pattern.pattern}")
    groups = match.groupdict()
    gtin = check_gtin(groups["gtin"].zfill(14)) if groups.get("gtin") else None
    serial = groups.get("serial") or text
    # With a GTIN, GTIN and serial are the identity whatever the host and path say.
    key = f"01{gtin}21{serial}" if gtin else f"{form.kind}:{serial}"
    return Code(CodeKey(key), form.level, form.kind, text, gtin, serial, groups.get("lot"))


def _elements(text: str, lengths: Mapping[str, int]) -> dict[str, str]:
    """Application identifier → value.

    `lengths` splits variable elements only in a string without FNC1: there it was lost.
    """
    cuts = lengths if FNC1 not in text else {}
    found: dict[str, str] = {}
    for part in text.split(FNC1):
        if not part:
            raise CodeError("two FNC1 follow each other, expected an element between them")
        rest = part
        while rest:
            ai, value = _first_element(rest, cuts)
            if found.setdefault(ai, value) != value:
                raise CodeError(f"({ai}) is both {found[ai]} and {value}")
            rest = rest[len(ai) + len(value) :]
    return found


def _first_element(text: str, cuts: Mapping[str, int]) -> tuple[str, str]:
    """The element with which `text`, free of FNC1, begins; a variable one ends with it.

    The four identifiers that every scan carries are read here, all others by biip, which takes
    five times as long (docs/decisions/0004).
    """
    ai = text[:2]
    if ai in ("01", "00"):
        name, length = ("GTIN", 14) if ai == "01" else ("SSCC", 18)
        value = text[2 : 2 + length]
        _check_number(name, value, length)
        return ai, value
    if ai in ("21", "10"):
        value = text[2 : 2 + cuts.get(ai, len(text))]
        if not (1 <= len(value) <= 20 and _CHARACTERS_82.issuperset(value)):
            raise CodeError(f"({ai}) is {value!r:.40}, expected 1 to 20 characters of GS1 set 82")
        return ai, value
    try:
        identifier = GS1ApplicationIdentifier.extract(text)
        cut = cuts.get(identifier.ai)
        element = GS1ElementString.extract(text if cut is None else text[: len(identifier) + cut])
    except ParseError as error:
        raise CodeError(f"is no GS1 element string: {_gist(error)}") from None
    _check_element(element)
    return element.ai.ai, element.value


def _link_elements(text: str) -> dict[str, str]:
    """The elements of a Digital Link: path pairs from the primary key on, then query members."""
    url = urlsplit(text)
    path = [unquote(part) for part in url.path.split("/") if part]
    start = next(
        (i for i, part in enumerate(path) if part in ("00", "01") and i + 1 < len(path)), None
    )
    if start is None or (len(path) - start) % 2:
        raise CodeError("is no GS1 Digital Link: the path has no pairs from /01/ or /00/ on")
    pairs = list(zip(path[start::2], path[start + 1 :: 2], strict=True))
    for member in filter(None, url.query.split("&")):
        name, _, value = member.partition("=")
        if name.isdigit():
            pairs.append((name, unquote(value)))
    found: dict[str, str] = {}
    for ai, value in pairs:
        padded = value.zfill(14) if ai == "01" else value
        try:
            element = GS1ElementString.parse(ai + padded)
        except ParseError as error:
            raise CodeError(f"is no GS1 Digital Link: {_gist(error)}") from None
        if element.ai.ai != ai:
            raise CodeError(f"is no GS1 Digital Link: {ai!r:.12} is no application identifier")
        if found.setdefault(ai, element.value) != element.value:
            raise CodeError(f"({ai}) is both {found[ai]} and {element.value}")
        _check_element(element)
    return found


def _check_element(element: GS1ElementString) -> None:
    for fault in (element.gtin_error, element.sscc_error, element.gln_error):
        if fault:
            raise CodeError(f"({element.ai.ai}) {element.value}: {_gist(fault)}")


def _gist(error: object) -> str:
    """The first sentence of another library's message, without its line breaks."""
    return " ".join(str(error).split())[:200].rstrip(".")
