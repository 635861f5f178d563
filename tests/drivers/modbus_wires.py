"""The far end of a Modbus line, in a test's hand: what was asked is seen, and anything answered."""

import asyncio
import struct
from typing import Protocol

from drivers import registry
from drivers.plc import modbus_rtu, modbus_tcp
from drivers.protocols import Plc
from tests.drivers.counterparts import Cable, TcpPeer

ECHO_TEST = b"\x08\x00\x00"
READ = b"\x04\x00\x00\x00\x02"
"""A request for input registers 0 and 1."""


class Wire(Protocol):
    """PDUs are function code and data, without what TCP or RTU puts around them."""

    def plc(self, timeout_ms: int = 5_000) -> Plc:
        """A driver for this line, not yet running."""
        ...

    async def greeted(self) -> None:
        """Await the driver's connection, and answer its first request."""
        ...

    async def asked(self) -> bytes:
        """The PDU of the next request."""
        ...

    def answer(self, pdu: bytes) -> None:
        """Answer the last request."""
        ...

    async def is_quiet(self) -> bool:
        """Whether nothing was sent since the last request. Over TCP only when it was closed."""
        ...

    def drop(self) -> None:
        """The line is lost."""
        ...


class TcpWire:
    """A TCP server for the driver's connections, one after the other."""

    def __init__(self, peer: TcpPeer) -> None:
        self._peer = peer
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._device_id = 1
        self.transaction = 0

    def plc(self, timeout_ms: int = 5_000, device_id: int = 1) -> Plc:
        self._device_id = device_id
        config = modbus_tcp.Config(url=self._peer.url, timeout_ms=timeout_ms, device_id=device_id)
        return registry.build_plc("gate", config)

    async def greeted(self) -> None:
        self._reader, self._writer = await self._peer.accepted()
        await self.asked()
        self.answer(b"\x84\x02")

    async def asked(self) -> bytes:
        header = await self._reader.readexactly(7)
        self.transaction, protocol, length, unit = struct.unpack(">HHHB", header)
        assert (protocol, unit) == (0, self._device_id)
        return await self._reader.readexactly(length - 1)

    def answer(self, pdu: bytes) -> None:
        self.send(pdu)

    def send(self, pdu: bytes, *, transaction: int | None = None, unit: int = 1) -> None:
        number = self.transaction if transaction is None else transaction
        self.send_bytes(struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu)

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    async def is_quiet(self) -> bool:
        return await self._reader.read() == b""

    def drop(self) -> None:
        self._writer.transport.abort()


class RtuWire:
    """An RTU device on a pty."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable

    @property
    def url(self) -> str:
        return f"{self._cable.url}?baud=19200"

    def plc(self, timeout_ms: int = 5_000, settle_ms: int = 10) -> Plc:
        config = modbus_rtu.Config(url=self.url, timeout_ms=timeout_ms, settle_ms=settle_ms)
        return registry.build_plc("gate", config)

    async def greeted(self) -> None:
        test = await self.asked()
        assert test.startswith(ECHO_TEST)
        self.answer(test)

    async def asked(self) -> bytes:
        frame = await self._cable.receive(8)
        if frame[1] == 16:
            frame += await self._cable.receive(frame[6] + 1)
        assert crc(frame) == 0, "over a frame and its CRC there is no remainder"
        assert frame[0] == 1
        return frame[1:-2]

    def answer(self, pdu: bytes) -> None:
        self.send(pdu)

    def send(self, pdu: bytes, *, unit: int = 1) -> None:
        self._cable.send(framed(pdu, unit=unit))

    def send_bytes(self, data: bytes) -> None:
        self._cable.send(data)

    async def is_quiet(self) -> bool:
        return self._cable.is_silent()

    def drop(self) -> None:
        self._cable.unplug()


def framed(pdu: bytes, *, unit: int = 1) -> bytes:
    """An RTU frame: the CRC goes low byte first (Modbus over Serial Line V1.02, 6.2.2)."""
    body = bytes([unit]) + pdu
    return body + crc(body).to_bytes(2, "little")


def crc(data: bytes) -> int:
    """CRC-16 as the standard describes it, bit by bit (6.2.2), apart from pymodbus' table."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder, out = remainder >> 1, remainder & 1
            if out:
                remainder ^= 0xA001
    return remainder
