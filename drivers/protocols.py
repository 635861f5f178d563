"""What the line may ask of a device. A driver implements one of these; nothing else is assumed.

Every driver reports its own connection through `on_state`; none raises because a cable was pulled.
"""

from asyncio import Future
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a line without cameras does not load numpy
    import numpy as np
    from numpy.typing import NDArray


class Link(StrEnum):
    """Whether a device can be talked to."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


class LinkFault(StrEnum):
    """Why a device cannot be talked to, as far as a person can mend it."""

    ABSENT = "absent"
    """There is no such device: it is not plugged in."""
    FORBIDDEN = "forbidden"
    """The agent's user may not open it."""
    TAKEN = "taken"
    """Another process has it."""
    REFUSED = "refused"
    """Something is there, and takes no connection."""
    UNREACHABLE = "unreachable"
    """Nothing is there."""
    SILENT = "silent"
    """It took the connection, and does not answer as such a device does."""
    BROKEN = "broken"
    """The connection broke."""
    BLIND = "blind"
    """The camera gives no picture."""
    OTHER = "other"
    """See `DeviceState.detail`."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A device's connection. `fault` is for the screens, in every language; `detail` says to a
    technician what was found and the mend when the link is not up; `losses` counts how often it
    went away, `dropped_bytes` what was discarded because it fitted no frame.
    """

    link: Link
    detail: str
    losses: int = 0
    dropped_bytes: int = 0
    fault: LinkFault | None = None


@dataclass(frozen=True, slots=True)
class ScannerFrame:
    """One answer of a scanner.

    `text` is None when the scanner said that it read nothing. `defect` is set when the bytes
    cannot be a code (oversize, not decodable); `text` then holds a printable beginning of them.
    `symbology` is the AIM symbology identifier if the scanner sends one (``]d2``).
    `received_us` is the monotonic clock when the frame's last byte arrived. `picture` is the
    SHA-256 (hex) of the picture in which a camera saw it; `others` are the further codes of the
    same answer, if it holds several. `since_us` is the earliest moment of it where that is known:
    of a picture, which has its own time, both are when it was exposed.
    """

    text: str | None
    received_us: int
    symbology: str | None = None
    defect: str | None = None
    picture: str | None = None
    others: tuple["ScannerFrame", ...] = ()
    since_us: int | None = None


class CodeReader(Protocol):
    """A scanner, or anything that behaves like one."""

    @property
    def state(self) -> DeviceState: ...

    async def run(self, on_frame: Callable[[ScannerFrame], None]) -> None:
        """Keep the device open and hand over each frame as it arrives, until cancelled."""
        ...

    def trigger(self) -> bool:
        """Ask for a read. False if the device is away or has no trigger command."""
        ...

    def answer(self, accepted: bool) -> bool:
        """Tell the scanner's user the verdict. False if there is a command for it and it could
        not be sent."""
        ...


class CameraError(Exception):
    """No frame came: the camera is away, stalled, or sent what is no picture. The message says what
    was found and the mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture.

    `pixels` are unsigned bytes, (height, width) grey or (height, width, 3) blue, green, red; nobody
    writes to them. `taken_us` is the monotonic clock when the picture arrived, in microseconds.
    """

    pixels: "NDArray[np.uint8]"
    taken_us: int


class FrameSource(Protocol):
    """A camera, or anything that gives pictures. Used by one thread; every call may block."""

    @property
    def losses(self) -> Mapping[str, int]:
        """What came and was given out as no frame, counted by its cause since the source was built
        (``repeated``, ``unreadable``, ``incomplete``, ...)."""
        ...

    def open(self) -> None:
        """Raises CameraError."""
        ...

    def read(self) -> Frame:
        """The next picture, when it comes. Raises CameraError: then the source is closed, and
        opened again later. EndOfFrames when there will never be another."""
        ...

    def trigger(self) -> bool:
        """Have the camera expose now (a software trigger). False if it cannot be told to: then the
        frame that was taken next after the trigger is the one. Raises CameraError, as `read`."""
        ...

    def close(self) -> None:
        """Also after an error, and more than once."""
        ...


class EndOfFrames(Exception):  # noqa: N818 no error: a file or a folder has its end
    """The source has no more pictures."""


class PlcError(Exception):
    """A request was not carried out: link away, exception reply, wrong or short answer."""


class Table(StrEnum):
    """The four tables of a controller (Modbus Application Protocol V1.1b3, 4.3). Each has its own
    addresses, from 0."""

    COIL = "coil"
    """Bits that the agent may write: outputs."""
    DISCRETE = "discrete"
    """Bits that it may only read: inputs."""
    INPUT = "input"
    """16-bit words that it may only read."""
    HOLDING = "holding"
    """16-bit words that it may write."""

    @property
    def is_bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE)

    @property
    def max_read(self) -> int:
        """Values in one request (6.1 to 6.4)."""
        return 2_000 if self.is_bits else 125


class Plc(Protocol):
    """A controller, or an I/O station: bits and 16-bit words in four tables."""

    @property
    def state(self) -> DeviceState: ...

    async def run(self) -> None:
        """Keep the connection open until cancelled."""
        ...

    def read(self, table: Table, address: int, count: int) -> Awaitable[list[int]]:
        """`count` values from `address`: 0 or 1 of bits, 0 to 65,535 of words. At most
        `table.max_read`. Raises PlcError; never returns fewer."""
        ...

    def write_registers(self, address: int, values: Sequence[int]) -> Future[None]:
        """Write holding registers once, without retry. Sent at the call if nothing is under way;
        the future is done when it is acknowledged, or fails with PlcError."""
        ...

    def write_coil(self, address: int, on: bool) -> Future[None]:
        """Write one coil, as `write_registers` does."""
        ...


class PrinterFault(StrEnum):
    """Why a printer prints nothing."""

    AWAY = "away"
    """There is no connection."""
    SILENT = "silent"
    """It does not answer: most say nothing at all while labels or ribbon are out or the head is
    open."""
    GARBLED = "garbled"
    """It answers something else than its state."""
    MEDIA_OUT = "media-out"
    RIBBON_OUT = "ribbon-out"
    HEAD_OPEN = "head-open"
    PAUSED = "paused"
    TOO_HOT = "too-hot"
    TOO_COLD = "too-cold"
    BUFFER_FULL = "buffer-full"
    MEMORY_LOST = "memory-lost"
    BROKEN = "broken"
    """The connection broke while a label was under way."""
    STUCK = "stuck"
    """It took the label, reports no fault, and does not finish."""


class PrinterError(Exception):
    """A label was not printed, or nobody knows. `handed_over`: the printer may have some of it, so
    that it may still come out."""

    def __init__(self, fault: PrinterFault, detail: str, *, handed_over: bool) -> None:
        super().__init__(detail)
        self.fault = fault
        self.handed_over = handed_over


class LabelPrinter(Protocol):
    """A printer of labels."""

    @property
    def state(self) -> DeviceState: ...

    @property
    def fault(self) -> PrinterFault | None:
        """What keeps it from printing now, as far as is known."""
        ...

    async def run(self) -> None:
        """Keep the connection open, and ask for the printer's state, until cancelled."""
        ...

    async def ready(self) -> None:
        """Returns when nothing is known that keeps it from printing."""
        ...

    async def print(self, job: bytes) -> None:
        """Print one label, one call at a time. Returns when the printer has printed it; raises
        PrinterError."""
        ...
