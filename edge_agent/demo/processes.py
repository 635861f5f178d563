"""The demo's processes: roles that are kept running as systemd would, and the plant."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from edge_agent.demo.options import DemoError

RESTART_S = 0.2
RESTART_LIMIT = 10
"""A role that dies more often is broken, not unlucky."""
STOP_S = 15
_LOG_TAIL_BYTES = 2_000

# The kernel ends the children with the demo, however it dies (prctl(2): PR_SET_PDEATHSIG).
_LEASH = ("setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m")


class Role:
    """One process of the agent. It is restarted when it dies, unless it was stopped.

    `niceness` lets it run behind the others, as systemd's units do on a line PC (nice(1)).
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        log: Path,
        changed: Callable[[], None],
        niceness: int = 0,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.pid: int | None = None
        self._command = ("nice", f"--adjustment={niceness}", *_LEASH, "edge_agent", *arguments)
        self._log = log
        self._changed = changed
        self._wanted = asyncio.Event()
        self._process: Process | None = None

    def start(self) -> None:
        self._wanted.set()

    async def stop(self) -> None:
        """End the process and leave it ended."""
        self._wanted.clear()
        if self._process is not None:
            await end(self._process)

    async def keep(self) -> None:
        """Keep the process running while it is wanted, until cancelled. Raises DemoError."""
        while True:
            await self._wanted.wait()
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=DEVNULL, stdout=log, stderr=log
                )
            self.pid = self._process.pid
            self._changed()
            await self._process.wait()
            self.pid = None  # the kernel may give the number to a stranger
            self._changed()
            if self._wanted.is_set():
                self.restarts += 1
                if self.restarts > RESTART_LIMIT:
                    raise DemoError(f"{self.name} died {self.restarts} times\n{_tail(self._log)}")
                await asyncio.sleep(RESTART_S)


class PlantProcess:
    """The simulated plant. It ends when its standard input is closed."""

    def __init__(self, process: Process, log: Path) -> None:
        self.process = process
        self._log = log

    @classmethod
    async def start(cls, arguments: list[str], log: Path) -> "PlantProcess":
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *_LEASH, "drivers.sim", *arguments, stdin=PIPE, stdout=PIPE, stderr=errors
            )
        return cls(process, log)

    async def said(self) -> dict[str, Any]:
        """The plant's next line. Raises DemoError when there is none."""
        assert self.process.stdout is not None  # noqa: S101  it was opened as a pipe
        line = await self.process.stdout.readline()
        if not line:
            status = await self.process.wait()
            how = (
                f"ended with {status}" if status >= 0 else f"was killed by {_signal_name(-status)}"
            )
            raise DemoError(f"the plant {how} before its belt was empty\n{_tail(self._log)}")
        return dict(json.loads(line))

    async def run_belt(self) -> AsyncIterator[dict[str, Any]]:
        """Start the belt and tell how far it is, until everything has come to rest."""
        assert self.process.stdin is not None  # noqa: S101  it was opened as a pipe
        self.process.stdin.write(b"start\n")
        await self.process.stdin.drain()
        while True:
            said = await self.said()
            yield said
            if said["event"] != "progress":
                return

    async def stop(self) -> None:
        await end(self.process)


async def end(process: Process) -> None:
    """Ask `process` to end; after a while, make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            continue


def _signal_name(number: int) -> str:
    """As in signal(7); real-time signals have only a number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(log: Path) -> str:
    """The end of a log, with its path."""
    content = log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
    return f"{log}:\n{content}"
