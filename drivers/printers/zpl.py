"""Label printers that speak ZPL II, over TCP (port 9100) or a serial port.

The printer is asked for its state with ``~HS`` (ZPL II Programming Guide, Host Status Return). Many
are silent while labels or ribbon are out or the head is open, so silence is a fault. After one the
connection is opened anew: a late answer must not be taken for the answer to a later question.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace

from drivers.framing import Framer
from drivers.protocols import DeviceState, PrinterError, PrinterFault
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.stream import MAX_UNSENT_BYTES, SerialAddress, Stream, open_stream, parse_url

MAX_JOB_BYTES = MAX_UNSENT_BYTES - 1_024
"""Of one label: what is more could not wait for the wire."""
FINISH_S = 60.0
"""A label takes seconds; a printer that is not done by then is stuck."""
_BUSY_POLL_S = 0.1
_QUESTION = b"~HS\r\n"
_STRINGS, _MAX_STRING_BYTES = 3, 128
_ENDS = (b"\x03", b"\x03\r\n", b"\x03\r", b"\x03\n")
"""ETX, and the line's end that most send behind it."""
_BITS_PER_BYTE = 10
_SILENCE = "no answer to ~HS within {ms} ms: are labels and ribbon in, and the head closed?"


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What ``~HS`` says. `waiting` counts labels that are in the printer and not yet on paper."""

    fault: PrinterFault | None
    waiting: int


def parse_host_status(strings: list[bytes]) -> HostStatus:
    """The three strings of an answer, without STX and ETX. Raises ValueError for anything else."""
    parts = [string.decode("ascii", "replace").split(",") for string in strings]
    if [len(part) for part in parts][:2] != [12, 11] or len(parts) != _STRINGS:
        raise ValueError(
            f"~HS is answered with {b' / '.join(strings)[:80]!r}, expected three strings, of 12 "
            "values, of 11 and of 2"
        )
    try:
        one, two = [int(value) for value in parts[0]], [int(value) for value in parts[1]]
    except ValueError:
        raise ValueError(
            f"~HS is answered with {b' / '.join(strings)[:80]!r}, expected numbers"
        ) from None
    flags = {
        PrinterFault.HEAD_OPEN: two[2],
        PrinterFault.MEDIA_OUT: one[1],
        PrinterFault.RIBBON_OUT: two[3],
        PrinterFault.MEMORY_LOST: one[9],
        PrinterFault.TOO_HOT: one[11],
        PrinterFault.TOO_COLD: one[10],
        PrinterFault.BUFFER_FULL: one[5],
        PrinterFault.PAUSED: one[2],
    }
    fault = next((fault for fault, flag in flags.items() if flag), None)
    formats, partial, remaining = one[4], one[7], two[8]
    return HostStatus(fault, max(formats + partial, remaining))


class ZplPrinter:
    """One printer. `poll_s` is how often it is asked for its state, `answer_ms` how long it has."""

    def __init__(self, name: str, url: str, *, poll_s: float, answer_ms: int) -> None:
        self._url = url
        self._poll_s = poll_s
        self._answer_s = answer_ms / 1_000
        address = parse_url(url)
        self._byte_s = _BITS_PER_BYTE / address.baud if isinstance(address, SerialAddress) else 0.0
        self._link = Reconnect(name, url)
        self._stream: Stream | None = None
        self._lose: OnLost | None = None
        self._framer = Framer(prefix=b"\x02", suffixes=_ENDS, max_bytes=_MAX_STRING_BYTES)
        self._strings: list[bytes] = []
        self._answer: asyncio.Future[HostStatus] | None = None
        self._asking = asyncio.Lock()
        self._reported: PrinterFault | None = None
        self._away = PrinterFault.AWAY
        self._changed = asyncio.Event()

    @property
    def state(self) -> DeviceState:
        dropped = self._framer.dropped_bytes
        if self._stream is not None and self._reported is not None:
            detail = f"{self._url}: {self._reported}"
            return replace(self._link.state, detail=detail, dropped_bytes=dropped)
        return replace(self._link.state, dropped_bytes=dropped)

    @property
    def fault(self) -> PrinterFault | None:
        return self._reported if self._stream is not None else self._away

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll())
            await self._link.run(self._open)

    async def ready(self) -> None:
        while self.fault is not None:
            self._changed.clear()
            await self._changed.wait()

    async def print(self, job: bytes) -> None:
        if len(job) > MAX_JOB_BYTES:
            raise ValueError(f"a label has {len(job)} bytes, expected at most {MAX_JOB_BYTES}")
        before = await self._ask(handed_over=False)
        if before.fault is not None:
            raise PrinterError(before.fault, f"~HS says {before.fault}", handed_over=False)
        stream = self._stream
        if stream is None or not stream.write(job):
            # Some of it may be on the wire.
            raise PrinterError(
                PrinterFault.BROKEN, "the connection broke", handed_over=stream is not None
            )
        # The question waits on the wire behind the label.
        wire_s = len(job) * self._byte_s * 1.2
        try:
            async with asyncio.timeout(wire_s + FINISH_S):
                while True:
                    status = await self._ask(handed_over=True, extra_s=wire_s)
                    if status.fault is not None:
                        raise PrinterError(
                            status.fault, f"~HS says {status.fault}", handed_over=True
                        )
                    if not status.waiting:
                        return
                    await asyncio.sleep(_BUSY_POLL_S)
        except TimeoutError:
            detail = f"the label is not printed after {FINISH_S:g} s"
            self._give_up(PrinterFault.STUCK, detail)
            raise PrinterError(PrinterFault.STUCK, detail, handed_over=True) from None

    async def _open(self, on_lost: OnLost) -> Close:
        """The link is up when the printer has answered."""
        self._framer.reset()
        self._strings.clear()
        lost = asyncio.get_running_loop().create_future()

        def lose(detail: str) -> None:
            if not lost.done():
                lost.set_result(None)
            self._drop(PrinterFault.AWAY)
            on_lost(detail)

        try:
            stream = await open_stream(self._url, self._received, lose)
        except OSError:
            self._away = PrinterFault.AWAY
            raise
        try:
            status = await self._exchange(stream, self._answer_s)
        except (TimeoutError, ValueError, ConnectionError) as error:
            stream.close()
            self._away = _away_by(error)
            raise OSError(f"{self._url}: {self._say(error)}") from error
        if lost.done():
            raise OSError(f"{self._url}: the connection broke while it was opened")
        self._stream, self._lose = stream, lose
        self._report(status.fault)
        return self._close

    def _close(self) -> None:
        if self._stream is not None:
            self._drop(PrinterFault.AWAY)

    def _give_up(self, fault: PrinterFault, detail: str) -> None:
        """Open the connection anew: what still comes over this one answers nothing."""
        self._drop(fault)
        if self._lose is not None:
            self._lose(detail)

    def _drop(self, away: PrinterFault) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            self._away = away
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the connection broke"))

    def _report(self, fault: PrinterFault | None) -> None:
        self._reported = fault
        self._changed.set()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            if self._stream is not None:
                with contextlib.suppress(PrinterError):  # the link has been told
                    await self._ask(handed_over=False)

    async def _ask(self, *, handed_over: bool, extra_s: float = 0.0) -> HostStatus:
        """The printer's state now. Raises PrinterError, and drops the link, if it does not say."""
        async with self._asking:
            stream = self._stream
            if stream is None:
                fault = self._away_from(handed_over)
                raise PrinterError(fault, "there is no connection", handed_over=handed_over)
            try:
                status = await self._exchange(stream, self._answer_s + extra_s)
            except (TimeoutError, ValueError, ConnectionError) as error:
                if not isinstance(error, ConnectionError):
                    self._give_up(_away_by(error), self._say(error))
                fault = self._away_from(handed_over)
                raise PrinterError(fault, self._say(error), handed_over=handed_over) from error
            self._report(status.fault)
            return status

    async def _exchange(self, stream: Stream, timeout_s: float) -> HostStatus:
        """One question and its answer. Raises TimeoutError, ValueError or ConnectionError."""
        self._strings.clear()
        self._answer = asyncio.get_running_loop().create_future()
        try:
            if not stream.write(_QUESTION):
                raise ConnectionError("the connection broke")
            async with asyncio.timeout(timeout_s):
                return await self._answer
        finally:
            self._answer = None

    def _received(self, data: bytes) -> None:
        for frame in self._framer.feed(data, time.monotonic_ns() // 1_000):
            self._strings.append(frame.content)
        if len(self._strings) < _STRINGS:
            return
        strings, self._strings = self._strings[:_STRINGS], []
        if self._answer is None or self._answer.done():
            return
        try:
            self._answer.set_result(parse_host_status(strings))
        except ValueError as error:
            self._answer.set_exception(error)

    def _away_from(self, handed_over: bool) -> PrinterFault:
        """Why there is no connection, as whoever has a label under way is told."""
        broke = handed_over and self._away is PrinterFault.AWAY
        return PrinterFault.BROKEN if broke else self._away

    def _say(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return _SILENCE.format(ms=round(self._answer_s * 1_000))
        return str(error)


def _away_by(error: Exception) -> PrinterFault:
    match error:
        case TimeoutError():
            return PrinterFault.SILENT
        case ValueError():
            return PrinterFault.GARBLED
    return PrinterFault.AWAY
