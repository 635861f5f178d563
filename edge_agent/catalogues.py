"""The catalogues against the code: every sentence for people, and nothing else, is translated.

A developer's tool (`edge-agent words`) and the test that holds the catalogues to it. Sentences are
those in ``_("…")``, ``t("…")``, ``N_("…")`` and ``say("…")`` in this package.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from edge_agent.words import LANGUAGES, catalogue_path

PACKAGE = Path(__file__).parent
SOURCE_LANGUAGE = "en"
_MARKS = ("_", "t", "N_", "say")


def sentences(package: Path = PACKAGE) -> set[str]:
    """Every sentence for people in the code of `package`."""
    # Not by Babel: what stands within an f-string it does not see.
    modules = (ast.parse(path.read_text()) for path in package.rglob("*.py"))
    return {each for module in modules for each in _marked(module)}


def _marked(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Name(id=mark) | ast.Attribute(attr=mark),
                args=[ast.Constant(value=str(sentence)), *_],
            ) if mark in _MARKS:
                yield sentence


def update(path: Path, language: str, wanted: set[str]) -> int:
    """Bring the catalogue at `path` in line with `wanted`: what is new is added empty, what is gone
    is removed. Returns how many are not translated."""
    before = {str(m.id): str(m.string) for m in _read(path, language) if m.id}
    after = Catalog(locale=language, header_comment="", fuzzy=False)
    for sentence in sorted(wanted):
        after.add(sentence, before.get(sentence, ""))
    with path.open("wb") as file:
        write_po(file, after, omit_header=True, sort_output=True, width=100)
    text = path.read_text()
    header = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    path.write_text(f'{header}"Language: {language}\\n"\n\n{text}')
    return sum(not before.get(sentence) for sentence in wanted)


def faults(path: Path, language: str, wanted: set[str]) -> list[str]:
    """All that is wrong with a catalogue: missing, untranslated, fuzzy, unused sentences, and
    translations whose gaps are not the sentence's."""
    catalogue = {str(m.id): m for m in _read(path, language) if m.id}
    found = [f"{language}: missing {each!r}" for each in sorted(wanted - catalogue.keys())]
    found += [
        f"{language}: not used any more {each!r}" for each in sorted(catalogue.keys() - wanted)
    ]
    for sentence, message in catalogue.items():
        translated = str(message.string)
        if message.fuzzy:
            found.append(f"{language}: fuzzy {sentence!r}")
        if not translated and language != SOURCE_LANGUAGE:
            found.append(f"{language}: not translated {sentence!r}")
        if translated and _gaps(translated) != _gaps(sentence):
            found.append(
                f"{language}: {translated!r} has the gaps {_gaps(translated)}, "
                f"expected {_gaps(sentence)} as in {sentence!r}"
            )
    return found


def all_faults() -> list[str]:
    """Of every catalogue."""
    wanted = sentences()
    return [
        fault
        for language in LANGUAGES
        for fault in faults(catalogue_path(language), language, wanted)
    ]


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _gaps(text: str) -> list[str]:
    """The gaps as they are written: name, conversion and format are the sentence's."""
    return sorted(str(each[1:]) for each in Formatter().parse(text) if each[1] is not None)
