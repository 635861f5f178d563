"""The real line role as a process, on a ledger that is there already."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from edge_agent.control import ControlError, ask

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
capacity = 10000
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
reads = ["unit"]
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
registers = {{ counters = 0, outcomes = 1000, verdicts = 1000, slots = 256 }}
"""


class LineProcess:
    """`edge-agent line` over the ledger at `ledger`; with a gate if a Modbus port is given."""

    def __init__(self, directory: Path, ledger: Path, scanner: int, modbus: int | None) -> None:
        self._path = directory / "bench.toml"
        text = _HEAD.format(directory=directory, scanner=scanner)
        self._path.write_text(text + (_GATE.format(modbus=modbus) if modbus else ""))
        (directory / "bench").mkdir(exist_ok=True)
        link = directory / "bench" / "ledger.db"
        link.unlink(missing_ok=True)
        link.symlink_to(ledger)
        self._control = directory / "bench-line.sock"
        self._log = directory / "line.log"
        self.ready_s = 0.0

    def __enter__(self) -> "LineProcess":
        with self._log.open("ab") as log:
            begin = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge_agent", "line", str(self._path)], stderr=log
            )
        while True:
            try:
                self.status()
                break
            except ControlError:
                if self._process.poll() is not None:
                    raise RuntimeError(self._log.read_text()) from None
                time.sleep(0.005)
        self.ready_s = time.monotonic() - begin
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def status(self) -> dict[str, Any]:
        return ask(self._control, "status")

    def wait_for(self, condition: Any, timeout_s: float = 30) -> dict[str, Any]:
        """The first status that meets `condition`."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            status = self.status()
            if condition(status):
                return status
            time.sleep(0.02)
        raise TimeoutError(f"never came true: {self.status()}")

    def memory_mib(self) -> float:
        """Peak resident memory (VmHWM) so far."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in text.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
