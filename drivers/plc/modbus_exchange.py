"""Requests and answers on one Modbus connection; pymodbus knows how they are written.

A request goes out in the caller's own turn of the event loop, and its answer is handed over in the
turn in which it arrives: between scan and gate every turn counts. One request is under way at a
time, the others wait. Nothing is ever sent twice.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.framer.base import FramerBase
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from drivers.protocols import PlcError
from drivers.reconnect import OnLost
from drivers.stream import Stream

T = TypeVar("T")

MAX_UNREAD_BYTES = 1_024
"""No answer is longer than 260 bytes; more that makes no frame is not Modbus."""


@dataclass(slots=True)
class _Request:
    pdu: ModbusPDU
    what: str
    read: Callable[[ModbusPDU], Any]
    exceptions: bool
    answer: asyncio.Future[Any]


class Exchange:
    """The requests of one connection.

    Made before the connection, for which `received` and `lost` are the callbacks; `open` makes it
    usable. `on_lost` is told why it was lost or had to be given up: an answer that does not come
    within `timeout_s` could be taken for the next one's.
    """

    def __init__(
        self,
        name: str,
        framer: FramerBase,
        on_lost: OnLost,
        *,
        device_id: int,
        timeout_s: float,
    ) -> None:
        self._name = name
        self._framer = framer
        self._on_lost = on_lost
        self._device_id = device_id
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._stream: Stream | None = None
        self._waiting: deque[_Request] = deque()
        self._under_way: _Request | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transaction = 0
        self._unread = b""

    def open(self, stream: Stream) -> None:
        """Requests go to `stream` from now on."""
        self._stream = stream

    def request(
        self,
        pdu: ModbusPDU,
        what: str,
        read: Callable[[ModbusPDU], T],
        *,
        exceptions: bool = False,
    ) -> asyncio.Future[T]:
        """Send `pdu`, now if nothing is under way. `read` makes the result of the answer.

        The future fails with PlcError if no answer comes, as `read` says, and for an exception
        reply, unless `exceptions` are answers too.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        if self._stream is None:
            answer.set_exception(self._wrong(what, "a closed connection", "an open one"))
        else:
            self._waiting.append(_Request(pdu, what, read, exceptions, answer))
            self._pump()
        return answer

    def received(self, data: bytes) -> None:
        """Take what arrived."""
        self._unread += data
        try:
            used, pdu = self._framer.handleFrame(self._unread, self._device_id, self._transaction)
        except ModbusException as error:
            self.lost(f"an answer cannot be decoded: {error.string}")
            return
        self._unread = self._unread[used:]
        if pdu is not None and self._under_way is not None:
            self._finish(self._under_way, pdu)
        elif len(self._unread) > MAX_UNREAD_BYTES:
            self.lost(f"{len(self._unread)} bytes arrived that are not Modbus")

    def lost(self, detail: str) -> None:
        """The connection broke, or must be given up."""
        self.close()
        self._on_lost(detail)

    def close(self) -> None:
        """Close the connection and fail every request."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._timer is not None:
            self._timer.cancel()
        pending = ([self._under_way] if self._under_way else []) + list(self._waiting)
        self._under_way = None
        self._waiting.clear()
        for request in pending:
            if not request.answer.done():
                found = "a connection lost before the answer"
                request.answer.set_exception(self._wrong(request.what, found, "an answer"))

    def _pump(self) -> None:
        """Send the next request if none is under way, or its caller has given it up."""
        if self._under_way is not None and not self._under_way.answer.cancelled():
            return
        if self._timer is not None:
            self._timer.cancel()
        self._under_way = None
        while self._waiting and self._stream is not None:
            request = self._waiting.popleft()
            if request.answer.cancelled():
                continue
            self._under_way = request
            self._transaction = self._transaction % 65_535 + 1
            request.pdu.dev_id = self._device_id
            request.pdu.transaction_id = self._transaction
            self._timer = self._loop.call_later(self._timeout_s, self._time_out, request)
            self._stream.write(self._framer.buildFrame(request.pdu))
            return

    def _finish(self, request: _Request, pdu: ModbusPDU) -> None:
        self._under_way = None
        if not request.answer.cancelled():
            try:
                if isinstance(pdu, ExceptionResponse) and not request.exceptions:
                    raise self._wrong(request.what, _exception(pdu.exception_code), "an answer")
                request.answer.set_result(request.read(pdu))
            except PlcError as error:
                request.answer.set_exception(error)
        self._pump()

    def _time_out(self, request: _Request) -> None:
        found = f"no answer within {self._timeout_s * 1000:.0f} ms"
        if not request.answer.done():
            request.answer.set_exception(self._wrong(request.what, found, "one"))
        self.lost(f"{request.what}: {found}")

    def _wrong(self, what: str, found: str, expected: str) -> PlcError:
        return PlcError(f"plc {self._name}: {what}: found {found}, expected {expected}")


def _exception(code: int) -> str:
    known = {exception.value: exception.name.lower().replace("_", " ") for exception in ExcCodes}
    return f"exception {code} ({known.get(code, 'unknown')})"
