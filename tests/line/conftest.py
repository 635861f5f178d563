"""A line role as its own process, with scanners that are sockets and ptys of the test."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.control import ControlError, ask
from edge_agent.core.codes import check_gtin
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader

GTIN = check_gtin("06971234567802")


def unit(number: int, gtin: str = GTIN) -> str:
    return f"01{gtin}21{number:012d}"


def sscc(extension: int, number: int) -> str:
    body = f"{extension}6971234{number:09d}"
    check = -sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(body)) % 10
    return f"00{body}{check}"


BENCH = """
[line]
name = "bench"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
{line_keys}
[[products]]
gtin = "06971234567802"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[[levels]]
name = "case"
capacity = {capacity}
partial = {partial}
[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '000\\d{{17}}'
[[levels]]
name = "pallet"
capacity = 2
[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '001\\d{{17}}'
[devices.handheld]
kind = "scanner"
url = "{url}"
suffix = ["\\r\\n", "\\r", "\\n"]
accept = "ACK\\n"
reject = "NAK\\n"
[[stations]]
name = "bench"
scanner = "handheld"
reads = ["unit", "case", "pallet"]
reread_ms = {reread_ms}
"""


class TcpScanner:
    """A handheld scanner on a TCP socket: scans lines, hears the line's answers."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(20)
        self.url = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self._peer: socket.socket | None = None
        self._heard = b""

    def accept(self) -> None:
        if self._peer is not None:
            self._peer.close()
        self._heard = b""
        self._peer, _ = self._server.accept()
        self._peer.settimeout(20)

    def send(self, data: bytes) -> None:
        assert self._peer is not None
        self._peer.sendall(data)

    def answer(self) -> str:
        assert self._peer is not None
        while b"\n" not in self._heard:
            data = self._peer.recv(4_096)
            assert data, "the line hung up"
            self._heard += data
        line, self._heard = self._heard.split(b"\n", 1)
        return line.decode()

    def scan(self, text: str) -> str:
        """Scan one code and hear the verdict: ACK or NAK."""
        self.send(text.encode() + b"\r\n")
        return self.answer()

    def unplug(self) -> None:
        assert self._peer is not None
        self._peer.close()

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()
        self._server.close()


class LineProcess:
    """`edge-agent line CONFIG`, running."""

    def __init__(self, path: Path, log: Path, inside: list[str] | None = None) -> None:
        self.path = path
        # `inside` is a command that takes the interpreter and the configuration and runs the line.
        self._command = (
            [*inside, sys.executable, str(path)]
            if inside
            else [sys.executable, "-m", "edge_agent", "line", str(path)]
        )
        self.config: LineConfig = load_config(path)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stderr=log)
        self.wait_until(lambda status: True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def status(self) -> dict[str, Any]:
        return ask(self.config.control_path("line"), "status")

    def wait_until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status for which `holds` is true."""
        deadline = time.monotonic() + 20
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            try:
                status = self.status()
                if holds(status):
                    return status
            except ControlError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"never came true; last status {json.dumps(status)}\n{self.log()}")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def died(self) -> int:
        """The code with which it ended by itself."""
        assert self._process is not None
        return self._process.wait(timeout=20)

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=20)

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def events(self, data_dir: Path | None = None) -> list[dict[str, Any]]:
        path = self.config.ledger_path
        if data_dir is not None:
            path = data_dir / path.relative_to(self.config.line.data_dir)
        with LedgerReader(path) as ledger:
            return [json.loads(row.body) for row in ledger.walk()]

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


@pytest.fixture
def scanner() -> Iterator[TcpScanner]:
    scanner = TcpScanner()
    yield scanner
    scanner.close()


@pytest.fixture
def bench(tmp_path: Path, scanner: TcpScanner) -> Iterator[LineProcess]:
    with running_bench(tmp_path, scanner) as line:
        yield line


def bench_config(
    tmp_path: Path,
    scanner: TcpScanner,
    *,
    line_keys: str = "",
    partial: str = "false",
    capacity: int = 3,
    reread_ms: int = 0,
) -> str:
    return BENCH.format(
        dir=tmp_path,
        url=scanner.url,
        line_keys=line_keys,
        partial=partial,
        capacity=capacity,
        reread_ms=reread_ms,
    )


@contextmanager
def running_bench(tmp_path: Path, scanner: TcpScanner, **keys: Any) -> Iterator[LineProcess]:
    path = tmp_path / "bench.toml"
    path.write_text(bench_config(tmp_path, scanner, **keys))
    line = LineProcess(path, tmp_path / "line.log")
    if not line.config.ledger_path.exists():
        create_ledger(line.config.ledger_path)
    line.start()
    try:
        scanner.accept()
        yield line
    finally:
        line.close()
