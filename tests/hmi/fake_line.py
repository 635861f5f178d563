"""A line role's control socket with scripted views, in a thread of the test."""

import asyncio
import json
import queue
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from edge_agent import control
from edge_agent.core.saying import SaidError, Saying
from edge_agent.views import BEAT_S, LineView, to_json


class FakeLine:
    """Serves ``watch`` and ``press`` on `path`, as the line role does."""

    def __init__(self, path: Path, view: LineView) -> None:
        self.presses: queue.Queue[dict[str, Any]] = queue.Queue()
        self.refusal: Saying | None = None
        """What a press is answered with, if it is to be refused."""
        self._path = path
        self._line = json.dumps(to_json(view)).encode()
        self._loop = asyncio.new_event_loop()
        self._news = asyncio.Event()
        self._is_silent = self._is_closed = False
        self._server: control.ControlServer | None = None
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.start()

    def show(self, view: LineView) -> None:
        """What the line shows from now on."""
        line = json.dumps(to_json(view)).encode()

        def change() -> None:
            self._line = line
            self._tell()

        self._loop.call_soon_threadsafe(change)

    def serve_also(self, path: Path, handlers: dict[str, control.Handler]) -> Callable[[], None]:
        """Another role's control socket beside the line's. Returns what closes it."""
        server = self._run(control.serve(path, handlers)).result(10)

        def close() -> None:
            self._loop.call_soon_threadsafe(server.close)

        return close

    def start(self) -> None:
        self._run(self._open()).result(10)

    def stop(self) -> None:
        """The role ends: its connections are closed."""
        self._run(self._close()).result(10)

    def silence(self, silent: bool) -> None:
        """The role hangs: its connections stay, and nothing comes."""

        def change() -> None:
            self._is_silent = silent
            self._tell()

        self._loop.call_soon_threadsafe(change)

    def close(self) -> None:
        self.stop()
        self._run(_others_done()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _open(self) -> None:
        if self._server is None:
            self._is_closed = False
            self._server = await control.serve(
                self._path, {"press": self._press}, {"watch": self._watch}
            )

    async def _close(self) -> None:
        if self._server is not None:
            self._is_closed = True
            self._tell()
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _press(self, question: dict[str, Any]) -> dict[str, Any]:
        self.presses.put(question)
        if self.refusal:
            return control.refusal(SaidError(self.refusal))
        return {"shown": "ok"}

    async def _watch(self, _: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        while not self._is_closed:
            if not self._is_silent:
                yield self._line
            try:
                await asyncio.wait_for(self._news.wait(), BEAT_S)
            except TimeoutError:
                continue


async def _others_done() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
