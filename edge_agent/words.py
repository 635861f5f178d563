"""Words in people's languages: gettext catalogues, read once when a language is first asked for.

The English sentence in the code is the message identifier. The catalogues' extractor finds it in
``_("…")``, ``t("…")``, ``N_("…")`` and ``say("…")`` (`edge-agent words`, edge_agent.catalogues).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

from edge_agent.core.saying import Saying

LOCALE = Path(__file__).with_name("locale")
DOMAIN = "edge_agent"
PLAIN = 4
"""Characters beside its gaps by which a sentence is known again."""
LANGUAGES: Mapping[str, str] = {"zh_CN": "简体中文", "zh_TW": "繁體中文", "en": "English"}
"""Each language by its own name."""

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI"})
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def N_(text: str) -> str:  # noqa: N802 gettext's own name
    """Mark `text` for the catalogues; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Call it with a sentence and what fills its gaps::

        t = words("zh_CN")
        t("step {step} of {steps}", step=1, steps=3)

    What the catalogue does not have is said in English.
    """

    language: str
    _texts: Mapping[str, str]
    _titles: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str, **given: str | int) -> str:
        translated = self._texts.get(text, text)
        if not given:
            return translated
        return translated.format_map({name: _isolated(value) for name, value in given.items()})

    def saying(self, saying: Saying) -> str:
        """`saying` in this language, what it names by their titles."""
        given = {gap: self._said(gap, value) for gap, value in saying.given.items()}
        return self(saying.text, **given).rstrip()

    def sayings(self, sayings: Iterable[Saying]) -> str:
        """Several, one after the other."""
        return " · ".join(map(self.saying, sayings))

    def recorded(self, text: str) -> str:
        """A sentence that the ledger has in English, its gaps filled, in this language; several are
        parted by semicolons. What no catalogue has is somebody's own, and stays."""
        parts = (self._known(each) or each for each in text.split("; "))
        return self._known(text) or self._semicolon.join(parts)

    def _fault(self, text: str) -> str:
        """As `recorded`, of what a driver or a parser found. What no catalogue has is technicians'
        English: the log has it, and screens in other languages leave it out."""
        if self.language == "en":
            return text
        parts = (self._known(each) for each in text.split("; "))
        return self._known(text) or self._semicolon.join(filter(None, parts))

    @property
    def _semicolon(self) -> str:
        return "；" if self.language.startswith("zh") else "; "  # noqa: RUF001 the Chinese one

    def _known(self, text: str) -> str:
        """Empty where no catalogue has it."""
        if text in self._texts:
            return self(text)
        for pattern, sentence in _patterns():
            if found := pattern.fullmatch(text):
                return self.saying(Saying(sentence, found.groupdict()))
        return ""

    def _said(self, gap: str, value: str | int) -> str | int:
        if gap == "name":
            return value  # a person's, or a value's: never one of the line's things
        if gap in ("fault", "cause"):
            return self._fault(str(value))
        return self._titles.get(str(value), value)

    def calling(self, titles: Mapping[str, str]) -> "Words":
        """These words for a line whose things people call by `titles`, by their names."""
        return replace(self, _titles=titles)

    def title(self, name: str) -> str:
        """What people call the line's thing `name`."""
        return self._titles.get(name, name)

    def knows(self, text: str) -> bool:
        return text in self._texts


@cache
def words(language: str) -> Words:
    """The words of `language`; English for one that is not in `LANGUAGES`."""
    if language not in LANGUAGES:
        language = "en"
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Words(
        language,
        {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy},
    )


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What each sentence with gaps may have become, and the sentence; the most exact first."""
    with catalogue_path("en").open("rb") as file:
        sentences = [str(message.id) for message in read_po(file, locale="en") if message.id]
    telling = [each for each in sentences if "{" in each and len(_plain(each)) >= PLAIN]
    return [(_pattern(each), each) for each in sorted(telling, key=lambda each: -len(_plain(each)))]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts, known = [], set[str]()
    for plain, gap, _, _ in Formatter().parse(sentence):
        parts.append(re.escape(plain))
        if gap is not None:
            parts.append(f"(?P={gap})" if gap in known else f"(?P<{gap}>(?:(?!; ).)+?)")
            known.add(gap)
    return re.compile("".join(parts), re.DOTALL)


def _plain(sentence: str) -> str:
    """`sentence` without its gaps and spaces."""
    return "".join(plain for plain, *_ in Formatter().parse(sentence)).replace(" ", "")


def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def _isolated(value: str | int) -> str | int:
    """A text that runs from right to left must not turn the sentence around it."""
    if isinstance(value, str) and any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in value
    ):
        return f"{_FIRST_STRONG_ISOLATE}{value}{_POP_ISOLATE}"
    return value
