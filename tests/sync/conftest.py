from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.rig import Hq, Line


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[Hq]:
    server = Hq(tmp_path / "hq")
    server.start()
    yield server
    server.end()


@pytest.fixture
def line(tmp_path: Path, hq: Hq) -> Line:
    directory = tmp_path / "line"
    directory.mkdir()
    return Line(directory, hq.url, hq.token)
