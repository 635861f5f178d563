"""A child process that can neither outlive the benchmark nor make it wait for ever."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_S = 15
# The kernel ends the child with the benchmark, however that dies (prctl(2): PR_SET_PDEATHSIG).
_LEASH = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m")
_LOG_TAIL_BYTES = 2_000


class BenchmarkError(Exception):
    """A benchmark could not be carried out, or what it measures lost something."""


class Child:
    """`python -m ARGUMENTS`, line by line on its standard input and output."""

    def __init__(self, *arguments: str, log: Path, rr_priority: int | None = None) -> None:
        """With `rr_priority` all its threads run before others' (SCHED_RR, sched(7)): only root
        may have that."""
        self.name = " ".join(arguments[:2])
        ahead = () if rr_priority is None else ("chrt", "--rr", str(rr_priority))
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*ahead, *_LEASH, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
            )
        self._said = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def order(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def line(self, timeout_s: float) -> str:
        """The next line it prints. Raises BenchmarkError if none comes in time."""
        assert self._process.stdout is not None
        end = time.monotonic() + timeout_s
        while b"\n" not in self._said:
            ready, _, _ = select.select([self._process.stdout], [], [], end - time.monotonic())
            if not ready:
                raise BenchmarkError(f"{self.name}: said nothing for {timeout_s:.0f} s")
            data = os.read(self._process.stdout.fileno(), 65_536)
            if not data:
                raise BenchmarkError(f"{self.name} ended early\n{self.log_tail()}")
            self._said += data
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def end(self, timeout_s: float) -> int:
        """Wait until it ends by itself; its exit status. Raises BenchmarkError if it does not."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"{self.name}: not done after {timeout_s:.0f} s") from None

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end; after a while, make it."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def log_tail(self) -> str:
        return self._log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")

    def memory_peak_mb(self) -> float:
        """Peak resident memory so far (VmHWM, proc(5)), in units of 10^6 bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        (line,) = (line for line in text.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
