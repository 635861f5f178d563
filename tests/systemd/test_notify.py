"""What the line role tells systemd: the socket is real, systemd is the test."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line.conftest import LineProcess, bench, scanner

__all__ = ["bench", "scanner"]


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The manager's end of $NOTIFY_SOCKET."""
    with (
        tempfile.TemporaryDirectory() as directory,  # shorter than tmp_path: sun_path has 108 bytes
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(f"{directory}/notify")
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(Path(directory) / "notify"))
        yield manager


def test_the_line_tells_systemd_that_it_is_ready_alive_and_stopping(
    systemd: socket.socket, bench: LineProcess
) -> None:
    assert systemd.recv(100) == b"READY=1"
    assert systemd.recv(100) == b"WATCHDOG=1"
    assert systemd.recv(100) == b"WATCHDOG=1"
    assert bench.stop() == 0
    while (told := systemd.recv(100)) == b"WATCHDOG=1":
        pass
    assert told == b"STOPPING=1"
