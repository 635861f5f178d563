"""Bytes in, frames out. No I/O and no clock: the owner gives the bytes and their arrival time.

A frame is ``prefix content suffix`` or, where the device sends no suffix, ``prefix content``
followed by silence. What comes out does not depend on how the bytes were cut into packets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Frame:
    """What stood between prefix and suffix; never empty.

    `received_us` is when its last byte arrived. An `oversize` frame holds the first `max_bytes`
    bytes of a content that was longer.
    """

    content: bytes
    received_us: int
    oversize: bool = False


class _At(Enum):
    """Where in the stream the next byte lies."""

    GAP = auto()
    JUNK = auto()
    CONTENT = auto()
    EXCESS = auto()


class Framer:
    """Cuts one device's byte stream into frames.

    `suffixes` are all accepted at any time; a frame ends with the first that is complete, so that
    it need not wait for the next byte. Terminators without content, among them the LF of a CR LF
    whose CR ended the frame, are no frames. With no suffix a frame ends after `idle_ms` of
    silence: the owner calls `flush` at `due_us`.

    `dropped_bytes` counts what belonged to no frame: before a prefix, beyond `max_bytes`, or cut
    off by `reset`. At most `max_bytes` and one suffix are kept between two calls.

    Raises ValueError for settings that cannot work.
    """

    def __init__(
        self,
        *,
        prefix: bytes = b"",
        suffixes: Sequence[bytes] = (),
        idle_ms: int | None = None,
        max_bytes: int = 1024,
    ) -> None:
        if bool(suffixes) == (idle_ms is not None):
            found = "both suffix and idle time" if suffixes else "neither suffix nor idle time"
            raise ValueError(f"a frame has {found}, expected exactly one of them")
        if not all(suffixes):
            raise ValueError("an empty text cannot be a suffix, expected at least one character")
        rests = {
            long.removeprefix(short)
            for long in suffixes
            for short in suffixes
            if long != short and long.startswith(short)
        }
        # The shortest first: what is cut off must be known from the bytes that are here.
        self._blanks = sorted(rests.union(suffixes), key=len)
        for blank in self._blanks:
            if prefix.startswith(blank) or (prefix and blank.startswith(prefix)):
                raise ValueError(
                    f"prefix is {prefix!r}, expected one that cannot be taken for the end "
                    f"{blank!r} of the frame before"
                )
        self._prefix = prefix
        self._suffixes = tuple(suffixes)
        self._idle_us = None if idle_ms is None else idle_ms * 1000
        self._max_bytes = max_bytes
        # So many last bytes may be the beginning of a suffix.
        self._tail_bytes = max((len(s) - 1 for s in suffixes), default=0)
        self._buffer = bytearray()
        self._at = _At.GAP
        self._last_us = 0
        self.dropped_bytes = 0

    @property
    def due_us(self) -> int | None:
        """When silence will have ended the frame under way; None if nothing waits for it."""
        if self._idle_us is None or (self._at is _At.GAP and not self._buffer):
            return None
        return self._last_us + self._idle_us

    def feed(self, data: bytes, now_us: int) -> list[Frame]:
        """Take `data`, which arrived at `now_us`; return the frames that it completes.

        Silence is not judged here: after a busy moment of the process, bytes that arrived
        in time are read late, and must not be torn apart.
        """
        self._buffer += data
        self._last_us = now_us
        frames: list[Frame] = []
        while self._open():
            if found := self._first_suffix():
                start, stop = found
                self._finish(start, frames)
                del self._buffer[: stop - start]
                continue
            if self._at is _At.CONTENT and len(self._buffer) > self._max_bytes + self._tail_bytes:
                self._cut(frames)
            if self._at is _At.EXCESS:
                self._drop(max(0, len(self._buffer) - self._tail_bytes))
            break
        return frames

    def flush(self, now_us: int) -> list[Frame]:
        """End the frame under way if there was silence for long enough at `now_us`."""
        frames: list[Frame] = []
        due_us = self.due_us
        if due_us is not None and now_us >= due_us:
            if self._at in (_At.CONTENT, _At.EXCESS):
                self._finish(len(self._buffer), frames)
            else:
                self.reset()
        return frames

    def reset(self) -> None:
        """Forget the frame under way: its rest will never come."""
        self._drop(len(self._buffer))
        self._at = _At.GAP

    def _open(self) -> bool:
        """Go to the first byte of a content. False if it is not here yet."""
        buffer = self._buffer
        if self._at is _At.GAP:
            while blank := next((b for b in self._blanks if buffer.startswith(b)), None):
                del buffer[: len(blank)]
            if not buffer or any(blank.startswith(buffer) for blank in self._blanks):
                return False
        if self._at in (_At.GAP, _At.JUNK):
            start = buffer.find(self._prefix)
            if start < 0:
                junk = len(buffer) - len(self._prefix) + 1
                if junk > 0:
                    self._drop(junk)
                    self._at = _At.JUNK
                return False
            self._drop(start)
            del buffer[: len(self._prefix)]
            self._at = _At.CONTENT
        return True

    def _first_suffix(self) -> tuple[int, int] | None:
        """Start and stop of the suffix that is complete first; of several, the longest."""
        buffer = self._buffer
        stops = [(at + len(s), at) for s in self._suffixes if (at := buffer.find(s)) >= 0]
        if not stops:
            return None
        stop, start = min(stops)
        return start, stop

    def _finish(self, length: int, frames: list[Frame]) -> None:
        """The content ends after `length` bytes of the buffer."""
        if self._at is _At.CONTENT and length > self._max_bytes:
            self._cut(frames)
            length -= self._max_bytes
        if self._at is _At.EXCESS:
            self._drop(length)
        elif length:
            frames.append(Frame(bytes(self._buffer[:length]), self._last_us))
            del self._buffer[:length]
        self._at = _At.GAP

    def _cut(self, frames: list[Frame]) -> None:
        """The content is too long: hand over its beginning; the rest is excess."""
        beginning = bytes(self._buffer[: self._max_bytes])
        frames.append(Frame(beginning, self._last_us, oversize=True))
        del self._buffer[: self._max_bytes]
        self._at = _At.EXCESS

    def _drop(self, count: int) -> None:
        self.dropped_bytes += count
        del self._buffer[:count]
