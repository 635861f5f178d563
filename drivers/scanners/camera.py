"""A camera role as the line sees it: a fixed-mount scanner on a Unix socket (see camera_wire)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

import structlog
from pydantic import ValidationError

from drivers.framing import Framer
from drivers.protocols import CodeReader, DeviceState, Link, LinkFault, ScannerFrame
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.registry import DeviceConfig
from drivers.scanners.camera_wire import LINE_LIMIT_BYTES, Answer, FromCamera, FromLine
from drivers.stream import MAX_UNSENT_BYTES

OnFrame = Callable[[ScannerFrame], None]
_SHOWN_BYTES = 80

_log = structlog.get_logger("drivers")


class Config(DeviceConfig):
    """Where the camera role listens."""

    role: ClassVar[str] = "scanner"
    kind: ClassVar[str] = "camera-socket"

    path: Path


class CameraReader:
    """One camera role. The link is up while the socket is open and the camera sees.

    An answer is a frame: of several codes the first, with the `others`; of none a no-read whose
    `defect` says why.
    """

    def __init__(self, name: str, config: Config) -> None:
        self._path = config.path
        self._log = _log.bind(device=name)
        self._link = Reconnect(name, str(config.path))
        self._socket: _Socket | None = None
        self._fault: str | None = None
        self._faults = 0

    @property
    def state(self) -> DeviceState:
        state = self._link.state
        state = replace(state, losses=state.losses + self._faults)
        if state.link is Link.UP and self._fault is not None:
            return replace(state, link=Link.DOWN, detail=self._fault, fault=LinkFault.BLIND)
        return state

    async def run(self, on_frame: OnFrame) -> None:
        async def open_link(on_lost: OnLost) -> Close:
            self._socket = await _connected(
                self._path, lambda message: self._heard(message, on_frame), on_lost
            )
            self._fault = "the camera has not told its state yet"
            return self._close

        await self._link.run(open_link)

    def trigger(self) -> bool:
        return self._send(FromLine(trigger=True))

    def answer(self, accepted: bool) -> bool:
        return self._send(FromLine(verdict=accepted))

    def _send(self, message: FromLine) -> bool:
        return self._socket is not None and self._socket.send(message)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _heard(self, message: FromCamera, on_frame: OnFrame) -> None:
        if message.answer is not None:
            on_frame(_frame(message.answer))
        elif message.fault != self._fault:
            self._faults += self._fault is None
            self._fault = message.fault
            if message.fault is None:
                self._log.info("camera sees")
            else:
                self._log.warning("camera does not see", detail=message.fault)


def build(name: str, config: Config) -> CodeReader:
    """The camera's connection, not yet open."""
    return CameraReader(name, config)


def _frame(answer: Answer) -> ScannerFrame:
    """Its time is the picture's: an answer that is late must not be taken for the next thing's."""
    now_us = time.monotonic_ns() // 1_000
    taken_us = None if answer.taken_us is None else min(answer.taken_us, now_us)

    def frame(text: str | None, aim: str | None = None, why: str | None = None) -> ScannerFrame:
        at_us = now_us if taken_us is None else taken_us
        return ScannerFrame(text, at_us, aim, why, answer.picture, since_us=taken_us)

    if not answer.codes:
        return frame(None, why=answer.why)
    first, *others = (frame(code.text, code.aim or None) for code in answer.codes)
    return replace(first, others=tuple(others))


async def _connected(
    path: Path, on_message: Callable[[FromCamera], None], on_lost: OnLost
) -> "_Socket":
    loop = asyncio.get_running_loop()
    try:
        _, opened = await loop.create_unix_connection(
            lambda: _Socket(on_message, on_lost), str(path)
        )
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise OSError(
            f"{path} cannot be opened: {error.strerror}; is the camera role running?"
        ) from error
    return opened


class _Socket(asyncio.Protocol):
    """One connection. What cannot be a message ends it."""

    _transport: asyncio.Transport

    def __init__(self, on_message: Callable[[FromCamera], None], on_lost: OnLost) -> None:
        self._on_message = on_message
        self._on_lost = on_lost
        self._framer = Framer(suffixes=[b"\n"], max_bytes=LINE_LIMIT_BYTES)
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"connection broke: {exc}" if exc else "the camera role closed the connection")

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data, 0):
            if not self._open:
                return
            if frame.oversize:
                self._lose(f"sent more than {LINE_LIMIT_BYTES} bytes as one message")
                return
            try:
                message = FromCamera.model_validate_json(frame.content)
                _check(message)
            except ValidationError as error:
                self._refuse(frame.content, str(error.errors(include_url=False)[0]["msg"]))
                return
            except ValueError as error:
                self._refuse(frame.content, str(error))
                return
            self._on_message(message)

    def send(self, message: FromLine) -> bool:
        if not self._open:
            return False
        self._transport.write(message.model_dump_json(exclude_unset=True).encode() + b"\n")
        unsent = self._transport.get_write_buffer_size()
        if unsent > MAX_UNSENT_BYTES:
            self._lose(f"takes no bytes: {unsent} are waiting")
        return self._open

    def close(self) -> None:
        self._open = False
        self._transport.abort()

    def _refuse(self, content: bytes, why: str) -> None:
        shown = content[:_SHOWN_BYTES].decode(errors="replace")
        self._lose(f"sent what is no message: {shown!r}: {why}")

    def _lose(self, detail: str) -> None:
        if self._open:
            self.close()
            self._on_lost(detail)


def _check(message: FromCamera) -> None:
    """Raises ValueError unless it says exactly one thing."""
    told = len(message.model_fields_set)
    if told != 1:
        raise ValueError(f"{told} things in a message, expected one")
    if "answer" in message.model_fields_set and message.answer is None:
        raise ValueError("an answer that is none, expected its content")
