"""The thread that has the camera: opens it, takes its frames into shared memory, opens it again.

It waits for nobody but the camera. What it knows goes to the event loop by callbacks there.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from drivers.protocols import CameraError, EndOfFrames, Frame, FrameSource
from drivers.reconnect import Backoff
from edge_agent.camera.buffer import Shot
from edge_agent.camera.presence import Background
from edge_agent.camera.slots import Slots

_SAMPLE = 61
"""Every so manieth row is compared first: of a real scene no two pictures have equal noise."""

log = structlog.get_logger("edge_agent.camera")


@dataclass(slots=True, eq=False)
class Capture:
    """Frames of `source`, from `start` on until `stop`. Its numbers are written by its thread
    alone, and read by any.

    `on_shot` is called with each new frame, `on_change` when `fault` may have changed, both in the
    event loop. With a `background`, each shot is compared with it. A camera that is `commanded`
    exposes after `expose` only: a shot was then taken when that was told to the camera. Of others
    each arrives `latency_us` after its exposure. Where `each_counts`, a picture that is exactly the
    one before is a shot too.
    """

    name: str
    source: FrameSource
    slots: Slots
    on_shot: Callable[[Shot], None]
    on_change: Callable[[], None]
    background: Background | None = None
    commanded: bool = False
    latency_us: int = 0
    each_counts: bool = False

    frames: int = 0
    repeated: int = 0
    """Frames that were exactly as the one before: a camera that hangs sends such."""
    losses: int = 0
    shape: tuple[int, ...] = ()
    repeated_us: int = 0
    """When the last of those came."""
    new_us: int = 0
    """When the last frame came that was new, or when the camera was opened."""
    fault: str | None = "the camera is being opened"
    """Why it is not open, if it is not."""

    _last: NDArray[np.uint8] | None = None
    _exposing: bool = False
    _stopping: threading.Event = field(default_factory=threading.Event)
    _asked: threading.Event = field(default_factory=threading.Event)
    _commanded_us: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def start(self) -> None:
        # A daemon: the role can end although read() hangs.
        threading.Thread(target=self._run, name="capture", daemon=True).start()

    def stop(self) -> None:
        """The source is closed when its call returns."""
        self._stopping.set()
        self._asked.set()

    def expose(self) -> None:
        """Have a commanded camera expose once; not again before that has been answered by a shot,
        or by a fault."""
        if not self._exposing:
            self._exposing = True
            self._asked.set()

    def _came(self, shot: Shot | None) -> None:
        """In the loop: a shot, or what is none."""
        self._exposing = False
        if shot is None:
            self.on_change()
        else:
            self.on_shot(shot)

    # --- in the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            up_s = self._run_once()
            self._stopping.wait(backoff.next_wait_s(up_s, random.random()))  # noqa: S311 no secret

    def _run_once(self) -> float:
        """Open the camera and read until it is lost; the seconds for which it was open."""
        since_s: float | None = None
        fault = "stopped"
        try:
            self.source.open()
            since_s = time.monotonic()
            self._opened()
            while not self._stopping.is_set():
                if self.commanded and not self._command():
                    break
                self._take(self.source.read())
        except CameraError as error:
            fault = str(error)
        except EndOfFrames:
            fault = "the source has no more frames"
            self._stopping.set()
        except Exception as error:
            log.exception("capture failed", camera=self.name)
            fault = f"capture failed: {type(error).__name__}: {error}"
        try:
            self.source.close()
        except Exception:
            log.exception("closing failed", camera=self.name)
        self._lost(fault, was_open=since_s is not None)
        return 0.0 if since_s is None else time.monotonic() - since_s

    def _command(self) -> bool:
        """Wait until a frame is asked for, and have it exposed. False if there will be none."""
        self._asked.wait()
        self._asked.clear()
        if self._stopping.is_set():
            return False
        self._commanded_us = _now_us()
        if not self.source.trigger():
            raise CameraError("the camera takes no command to expose: look at its trigger's source")
        return True

    def _take(self, frame: Frame) -> None:
        self.frames += 1
        pixels = frame.pixels
        if self._last is not None and _equal(pixels, self._last):
            self.repeated += 1
            self.repeated_us = frame.taken_us
            again = Shot(None, *self._times(frame), is_repeated=True)
            self._tell(self._came, again if self.each_counts else None)
            return
        if self.shape and pixels.shape != self.shape:
            log.warning("frames have another size", camera=self.name, shape=pixels.shape)
        self._last, self.shape, self.new_us = pixels, pixels.shape, frame.taken_us
        is_other = bool(self.background and self.background.differs(pixels, frame.taken_us))
        try:
            place = self.slots.put(pixels)
        except ValueError as error:
            raise CameraError(str(error)) from None
        self._tell(self._came, Shot(place, *self._times(frame), is_other=is_other))

    def _times(self, frame: Frame) -> tuple[int, int]:
        """When it was exposed, and how much later it arrived."""
        if self.commanded:
            return self._commanded_us, frame.taken_us - self._commanded_us
        return frame.taken_us - self.latency_us, self.latency_us

    def _opened(self) -> None:
        self.new_us = _now_us()
        self._last = None
        # What was asked of the camera while it was away: the loop asks again if that still waits.
        self._asked.clear()
        self.fault = None
        log.info("camera is open", camera=self.name)
        self._tell(self._came, None)

    def _lost(self, fault: str, *, was_open: bool) -> None:
        self.losses += was_open
        if self.fault is None or was_open:
            log.warning("camera is away", camera=self.name, detail=fault, losses=self.losses)
        else:
            log.debug("camera is still away", camera=self.name, detail=fault)
        self.fault = fault
        self._tell(self._came, None)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:  # the loop is closed: the role has ended
            self._stopping.set()


def _now_us() -> int:
    return time.monotonic_ns() // 1_000


def _equal(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return np.array_equal(one[::_SAMPLE], other[::_SAMPLE]) and np.array_equal(one, other)
