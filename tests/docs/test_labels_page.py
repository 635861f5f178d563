"""docs/labels.md tells every key, field, kind of part and fault."""

from pathlib import Path
from typing import get_args

import pytest

from drivers.printers.zpl import FINISH_S, MAX_JOB_BYTES
from drivers.protocols import PrinterFault
from edge_agent.core.labels import FIELDS
from edge_agent.labels.template import Bars, Box, Line, Matrix, Text
from edge_agent.line.print_link import WAITING_LIMIT
from edge_agent.station_config import Label, Printer

PAGE = (Path(__file__).parents[2] / "docs/labels.md").read_text(encoding="utf-8")


def test_the_page_tells_each_key() -> None:
    for model in (Label, Printer):
        for name in model.model_fields:
            assert f"\n{name} = " in PAGE, name


def test_the_page_tells_each_field_of_a_template() -> None:
    table = PAGE[PAGE.index("| field |") :]
    for name in FIELDS:
        assert f"`{name}`" in table, name


@pytest.mark.parametrize("part", [Text, Bars, Matrix, Line, Box])
def test_the_page_tells_each_part_of_a_template_with_its_keys(part: type[Text]) -> None:
    table = PAGE[PAGE.index("| kind |") : PAGE.index("| field |")]
    for kind in get_args(part.model_fields["kind"].annotation):
        rows = [line for line in table.splitlines() if line.startswith("| `")]
        (row,) = (line for line in rows if f"`{kind}`" in line.split("|")[1])
        for name, field in part.model_fields.items():
            shown = (
                f"`{name} = {field.default}`" if isinstance(field.default, float | int) else name
            )
            if field.default is False or isinstance(field.default, str):
                shown = name
            assert name in ("kind", "at_mm") or shown in row, f"{kind}: {shown}"


def test_the_page_tells_each_fault() -> None:
    table = PAGE[PAGE.index("| fault |") : PAGE.index("## Templates")]
    for fault in PrinterFault:
        assert f"`{fault}`" in table, fault


def test_the_page_tells_the_true_bounds() -> None:
    assert f"more than {WAITING_LIMIT} jobs" in PAGE
    assert f"within {FINISH_S:g} s" in PAGE
    assert f"{MAX_JOB_BYTES:,} bytes" in PAGE
