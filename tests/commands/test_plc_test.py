"""`edge-agent plc test` as a technician runs it: a real process, a real Modbus socket, a flap."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.gate.registers import Status
from edge_agent.config_file import load_config
from edge_agent.ledger.journal import Ledger, create_ledger
from tests.commands.plc import COILS, HOLDING, Flap, Plc, remote_io, with_program, write_config
from tests.commands.test_commands import run

CONFIRMED = ("--yes-i-am-at-the-machine", "infeed")


@contextmanager
def gate(
    tmp_path: Path, *, pulse: bool = False, lags_s: list[float | None] | None = None
) -> Iterator[tuple[Plc, str]]:
    """A PLC and the configuration of its line."""
    flap = Flap(lags_s or [0.02])
    station = load_config(write_config(tmp_path, 1)).stations[0].gate
    assert station is not None
    bench = remote_io(flap) if pulse else with_program(station.map, station.parameters, flap)
    with bench as plc:
        yield plc, str(write_config(tmp_path, plc.port, pulse=pulse))


def fire(path: str, *arguments: str, times: int = 5) -> subprocess.CompletedProcess[str]:
    return run("plc", "test", path, "--pulse", "gate", "--times", str(times), *arguments)


@pytest.mark.parametrize("pulse", [False, True], ids=["verdict", "pulse"])
def test_the_gate_is_fired_measured_and_left_shut(tmp_path: Path, pulse: bool) -> None:
    with gate(tmp_path, pulse=pulse) as (plc, path):
        plc.banks[COILS][1] = 1
        done = fire(path, *CONFIRMED)
        assert done.returncode == 0, done.stderr
        assert plc.flap.commands == [True, False] * 5
        assert not plc.flap.is_open
        assert plc.banks[COILS][0] == 0
        if pulse:
            assert plc.banks[COILS][1] == 0  # the belt may not run
    assert "5 firings" in done.stdout
    assert ("io.lag_ms" if pulse else "belt.travel_steps") in done.stdout
    assert "belt.confirm_until_ms" in done.stdout
    assert "The gate is shut." in done.stdout


def test_a_gate_that_sticks_is_told(tmp_path: Path) -> None:
    with gate(tmp_path, lags_s=[0.01, 0.01, None]) as (_, path):
        done = fire(path, *CONFIRMED, times=3)
    assert done.returncode == 0, done.stderr
    assert "eject_eye missed 1 of 3" in done.stdout


@pytest.mark.parametrize(("typed", "shown"), [("outfeed\n", "outfeed"), ("", "")])
def test_nothing_moves_before_the_stations_name_was_typed(
    tmp_path: Path, typed: str, shown: str
) -> None:
    with gate(tmp_path) as (plc, path):
        command = [sys.executable, "-m", "edge_agent", "plc", "test", path, "--pulse", "gate"]
        refused = subprocess.run(
            command, input=typed, capture_output=True, text=True, timeout=60, check=False
        )
        assert plc.writes == []
    assert refused.returncode == 2
    assert "The gate of station infeed will open and shut 20 times" in refused.stdout
    assert f"confirmed was '{shown}', expected 'infeed': nothing was moved" in refused.stderr


def test_it_is_refused_while_the_line_holds_its_ledger(tmp_path: Path) -> None:
    with gate(tmp_path) as (plc, path):
        ledger = load_config(Path(path)).ledger_path
        create_ledger(ledger)
        line = Ledger(ledger)
        try:
            refused = fire(path, *CONFIRMED)
        finally:
            line.close()
        assert plc.writes == []
    assert refused.returncode == 1
    assert "the line role of gated is running and has this PLC; stop it first" in refused.stderr


def something_at_the_trigger(plc: Plc) -> None:
    plc.sensors.eye = True


def an_item_on_the_belt(plc: Plc) -> None:
    plc.is_moving = False
    plc.sensors.eye = True
    while plc.banks[HOLDING][Status.ITEMS] == 0:
        time.sleep(0.002)
    plc.sensors.eye = False


def a_guard_open(plc: Plc) -> None:
    plc.sensors.guard_open = True


def a_watchdog_that_is_off(plc: Plc) -> None:
    plc.banks[HOLDING][10] = 0


@pytest.mark.parametrize(
    ("what", "pulse", "said"),
    [
        (something_at_the_trigger, True, "something stands before the trigger's eye"),
        (an_item_on_the_belt, False, "1 items are under way to the gate"),
        (a_guard_open, False, "a guard is open; close it"),
        (a_watchdog_that_is_off, True, "out of their bounds: holding 10 = 0 (1–1000)"),
    ],
)
def test_it_is_refused_before_anything_is_written(
    tmp_path: Path, what: Callable[[Plc], None], pulse: bool, said: str
) -> None:
    with gate(tmp_path, pulse=pulse) as (plc, path):
        what(plc)
        refused = fire(path, *CONFIRMED)
        assert plc.writes == []
    assert refused.returncode == 1
    assert said in refused.stderr


def after(plc: Plc, commands: int, then: Callable[[], None]) -> threading.Thread:
    """Does `then` once the gate was commanded so often."""

    def wait() -> None:
        while len(plc.flap.commands) < commands:
            time.sleep(0.001)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("pulse", "number"), [(False, signal.SIGINT), (True, signal.SIGINT), (True, signal.SIGTERM)]
)
def test_a_test_that_is_stopped_by_hand_shuts_the_gate(
    tmp_path: Path, pulse: bool, number: signal.Signals
) -> None:
    with gate(tmp_path, pulse=pulse, lags_s=[0.3]) as (plc, path):
        command = [sys.executable, "-m", "edge_agent", "plc", "test", path, "--pulse", "gate"]
        process = subprocess.Popen(
            [*command, *CONFIRMED], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        after(plc, 1, lambda: process.send_signal(number)).join(30)
        _, said = process.communicate(timeout=30)
        assert plc.flap.commands == [True, False]
        assert plc.banks[COILS][0] == 0
    assert process.returncode == 1
    assert "stopped by hand. The gate is shut" in said


def test_a_coil_is_switched_off_when_a_lost_link_is_back(tmp_path: Path) -> None:
    with gate(tmp_path, pulse=True, lags_s=[0.3]) as (plc, path):

        def lose() -> None:
            plc.is_deaf = True
            time.sleep(0.5)
            plc.is_deaf = False

        losing = after(plc, 1, lose)
        done = fire(path, *CONFIRMED)
        losing.join()
        assert plc.banks[COILS][0] == 0
    assert done.returncode == 1
    assert "not fired, or not further: plc plc:" in done.stderr
    assert "The gate is shut" in done.stderr


def test_a_coil_out_of_reach_is_told_as_what_it_is(tmp_path: Path) -> None:
    with gate(tmp_path, pulse=True, lags_s=[0.3]) as (plc, path):
        losing = after(plc, 1, lambda: setattr(plc, "is_deaf", True))
        done = fire(path, *CONFIRMED)
        losing.join()
    assert done.returncode == 1
    assert "LOOK AT THE GATE, it may be open: coil 0 could not be switched off" in done.stderr


def test_an_item_that_comes_ends_the_test(tmp_path: Path) -> None:
    with gate(tmp_path) as (plc, path):
        coming = after(plc, 2, lambda: setattr(plc.sensors, "eye", True))
        done = fire(path, *CONFIRMED)
        coming.join()
        assert not plc.flap.is_open
    assert done.returncode == 1
    assert "something passed the trigger; the belt must be empty" in done.stderr
