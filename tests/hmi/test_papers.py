"""What a page asks a command for, and what nobody may make of it."""

import re
from pathlib import Path

import pytest

from edge_agent.hmi.papers import PaperError, Papers
from edge_agent.hmi.sessions import Sessions
from tests.reports import ledgers


async def test_an_order_of_any_name_is_no_more_than_a_name(tmp_path: Path) -> None:
    ledgers.write(ledgers.line_of(tmp_path), [])
    papers = Papers(str(tmp_path / "one.toml"), Sessions(lambda _: None, 1, lambda: 0))
    try:
        with pytest.raises(PaperError, match=re.escape("{file} --help")):
            await papers.text("report", "--html", "--order={file} --help")
    finally:
        papers.close()
