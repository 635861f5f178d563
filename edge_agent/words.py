"""Words in people's languages: gettext catalogues, read once when a language is first asked for.

The English sentence in the code is the message identifier. The catalogues' extractor finds it in
``_("…")``, ``t("…")``, ``N_("…")`` and ``say("…")`` (`edge-agent words`, edge_agent.catalogues).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from edge_agent.core.saying import Saying

LOCALE = Path(__file__).with_name("locale")
DOMAIN = "edge_agent"
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
        # {name} is a person's, or a value's: never one of the line's things.
        titled = {
            gap: value if gap == "name" else self._titles.get(str(value), value)
            for gap, value in saying.given.items()
        }
        return self(saying.text, **titled)

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


def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def _isolated(value: str | int) -> str | int:
    """A text that runs from right to left must not turn the sentence around it."""
    if isinstance(value, str) and any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in value
    ):
        return f"{_FIRST_STRONG_ISOLATE}{value}{_POP_ISOLATE}"
    return value
