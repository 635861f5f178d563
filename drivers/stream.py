"""Byte streams: a serial port or a TCP connection, opened by URL, with callbacks.

``serial:///dev/serial/by-id/…?baud=115200&bits=8&parity=N&stop=1&rtscts=0`` (the settings shown
are the defaults) and ``tcp://host:port``.

Bytes are handed over in the event loop's own callback: no thread and no task stands between
the wire and the reader.
"""

import asyncio
import errno
import os
import socket
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

import serial
from pydantic import AfterValidator

CONNECT_TIMEOUT_S = 3.0
MAX_UNSENT_BYTES = 65_536
"""A peer that takes no bytes is as good as gone; what waits for it must not fill the memory."""
_READ_BYTES = 65_536

_KEEPALIVE = {
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 2,
    socket.TCP_KEEPCNT: 3,
    # Keepalive is silent while sent bytes are unacknowledged; this one is not.
    socket.TCP_USER_TIMEOUT: 11_000,
}
"""A pulled cable is noticed in 11 s (tcp(7): seconds, seconds, probes, milliseconds)."""

_BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_SETTINGS = {
    "baud": [str(rate) for rate in _BAUD_RATES],
    "bits": ["7", "8"],
    "parity": ["N", "E", "O"],
    "stop": ["1", "2"],
    "rtscts": ["0", "1"],
}
_DEFAULTS = {"baud": "115200", "bits": "8", "parity": "N", "stop": "1", "rtscts": "0"}

_MENDS = {
    errno.ENOENT: "is it plugged in?",
    errno.EACCES: "is the agent's user in the group dialout?",
    errno.EAGAIN: "does another process have it open?",
    errno.EBUSY: "does another process have it open?",
    errno.ECONNREFUSED: "is the port right, and is the device set to be a server?",
    errno.EHOSTUNREACH: "is it switched on, and on this network?",
    errno.ENETUNREACH: "is it switched on, and on this network?",
    errno.ETIMEDOUT: "is it switched on, and on this network?",
}

OnBytes = Callable[[bytes], None]
OnLost = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port and its line settings; `parity` is N, E or O."""

    path: str
    baud: int
    bits: int
    parity: str
    stop: int
    rtscts: bool


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP server."""

    host: str
    port: int


class Stream(Protocol):
    """An open connection. After `close` no callback comes any more."""

    def write(self, data: bytes) -> bool:
        """Send `data` without waiting. False if the connection is gone or takes no more."""
        ...

    def close(self) -> None: ...


async def open_stream(url: str, on_bytes: OnBytes, on_lost: OnLost) -> Stream:
    """Open `url`; from then on what arrives is handed to `on_bytes` at once.

    `on_lost` is called once, with what happened, if the connection breaks. Raises OSError,
    naming the device and what to look for, if it cannot be opened; ValueError for a bad URL.
    """
    address = parse_url(url)
    try:
        if isinstance(address, SerialAddress):
            return _SerialStream(address, on_bytes, on_lost)
        return await _open_tcp(address, on_bytes, on_lost)
    except OSError as error:
        raise OSError(f"{url} cannot be opened: {_explain(error)}") from error
    except termios.error as error:
        # pyserial lets this one out when the device vanishes while it is being opened.
        found = _explain(OSError(*error.args))
        raise OSError(f"{url} cannot be opened: {found}") from error


def parse_url(url: str) -> SerialAddress | TcpAddress:
    """The address that `url` names. Raises ValueError with every fault in it."""
    parts = _split(url)
    if parts.scheme == "serial":
        return _serial_address(url, parts)
    if parts.scheme == "tcp":
        return _tcp_address(url, parts)
    raise ValueError(f"is {url!r}, expected serial:///dev/... or tcp://host:port")


def parse_tcp_url(url: str) -> TcpAddress:
    """The TCP server that `url` names. Raises ValueError for anything else."""
    return _tcp_address(url, _split(url))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ValueError(f"is {url!r}, expected a URL: {error}") from None


def _tcp_address(url: str, parts: SplitResult) -> TcpAddress:
    try:
        port = parts.port
    except ValueError:
        port = None
    extra = parts.path or parts.query or parts.fragment or parts.username is not None
    if parts.scheme != "tcp" or not parts.hostname or not port or extra:
        raise ValueError(f"is {url!r}, expected tcp://host:port with a port from 1 to 65535")
    return TcpAddress(parts.hostname, port)


