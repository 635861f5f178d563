import asyncio
import socket
import struct
import termios

import pytest

from drivers.stream import (
    MAX_UNSENT_BYTES,
    SerialAddress,
    TcpAddress,
    open_stream,
    parse_tcp_url,
    parse_url,
)
from tests.drivers.counterparts import Cable, TcpPeer, option_to


class Owner:
    """Holds what a stream told its owner."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.lost: asyncio.Queue[str] = asyncio.Queue()

    async def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            data += await self.arrived.get()
        return data


def test_a_url_names_a_serial_port_with_its_settings() -> None:
    path = "/dev/serial/by-id/usb-X_1-if00"
    assert parse_url(f"serial://{path}") == SerialAddress(path, 115_200, 8, "N", 1, False)
    url = f"serial://{path}?baud=9600&bits=7&parity=E&stop=2&rtscts=1"
    assert parse_url(url) == SerialAddress(path, 9600, 7, "E", 2, True)


def test_a_url_names_a_tcp_server() -> None:
    assert parse_url("tcp://192.168.0.20:9004") == TcpAddress("192.168.0.20", 9004)
    assert parse_url("tcp://[fe80::1]:23") == TcpAddress("fe80::1", 23)


@pytest.mark.parametrize(
    ("url", "found", "expected"),
    [
        ("/dev/ttyUSB0", "/dev/ttyUSB0", "serial:///dev/..."),
        ("udp://h:1", "udp://h:1", "tcp://host:port"),
        ("tcp://host", "tcp://host", "a port from 1 to 65535"),
        ("tcp://host:0", "tcp://host:0", "a port from 1 to 65535"),
        ("tcp://host:70000", "tcp://host:70000", "a port from 1 to 65535"),
        ("tcp://host:1/path", "/path", "tcp://host:port"),
        ("tcp://user@host:1", "user@", "tcp://host:port"),
        ("tcp://[::1:1", "[::1:1", "a URL"),
        ("serial://dev/ttyUSB0", "serial://dev", "three slashes"),
        ("serial:///dev/x?baud=115201", "baud='115201'", "115200"),
        ("serial:///dev/x?speed=9600", "'speed'", "baud, bits, parity"),
        ("serial:///dev/x?bits=8&bits=8", "bits=8&bits=8", "each setting once"),
    ],
)
def test_a_bad_url_is_told_with_what_was_expected(url: str, found: str, expected: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_url(url)
    before, after = str(caught.value).split("expected", 1)
    assert found in before
    assert expected in after


def test_all_faults_of_a_url_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"baud.*; .*parity.*; .*stop") as caught:
        parse_url("serial:///dev/x?baud=1&parity=X&stop=3")
    assert str(caught.value).count(";") == 2


def test_a_serial_url_is_no_tcp_url() -> None:
    with pytest.raises(ValueError, match="expected tcp://host:port"):
        parse_tcp_url("serial:///dev/ttyUSB0")


async def test_bytes_go_both_ways_over_a_serial_port(cable: Cable) -> None:
    owner = Owner()
    cable.plug()
    stream = await open_stream(cable.url, owner.arrived.put_nowait, owner.lost.put_nowait)
    cable.send(b"ABC\r")
    assert await owner.receive(4) == b"ABC\r"
    assert stream.write(b"LON\r")
    assert await cable.receive(4) == b"LON\r"
    stream.close()
    assert not stream.write(b"LON\r")
    assert owner.lost.empty()


async def test_a_serial_port_gets_the_settings_of_its_url(cable: Cable) -> None:
    cable.plug()
    url = f"{cable.url}?baud=9600&bits=8&parity=N&stop=2&rtscts=1"
    stream = await open_stream(url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
    cflag, ispeed, ospeed = (cable.settings()[i] for i in (2, 4, 5))
    stream.close()
    assert (ispeed, ospeed) == (termios.B9600, termios.B9600)
    assert cflag & termios.CSTOPB
    assert cflag & termios.CRTSCTS


async def test_a_serial_port_in_use_is_refused(cable: Cable) -> None:
    cable.plug()
    first = await open_stream(cable.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
    with pytest.raises(OSError, match="does another process have it open"):
        await open_stream(cable.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
    first.close()


async def test_an_absent_serial_port_is_named_with_what_to_look_for(cable: Cable) -> None:
    with pytest.raises(OSError, match=f"{cable.path} cannot be opened: .*is it plugged in"):
        await open_stream(cable.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)


async def test_an_unplugged_serial_port_is_told_once(cable: Cable) -> None:
    owner = Owner()
    cable.plug()
    stream = await open_stream(cable.url, owner.arrived.put_nowait, owner.lost.put_nowait)
    cable.unplug()
    assert await owner.lost.get()
    assert not stream.write(b"x")
    stream.close()
    assert owner.lost.empty()


async def test_a_serial_device_that_reads_nothing_is_lost_with_bounded_memory(
    cable: Cable,
) -> None:
    owner = Owner()
    cable.plug()
    stream = await open_stream(cable.url, owner.arrived.put_nowait, owner.lost.put_nowait)
    packet = b"x" * 4096
    written = 0
    while stream.write(packet):
        written += len(packet)
        assert written < 4 * MAX_UNSENT_BYTES
    assert written >= MAX_UNSENT_BYTES
    assert "takes no bytes" in owner.lost.get_nowait()


async def test_bytes_that_did_not_fit_at_once_reach_the_serial_device_in_order(
    cable: Cable,
) -> None:
    cable.plug()
    stream = await open_stream(cable.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
    message = bytes(range(256)) * 128
    assert stream.write(message)
    assert await cable.receive(len(message)) == message
    stream.close()


async def test_bytes_go_both_ways_over_tcp(peer: TcpPeer) -> None:
    owner = Owner()
    stream = await open_stream(peer.url, owner.arrived.put_nowait, owner.lost.put_nowait)
    reader, writer = await peer.accepted()
    writer.write(b"ABC\r")
    assert await owner.receive(4) == b"ABC\r"
    assert stream.write(b"LON\r")
    assert await reader.readexactly(4) == b"LON\r"
    stream.close()
    assert not stream.write(b"LON\r")
    assert await reader.read() == b""
    assert owner.lost.empty()


async def test_a_tcp_connection_sends_at_once_and_notices_a_pulled_cable(
    peer: TcpPeer,
) -> None:
    stream = await open_stream(peer.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
    assert option_to(peer.port, socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert option_to(peer.port, socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert option_to(peer.port, socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
    assert option_to(peer.port, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 11_000
    stream.close()


@pytest.mark.parametrize(
    ("linger_s", "detail"),
    [(None, "the device closed the connection"), (0, "Connection reset by peer")],
)
async def test_a_dropped_tcp_connection_is_told_once(
    peer: TcpPeer, linger_s: int | None, detail: str
) -> None:
    owner = Owner()
    stream = await open_stream(peer.url, owner.arrived.put_nowait, owner.lost.put_nowait)
    _, writer = await peer.accepted()
    if linger_s is not None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, linger_s))
    writer.transport.abort()
    assert detail in await owner.lost.get()
    assert not stream.write(b"x")
    stream.close()
    assert owner.lost.empty()


async def test_a_tcp_peer_that_reads_nothing_is_lost_with_bounded_memory() -> None:
    owner = Owner()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        port = server.getsockname()[1]
        url = f"tcp://127.0.0.1:{port}"
        stream = await open_stream(url, owner.arrived.put_nowait, owner.lost.put_nowait)
        packet = b"x" * 65_536
        written = 0
        while stream.write(packet):
            written += len(packet)
            assert written < 64 * 1024 * 1024
        assert "takes no bytes" in owner.lost.get_nowait()


async def test_a_refused_tcp_connection_is_named_with_what_to_look_for(peer: TcpPeer) -> None:
    await peer.stop()
    with pytest.raises(OSError, match=f"{peer.url} cannot be opened: .*is the port right"):
        await open_stream(peer.url, Owner().arrived.put_nowait, Owner().lost.put_nowait)
