"""`edge-agent plc watch` as a technician runs it: a real process beside a real Modbus socket."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_agent.config_file import load_config
from edge_agent.ledger.journal import Ledger, create_ledger
from tests.commands.plc import HOLDING, Plc
from tests.commands.test_commands import run
from tests.commands.test_plc_release import line
from tests.commands.test_plc_test import gate


class Watching:
    """`plc watch`, running; its lines as they come."""

    def __init__(self, path: str) -> None:
        command = [sys.executable, "-m", "edge_agent", "plc", "watch", path, "--seconds", "30"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def until(self, *said: str) -> str:
        """The first line that says all of it."""
        assert self._process.stdout is not None
        seen = []
        for text in self._process.stdout:
            seen.append(text)
            if all(each in text for each in said):
                return text
        raise AssertionError(f"never said {said}: {''.join(seen)}")

    def end(self) -> tuple[int, str]:
        self._process.send_signal(signal.SIGINT)
        rest, _ = self._process.communicate(timeout=20)
        return self._process.returncode, rest


@pytest.mark.parametrize("pulse", [False, True], ids=["verdict", "pulse"])
def test_watching_writes_nothing_and_ends_with_the_histogram(tmp_path: Path, pulse: bool) -> None:
    with gate(tmp_path, pulse=pulse) as (plc, path):
        watching = Watching(path)
        watching.until("link: up", "○ eye")
        plc.sensors.eye = True
        watching.until("● eye", "○ eject_eye")
        code, rest = watching.end()
        assert plc.writes == []
    assert code == 0
    assert "round trips of infeed" in rest
    assert " ms " in rest
    assert "█" in rest


def pass_the_trigger(plc: Plc) -> None:
    plc.sensors.eye = True
    time.sleep(0.02)
    plc.sensors.eye = False
    time.sleep(0.1)


def test_items_and_what_became_of_them_are_shown(tmp_path: Path) -> None:
    with gate(tmp_path) as (plc, path):
        for _ in range(2):
            pass_the_trigger(plc)
        watching = Watching(path)
        text = watching.until("settled 2")
        watching.end()
    assert "2 unconfirmed (void), 1 unconfirmed (void)" in text
    assert "rejects 2" in text
    assert "none: everything is rejected" in text
    assert "program: the gate's, start 7" in text


def test_the_latest_items_are_found_where_the_ring_wraps(tmp_path: Path) -> None:
    with gate(tmp_path) as (plc, path):
        plc.goes_on_from(259)
        watching = Watching(path)
        text = watching.until("items: 259")
        watching.end()
    shown = ", ".join(f"{item} ejected" for item in range(259, 251, -1))
    assert f"latest: {shown}" in text


def test_beside_the_line_its_session_is_shown_and_both_go_on(tmp_path: Path) -> None:
    with line(tmp_path) as (role, plc):
        watching = Watching(str(role.path))
        watching.until("in force, the agent beats")
        plc.sensors.bin_full = True
        watching.until("● bin_full")
        assert role.status()["gates"]["infeed"]["armed"]
        role.kill()
        watching.until("none: everything is rejected, the agent is silent")
        watching.end()


def test_a_lost_link_is_shown_and_found_again(tmp_path: Path) -> None:
    with gate(tmp_path) as (plc, path):
        watching = Watching(path)
        watching.until("link: up")
        plc.is_deaf = True
        assert "session" not in watching.until("link: down")
        plc.is_deaf = False
        watching.until("link: up", "lost 1 times", "session: none")
        watching.end()


def test_another_device_is_told_from_the_gates_program(tmp_path: Path) -> None:
    with gate(tmp_path, pulse=True) as (_, path):
        text = Path(path).read_text()
        where = text.index("[stations.gate.io]")
        Path(path).write_text(text[:where].replace('"pulse"', '"verdict"'))
        watching = Watching(path)
        watching.until("the word identity is 0x0000, expected 0x4518")
        watching.end()


def test_remote_io_is_not_watched_while_the_line_has_it(tmp_path: Path) -> None:
    with gate(tmp_path, pulse=True) as (plc, path):
        plc.banks[HOLDING][10] = 0
        watching = Watching(path)
        watching.until("holding 10 is 0, expected 1 to 1000: outputs would hold")
        watching.end()
        ledger = load_config(Path(path)).ledger_path
        create_ledger(ledger)
        held = Ledger(ledger)
        try:
            refused = run("plc", "watch", path, "--seconds", "1")
        finally:
            held.close()
    assert refused.returncode == 1
    assert "nobody else may poll the I/O, or its watchdog would not fall" in refused.stderr
