"""Real counterparts: a pty behind a symlink, a TCP peer, and a device log that can be awaited."""

import asyncio
import os
import socket
import termios
import tty
from collections.abc import Callable, Coroutine, MutableMapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import structlog


class DeviceLog:
    """What the drivers logged; each entry can be awaited."""

    def __init__(self) -> None:
        self.entries: list[MutableMapping[str, Any]] = []
        self._news = asyncio.Event()

    def __call__(
        self, _logger: object, _method: str, entry: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        self.entries.append({**entry, "log_level": _method})
        self._news.set()
        raise structlog.DropEvent

    def count(self, event: str, level: str) -> int:
        return sum(e["event"] == event and e["log_level"] == level for e in self.entries)

    async def until(self, event: str, times: int = 1) -> MutableMapping[str, Any]:
        """The entry by which `event` was logged for the `times`-th time."""
        while True:
            found = [entry for entry in self.entries if entry["event"] == event]
            if len(found) >= times:
                return found[times - 1]
            self._news.clear()
            await self._news.wait()


class Cable:
    """A serial device on a pty; `path` is a symlink, as udev makes it, that follows the device."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        return f"serial://{self.path}"

    @property
    def _device(self) -> int:
        assert self._ends
        return self._ends[0]

    def plug(self) -> None:
        device, host = os.openpty()
        tty.setraw(host)
        os.set_blocking(device, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(host))
        self._ends = device, host

    def unplug(self) -> None:
        assert self._ends
        for end in self._ends:
            os.close(end)
        self._ends = None
        self.path.unlink()

    def send(self, data: bytes) -> None:
        assert os.write(self._device, data) == len(data)

    def settings(self) -> list[Any]:
        """What the host end was set to (termios)."""
        assert self._ends
        return termios.tcgetattr(self._ends[1])

    async def receive(self, count: int) -> bytes:
        loop = asyncio.get_running_loop()
        data = b""
        while len(data) < count:
            readable: asyncio.Future[None] = loop.create_future()
            loop.add_reader(self._device, readable.set_result, None)
            try:
                await readable
            finally:
                loop.remove_reader(self._device)
            data += os.read(self._device, count - len(data))
        return data

    def is_silent(self) -> bool:
        """Whether the host has sent nothing that was not received."""
        try:
            return not os.read(self._device, 1)
        except BlockingIOError:
            return True

    def close(self) -> None:
        if self._ends:
            self.unplug()


class TcpPeer:
    """A TCP device: a server that can go away and come back on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self.connections = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def accepted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await self.connections.get()

    async def stop(self) -> None:
        """Drop every connection, and refuse new ones."""
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections.put_nowait((reader, writer))


def option_to(port: int, level: int, option: int) -> int:
    """A socket option of this process's connection to a local port."""
    for entry in Path("/proc/self/fd").iterdir():
        fd = int(entry.name)
        if not (entry.is_symlink() and str(entry.readlink()).startswith("socket:")):
            continue
        with socket.socket(fileno=os.dup(fd)) as sock:
            if sock.family == socket.AF_INET and _peer_port(sock) == port:
                return sock.getsockopt(level, option)
    raise AssertionError(f"no connection to port {port}")


def _peer_port(sock: socket.socket) -> int | None:
    try:
        return int(sock.getpeername()[1])
    except OSError:
        return None


Running = Callable[[Coroutine[Any, Any, None]], AbstractAsyncContextManager[None]]
