"""What a page asks a command for, and what nobody may make of it."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from edge_agent.hmi.papers import WAITING, PaperError, Papers
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


async def test_reports_asked_for_at_once_are_made_one_after_the_other_and_one_too_many_is_told_so(
    tmp_path: Path,
) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    ledgers.write(ledgers.line_of(tmp_path), ledgers.busy_shift(f"{day}T00:00:00.000Z", hours=0.2))
    config = str(tmp_path / "one.toml")
    papers = Papers(config, Sessions(lambda _: None, 1, lambda: 0))

    def asked() -> asyncio.Task[str]:
        return asyncio.create_task(papers.text("report", "--html", f"--shift={day}/08:00"))

    try:
        making = [asked() for _ in range(WAITING)]
        with pytest.raises(PaperError, match=f"{WAITING} are being made already"):
            await asked()
        for each in making[2:]:  # they leave: two are enough to see that one waits
            each.cancel()
        at_once = 0
        while not all(each.done() for each in making):
            at_once = max(at_once, sum(map(_makes_one, psutil.Process().children())))
            await asyncio.sleep(0.02)
        first, second = (each.result() for each in making[:2])
    finally:
        papers.close()
    assert at_once == 1
    assert "<svg" in first
    assert second == first


def _makes_one(process: psutil.Process) -> bool:
    try:
        return "report" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
