"""A Modbus TCP server for the plant's controller (Modbus Messaging on TCP/IP V1.0b).

Not pymodbus' server: that one passes each request through two more turns of the event loop, which
would be measured as the agent's time, and a client and server of one library share their faults.
"""

import asyncio
import socket
from collections.abc import Callable
from struct import Struct, pack, unpack

_MBAP = Struct(">HHHB")
_SPAN = Struct(">HH")
_MAX_PDU_BYTES = 253

_READ_HOLDING, _READ_INPUT, _WRITE_MULTIPLE = 3, 4, 16
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_MAX_READ, _MAX_WRITE = 125, 123


class _RefusalError(Exception):
    """The request gets an exception reply with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception code {code}")
        self.code = code


class ModbusServer:
    """Shows two banks of 16-bit registers on 127.0.0.1. The lists are shared, not copied."""

    def __init__(self, input_registers: list[int], holding_registers: list[int]) -> None:
        self._inputs = input_registers
        self._holding = holding_registers
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
        try:
            if pdu[0] == _READ_INPUT:
                return self._read(self._inputs, pdu)
            if pdu[0] == _WRITE_MULTIPLE:
                return self._write(pdu)
            if pdu[0] == _READ_HOLDING:
                return self._read(self._holding, pdu)
            raise _RefusalError(_ILLEGAL_FUNCTION)
        except _RefusalError as refused:
            return bytes((pdu[0] | 0x80, refused.code))

    def _read(self, bank: list[int], pdu: bytes) -> bytes:
        address, count = _span(pdu, 5, _MAX_READ)
        if address + count > len(bank):
            raise _RefusalError(_ILLEGAL_ADDRESS)
        return pack(f">BB{count}H", pdu[0], 2 * count, *bank[address : address + count])

    def _write(self, pdu: bytes) -> bytes:
        if len(pdu) < 6:
            raise _RefusalError(_ILLEGAL_VALUE)
        address, count = _span(pdu, 6 + pdu[5], _MAX_WRITE)
        if pdu[5] != 2 * count:
            raise _RefusalError(_ILLEGAL_VALUE)
        if address + count > len(self._holding):
            raise _RefusalError(_ILLEGAL_ADDRESS)
        self._holding[address : address + count] = unpack(f">{count}H", pdu[6:])
        return pdu[:5]


def _span(pdu: bytes, length: int, most: int) -> tuple[int, int]:
    """Address and count of a request that must be `length` bytes and ask for 1 to `most` words."""
    if len(pdu) != length:
        raise _RefusalError(_ILLEGAL_VALUE)
    address, count = _SPAN.unpack_from(pdu, 1)
    if not 1 <= count <= most:
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
