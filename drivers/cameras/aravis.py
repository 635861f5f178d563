"""Aravis as a source of frames. `drivers.cameras.gige` has its configuration."""

import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.cameras.pictures import MAX_PIXELS, BadPictureError, check_size
from drivers.protocols import CameraError, Frame

if TYPE_CHECKING:
    from drivers.cameras.gige import Config

Pixels = NDArray[np.uint8]

_DEBIAN_PACKAGES = "/usr/lib/python3/dist-packages"
_BUFFERS = 8
_SOCKET_BYTES = 4 << 20
_MAX_PAYLOAD_BYTES = 3 * MAX_PIXELS
_SLICE_US = 100_000
"""How soon the loss of a camera that may be silent is seen, once Aravis knows it."""

_COLOURS = {
    # GenICam names the first two pixels of the first row, OpenCV's new names the first four.
    "BayerRG8": cv2.COLOR_BayerRGGB2BGR,
    "BayerGR8": cv2.COLOR_BayerGRBG2BGR,
    "BayerGB8": cv2.COLOR_BayerGBRG2BGR,
    "BayerBG8": cv2.COLOR_BayerBGGR2BGR,
    "RGB8": cv2.COLOR_RGB2BGR,
}


class GigeCamera:
    """A GigE Vision camera. `losses` counts pictures that were not whole, by Aravis's word for
    what was wrong (``missing-packets``, ``timeout``, ``size-mismatch``, ...), and ``underruns``:
    pictures for which no buffer was free."""

    def __init__(self, config: "Config") -> None:
        self._config = config
        self._aravis: Any = None
        self._error: Any = None
        self._camera: Any = None
        self._stream: Any = None
        self._is_lost = threading.Event()
        self._underruns = 0
        self.losses: Counter[str] = Counter()

    def open(self) -> None:
        self.close()
        self._aravis, self._error = _aravis()
        try:
            self._camera = self._aravis.Camera.new(self._config.camera)
            is_lost = self._is_lost = threading.Event()
            self._camera.get_device().connect("control-lost", lambda _: is_lost.set())
            self._set_up()
            self._underruns = 0
            payload_bytes = self._camera.get_payload()
            if payload_bytes > _MAX_PAYLOAD_BYTES:
                raise CameraError(
                    f"{self._config.camera} would send {payload_bytes} bytes a picture, expected "
                    f"at most {_MAX_PAYLOAD_BYTES}"
                )
            self._stream = self._camera.create_stream(None, None)
            self._widen(payload_bytes)
            for _ in range(_BUFFERS):
                self._stream.push_buffer(self._aravis.Buffer.new_allocate(payload_bytes))
            self._camera.start_acquisition()
        except self._error as error:
            self.close()
            # By the next try a camera that is known by its name may have another address.
            self._aravis.update_device_list()
            raise CameraError(f"{self._config.camera} cannot be opened: {error.message}") from None
        except CameraError:
            self.close()
            raise

    def read(self) -> Frame:
        if self._stream is None:
            raise CameraError(f"{self._config.camera} is not open")
        silence_ms = self._config.silence_ms
        begun_s = time.monotonic()
        problem = "sent nothing"
        while True:
            buffer = self._stream.timeout_pop_buffer(_SLICE_US)
            taken_us = time.monotonic_ns() // 1_000
            if buffer is not None:
                try:
                    return Frame(self._pixels(buffer), taken_us)
                except BadPictureError as bad:
                    problem = (
                        f"sent no whole picture ({bad}: check net.core.rmem_max, docs/install.md, "
                        "and the load of the network)"
                    )
                finally:
                    self._stream.push_buffer(buffer)
                    self._count_underruns()
            elif self._is_lost.is_set():
                raise CameraError(f"{self._config.camera} is lost: it answers no heartbeat")
            waited_ms = (time.monotonic() - begun_s) * 1_000
            if 0 < silence_ms <= waited_ms:
                raise CameraError(f"{self._config.camera} {problem} for {waited_ms:.0f} ms")

    def trigger(self) -> bool:
        if not self._config.on_command or self._camera is None:
            return False
        try:
            self._camera.software_trigger()
        except self._error as error:
            raise CameraError(
                f"{self._config.camera} could not be triggered: {error.message}"
            ) from None
        return True

    def close(self) -> None:
        camera, self._camera, self._stream = self._camera, None, None
        if camera is None:
            return
        if not self._is_lost.is_set():
            try:
                camera.stop_acquisition()
            except self._error:  # it is away: there is nothing to stop
                self._is_lost.set()

    def _widen(self, payload_bytes: int) -> None:
        """The kernel's usual 208 kB lose packets of every picture that comes at the wire's speed.
        It grants no more than net.core.rmem_max."""
        self._stream.set_property("socket-buffer", self._aravis.GvStreamSocketBuffer.FIXED)
        self._stream.set_property("socket-buffer-size", max(_SOCKET_BYTES, 2 * payload_bytes))

    def _set_up(self) -> None:
        config, camera = self._config, self._camera
        offered = camera.dup_available_pixel_formats_as_strings()
        if config.pixel_format not in offered:
            raise CameraError(
                f"{config.camera} has no pixel format {config.pixel_format}, it offers "
                f"{', '.join(offered)}"
            )
        camera.set_pixel_format_from_string(config.pixel_format)
        if config.exposure_us is not None:
            camera.set_exposure_time(config.exposure_us)
        camera.clear_triggers()
        if config.trigger_source is not None:
            sources = camera.dup_available_trigger_sources()
            if config.trigger_source not in sources:
                raise CameraError(
                    f"{config.camera} has no trigger source {config.trigger_source}, it offers "
                    f"{', '.join(sources)}"
                )
            camera.set_trigger(config.trigger_source)
        elif config.fps is not None:
            camera.set_frame_rate(config.fps)

    def _pixels(self, buffer: Any) -> Pixels:
        status = buffer.get_status()
        if status != self._aravis.BufferStatus.SUCCESS:
            self.losses[status.value_nick] += 1
            raise BadPictureError(status.value_nick)
        width, height = buffer.get_image_width(), buffer.get_image_height()
        channels = 3 if self._config.pixel_format in ("RGB8", "BGR8") else 1
        check_size(width, height)
        data = np.frombuffer(buffer.get_data(), np.uint8)
        if data.size < width * height * channels:
            self.losses["size-mismatch"] += 1
            raise BadPictureError("size-mismatch")
        shape = (height, width, 3) if channels == 3 else (height, width)
        pixels = data[: width * height * channels].reshape(shape)
        conversion = _COLOURS.get(self._config.pixel_format)
        return pixels if conversion is None else cast(Pixels, cv2.cvtColor(pixels, conversion))

    def _count_underruns(self) -> None:
        underruns = self._stream.get_info_uint64_by_name("n_underruns")
        if underruns > self._underruns:
            self.losses["underruns"] += underruns - self._underruns
            self._underruns = underruns


def _aravis() -> tuple[Any, Any]:
    """Aravis, and what its calls raise. Raises CameraError.

    PyGObject from PyPI must be compiled; Debian's is there with Aravis, but not on the path of a
    virtual environment. Only `gi` is taken from there.
    """
    sys.path.append(_DEBIAN_PACKAGES)
    try:
        import gi  # noqa: PLC0415

        gi.require_version("Aravis", "0.8")
        from gi.repository import Aravis, GLib  # noqa: PLC0415
    except (ImportError, ValueError) as error:
        raise CameraError(
            f"Aravis cannot be used: {error}. Run as root: apt-get install python3-gi "
            f"gir1.2-aravis-0.8; this Python must be Debian's version of it, 3.11"
        ) from None
    finally:
        sys.path.remove(_DEBIAN_PACKAGES)
    return Aravis, GLib.GError
