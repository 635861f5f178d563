"""Every sentence for people is in every language, and no catalogue holds anything else."""

from pathlib import Path

import pytest

from edge_agent import catalogues, vocabulary
from edge_agent.core.commands import DECOMMISSION_REASONS, Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Condition, Reason
from edge_agent.core.people import Role
from edge_agent.core.saying import say
from edge_agent.words import LANGUAGES, words


def test_every_sentence_is_translated_and_none_is_unused() -> None:
    assert catalogues.all_faults() == []


CODE = """
from x import N_, _, say, t
t("one", n="no sentence")
_("two")
say("three {n}", n=say("four"))
A = N_("five"
       " and six")
other("not for people")
f"{self.t('seven')} {x}"
"""


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """A catalogue of the test's own."""
    return tmp_path / "de.po"


def test_sentences_are_found_wherever_they_are_marked(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(CODE)
    found = catalogues.sentences(tmp_path)
    assert found == {"one", "two", "three {n}", "four", "five and six", "seven"}


def test_each_fault_of_a_catalogue_is_named(german: Path) -> None:
    german.write_text(
        'msgid "open"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "closed"\nmsgstr "zu"\n\n'
        'msgid "gone"\nmsgstr "weg"\n\n'
        'msgid "{a} of {b}"\nmsgstr "{a} von {c}"\n'
    )
    assert catalogues.faults(german, "de", {"open", "closed", "new", "{a} of {b}"}) == [
        "de: missing 'new'",
        "de: not used any more 'gone'",
        "de: not translated 'open'",
        "de: fuzzy 'closed'",
        "de: '{a} von {c}' has the gaps [\"('a', '', None)\", \"('c', '', None)\"], expected "
        "[\"('a', '', None)\", \"('b', '', None)\"] as in '{a} of {b}'",
    ]


def test_an_update_keeps_what_is_translated(german: Path) -> None:
    german.write_text('msgid "open"\nmsgstr "offen"\n\nmsgid "gone"\nmsgstr "weg"\n')
    assert catalogues.update(german, "de", {"open", "new"}) == 1
    assert catalogues.faults(german, "de", {"open", "new"}) == ["de: not translated 'new'"]
    before = german.read_text()
    catalogues.update(german, "de", {"open", "new"})
    assert german.read_text() == before


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (vocabulary.REASONS, Reason),
        (vocabulary.COMMANDS, Command),
        (vocabulary.TONES, Tone),
        (vocabulary.CONDITIONS, Condition),
        (vocabulary.ROLES, Role),
        (vocabulary.DECOMMISSION, DECOMMISSION_REASONS),
    ],
)
def test_everything_the_core_can_say_has_words(table: dict[str, object], wanted: list[str]) -> None:
    assert set(table) == set(wanted)


def test_a_reason_is_told_with_its_remedy() -> None:
    t = words("zh_CN")
    trouble = vocabulary.REASONS[Reason.DUPLICATE]
    assert (t(trouble.word), t(trouble.remedy)) == (
        "重码",
        "把这件放进复检箱：这个码已经用过。",
    )


def test_what_runs_from_right_to_left_does_not_turn_the_sentence() -> None:
    said = words("en").saying(say("{code} is moved", code="منتج"))
    assert said == "\u2068منتج\u2069 is moved"


def test_a_name_is_never_taken_for_a_sentence_with_gaps() -> None:
    said = words("zh_CN").saying(say("{code} is moved", code="{name.__class__}"))
    assert said == "{name.__class__} 已移动"


def test_an_unknown_language_is_english() -> None:
    assert words("xx").language == "en"
    assert list(LANGUAGES) == ["zh_CN", "zh_TW", "en"]
