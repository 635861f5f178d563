"""An IP camera over the packer's table: motion JPEG over HTTP, and a lamp that is switched by HTTP.

A box moves in, stands under the camera, moves out. Frames are drawn only while somebody looks,
beside the event loop, on which the belt's time depends.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.sim.scene import Grey, exposed, lay, surface

SIZE = (640, 480)
_FRAME_S = 0.045
_IDLE_FRAME_S = 0.1
_CLEAR_FRAMES = 3
"""So often a viewer must have seen the table empty, to know one box from the next."""
_COME_S, _GO_S = 0.15, 0.12
_DRIFT_PX_S = 15
"""It never stands quite still."""
_BLUR_SIGMA, _NOISE_SIGMA = 0.7, 3.0
_JPEG_QUALITY = 80
_CARTON, _CARTON_PX = 165, 28
"""What is seen of the box around its label."""
_MAX_REQUEST_BYTES = 8_192
_BOUNDARY = b"frame"
_STREAM_HEAD = (
    b"HTTP/1.0 200 OK\r\nCache-Control: no-store\r\n"
    b"Content-Type: multipart/x-mixed-replace; boundary=" + _BOUNDARY + b"\r\n\r\n"
)
_LAMPS = {"/accept": True, "/reject": False}


@dataclass(frozen=True, slots=True)
class Pose:
    """How a box lies under the camera: see scene.photographed."""

    angle_deg: float = 0
    tilt: tuple[float, float] = (0, 0)
    glare: float = 0


@dataclass(slots=True)
class _Box:
    label: Grey
    pose: Pose
    came_s: float
    goes_s: float | None = None

    def middle(self, now_s: float) -> tuple[float, float] | None:
        """Where it is in the frame; None when it is out of sight."""
        width, height = SIZE
        far = width / 2 + max(self.label.shape) / 2
        x = width / 2 + _DRIFT_PX_S * (now_s - self.came_s)
        x -= far * max(0.0, 1 - (now_s - self.came_s) / _COME_S)
        if self.goes_s is not None:
            gone = (now_s - self.goes_s) / _GO_S
            if gone >= 1:
                return None
            x += far * gone
        return x, height / 2


class CaseCamera:
    """The camera at 127.0.0.1:`port`, `/stream`; its lamp is `/accept` (green) and `/reject` (red).

    While `frozen` it sends one and the same frame; while `cut` nobody gets a stream.
    """

    def __init__(self, seed: int) -> None:
        cv2.setNumThreads(1)  # threads of its own would wait busily, beside the belt
        self._rng = np.random.default_rng(seed)
        self._table = surface(SIZE, self._rng)
        self._box: _Box | None = None
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.StreamWriter] = set()
        self._lamps: asyncio.Queue[bool | None] = asyncio.Queue(maxsize=64)
        self._frame = b""
        self._empty_frames = 0
        self._clear = asyncio.Event()
        self._is_cut = False
        self.frozen = False
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=_MAX_REQUEST_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._hang_up()

    @property
    def cut(self) -> bool:
        return self._is_cut

    @cut.setter
    def cut(self, is_cut: bool) -> None:
        self._is_cut = is_cut
        if is_cut:
            self._hang_up()

    # --- what the packer does ----------------------------------------------------------------

    async def clear(self) -> None:
        """Until somebody watches, and has seen the table empty for a moment."""
        await self._clear.wait()

    def put(self, label: Grey, pose: Pose) -> None:
        """Put a box with this label under the camera. What the lamp showed before is over."""
        while not self._lamps.empty():
            self._lamps.get_nowait()
        self._unclear()
        carton = np.pad(label, _CARTON_PX, constant_values=_CARTON)
        self._box = _Box(carton, pose, time.monotonic())

    def take_away(self) -> None:
        """Move the box out of sight, which takes a moment."""
        if self._box is not None:
            self._box.goes_s = time.monotonic()

    async def lamp(self, patience_s: float) -> bool | None:
        """What the lamp shows next: green or red. None if it shows nothing for so long, or the
        camera is not watched any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                return await self._lamps.get()
        return None

    # --- what the camera does ------------------------------------------------------------------

    async def run(self) -> None:
        """Take and send frames until cancelled."""
        while True:
            begun_s = time.monotonic()
            if self._viewers:
                if not self.frozen or not self._frame:
                    self._frame = await asyncio.to_thread(self._exposure, self._box, begun_s)
                self._send(self._frame)
                self._count_empty()
            pause_s = _IDLE_FRAME_S if self._clear.is_set() else _FRAME_S
            await asyncio.sleep(max(0.005, begun_s + pause_s - time.monotonic()))

    def _exposure(self, box: _Box | None, now_s: float) -> bytes:
        """One JPEG of the table as it is at `now_s`."""
        picture = self._table.copy()
        glare, at = 0.0, None
        if box is not None:
            at = box.middle(now_s)
            if at is None:
                if self._box is box:
                    self._box = None
            else:
                glare = box.pose.glare
                lay(picture, box.label, at=at, angle_deg=box.pose.angle_deg, tilt=box.pose.tilt)
        spot = at if glare else None
        seen = exposed(picture, _BLUR_SIGMA, _NOISE_SIGMA, self._rng, glare, spot, SIZE[0] / 8)
        jpeg = cv2.imencode(".jpg", seen, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))[1]
        return jpeg.tobytes()

    def _count_empty(self) -> None:
        if self._box is None and not self.frozen:
            self._empty_frames += 1
            if self._empty_frames > _CLEAR_FRAMES:  # the first may have been begun before
                self._clear.set()

    def _unclear(self) -> None:
        self._empty_frames = 0
        self._clear.clear()

    def _unwatched(self) -> None:
        """Its own light goes out: no box is left under it, to be taken for the table later."""
        self._unclear()
        if self._box is not None:
            self._box = None
            with contextlib.suppress(asyncio.QueueFull):
                self._lamps.put_nowait(None)

    def _send(self, jpeg: bytes) -> None:
        head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
        part = head % (_BOUNDARY, len(jpeg)) + jpeg + b"\r\n"
        for viewer in self._viewers:
            # A viewer that is behind misses frames, as with any camera.
            if viewer.transport.get_write_buffer_size() < len(part):
                viewer.write(part)

    def _hang_up(self) -> None:
        for viewer in self._viewers:
            viewer.close()
        self._viewers.clear()
        self._unwatched()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection (RFC 9112); a stream ends when the viewer goes."""
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode("ascii", "replace")
            if path == "/stream" and not self._is_cut:
                writer.write(_STREAM_HEAD)
                self._viewers.add(writer)
                self._unclear()
                self._frame = b""  # whoever connects gets a new picture first, also when frozen
                await reader.read()
                self._viewers.discard(writer)
                if not self._viewers:
                    self._unwatched()
            elif path in _LAMPS:
                self._lamps.put_nowait(_LAMPS[path])
                writer.write(b"HTTP/1.0 204 No Content\r\n\r\n")
            else:
                writer.write(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        except (
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            asyncio.QueueFull,
            asyncio.CancelledError,  # the plant ends; asyncio would log it as an error
            IndexError,
            OSError,
        ):
            pass
        finally:
            self._viewers.discard(writer)
            writer.close()
