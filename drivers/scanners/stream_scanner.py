r"""Scanners that send text over a serial port or a TCP connection.

One driver serves every make: what differs is configuration. Control characters are written with
TOML's escapes. `suffix` may be a list (any of them ends a code); a scanner that sends none is
given `idle_ms` instead, the silence that ends a code.

Keyence SR, TCP port 9004; ``LON`` starts reading, a no-read is ``ERROR``::

    [devices.units]
    kind = "scanner"
    url = "tcp://192.168.0.20:9004"
    suffix = "\r"
    no_read = ["ERROR"]
    trigger = "LON\r"

Cognex DataMan, TCP port 23, sending the AIM symbology identifier::

    [devices.units]
    kind = "scanner"
    url = "tcp://192.168.0.21:23"
    suffix = "\r\n"
    aim_id = true
    trigger = "||>TRIGGER ON\r\n"

SICK Lector or CLV, TCP port 2112, codes between STX and ETX::

    [devices.units]
    kind = "scanner"
    url = "tcp://192.168.0.22:2112"
    prefix = "\u0002"
    suffix = "\u0003"
    no_read = ["NoRead"]
    trigger = "\u0002sMN mTCgateon\u0003"

Honeywell handheld, serial; it beeps for an accepted code (BEL) and is given nothing else::

    [devices.packing]
    kind = "scanner"
    url = "serial:///dev/serial/by-id/usb-Honeywell_Xenon-if00?baud=9600"
    suffix = ["\r\n", "\r", "\n"]
    trigger = "\u0016T\r"
    accept = "\u0007"
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from drivers.framing import Frame, Framer
from drivers.protocols import CodeReader, DeviceState, ScannerFrame
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.registry import DeviceConfig
from drivers.stream import Stream, StreamUrl, open_stream

Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[
    list[Text], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)
]
"""One text, or a list of them."""
OnFrame = Callable[[ScannerFrame], None]

_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z]")
"""Symbology identifier: flag, code character, modifier (ISO/IEC 15424)."""
_SHOWN_BYTES = 80


class Config(DeviceConfig):
    """A scanner's keys. Exactly one of `suffix` and `idle_ms` says where a code ends."""

    role: ClassVar[str] = "scanner"
    kind: ClassVar[str] = "scanner"

    url: StreamUrl
    prefix: Text | None = None
    suffix: Texts | None = None
    idle_ms: Annotated[int, Field(ge=1, le=1_000)] | None = None
    max_bytes: Annotated[int, Field(ge=1, le=8_192)] = 1_024
    aim_id: bool = False
    """The scanner sends the symbology identifier before each code."""
    no_read: Texts | None = None
    """What it sends when it could not read."""
    trigger: Text | None = None
    accept: Text | None = None
    reject: Text | None = None

    @property
    def ends_frames(self) -> bool:
        return self.idle_ms is None

    @model_validator(mode="after")
    def _frames(self) -> Self:
        self.framer()
        return self

    def framer(self) -> Framer:
        """A framer for this scanner's bytes. Raises ValueError for settings that cannot work."""
        return Framer(
            prefix=(self.prefix or "").encode(),
            suffixes=[suffix.encode() for suffix in self.suffix or ()],
            idle_ms=self.idle_ms,
            max_bytes=self.max_bytes,
        )


class StreamScanner:
    """One scanner. Frames are handed over in the callback that received their last byte."""

    def __init__(self, name: str, config: Config) -> None:
        self._config = config
        self._framer = config.framer()
        self._no_reads = frozenset(config.no_read or ())
        self._link = Reconnect(name, config.url)
        self._stream: Stream | None = None
        self._silence: asyncio.TimerHandle | None = None

    @property
    def state(self) -> DeviceState:
        return replace(self._link.state, dropped_bytes=self._framer.dropped_bytes)

    async def run(self, on_frame: OnFrame) -> None:
        async def open_link(on_lost: OnLost) -> Close:
            self._stream = await open_stream(
                self._config.url, lambda data: self._received(data, on_frame), on_lost
            )
            return self._close

        await self._link.run(open_link)

    def trigger(self) -> bool:
        return self._send(self._config.trigger)

    def answer(self, accepted: bool) -> bool:
        text = self._config.accept if accepted else self._config.reject
        # A scanner without such a command beeps by itself: there is nothing that could be lost.
        return text is None or self._send(text)

    def _send(self, text: str | None) -> bool:
        return text is not None and self._stream is not None and self._stream.write(text.encode())

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._framer.reset()

    def _received(self, data: bytes, on_frame: OnFrame) -> None:
        for frame in self._framer.feed(data, _now_us()):
            on_frame(self._decode(frame))
        if self._silence is None:
            self._await_silence(on_frame)

    def _await_silence(self, on_frame: OnFrame) -> None:
        due_us = self._framer.due_us
        if due_us is None:
            self._silence = None
        else:
            wait_s = max(0, due_us - _now_us()) / 1e6
            loop = asyncio.get_running_loop()
            self._silence = loop.call_later(wait_s, self._check_silence, on_frame)

    def _check_silence(self, on_frame: OnFrame) -> None:
        for frame in self._framer.flush(_now_us()):
            on_frame(self._decode(frame))
        self._await_silence(on_frame)

    def _decode(self, frame: Frame) -> ScannerFrame:
        """The frame as text, or what is wrong with it."""
        if frame.oversize:
            limit = f"longer than max_bytes = {self._config.max_bytes} without its end"
            return _defective(frame, limit)
        try:
            text = frame.content.decode()
        except UnicodeDecodeError as error:
            return _defective(frame, f"not UTF-8 at byte {error.start + 1}")
        if text in self._no_reads:
            return ScannerFrame(None, frame.received_us)
        if not self._config.aim_id:
            return ScannerFrame(text, frame.received_us)
        if not _AIM_ID.match(text):
            return _defective(frame, "no AIM symbology identifier, expected one such as ]d2 first")
        if len(text) == 3:
            return _defective(frame, f"nothing after the symbology identifier {text}")
        return ScannerFrame(text[3:], frame.received_us, symbology=text[:3])


def build(name: str, config: Config) -> CodeReader:
    """The scanner, not yet connected."""
    return StreamScanner(name, config)


def _defective(frame: Frame, defect: str) -> ScannerFrame:
    beginning = frame.content[:_SHOWN_BYTES].decode("latin-1")
    return ScannerFrame(
        beginning.encode("unicode_escape").decode(), frame.received_us, defect=defect
    )


def _now_us() -> int:
    return time.monotonic_ns() // 1000
