"""docs/ledger.md promises a backup and a restore: its own programs do both here."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from edge_agent.core.events import KINDS, Resumed
from edge_agent.core.names import StationName
from edge_agent.ledger.verify import verify
from tests.sync.conftest import hq
from tests.sync.rig import AGENT, AT, Hq, Line, packing

__all__ = ["hq"]

PAGE = (Path(__file__).parents[2] / "docs/ledger.md").read_text(encoding="utf-8")
CONFIG = """
[line]
name = "{name}"
data_dir = "{data}"
[[levels]]
name = "unit"
codes = [{{ kind = "gs1", requires = ["01", "21"] }}]
[devices.hand]
kind = "scanner"
url = "tcp://127.0.0.1:1"
suffix = "\\r"
[[stations]]
name = "bench"
scanner = "hand"
reads = ["unit"]
[sync]
hq_url = "{url}"
token_file = "{token}"
"""


def program(pattern: str) -> str:
    found = re.search(pattern, PAGE, re.DOTALL)
    assert found, "the page no longer holds the program"
    return textwrap.dedent(found[1])


BACK_UP = program(r"<<'END'\n(.*?)\nEND")
FETCH = program(r"```python\n(.*?)```")


def run(code: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def config(tmp_path: Path, hq: Hq) -> Path:
    token = tmp_path / "token"
    token.write_text(hq.token + "\n")
    path = tmp_path / "line.toml"
    path.write_text(CONFIG.format(name=AGENT, data=tmp_path, url=hq.url, token=token))
    return path


@pytest.fixture
def line(tmp_path: Path, hq: Hq) -> Line:
    directory = tmp_path / AGENT
    directory.mkdir()
    return Line(directory, hq.url, hq.token)


def restore(line: Line, backup: Path) -> None:
    for path in line.ledger_path.parent.glob("ledger.db*"):
        path.unlink()
    backup.rename(line.ledger_path)


def test_the_page_tells_each_kind_of_event() -> None:
    table = PAGE[PAGE.index("| kind |") : PAGE.index("## Check it")]
    first_cells = " ".join(row.split("|")[1] for row in table.splitlines() if row)
    kinds = re.findall("`([a-z_]+)`", first_cells)
    assert sorted(kinds) == sorted(KINDS)


def test_a_ledger_backed_up_while_it_is_written_and_then_lost_is_whole_again(
    tmp_path: Path, config: Path, hq: Hq, line: Line
) -> None:
    line.write(packing(700))
    done = run(BACK_UP, line.ledger_path, tmp_path / "backup.db")
    assert done.returncode == 0, done.stderr
    line.write(packing(900, first=10_001))
    assert line.sync().ok
    before = line.rows()
    restore(line, tmp_path / "backup.db")
    assert line.sync().alarm

    done = run(FETCH, config)

    assert done.returncode == 0, done.stderr
    assert line.rows() == before
    assert verify(line.ledger_path).fault is None
    assert line.sync().ok
    line.agrees_with(hq)


def test_a_ledger_that_went_its_own_way_takes_nothing_from_hq(
    tmp_path: Path, config: Path, line: Line
) -> None:
    line.write(packing(20))
    assert run(BACK_UP, line.ledger_path, tmp_path / "backup.db").returncode == 0
    line.write(packing(20, first=101))
    assert line.sync().ok
    restore(line, tmp_path / "backup.db")
    line.write([Resumed(at=AT, station=StationName(AGENT), detail="", refused_reads=0)])
    own = line.rows()

    done = run(FETCH, config)

    assert done.returncode == 1
    assert "does not follow" in done.stderr
    assert line.rows() == own
