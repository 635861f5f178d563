"""The control socket of a role: one JSON line asks, one JSON line answers.

A Unix socket in the run directory, open to the agent's own user and group. The question is
``{"command": name, ...}``; the answer is the handler's, or ``{"error": text}``.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

LINE_LIMIT_BYTES = 1 << 20
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlError(Exception):
    """The role could not be asked, or refused. The message says which role and why."""


async def serve(path: Path, handlers: Mapping[str, Handler]) -> asyncio.Server:
    """Answer on `path` until the returned server is closed. A stale socket file is replaced.

    Raises ControlError when another process answers there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if _answers(path):
            raise ControlError(f"{path}: another process of this role is running")
        path.unlink()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _handle(line, handlers)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the asker left, or sent a line over the limit: only its own connection ends
        finally:
            writer.close()

    server = await asyncio.start_unix_server(answer, path, limit=LINE_LIMIT_BYTES)
    path.chmod(0o660)
    return server


async def _handle(line: bytes, handlers: Mapping[str, Handler]) -> dict[str, Any]:
    try:
        question = json.loads(line)
        handler = handlers[question["command"]]
    except (ValueError, KeyError, TypeError, RecursionError):  # the last: nested too deep
        return {"error": f"expected a JSON object with command, one of {sorted(handlers)}"}
    return await handler(question)


def ask(path: Path, command: str, timeout_s: float = 5, **args: Any) -> dict[str, Any]:
    """Ask the role behind `path` and wait for its answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout_s)
        try:
            channel.connect(str(path))
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
        raise ControlError(f"{path}: {answer['error']}")
    return dict(answer)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(1)
        try:
            channel.connect(str(path))
        except OSError:
            return False
        return True
