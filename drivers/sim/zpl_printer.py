"""A label printer: takes ZPL over TCP or a serial line, answers ``~HS``, and puts labels on paper.

It has the habits of real ones: it says nothing at all while labels are out or the head is open;
what waits in its memory is lost with the power; and after a new roll it prints the label before
once more, so that from then on each label is one off. What came out can be looked at (`picture`).
"""

import asyncio
import contextlib
import os
import re
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PIL import Image

_FORMAT = re.compile(rb"\^XA.*?\^XZ", re.DOTALL)
_QUESTION = b"~HS"
_MAX_UNREAD_BYTES = 1 << 20


class ZplPrinter:
    """`labels` is what came out, as ZPL, oldest first; `received_bytes` counts all that came in.

    `labels_left` is what is on the roll; None is a roll without end. A label takes `print_s`.
    With `repeats_after_roll` it prints the last label again when a new roll is put in.
    """

    def __init__(
        self,
        *,
        labels_left: int | None = None,
        repeats_after_roll: bool = False,
        print_s: float = 0,
    ) -> None:
        self.labels: list[bytes] = []
        self.labels_left = labels_left
        self.head_open = self.paused = self.ribbon_out = self.deaf = False
        self.silent_in_fault = True
        """Whether a fault is told by saying nothing; else by the flags of ``~HS``."""
        self.received_bytes = 0
        self._repeats = repeats_after_roll
        self.print_s = print_s
        self._memory: deque[bytes] = deque()
        self._unread = b""
        self._dies_at_bytes: int | None = None
        self._news = asyncio.Event()
        self._work: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serial: tuple[int, int] | None = None
        self.port = 0

    # --- wires -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Power on, as a TCP server on 127.0.0.1; the same port each time."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def plug(self, link: Path) -> None:
        """Connect by a serial line: `link` points to the agent's end, a pty."""
        own, far = os.openpty()
        tty.setraw(far)
        os.set_blocking(own, False)
        link.symlink_to(os.ttyname(far))
        self._serial = own, far
        asyncio.get_running_loop().add_reader(own, self._read_serial, own)

    def power_off(self) -> None:
        """What was not printed yet is lost."""
        self._unread = b""
        self._memory.clear()
        if self._work is not None:
            self._work.cancel()
            self._work = None
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial[0])
            for end in self._serial:
                os.close(end)
            self._serial = None

    def die_after(self, more_bytes: int) -> None:
        """The power goes when so many bytes more have come in."""
        self._dies_at_bytes = self.received_bytes + more_bytes

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4_096):
                self._take(data, writer.write)
                if self._server is None:
                    return
        self._writers.discard(writer)
        writer.close()

    def _read_serial(self, own: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._take(os.read(own, 4_096), lambda data: os.write(own, data))

    # --- paper -----------------------------------------------------------------------------

    @property
    def fault(self) -> bool:
        return self.head_open or self.ribbon_out or self.labels_left == 0

    def new_roll(self, labels: int | None = None) -> None:
        """Put a roll in. What waits goes on, and some printers first do the last one again."""
        self.labels_left = labels
        if self._repeats and self.labels:
            self._memory.appendleft(self.labels[-1])
        self.go_on()

    def go_on(self) -> None:
        """Something was mended: print what waits."""
        if self._memory and self._work is None:
            self._work = asyncio.get_running_loop().call_later(self.print_s, self._print)

    async def printed(self, count: int) -> list[bytes]:
        """The first `count` labels, when they are out."""
        while len(self.labels) < count:
            await self._hear()
        return self.labels[:count]

    async def buffered(self, count: int) -> None:
        """Returns when so many labels wait in its memory."""
        while len(self._memory) < count:
            await self._hear()

    async def _hear(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _print(self) -> None:
        self._work = None
        if not self._memory or self.fault or self.paused:
            return
        self.labels.append(self._memory.popleft())
        if self.labels_left is not None:
            self.labels_left -= 1
        self._news.set()
        self.go_on()

    # --- ZPL -------------------------------------------------------------------------------

    def _take(self, data: bytes, answer: Callable[[bytes], object]) -> None:
        self.received_bytes += len(data)
        if self._dies_at_bytes is not None and self.received_bytes >= self._dies_at_bytes:
            self._dies_at_bytes = None
            self.power_off()
            return
        self._unread = (self._unread + data)[-_MAX_UNREAD_BYTES:]
        while True:
            label, question = _FORMAT.search(self._unread), self._unread.find(_QUESTION)
            if label is not None and (question < 0 or label.start() < question):
                self._memory.append(label[0])
                self._unread = self._unread[label.end() :]
                self._news.set()
                self.go_on()
            elif question >= 0:
                self._unread = self._unread[question + len(_QUESTION) :]
                if not self.deaf and not (self.fault and self.silent_in_fault):
                    answer(self._host_status())
            else:
                return

    def _host_status(self) -> bytes:
        waiting, partial = len(self._memory), int(b"^XA" in self._unread)
        media = int(self.labels_left == 0)
        strings = (
            f"030,{media},{self.paused:d},1199,{waiting:03d},0,0,{partial},000,0,0,0",
            f"000,0,{self.head_open:d},{self.ribbon_out:d},0,2,6,0,{waiting:08d},1,000",
            "1234,0",
        )
        return b"".join(b"\x02" + each.encode() + b"\x03\r\n" for each in strings)


def picture(label: bytes) -> Image.Image:
    """The label as it is on paper, grey: drawn by a renderer of its own, so that what was sent is
    judged, not what was meant. Needs the development dependency zplkit."""
    import zplkit  # noqa: PLC0415 not there in a factory
    from zplkit.rendering import Limits  # noqa: PLC0415

    limits = Limits(graphic_bytes=1 << 22)
    paper = zplkit.render(label, zplkit.Options(profile="specification"), limits=limits).labels[0]
    scene = paper.rasterize()
    return Image.frombytes("L", (scene.width, scene.height), scene.pixels)
