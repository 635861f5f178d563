"""docs/camera.md shows configurations that load."""

import re
import tomllib
from pathlib import Path

import pytest

from edge_agent.camera.quality import Trend
from edge_agent.camera_config import Quality
from edge_agent.config_file import config_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "camera.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
LINE = """
[line]
name = "one"
[[levels]]
name = "unit"
codes = [{ kind = "gs1", requires = ["01", "21"] }]
[[stations]]
name = "infeed"
scanner = "top"
reads = ["unit"]
"""


def test_there_is_an_example_of_every_source() -> None:
    assert set(re.findall(r'kind = "(\w+)"', "".join(EXAMPLES))) == {"gige", "opencv", "folder"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_configurations_on_the_page_load(example: str) -> None:
    config = config_of(tomllib.loads(LINE + example), DOCS / "camera.md")
    assert "top" in config.cameras


def test_the_limits_on_the_page_are_the_defaults() -> None:
    quality = Quality()
    for name in type(quality).model_fields:
        found = re.search(rf"`{name}` \(([\d.]+)", PAGE)
        assert found, name
        assert float(found[1]) == getattr(quality, name)


def test_the_warning_on_the_page_is_worded_as_the_camera_words_it() -> None:
    from datetime import UTC, datetime, timedelta

    from edge_agent.camera.symbols import Measures

    trend, at = Trend(Quality()), datetime(2026, 3, 2, 14, 1, 11, tzinfo=UTC)
    for index in range(100):
        contrast = 0.71 if index < 50 else 0.38
        trend.add(Measures(contrast=contrast), at + timedelta(seconds=index))
    shown = re.search(r"^(printer fading since .*); \.\.\.$", PAGE, re.MULTILINE)
    assert shown
    assert str(trend.warnings()[0]).startswith(shown[1])


@pytest.mark.parametrize("image", re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE))
def test_the_pictures_on_the_page_are_there(image: str) -> None:
    assert (DOCS / image).is_file()
