"""Requests and answers on one Modbus connection, over TCP or a serial line.

A request goes out in the caller's own turn of the event loop, and its answer is handed over in the
turn in which it arrives: between scan and gate every turn counts. One request is under way at a
time, the others wait. Nothing is ever sent twice.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pymodbus.framer.base import FramerBase

from drivers.plc.modbus_requests import (
    ExceptionReplyError,
    NotTheAnswerError,
    Request,
    WrongAnswerError,
)
from drivers.protocols import PlcError
from drivers.reconnect import OnLost
from drivers.stream import Stream

T = TypeVar("T")

MAX_UNREAD_BYTES = 1_024
"""No answer is longer than 260 bytes; more that makes no frame is not Modbus."""


@dataclass(slots=True)
class _Asked:
    request: Request[Any]
    answer: asyncio.Future[Any]


class Exchange:
    """The requests of one connection.

    Made before the connection, for which `received` and `lost` are the callbacks; `open` makes it
    usable. `on_lost` is told why it was lost, or had to be given up: after an answer that did not
    come within `timeout_s`, or was none, the next one's could be another request's.

    `transactions` numbers the frames (0 for ever where frames have no number). `silence_s` is kept
    between what was received and what is sent.
    """

    def __init__(
        self,
        name: str,
        framer: FramerBase,
        on_lost: OnLost,
        *,
        device_id: int,
        timeout_s: float,
        transactions: Iterator[int],
        silence_s: float = 0.0,
    ) -> None:
        self._name = name
        self._framer = framer
        self._on_lost = on_lost
        self._device_id = device_id
        self._timeout_s = timeout_s
        self._transactions = transactions
        self._silence_s = silence_s
        self._loop = asyncio.get_running_loop()
        self._stream: Stream | None = None
        self._waiting: deque[_Asked] = deque()
        self._under_way: _Asked | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Of the time-out while a request is under way, of the silence before one."""
        self._transaction = 0
        self._unread = b""
        self._heard_s = 0.0
        self._ignored = ""
        """What came instead of the answer that is waited for."""

    def open(self, stream: Stream) -> None:
        """Requests go to `stream` from now on."""
        self._stream = stream
        self._heard_s = self._loop.time()

    def request(self, request: Request[T]) -> asyncio.Future[T]:
        """Send `request`, now if nothing is under way. The future fails with PlcError."""
        answer: asyncio.Future[T] = self._loop.create_future()
        if self._stream is None:
            found = "a closed connection"
            answer.set_exception(plc_error(self._name, request.what, found, "an open one"))
        else:
            self._waiting.append(_Asked(request, answer))
            self._pump()
        return answer

    def received(self, data: bytes) -> None:
        """Take what arrived."""
        self._heard_s = self._loop.time()
        self._unread += data
        while self._unread and self._stream is not None:
            used, device_id, transaction, pdu = self._framer.decode(self._unread)
            if not used:
                break
            frame, self._unread = self._unread[:used], self._unread[used:]
            self._take(device_id, transaction, pdu, frame)
        if len(self._unread) > MAX_UNREAD_BYTES:
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
        self._stop_timer()
        self._unread = b""
        pending = ([self._under_way] if self._under_way else []) + list(self._waiting)
        self._under_way = None
        self._waiting.clear()
        for asked in pending:
            self._fail(asked, "a connection lost before the answer", "an answer")

    def _pump(self) -> None:
        """Send the next request, if none is under way and the line was silent long enough."""
        if self._under_way is not None or self._stream is None:
            return
        self._stop_timer()
        while self._waiting and self._waiting[0].answer.cancelled():
            self._waiting.popleft()
        if not self._waiting:
            return
        wait_s = self._heard_s + self._silence_s - self._loop.time()
        if self._silence_s and wait_s > 0:
            self._timer = self._loop.call_later(wait_s, self._pump)
            return
        if self._silence_s:
            # After such a silence a new frame begins; what came before it was never finished.
            self._unread = b""
        self._ignored = ""
        self._under_way = asked = self._waiting.popleft()
        self._transaction = next(self._transactions)
        pdu = asked.request.pdu
        pdu.dev_id = self._device_id
        pdu.transaction_id = self._transaction
        self._timer = self._loop.call_later(self._timeout_s, self._time_out, asked)
        self._stream.write(self._framer.buildFrame(pdu))

    def _take(self, device_id: int, transaction: int, pdu: bytes, frame: bytes) -> None:
        asked = self._under_way
        if asked is None:
            return
        if not pdu:
            found = f"a damaged frame ({frame[:20].hex(' ')})"
            self._give_up(asked, found, "an answer")
        elif self._device_id and device_id != self._device_id:
            self._ignored = f"an answer of device {device_id}"
        elif transaction != self._transaction:
            self._ignored = f"an answer to request {transaction}"
        else:
            self._finish(asked, pdu)

    def _finish(self, asked: _Asked, pdu: bytes) -> None:
        # A caller that gave up is no reason to stop: what it asked for was due all the same.
        try:
            result = asked.request.result(pdu)
        except NotTheAnswerError as error:
            self._ignored = error.found
            return
        except ExceptionReplyError as error:
            self._fail(asked, error.found, error.expected)
        except WrongAnswerError as error:
            self._give_up(asked, error.found, error.expected)
            return
        else:
            if not asked.answer.done():
                asked.answer.set_result(result)
        self._under_way = None
        self._pump()

    def _time_out(self, asked: _Asked) -> None:
        found = f"no answer within {self._timeout_s * 1000:.0f} ms"
        if self._unread:
            self._ignored = f"{len(self._unread)} bytes that make no frame"
        if self._ignored:
            found += f", only {self._ignored}"
        self._give_up(asked, found, "one")

    def _give_up(self, asked: _Asked, found: str, expected: str) -> None:
        """`asked` fails; what else comes on this connection cannot be trusted."""
        self._fail(asked, found, expected)
        self.lost(f"{asked.request.what}: {found}")

    def _fail(self, asked: _Asked, found: str, expected: str) -> None:
        if not asked.answer.done():
            error = plc_error(self._name, asked.request.what, found, expected)
            asked.answer.set_exception(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def plc_error(name: str, what: str, found: str, expected: str) -> PlcError:
    """A request to the controller `name` that was not carried out."""
    return PlcError(f"plc {name}: {what}: found {found}, expected {expected}")
