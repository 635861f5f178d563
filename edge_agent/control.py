"""The control socket of a role: one JSON line asks, one JSON line answers.

A Unix socket in the run directory. The question is ``{"command": name, ...}``; the answer is the
handler's, or ``{"error": text}``, with ``sayings`` where it is for people. A stream answers with
one line after another until the asker hangs up, or sends a line, which ends it. Only the agent's
own user and root are answered (SO_PEERCRED, unix(7)): whoever else reaches the socket, through its
group say, is told so.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from edge_agent.core.saying import SaidError, Saying

LINE_LIMIT_BYTES = 1 << 20
CONNECTIONS = 64
"""Askers at a time. One more is told so."""
STALLED_S = 10
"""An asker that takes nothing for so long is hung up on."""
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
Stream = Callable[[dict[str, Any]], AsyncGenerator[bytes, None]]
"""Gives each line as JSON, without its end. What is not taken is not asked for: a slow asker holds
one line, and misses those between."""

log = structlog.get_logger("edge_agent.control")


class ControlError(Exception):
    """The role could not be asked, or refused. The message says which role and why; `sayings` too,
    where the refusal is for people."""

    def __init__(self, message: str, sayings: Sequence[Saying] = ()) -> None:
        super().__init__(message)
        self.sayings = tuple(sayings)


class ControlServer:
    """Answers until it is closed. `refused` counts those that were not answered."""

    def __init__(
        self, path: Path, handlers: Mapping[str, Handler], streams: Mapping[str, Stream]
    ) -> None:
        self._path = path
        self._handlers = handlers
        self._streams = streams
        self._known = sorted({*handlers, *streams})
        self._server: asyncio.Server | None = None
        self._askers: set[asyncio.Task[None]] = set()
        self._strangers: set[int] = set()
        self.refused = 0

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(
            self._accept, self._path, limit=LINE_LIMIT_BYTES
        )
        self._path.chmod(0o660)

    @property
    def connected(self) -> int:
        """Askers that are connected now."""
        return len(self._askers)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for asker in self._askers:
            asker.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # No coroutine: asyncio logs one that is cancelled, as all are at the end, as an error.
        asker = asyncio.create_task(self._answer(reader, writer, self._refusal(writer)))
        self._askers.add(asker)
        asker.add_done_callback(self._askers.discard)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusal: str | None
    ) -> None:
        # Nothing waits here but what the kernel's buffer does not take: one answer.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            if refusal is not None:
                self.refused += 1
                await _send(writer, json.dumps({"error": refusal}).encode())
                return
            while line := await reader.readline():
                await self._reply(line, reader, writer)
        except (ConnectionError, ValueError, TimeoutError):
            # The asker left, stalled, or sent a line over the limit: only it is hung up on.
            writer.transport.abort()
        finally:
            writer.close()

    def _refusal(self, writer: asyncio.StreamWriter) -> str | None:
        uid = _peer_uid(writer.get_extra_info("socket"))
        if uid not in (os.geteuid(), 0):
            if uid not in self._strangers:
                self._strangers.add(uid)
                log.warning("another user asked, and is refused", socket=str(self._path), uid=uid)
            return f"you are user {uid}, expected root or user {os.geteuid()}, the role's own"
        if len(self._askers) >= CONNECTIONS:
            return f"{CONNECTIONS} connections are open already; close one"
        return None

    async def _reply(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            question = json.loads(line)
            command = question["command"]
            handler, stream = self._handlers.get(command), self._streams.get(command)
            if handler is None and stream is None:
                raise KeyError(command)
        except (ValueError, KeyError, TypeError, RecursionError):  # the last: nested too deep
            expected = f"expected a JSON object with command, one of {self._known}"
            await _send(writer, json.dumps({"error": expected}).encode())
            return
        if handler is not None:
            await _send(writer, json.dumps(await handler(question)).encode())
        elif stream is not None:
            # Who leaves while there is nothing to say must be heard as well.
            async with asyncio.TaskGroup() as group:
                saying = group.create_task(_say(stream(question), writer))
                with contextlib.suppress(ConnectionError, ValueError):
                    await reader.readline()
                saying.cancel()


def refusal(error: SaidError) -> dict[str, Any]:
    """The answer that says why something is not done; `sayings_in` reads it."""
    plain = [{"text": each.text, "given": dict(each.given)} for each in error.sayings]
    return {"error": str(error), "sayings": plain}


def sayings_in(answer: Mapping[str, Any]) -> tuple[Saying, ...]:
    """What a refusal says to people; nothing where it says it to programs only."""
    return tuple(Saying(each["text"], each["given"]) for each in answer.get("sayings", ()))


async def serve(
    path: Path, handlers: Mapping[str, Handler], streams: Mapping[str, Stream] | None = None
) -> ControlServer:
    """Answer on `path` until the returned server is closed. A stale socket file is replaced.

    Raises ControlError when another process answers there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if _answers(path):
            raise ControlError(f"{path}: another process of this role is running")
        path.unlink()
    server = ControlServer(path, handlers, streams or {})
    await server.open()
    return server


async def _send(writer: asyncio.StreamWriter, line: bytes) -> None:
    writer.write(line + b"\n")
    async with asyncio.timeout(STALLED_S):
        await writer.drain()


async def _say(lines: AsyncGenerator[bytes, None], writer: asyncio.StreamWriter) -> None:
    """Until it is cancelled, or the asker takes nothing more."""
    try:
        async with contextlib.aclosing(lines):
            async for each in lines:
                await _send(writer, each)
    except (ConnectionError, TimeoutError):
        writer.transport.abort()


def _peer_uid(peer: socket.socket) -> int:
    """Of the process that connected (struct ucred of unix(7): pid, uid, gid)."""
    ucred = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    uid: int = struct.unpack("iII", ucred)[1]
    return uid


def ask(path: Path, command: str, timeout_s: float = 5, **args: Any) -> dict[str, Any]:
    """Ask the role behind `path` and wait for its answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout_s)
        try:
            channel.connect(str(path))
            with contextlib.suppress(BrokenPipeError):  # refused at once: the answer says why
                channel.sendall(json.dumps({"command": command, **args}).encode() + b"\n")
            with channel.makefile("rb") as stream:
                line = stream.readline(LINE_LIMIT_BYTES)
        except OSError as error:
            raise ControlError(f"{path}: no answer ({error}); is the role running?") from None
    try:
        answer = json.loads(line)
    except ValueError:
        raise ControlError(f"{path}: the answer is cut off after {len(line)} bytes") from None
    if "error" in answer:
        raise ControlError(f"{path}: {answer['error']}", sayings_in(answer))
    return dict(answer)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(1)
        try:
            channel.connect(str(path))
        except OSError:
            return False
        return True
