"""`edge-agent camera` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.config_file import load_config
from edge_agent.control import ControlError, ask
from edge_agent.core.body import from_body
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from tests.camera.role.rig import PATIENCE_S, children, command_of, picture

LINE = """
[line]
name = "bench"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
[[levels]]
name = "unit"
codes = [{{ kind = "plain", pattern = "(?P<serial>UNIT-.+)" }}]
[cameras.top]
trigger = "{trigger}"
deadline_ms = 2000
source = {{ kind = "folder", path = "{dir}/pictures", rate_per_s = 20, loop = true }}
[cameras.top.decode]
formats = ["data-matrix"]
workers = 1
[[stations]]
name = "packing"
scanner = "top"
reads = ["unit"]
"""


@pytest.fixture
def line_file(tmp_path: Path) -> Path:
    return configure(tmp_path, "line")


def configure(directory: Path, trigger: str) -> Path:
    """A line whose camera sees two pictures of one code, again and again."""
    (directory / "pictures").mkdir()
    for number in range(2):
        pixels = picture("UNIT-1", seed=number)
        cv2.imwrite(str(directory / f"pictures/{number}.png"), pixels)
    path = directory / "bench.toml"
    path.write_text(LINE.format(dir=directory, trigger=trigger))
    return path


@contextmanager
def role(*arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", *arguments],
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_S)


def until(is_so: Callable[[], object]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.02)


def sees(path: Path) -> bool:
    try:
        return ask(path, "status")["fault"] is None
    except ControlError:
        return False


def is_running(pid: int) -> bool:
    return b"camera.worker" in command_of(pid)


def test_the_decoders_end_with_the_role_however_it_dies(line_file: Path) -> None:
    control = load_config(line_file).control_path("camera-top")
    with role("camera", f"{line_file}:top") as process:
        until(lambda: sees(control))
        workers = [pid for pid in children(process.pid) if is_running(pid)]
        assert len(workers) == 1
        os.kill(workers[0], signal.SIGSTOP)  # one that hangs does not hear that its socket is gone
        process.kill()
        until(lambda: not is_running(workers[0]))


def test_systemd_is_told_when_it_is_ready_that_it_lives_and_when_it_stops(
    line_file: Path, tmp_path: Path
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(address))
        channel.settimeout(PATIENCE_S)
        with role("camera", str(line_file), "top", env={"NOTIFY_SOCKET": str(address)}) as process:
            assert channel.recv(100) == b"READY=1"
            assert [channel.recv(100) for _ in range(2)] == [b"WATCHDOG=1"] * 2
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
            said = channel.recv(100)
            while said == b"WATCHDOG=1":
                said = channel.recv(100)
            assert said == b"STOPPING=1"


def test_a_person_triggers_the_camera_and_the_line_records_the_code(line_file: Path) -> None:
    config = load_config(line_file)
    create_ledger(config.ledger_path)
    with role("line", str(line_file)), role("camera", str(line_file), "top"):
        until(lambda: sees(config.control_path("camera-top")))
        line = config.control_path("line")
        until(lambda: ask(line, "status")["devices"]["top"]["link"] == "up")
        done = CliRunner().invoke(app, ["camera", "trigger", str(line_file), "top"])
        assert (done.exit_code, done.output) == (0, "top: triggered for packing\n")
        until(lambda: recorded(config.ledger_path) == ["Commissioned"])
        shown = CliRunner().invoke(app, ["status", str(line_file)])
        assert shown.exit_code == 0
        assert "camera top sees" in shown.output
        facts = ask(config.control_path("camera-top"), "status")
        assert (facts["triggers"], facts["answers"], facts["no_reads"]) == (1, 1, 0)


def recorded(path: Path) -> list[str]:
    with LedgerReader(path) as ledger:
        return [type(from_body(row.body)).__name__ for row in ledger.walk(0)]


def test_a_reject_keeps_its_picture(tmp_path: Path) -> None:
    line_file = configure(tmp_path, "camera")
    cv2.imwrite(str(tmp_path / "pictures/empty.png"), picture())
    config = load_config(line_file)
    create_ledger(config.ledger_path)
    line = config.control_path("line")
    with role("line", str(line_file)):
        until(line.exists)
        with role("camera", str(line_file), "top"):
            until(lambda: list(config.evidence_path("top").rglob("*.jpg")))


def test_a_camera_that_is_not_configured_is_named(line_file: Path) -> None:
    done = CliRunner().invoke(app, ["camera", str(line_file), "side"])
    assert done.exit_code == 2
    assert "camera is 'side', expected one of ['top']" in done.output


def test_a_camera_must_be_named(line_file: Path) -> None:
    done = CliRunner().invoke(app, ["camera", str(line_file)])
    assert done.exit_code == 2
    assert "expected CONFIG NAME or CONFIG:NAME" in done.output


def test_a_trigger_without_a_line_says_that_none_runs(line_file: Path) -> None:
    done = CliRunner().invoke(app, ["camera", "trigger", str(line_file), "top"])
    assert done.exit_code == 1
    assert "is the role running?" in done.output
