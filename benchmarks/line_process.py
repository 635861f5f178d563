"""The real line role as a process, on a ledger that is there already."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from benchmarks.child import BenchmarkError, Child
from benchmarks.fill import CASE_UNITS
from edge_agent.control import ControlError, ask

READY_TIMEOUT_S = 60
_HEAD = """
[line]
name = "bench"
data_dir = "{directory}"
run_dir = "{directory}"
queue_size = 4096
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
waiting = 1000
[[levels.codes]]
kind = "gs1"
requires = ["00"]
[devices.scanner]
kind = "scanner"
url = "tcp://127.0.0.1:{scanner}"
suffix = "\\r\\n"
accept = "A\\n"
reject = "R\\n"
[[stations]]
name = "bench"
scanner = "scanner"
reads = {reads}
reread_ms = 0
"""
_GATE = """
[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:{modbus}"
[stations.gate]
plc = "plc"
poll_ms = 10
read_window_ms = 25
min_spacing_ms = 45
[stations.gate.belt]
travel_steps = 282
hold_steps = 20
bounce_steps = 5
spacing_steps = 45
[stations.gate.map]
commands = 1000
verdicts = 1008
"""


def write_config(directory: Path, ledger: Path, *, scanner: int, modbus: int | None = None) -> Path:
    """A line's configuration in `directory`, over the ledger at `ledger`.

    With a Modbus port it is a gated station that reads units, without one a packing bench that
    reads units and cases.
    """
    path = directory / "bench.toml"
    text = _HEAD.format(
        directory=directory,
        scanner=scanner,
        capacity=CASE_UNITS,
        reads='["unit"]' if modbus else '["unit", "case"]',
    )
    path.write_text(text + (_GATE.format(modbus=modbus) if modbus else ""), encoding="utf-8")
    (directory / "bench").mkdir(exist_ok=True)
    link = directory / "bench" / "ledger.db"
    link.unlink(missing_ok=True)
    link.symlink_to(ledger.absolute())
    return path


class LineProcess:
    """`edge-agent line CONFIG`, ready when entered."""

    def __init__(self, config: Path, rr_priority: int | None = None) -> None:
        """`rr_priority` is for the whole process (child.py)."""
        self._config = config
        self._rr_priority = rr_priority
        self._control = config.with_name("bench-line.sock")
        self.ready_s = 0.0
        """From the start of the process to the first answer on its control socket."""

    def __enter__(self) -> Self:
        begin = time.monotonic()
        log = self._config.with_name("line.log")
        self._child = Child(
            "edge_agent", "line", str(self._config), log=log, rr_priority=self._rr_priority
        )
        try:
            self.wait_for(lambda _: True, READY_TIMEOUT_S)
        except BaseException:
            self._child.stop()
            raise
        self.ready_s = time.monotonic() - begin
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def wait_for(
        self, condition: Callable[[dict[str, Any]], bool], timeout_s: float = 30
    ) -> dict[str, Any]:
        """The first status that meets `condition`. Raises BenchmarkError if none does."""
        end = time.monotonic() + timeout_s
        status: dict[str, Any] = {}
        while time.monotonic() < end:
            try:
                status = ask(self._control, "status")
                if condition(status):
                    return status
            except ControlError as error:
                status = {"error": str(error)}
            if not self._child.running:
                raise BenchmarkError(f"the line ended early\n{self._child.log_tail()}")
            time.sleep(0.005)
        raise BenchmarkError(f"the line's status after {timeout_s:.0f} s is {status}")

    @property
    def pid(self) -> int:
        return self._child.pid

    def kill(self) -> None:
        """As a power cut does: without a word."""
        os.kill(self._child.pid, signal.SIGKILL)

    def memory_peak_mb(self) -> float:
        return self._child.memory_peak_mb()


def devices_are_up(status: dict[str, Any]) -> bool:
    return all(device["link"] == "up" for device in status["devices"].values())
