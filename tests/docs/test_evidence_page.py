"""docs/evidence.md tells every key, and every fate that the command tells."""

from pathlib import Path

from edge_agent.camera.evidence.store import RESERVE_BYTES, SLAB
from edge_agent.camera_config import Evidence
from edge_agent.evidence import Fate

PAGE = (Path(__file__).parents[2] / "docs/evidence.md").read_text(encoding="utf-8")


def test_the_page_tells_each_key_and_its_default() -> None:
    lines = [line.split("#")[0].strip() for line in PAGE.splitlines()]
    for name, field in Evidence.model_fields.items():
        default = {True: "true", False: "false"}.get(field.default, field.default)
        written = f'"{default}"' if name == "format" else default
        assert f"{name} = {written}" in lines


def test_the_page_tells_each_fate_of_a_picture() -> None:
    table = PAGE[PAGE.index("| it says |") : PAGE.index("## What is kept")]
    for fate in Fate:
        assert fate is Fate.KEPT or f"| `{fate}` |" in table


def test_the_page_tells_the_true_bounds() -> None:
    assert f"less than {RESERVE_BYTES >> 20} MiB left" in PAGE
    assert SLAB == 20
    assert "oldest twentieth" in PAGE