def _serial_address(url: str, parts: SplitResult) -> SerialAddress:
    faults = []
    if parts.netloc or len(parts.path) < 2 or parts.fragment:
        faults.append(f"is {url!r}, expected three slashes and a path, as in serial:///dev/ttyUSB0")
    query = parse_qsl(parts.query, keep_blank_values=True)
    for key, value in query:
        allowed = _SETTINGS.get(key)
        if allowed is None:
            faults.append(f"has the setting {key!r}, expected some of {', '.join(_SETTINGS)}")
        elif value not in allowed:
            faults.append(f"has {key}={value!r}, expected one of {', '.join(allowed)}")
    if len(query) > len(dict(query)):
        faults.append(f"is {url!r}, expected each setting once")
    if faults:
        raise ValueError("; ".join(faults))
    chosen = _DEFAULTS | dict(query)
    return SerialAddress(
        path=parts.path,
        baud=int(chosen["baud"]),
        bits=int(chosen["bits"]),
        parity=chosen["parity"],
        stop=int(chosen["stop"]),
        rtscts=chosen["rtscts"] == "1",
    )


def _checked(url: str) -> str:
    parse_url(url)
    return url


def _checked_tcp(url: str) -> str:
    parse_tcp_url(url)
    return url


StreamUrl = Annotated[str, AfterValidator(_checked)]
"""For a device's configuration: a URL that `open_stream` takes."""
TcpUrl = Annotated[str, AfterValidator(_checked_tcp)]
"""For a device's configuration: ``tcp://host:port``."""


def _explain(error: OSError) -> str:
    """What went wrong and, where it is known, what to look for."""
    code = error.errno
    if code is None or code not in errno.errorcode:
        return error.strerror or str(error)
    mend = _MENDS.get(code)
    return f"{os.strerror(code)}; {mend}" if mend else os.strerror(code)


class _SerialStream:
    """A serial port. pyserial sets it up; reading and writing are the event loop's."""

    def __init__(self, address: SerialAddress, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._unsent = bytearray()
        self._loop = asyncio.get_running_loop()
        self._port = serial.Serial(
            address.path,
            baudrate=address.baud,
            bytesize=address.bits,
            parity=address.parity,
            stopbits=address.stop,
            rtscts=address.rtscts,
            timeout=0,
            exclusive=True,
        )
        self._fd = self._port.fileno()
        self._loop.add_reader(self._fd, self._read)

    def write(self, data: bytes) -> bool:
        if not self._port.is_open:
            return False
        self._unsent += data
        self._send()
        return self._port.is_open

    def close(self) -> None:
        if self._port.is_open:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._port.close()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"reading failed: {_explain(error)}")
            return
        if data:
            self._on_bytes(data)
        else:
            # Ready but empty is how Linux shows a port whose device is gone.
            self._lose("unplugged")

    def _send(self) -> None:
        try:
            del self._unsent[: os.write(self._fd, self._unsent)]
        except BlockingIOError:
            pass
        except OSError as error:
            self._lose(f"writing failed: {_explain(error)}")
            return
        if len(self._unsent) > MAX_UNSENT_BYTES:
            self._lose(f"takes no bytes: {len(self._unsent)} are waiting")
        elif self._unsent:
            self._loop.add_writer(self._fd, self._send)
        else:
            self._loop.remove_writer(self._fd)

    def _lose(self, detail: str) -> None:
        self.close()
        self._on_lost(detail)


async def _open_tcp(address: TcpAddress, on_bytes: OnBytes, on_lost: OnLost) -> Stream:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, stream = await loop.create_connection(
                lambda: _TcpStream(on_bytes, on_lost), address.host, address.port
            )
    except TimeoutError as error:
        raise TimeoutError(errno.ETIMEDOUT, "timed out") from error
    return stream


class _TcpStream(asyncio.Protocol):
    """A TCP connection. asyncio itself turns Nagle's delay off (TCP_NODELAY)."""

    _transport: asyncio.Transport

    def __init__(self, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open = True
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            sock.setsockopt(socket.IPPROTO_TCP, option, value)

    def data_received(self, data: bytes) -> None:
        if self._open:
            self._on_bytes(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._lose(f"connection broke: {_explain(exc)}")
        else:
            self._lose("the device closed the connection")

    def write(self, data: bytes) -> bool:
        if not self._open:
            return False
        self._transport.write(data)
        unsent = self._transport.get_write_buffer_size()
        if unsent > MAX_UNSENT_BYTES:
            self._lose(f"takes no bytes: {unsent} are waiting")
        return self._open

    def close(self) -> None:
        self._open = False
        self._transport.abort()

    def _lose(self, detail: str) -> None:
        if self._open:
            self.close()
            self._on_lost(detail)
