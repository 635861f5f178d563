"""Remote I/O on an event loop, and in a thread, of its own.

A commit takes 17 ms at times, and on a worn card a second; meanwhile the line's loop stands still.
The gate must be shut on time all the same, and the eyes be watched.
"""

import asyncio
from asyncio import Future
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from drivers.protocols import PlcError
from edge_agent.core.saying import Saying
from edge_agent.line.remote_io import RemoteIo

T = TypeVar("T")

PATIENCE_S = 1.0
"""The other loop never waits for this one; if it does not answer for so long, it is broken."""


class OwnLoop:
    """`GateWords` (line.gate_link) of `remote`, for another loop than the one it runs on."""

    def __init__(self, remote: RemoteIo) -> None:
        self._remote = remote
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """As `RemoteIo.run`, in a thread."""
        self._loop = loop = asyncio.new_event_loop()
        end = asyncio.Event()
        thread = asyncio.ensure_future(asyncio.to_thread(self._run_thread, loop, end))
        try:
            await asyncio.shield(thread)
        finally:
            self._loop = None
            if not thread.done():
                loop.call_soon_threadsafe(end.set)
            await thread

    def _run_thread(self, loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._run_until(end))

    async def _run_until(self, end: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            job = group.create_task(self._remote.run())
            await end.wait()
            job.cancel()

    # --- the words -------------------------------------------------------------------------

    async def check(self) -> Saying | None:
        return await self._over(self._remote.check())

    async def status(self) -> Sequence[int]:
        await self._over(self._remote.status())
        # What that returned may be older than the item that was `scanned` on its way here.
        return self._remote.shown

    async def outcomes(self, slot: int, count: int) -> Sequence[int]:
        return await self._over(self._remote.outcomes(slot, count))

    def write_commands(self, words: Sequence[int]) -> Future[None]:
        async def write() -> None:
            await self._remote.write_commands(words)

        return self._over(write())

    def write_verdicts(self, slot: int, words: Sequence[int]) -> Future[None]:
        async def write() -> None:
            await self._remote.write_verdicts(slot, words)

        return self._over(write())

    def scanned(self, since_us: int, at_us: int) -> Sequence[int]:
        """As `RemoteIo.scanned`. Raises PlcError before the thread runs."""

        async def number() -> Sequence[int]:
            return self._remote.scanned(since_us, at_us)

        return asyncio.run_coroutine_threadsafe(number(), self._running()).result(PATIENCE_S)

    def _over(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        try:
            loop = self._running()
        except PlcError as error:
            work.close()
            failed: Future[T] = asyncio.get_running_loop().create_future()
            failed.set_exception(error)
            return failed
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise PlcError("remote I/O: not running")
        return self._loop
