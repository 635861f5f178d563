"""The hmi's end of the line's control socket: one stream of views in, questions out.

The newest view only is kept. A line that is silent for longer than AWAY_S is away, and everything
that was known of it is no longer shown as true.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from edge_agent.control import LINE_LIMIT_BYTES, ControlError, sayings_in
from edge_agent.views import AWAY_S, LineView, from_json

AGAIN_S = 0.25
"""Between two attempts: a line that starts again is seen at once."""
ANSWER_S = 3.0

log = structlog.get_logger("edge_agent.hmi")
Listener = Callable[[], None]


class LineLink:
    """The connection to the line role behind the Unix socket `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listeners: set[Listener] = set()
        self._faulty: set[Listener] = set()
        """Those that failed last time: it is told once."""
        self.view: LineView | None = None
        """The newest; None before the first, and while the line is away."""
        self.last_known: LineView | None = None
        """As `view`, but kept while the line is away: names and levels do not change."""
        self.heard = 0
        """Views so far, beats among them."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every view and when the line goes away. Returns what ends that.

        One that raises is called again for the next view, and keeps no other from being called: its
        page hears nothing, and so covers itself."""
        self._listeners.add(listener)

        def stop() -> None:
            self._listeners.discard(listener)
            self._faulty.discard(listener)

        return stop

    async def run(self) -> None:
        """Keep the stream open until cancelled. Says once that the line is away, once that it is
        back."""
        told_away = False
        while True:
            try:
                async for view in self._watch():
                    if told_away:
                        log.info("the line is back")
                        told_away = False
                    self._tell(view)
            except (OSError, ValueError, TimeoutError) as error:
                if not told_away:
                    log.warning("the line is away", path=str(self._path), error=_why(error))
                    told_away = True
            if self.view is not None:
                self._tell(None)
            await asyncio.sleep(AGAIN_S)

    async def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """What the line answers. Raises ControlError, which says why it did not."""
        return await ask(self._path, command, **args)

    async def _watch(self) -> Any:
        async with _connection(self._path) as (reader, writer):
            writer.write(b'{"command": "watch"}\n')
            await writer.drain()
            while True:
                async with asyncio.timeout(AWAY_S):
                    line = await reader.readline()
                if not line:
                    raise ConnectionError("the line closed the connection")
                plain = json.loads(line)
                if "error" in plain:
                    raise ConnectionError(str(plain["error"]))
                yield from_json(plain)

    def _tell(self, view: LineView | None) -> None:
        self.view = view
        self.last_known = view or self.last_known
        self.heard += 1
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                if listener not in self._faulty:
                    self._faulty.add(listener)
                    log.exception("a page cannot be drawn", pages=len(self._faulty))
            else:
                self._faulty.discard(listener)


async def ask(path: Path, command: str, **args: Any) -> dict[str, Any]:
    """What the role behind `path` answers, without blocking the pages as control.ask would.

    Raises ControlError, which says why it did not.
    """
    question = json.dumps({"command": command, **args}).encode() + b"\n"
    try:
        async with asyncio.timeout(ANSWER_S), _connection(path) as (reader, writer):
            writer.write(question)
            await writer.drain()
            answer = json.loads(await reader.readline())
    except (OSError, ValueError, TimeoutError) as error:
        raise ControlError(f"no answer from {path.stem}: {_why(error)}") from None
    if not isinstance(answer, dict):
        raise ControlError(f"{path.stem} answers {answer!r:.80}, expected an object")
    if "error" in answer:
        raise ControlError(str(answer["error"]), sayings_in(answer))
    return answer


@contextlib.asynccontextmanager
async def _connection(path: Path) -> Any:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_LIMIT_BYTES)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
