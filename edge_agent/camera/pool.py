"""Decoder processes, each of which may crash or hang: that costs one frame.

A worker that ends, or is busy with one frame for too long, is replaced; one that fails again and
again is started at most every two seconds. Why they are our own and not a library's:
docs/decisions/0011-decoder-processes.md.
"""

import asyncio
import contextlib
import os
import pickle
import random
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self

import structlog

from drivers.reconnect import Backoff
from edge_agent.camera.jobs import LENGTH, MAX_BYTES, Failed, Setup, packed

DYING_S = 1.0
START_S = 60.0
"""A worker has loaded its libraries within this, also from a slow card."""

_LEASH = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m")
"""The kernel ends a worker with the role, however that dies (prctl(2), PR_SET_PDEATHSIG)."""
_BROKEN = (asyncio.IncompleteReadError, OSError, ValueError, pickle.UnpicklingError)

log = structlog.get_logger("edge_agent.camera")


class WorkerError(Exception):
    """A frame is lost with its worker. The message says how that ended."""


class Pool:
    """`size` workers; one that is busy with a job for `timeout_s` hangs. `on_idle` is called
    whenever one could begin. `restarts` counts those that had to be replaced."""

    def __init__(
        self,
        setup: Setup,
        memory_fd: int,
        *,
        size: int,
        timeout_s: float,
        on_idle: Callable[[], None],
    ) -> None:
        self._setup = setup
        self._memory_fd = memory_fd
        self._size = size
        self._timeout_s = timeout_s
        self._on_idle = on_idle
        self._idle: list[_Worker] = []
        self._waiters: deque[asyncio.Future[_Worker]] = deque()
        self.running = 0
        self.restarts = 0
        self.fault: str | None = "the decoders are starting"
        """Why no worker runs, if none does."""

    @property
    def idle(self) -> int:
        """Workers that can begin at once."""
        return len(self._idle)

    async def run(self) -> None:
        """Keep the workers running until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._size):
                group.create_task(self._keep_running())

    def do(self, job: Any) -> Coroutine[Any, Any, Any]:
        """What a worker answers. An idle one is taken now; else the job waits for one. Raises
        WorkerError."""
        waiter: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        if self._idle:
            waiter.set_result(self._idle.pop())
        else:
            self._waiters.append(waiter)
        return self._do(waiter, job)

    async def _do(self, waiter: "asyncio.Future[_Worker]", job: Any) -> Any:
        try:
            worker = await asyncio.wait_for(waiter, self._timeout_s)
        except TimeoutError:
            raise WorkerError(f"no decoder was free for {self._timeout_s:g} s") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await worker.do(job)
        except TimeoutError:
            worker.kill()
            raise WorkerError(
                f"the decoder hung on this frame and was ended after {self._timeout_s:g} s"
            ) from None
        except _BROKEN:
            raise WorkerError(
                f"the decoder crashed on this frame: {await worker.dying()}"
            ) from None
        except BaseException:
            worker.kill()  # half a job was sent, or half an answer read
            raise
        self._offer(worker)
        if isinstance(answer, Failed):
            log.error("decoding failed", why=answer.why)
            raise WorkerError(f"decoding failed: {answer.why}")
        return answer

    def _offer(self, worker: "_Worker") -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(worker)
                return
        self._idle.append(worker)
        self._on_idle()

    async def _keep_running(self) -> None:
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        while True:
            up_s = 0.0
            try:
                worker = await _Worker.start(self._setup, self._memory_fd)
            except (WorkerError, OSError) as error:
                ended = str(error)
            else:
                up_since_s = loop.time()
                self.running += 1
                self.fault = None
                self._offer(worker)
                try:
                    ended = await worker.ended()
                finally:
                    await worker.end()
                    self.running -= 1
                    if worker in self._idle:
                        self._idle.remove(worker)
                up_s = loop.time() - up_since_s
            self.restarts += 1
            if not self.running:
                self.fault = f"no decoder is running: {ended}"
            wait_s = backoff.next_wait_s(up_s, random.random())  # noqa: S311 - no secret
            log.warning("decoder ended", how=ended, restarts=self.restarts, wait_s=round(wait_s, 2))
            await asyncio.sleep(wait_s)


@dataclass(slots=True, eq=False)
class _Worker:
    """One process, and our end of its socket."""

    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls, setup: Setup, memory_fd: int) -> Self:
        """A worker that is ready. Raises WorkerError or OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            fds = (theirs.fileno(), memory_fd)
            try:
                process = await create_subprocess_exec(
                    *_LEASH,
                    "edge_agent.camera.worker",
                    *map(str, fds),
                    pass_fds=fds,
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    start_new_session=True,  # Ctrl-C is the role's to hear
                )
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_connection(sock=ours)
        worker = cls(process, reader, writer)
        try:
            async with asyncio.timeout(START_S):
                await worker.do(setup)
        except TimeoutError:
            await worker.end()
            raise WorkerError(f"not ready after {START_S:g} s") from None
        except _BROKEN:
            raise WorkerError(f"not ready: {await worker.dying()}") from None
        except BaseException:
            await worker.end()
            raise
        return worker

    async def do(self, message: Any) -> Any:
        self.writer.write(packed(message))
        await self.writer.drain()
        (size,) = LENGTH.unpack(await self.reader.readexactly(LENGTH.size))
        if size > MAX_BYTES:
            raise ValueError(f"an answer of {size} bytes, expected at most {MAX_BYTES}")
        return pickle.loads(await self.reader.readexactly(size))  # noqa: S301 from our own child

    async def ended(self) -> str:
        """Wait for its end; how that was."""
        status = await self.process.wait()
        if status < 0:
            return f"ended by signal {signal.Signals(-status).name}"
        return f"ended with status {status}"

    async def dying(self) -> str:
        """It has closed its socket: let it end by itself, to know how; but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DYING_S):
                await self.ended()
        return await self.end()

    async def end(self) -> str:
        """End it, if it has not ended by itself; how it did."""
        self.kill()
        return await self.ended()

    def kill(self) -> None:
        self.writer.close()
        # Not process.kill(): that reaps a child that has just died, and how it ended is lost.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
