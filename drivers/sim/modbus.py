"""A Modbus TCP server for the plant's controller (Modbus Messaging on TCP/IP V1.0b).

Not pymodbus' server: that one passes each request through two more turns of the event loop, which
would be measured as the agent's time, and a client and server of one library share their faults.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from struct import Struct, pack, unpack

from drivers.protocols import Table
from drivers.sim.banks import Banks

_MBAP = Struct(">HHHB")
_SPAN = Struct(">HH")
_MAX_PDU_BYTES = 253

# Function codes (Modbus Application Protocol V1.1b3, section 6).
_READ_BITS = {1: Table.COIL, 2: Table.DISCRETE}
_READ_WORDS = {3: Table.HOLDING, 4: Table.INPUT}
_WRITE_COIL, _WRITE_COILS, _WRITE_WORDS = 5, 15, 16
_ON, _OFF = 0xFF00, 0
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_MAX_READ_BITS, _MAX_WRITE_BITS = 2_000, 1_968
_MAX_READ_WORDS, _MAX_WRITE_WORDS = 125, 123


class _RefusalError(Exception):
    """The request gets an exception reply with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception code {code}")
        self.code = code


class ModbusServer:
    """Shows `banks` on 127.0.0.1."""

    def __init__(self, banks: Banks) -> None:
        self._banks = banks
        self._connections: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        # Holds the port without listening, so that nobody else gets it during an outage: not even
        # the client, whose connection attempt could otherwise meet itself.
        self._keeper = socket.socket()
        self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._keeper.bind(("127.0.0.1", 0))
        self.port: int = self._keeper.getsockname()[1]

    async def start(self) -> None:
        """Listen on `port`, at first or again."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self.port)

    def close(self) -> None:
        self.drop()
        self._keeper.close()

    def drop(self) -> None:
        """Close every connection and refuse new ones, as a controller without power does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for transport in list(self._connections):
            transport.abort()

    def _connection(self) -> "_Connection":
        return _Connection(self._connections, self._answer)

    def _answer(self, pdu: bytes) -> bytes:
        """The reply (PDU) to one request (PDU, at least its function code)."""
        function = pdu[0]
        try:
            if function in _READ_BITS:
                return self._read_bits(pdu)
            if function in _READ_WORDS:
                return self._read_words(pdu)
            if function == _WRITE_COIL:
                return self._write_coil(pdu)
            if function == _WRITE_COILS:
                return self._write_coils(pdu)
            if function == _WRITE_WORDS:
                return self._write_words(pdu)
            raise _RefusalError(_ILLEGAL_FUNCTION)
        except LookupError:
            return bytes((function | 0x80, _ILLEGAL_ADDRESS))
        except _RefusalError as refused:
            return bytes((function | 0x80, refused.code))

    def _read_bits(self, pdu: bytes) -> bytes:
        address, count = _span(pdu, 5, _MAX_READ_BITS)
        bits = self._banks.read(_READ_BITS[pdu[0]], address, count)
        length = -(-count // 8)
        packed = sum(bool(bit) << index for index, bit in enumerate(bits))
        return bytes((pdu[0], length)) + packed.to_bytes(length, "little")

    def _read_words(self, pdu: bytes) -> bytes:
        address, count = _span(pdu, 5, _MAX_READ_WORDS)
        words = self._banks.read(_READ_WORDS[pdu[0]], address, count)
        return pack(f">BB{count}H", pdu[0], 2 * count, *words)

    def _write_coil(self, pdu: bytes) -> bytes:
        if len(pdu) != 5:
            raise _RefusalError(_ILLEGAL_VALUE)
        address, value = _SPAN.unpack_from(pdu, 1)
        if value not in (_ON, _OFF):
            raise _RefusalError(_ILLEGAL_VALUE)
        self._banks.write(Table.COIL, address, [int(value == _ON)])
        return pdu

    def _write_coils(self, pdu: bytes) -> bytes:
        address, count = _span_to_write(pdu, _MAX_WRITE_BITS, lambda count: -(-count // 8))
        packed = int.from_bytes(pdu[6:], "little")
        self._banks.write(Table.COIL, address, [packed >> index & 1 for index in range(count)])
        return pdu[:5]

    def _write_words(self, pdu: bytes) -> bytes:
        address, count = _span_to_write(pdu, _MAX_WRITE_WORDS, lambda count: 2 * count)
        words: Sequence[int] = unpack(f">{count}H", pdu[6:])
        self._banks.write(Table.HOLDING, address, words)
        return pdu[:5]


def _span(pdu: bytes, length: int, most: int) -> tuple[int, int]:
    """Address and count of a request that must be `length` bytes and name 1 to `most` values."""
    if len(pdu) != length:
        raise _RefusalError(_ILLEGAL_VALUE)
    address, count = _SPAN.unpack_from(pdu, 1)
    if not 1 <= count <= most:
        raise _RefusalError(_ILLEGAL_VALUE)
    return address, count


def _span_to_write(pdu: bytes, most: int, data_bytes: Callable[[int], int]) -> tuple[int, int]:
    """Address and count of a request that brings its values with it."""
    if len(pdu) < 6:
        raise _RefusalError(_ILLEGAL_VALUE)
    address, count = _span(pdu, 6 + pdu[5], most)
    if pdu[5] != data_bytes(count):
        raise _RefusalError(_ILLEGAL_VALUE)
    return address, count


class _Connection(asyncio.Protocol):
    """One client: requests in, replies out, in order."""

    def __init__(
        self, connections: set[asyncio.Transport], answer: Callable[[bytes], bytes]
    ) -> None:
        self._connections = connections
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a TCP server gives no other
        self._transport = transport
        self._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        while len(received) > _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(received)
            if protocol != 0 or not 2 <= length <= _MAX_PDU_BYTES + 1:
                self._transport.abort()
                return
            end = _MBAP.size + length - 1
            if len(received) < end:
                break
            reply = self._answer(received[_MBAP.size : end])
            self._transport.write(_MBAP.pack(transaction, 0, len(reply) + 1, unit) + reply)
            received = received[end:]
        self._received = received
