"""The camera's end of the socket on which the line hears its answers (camera_wire)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import structlog
from pydantic import ValidationError

from drivers.framing import Framer
from drivers.scanners.camera_wire import LINE_LIMIT_BYTES, FromCamera, FromLine

MAX_ASKED = 256
"""Triggers of one line without an answer: more come from no machine that moves things, and would
take the time in which others are answered."""
MAX_UNSENT_BYTES = 8 * LINE_LIMIT_BYTES
"""A line that takes no answers is gone; what waits for it must not fill the memory."""

log = structlog.get_logger("edge_agent.camera")


class Server:
    """One connection at a time: a new one takes the place of the old, and hears no answer to what
    that one asked. `on_message` is called with a message and who said it.

    `unheard` counts answers that no line was there to hear, `floods` lines that were sent away as
    they asked more than `MAX_ASKED` things at once.
    """

    def __init__(self, camera: str, on_message: Callable[[FromLine, object], None]) -> None:
        self._camera = camera
        self._on_message = on_message
        self._fault: str | None = None
        self._connection: _Connection | None = None
        self.unheard = 0
        self.floods = 0

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def open(self, path: Path) -> asyncio.Server:
        """Listen on `path`. A socket that was left there is replaced: the caller has made sure
        that no other process serves this camera."""
        path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: _Connection(self), path)
        path.chmod(0o660)
        return server

    def tell_fault(self, fault: str | None) -> None:
        """What the line is told at once, and whoever connects later."""
        self._fault = fault
        self._send(_fault_message(fault))

    def tell(self, message: FromCamera, asker: object | None = None) -> None:
        """Send an answer to `asker`; None: to whoever listens."""
        if isinstance(asker, _Connection):
            asker.asked -= 1
        is_gone = asker is not None and asker is not self._connection
        if is_gone or not self._send(message.model_dump_json(exclude_unset=True).encode()):
            self.unheard += 1

    def close(self) -> None:
        if self._connection:
            self._connection.end("the camera role ends")

    def _send(self, line: bytes) -> bool:
        return self._connection is not None and self._connection.send(line)

    # --- called by the connection ------------------------------------------------------------

    def came(self, connection: "_Connection") -> None:
        if self._connection:
            self._connection.end("another line has connected")
        self._connection = connection
        log.info("line is connected", camera=self._camera)
        connection.send(_fault_message(self._fault))

    def went(self, connection: "_Connection", why: str) -> None:
        log.warning("line is disconnected", camera=self._camera, why=why)
        if self._connection is connection:
            self._connection = None

    def heard(self, message: FromLine, connection: "_Connection") -> None:
        if message.trigger:
            connection.asked += 1
            if connection.asked > MAX_ASKED:
                self.floods += 1
                connection.end(f"it asked for more than {MAX_ASKED} pictures at once")
                return
        self._on_message(message, connection)


class _Connection(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._framer = Framer(suffixes=[b"\n"], max_bytes=LINE_LIMIT_BYTES)
        self._open = False
        self.asked = 0
        """Triggers that wait for their answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open = True
        self._server.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(f"broke: {exc}" if exc else "the line closed it")

    def data_received(self, data: bytes) -> None:
        for frame in self._framer.feed(data, 0):
            if not self._open:
                return
            if frame.oversize:
                self.end(f"a message of more than {LINE_LIMIT_BYTES} bytes")
                return
            try:
                message = FromLine.model_validate_json(frame.content)
                if len(message.model_fields_set) != 1:
                    raise ValueError(f"{len(message.model_fields_set)} things, expected one")
            except (ValidationError, ValueError) as error:
                found = frame.content[:80].decode(errors="replace")
                self.end(f"a message that is none: {found!r}: {error}")
                return
            self._server.heard(message, self)

    def send(self, line: bytes) -> bool:
        if not self._open:
            return False
        self._transport.write(line + b"\n")
        unsent = self._transport.get_write_buffer_size()
        if unsent > MAX_UNSENT_BYTES:
            self.end(f"it takes nothing: {unsent} bytes wait")
        return self._open

    def end(self, why: str) -> None:
        if self._open:
            self._open = False
            self._transport.abort()
            self._server.went(self, why)


def _fault_message(fault: str | None) -> bytes:
    return FromCamera(fault=fault and fault[:500]).model_dump_json(exclude_unset=True).encode()
