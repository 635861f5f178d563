"""The sync role as a process: its schedule, its control socket, and what a kill leaves."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.control import ControlError, ask
from sync.role import SyncError, sync_now, sync_status
from tests.sync.rig import AGENT, Hq, Line, packing

RUN_SYNC = (
    "import sys; from pathlib import Path; from edge_agent.config_file import load_config; "
    "from sync.role import run_sync; sys.exit(run_sync(load_config(Path(sys.argv[1]))))"
)


class Role:
    """A line with its configuration in a file, and the sync role started over it."""

    def __init__(self, directory: Path, hq: Hq, sync_keys: str) -> None:
        token_file = directory / "token"
        token_file.write_text(hq.token + "\n")
        token_file.chmod(0o600)
        self.file = directory / "line.toml"
        self.file.write_text(
            f'[line]\nname = "{AGENT}"\ndata_dir = "{directory}"\nrun_dir = "{directory}/run"\n'
            '[[levels]]\nname = "unit"\n[[levels.codes]]\nkind = "gs1"\nrequires = ["01", "21"]\n'
            '[devices.hand]\nkind = "scanner"\nurl = "tcp://127.0.0.1:1"\nsuffix = ["\\r"]\n'
            '[[stations]]\nname = "bench"\nscanner = "hand"\nreads = ["unit"]\n'
            f'[sync]\nhq_url = "{hq.url}"\ntoken_file = "{token_file}"\ntimeout_s = 5\n{sync_keys}'
        )
        self.config: LineConfig = load_config(self.file)
        self.config.ledger_path.parent.mkdir(parents=True)
        self.line = Line(self.config.ledger_path.parent, hq.url, hq.token)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN_SYNC, str(self.file)], env={**os.environ, **environment}
        )
        self.wait_for(lambda _: True)

    def end(self, number: int = signal.SIGTERM) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        status, self._process = self._process.wait(30), None
        return status

    def wait_for(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The role's status once `is_so`."""
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(ControlError):
                status = ask(self.config.control_path("sync"), "status")
                if is_so(status):
                    return status
            assert time.monotonic() < deadline, "the role's status did not become as expected"
            time.sleep(0.02)


@pytest.fixture
def make_role(tmp_path: Path, hq: Hq) -> Iterator[Callable[[str], Role]]:
    roles: list[Role] = []

    def make(sync_keys: str = "") -> Role:
        roles.append(Role(tmp_path, hq, sync_keys))
        return roles[-1]

    yield make
    for role in roles:
        role.end(signal.SIGKILL)


def is_level(status: dict[str, Any]) -> bool:
    return status["behind"] == 0 and status["last_ok_at"] is not None


def test_a_line_that_is_switched_on_catches_up_at_once(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    role = make_role()
    role.line.write(packing(10))

    role.start()
    status = role.wait_for(is_level)

    role.line.agrees_with(hq)
    assert status["next_run"] > status["last_ok_at"]


def test_continuous_sync_brings_new_events_by_itself(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    role = make_role("continuous_s = 0.05\n")
    role.start()
    for first in (1, 11):
        role.line.write(packing(10, first=first))
        cursor = role.line.rows()[-1][0]
        role.wait_for(lambda status, cursor=cursor: status["cursor"] == cursor)

    role.line.agrees_with(hq)


def test_sync_now_asks_the_running_role(make_role: Callable[..., Role], hq: Hq) -> None:
    role = make_role()
    role.start()
    role.wait_for(is_level)
    role.line.write(packing(10))

    report = sync_now(role.config)

    assert (report.ok, report.sent_events) == (True, len(role.line.rows()))
    role.line.agrees_with(hq)


def test_sync_now_does_the_work_itself_where_no_role_runs(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    role = make_role()
    role.line.write(packing(10))

    assert sync_now(role.config).ok

    role.line.agrees_with(hq)
    assert sync_status(role.config)["behind"] == 0


def test_a_failure_is_told_by_sync_now_through_the_role(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    role = make_role()
    role.start()
    role.wait_for(is_level)
    hq.end()

    report = sync_now(role.config)
    hq.start()

    assert (report.ok, report.retry) == (False, True)


def test_an_hq_that_comes_back_is_found_without_anybody_asking(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    role = make_role()
    role.line.write(packing(10))
    hq.end()
    role.start()
    waiting = role.wait_for(lambda status: status["last_error"] is not None)
    assert waiting["cursor"] == 0

    hq.start()

    role.wait_for(is_level)
    role.line.agrees_with(hq)


@pytest.mark.parametrize("killed_at", [1, 400, 900])
def test_a_role_killed_in_the_middle_agrees_when_it_runs_again(
    make_role: Callable[..., Role], hq: Hq, killed_at: int
) -> None:
    role = make_role("batch_events = 20\n")
    role.line.write(packing(400))
    role.start()
    role.wait_for(lambda status: status["cursor"] >= killed_at)
    role.end(signal.SIGKILL)
    held = hq.get(f"/agents/{AGENT}")["cursor"]

    role.start()
    role.wait_for(is_level)

    assert held <= role.line.rows()[-1][0]
    role.line.agrees_with(hq)


def test_a_second_role_for_the_same_line_is_refused(make_role: Callable[..., Role]) -> None:
    role = make_role()
    role.start()

    second = subprocess.run(
        [sys.executable, "-c", RUN_SYNC, str(role.file)],
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert second.returncode != 0
    assert b"another process synchronises line-1" in second.stderr


def test_sigterm_ends_the_role_cleanly(make_role: Callable[..., Role]) -> None:
    role = make_role("continuous_s = 0.05\n")
    role.start()
    role.wait_for(is_level)

    assert role.end() == 0
    assert sync_status(role.config)["last_error"] is None


def test_systemd_is_told_when_the_role_is_ready_alive_and_stopping(
    make_role: Callable[..., Role], tmp_path: Path
) -> None:
    role = make_role()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        role.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert systemd.recv(100) == b"READY=1"
        assert systemd.recv(100) == b"WATCHDOG=1"
        role.end()
        while (told := systemd.recv(100)) == b"WATCHDOG=1":
            pass
        assert told == b"STOPPING=1"


def test_a_missing_ledger_is_told_and_shown(make_role: Callable[..., Role]) -> None:
    role = make_role()
    for path in role.config.ledger_path.parent.glob("ledger.db*"):
        path.unlink()

    with pytest.raises(SyncError, match="there is no ledger"):
        sync_now(role.config)

    assert "there is no ledger" in sync_status(role.config)["last_error"]


def test_a_missing_token_is_told_with_the_mend(make_role: Callable[..., Role]) -> None:
    role = make_role()
    (role.file.parent / "token").unlink()

    with pytest.raises(SyncError, match="hq-token add"):
        sync_now(role.config)


def test_quarantine_is_tried_again_through_the_running_role(
    make_role: Callable[..., Role], hq: Hq
) -> None:
    hq.end()
    hq.start(body_bytes=300)
    role = make_role()
    role.line.write(packing(30, per_case=8))
    role.start()
    assert role.wait_for(is_level)["quarantined"]
    hq.end()
    hq.start()

    report = sync_now(role.config, retry_quarantined=True)

    assert (report.ok, report.quarantined_events) == (True, 0)
    role.line.agrees_with(hq)
