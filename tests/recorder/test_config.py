"""The configuration in a recording is the one that was loaded, without what is secret."""

import json
from pathlib import Path

import pytest

from edge_agent.config_file import config_of, load_config

CONFIGS = sorted((Path(__file__).parents[2] / "line_configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_line_is_the_same_after_a_recording(path: Path) -> None:
    loaded = load_config(path)
    text = json.dumps(loaded.to_json())
    again = config_of(json.loads(text), path)
    assert again.model_copy(update={"sync": loaded.sync}) == loaded
    assert "hq_url" not in text
    assert "token" not in text
