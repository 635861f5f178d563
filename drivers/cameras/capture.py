"""OpenCV's VideoCapture as a source of frames. `drivers.cameras.opencv` has its configuration."""

import os
import socket
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit, urlunsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.cameras.newest import Newest
from drivers.cameras.pace import Pace
from drivers.cameras.pictures import BadPictureError, check_size, decoded, same
from drivers.protocols import CameraError, EndOfFrames, Frame

if TYPE_CHECKING:
    from drivers.cameras.opencv import Config

Pixels = NDArray[np.uint8]

# FFmpeg reads these when it opens something. TCP: a packet of UDP that is lost is a grey smear in
# every picture up to the next key frame.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_MISSES = 8
"""So many times in a row nothing came although nothing timed out: the stream has ended."""
_MJPEG = frozenset({"MJPG", "mjpg", "JPEG", "jpeg"})
_V4L2_MANUAL_EXPOSURE = 1  # V4L2_EXPOSURE_MANUAL
_V4L2_EXPOSURE_STEP_US = 100  # V4L2_CID_EXPOSURE_ABSOLUTE
_NO_TIMEOUT_NS = 0
_MAX_RATE_PER_S = 1_000
_KNOCK_S = 1.0
_MAX_PASSWORD_BYTES = 1_024


class Capture:
    """A camera, a stream or a file. `losses` counts ``unreadable``; and where only the `newest`
    picture of a camera or stream is wanted, ``repeated`` and ``passed`` (a newer one was there
    already). Else each that comes is given out, also the same one again."""

    def __init__(self, config: "Config", *, newest: bool = False) -> None:
        self._config = config
        self._only_newest = newest and config.file is None
        self._newest: Newest[tuple[Pixels, int]] | None = None
        self._where = str(config.url or config.file or f"/dev/video{config.index}")
        self._live = config.file is None
        self._video: cv2.VideoCapture | None = None
        self._jpegs = False
        self._last: Pixels | None = None
        self._given = 0
        self._pace = Pace(config.rate_per_s)
        self.losses: Counter[str] = Counter()

    def open(self) -> None:
        self.close()
        if self._config.index is not None:
            self._video = self._open_device(self._config.index)
        else:
            self._video = self._open_ffmpeg()
            if self._config.rate_per_s is None and not self._live:
                own_rate = self._video.get(cv2.CAP_PROP_FPS)
                self._pace = Pace(own_rate if 0 < own_rate <= _MAX_RATE_PER_S else None)
        if self._only_newest:
            video = self._video
            self._newest = Newest(lambda: self._came(video), self._passed)

    def read(self) -> Frame:
        """See FrameSource. Within `read_timeout_ms`; each try that brings no new picture may take
        as long once more."""
        if self._video is None:
            raise CameraError(f"{self._where} is not open")
        if not self._live:
            self._pace.wait()
        begun_s = time.monotonic()
        misses = 0
        problem = "sent nothing"
        while misses < _MISSES:
            came = self._came(self._video) if self._newest is None else self._newest.get()
            if came is None:
                misses += 1
            else:
                misses = 0
                data, taken_us = came
                try:
                    return Frame(self._fresh(data), taken_us)
                except BadPictureError as bad:
                    problem = f"sent no new picture ({bad})"
            waited_ms = (time.monotonic() - begun_s) * 1_000
            if self._live and 0 < self._config.read_timeout_ms <= waited_ms:
                raise CameraError(f"{self._where} {problem} for {waited_ms:.0f} ms")
        return self._after_the_end()

    def trigger(self) -> bool:
        return False

    def close(self) -> None:
        if self._newest is not None:
            self._newest.stop()
        self._newest = None
        if self._video is not None:
            self._video.release()
        self._video = None
        self._last = None
        self._given = 0

    def _after_the_end(self) -> Frame:
        if self._live:
            raise CameraError(f"{self._where} ended the stream")
        if not self._given:
            raise CameraError(f"{self._where} holds no picture that can be used")
        if not self._config.loop:
            raise EndOfFrames
        self.open()
        return self.read()

    def _open_ffmpeg(self) -> cv2.VideoCapture:
        config = self._config
        settings = [cv2.CAP_PROP_N_THREADS, 1]  # decoding on several holds a frame back on each
        if config.url is not None:
            target = _with_password(config.url, config.user, config.password_file)
            settings += [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, config.open_timeout_ms]
            settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, config.read_timeout_ms]
        else:
            # An absolute path cannot be taken for one of FFmpeg's protocols (concat:, http:).
            target = str(cast(Path, config.file).absolute())
        video = cv2.VideoCapture(target, cv2.CAP_FFMPEG, settings)
        if not video.isOpened():
            raise CameraError(f"{self._where} {self._why_closed()}")
        # Undecoded JPEGs keep their own size; OpenCV would scale each to that of the first.
        self._jpegs = _fourcc(video) in _MJPEG and video.set(cv2.CAP_PROP_FORMAT, -1)
        return video

    def _why_closed(self) -> str:
        if self._config.url is None:
            path = cast(Path, self._config.file)
            return "is no video that can be read" if path.is_file() else "is no file"
        parts = urlsplit(self._config.url)
        port = parts.port or {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}[parts.scheme]
        try:
            socket.create_connection((cast(str, parts.hostname), port), _KNOCK_S).close()
        except OSError as error:
            return f"cannot be reached: {error}"
        return (
            f"gave no video within {self._config.open_timeout_ms} ms, although its port is open: "
            "check path, user and password, and whether another takes the stream"
        )

    def _open_device(self, index: int) -> cv2.VideoCapture:
        path = Path(self._where)
        if not os.access(path, os.R_OK | os.W_OK):
            raise CameraError(
                f"{path} is closed to this user, who should be in the group video"
                if path.exists()
                else f"{path} is not there; there are {_devices() or 'none'}"
            )
        video = cv2.VideoCapture(index, cv2.CAP_V4L2)
        if not video.isOpened():
            raise CameraError(f"{path} is no camera, or another program has it")
        refused = self._set_up(video)
        if refused:
            video.release()
            raise CameraError(f"{path} does not take {'; '.join(refused)}")
        # OpenCV would decode a JPEG that is cut off, as USB cameras send, to half a picture.
        self._jpegs = _fourcc(video) in _MJPEG and video.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        return video

    def _set_up(self, video: cv2.VideoCapture) -> list[str]:
        """What the camera does otherwise than it was told."""
        config = self._config
        wanted: list[tuple[str, int, float]] = []
        if config.fourcc is not None:
            video.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*config.fourcc))
        if config.width is not None and config.height is not None:
            wanted.append((f"width {config.width}", cv2.CAP_PROP_FRAME_WIDTH, config.width))
            wanted.append((f"height {config.height}", cv2.CAP_PROP_FRAME_HEIGHT, config.height))
        if config.fps is not None:
            wanted.append((f"fps {config.fps:g}", cv2.CAP_PROP_FPS, config.fps))
        if config.exposure_us is not None:
            steps = config.exposure_us // _V4L2_EXPOSURE_STEP_US
            manual = ("manual exposure", cv2.CAP_PROP_AUTO_EXPOSURE, _V4L2_MANUAL_EXPOSURE)
            exposure = (f"exposure_us {config.exposure_us}", cv2.CAP_PROP_EXPOSURE, steps)
            wanted += [manual, exposure]
        for _, setting, value in wanted:
            video.set(setting, value)
        refused = [
            f"{told}, has {video.get(setting):g}"
            for told, setting, value in wanted
            if round(video.get(setting)) != round(value)
        ]
        if config.fourcc not in (None, _fourcc(video)):
            refused.append(f"fourcc {config.fourcc}, has {_fourcc(video)}")
        return refused

    def _passed(self) -> None:
        self.losses["passed"] += 1

    def _came(self, video: cv2.VideoCapture) -> tuple[Pixels, int] | None:
        """What comes next, not decoded yet, and when it came."""
        data = self._next(video)
        return None if data is None else (data, time.monotonic_ns() // 1_000)

    def _next(self, video: cv2.VideoCapture) -> Pixels | None:
        ok = True
        if self._config.index is None:
            ok = video.grab()
        else:
            # grab() itself waits for a device for ten seconds, whatever it is told.
            timeout_ns = self._config.read_timeout_ms * 1_000_000 or _NO_TIMEOUT_NS
            try:
                ok, _ = cv2.VideoCapture.waitAny([video], timeout_ns)
            except cv2.error:
                return None
        if ok:
            ok, data = video.retrieve()
        return cast(Pixels, data) if ok else None

    def _fresh(self, data: Pixels) -> Pixels:
        """The pixels of a picture that is not the last once more. Raises BadPictureError."""
        try:
            pixels = self._pixels(data)
        except BadPictureError:
            self.losses["unreadable"] += 1
            raise
        if self._only_newest and same(pixels, self._last):
            self.losses["repeated"] += 1
            raise BadPictureError(
                "the same again and again: it stalled, or sees one colour only, by a cover or "
                "without light"
            )
        self._last = pixels
        self._given += 1
        return pixels

    def _pixels(self, data: Pixels) -> Pixels:
        if self._jpegs:
            return decoded(data.tobytes(), colour=self._config.colour)
        check_size(data.shape[1] if data.ndim > 1 else 0, data.shape[0])
        if data.ndim == 2 or self._config.colour:
            return data
        return cast(Pixels, cv2.cvtColor(data, cv2.COLOR_BGR2GRAY))


def _fourcc(video: cv2.VideoCapture) -> str:
    return int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1")


def _devices() -> str:
    return ", ".join(str(path) for path in sorted(Path("/dev").glob("video*")))


def _with_password(url: str, user: str | None, password_file: Path | None) -> str:
    if user is None or password_file is None:
        return url
    try:
        with password_file.open("rb") as file:
            password = file.read(_MAX_PASSWORD_BYTES).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CameraError(f"password_file {password_file} cannot be read: {error}") from None
    parts = urlsplit(url)
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
