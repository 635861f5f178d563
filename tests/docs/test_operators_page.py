"""The operators' guide says what the screens say, and shows them."""

import re

import pytest

from tests.docs.operators import PAGES, written

PICTURE_LIMIT_BYTES = 120_000


@pytest.mark.parametrize("language", PAGES)
def test_the_guides_tables_are_the_screens_words(language: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    assert page == written(page, language), "run: python -m tests.docs.operators"


@pytest.mark.parametrize("language", PAGES)
def test_every_picture_of_the_guide_is_there_and_small(language: str) -> None:
    path = PAGES[language]
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    assert len(names) >= 10
    for name in names:
        assert 0 < (path.parent / name).stat().st_size < PICTURE_LIMIT_BYTES, name


def test_both_languages_have_the_same_tasks_and_pictures() -> None:
    chinese, english = (PAGES[each].read_text(encoding="utf-8") for each in ("zh_CN", "en"))
    assert len(re.findall(r"^## ", chinese, re.M)) == len(re.findall(r"^## ", english, re.M))
    pictures = r"images/operators/(?:zh|en)/([a-z-]+\.png)"
    assert re.findall(pictures, chinese) == re.findall(pictures, english)
