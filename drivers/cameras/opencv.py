"""Cameras and videos that OpenCV reads: USB (V4L2), network streams, video files."""

from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from drivers.protocols import FrameSource
from drivers.registry import SourceConfig

SCHEMES = ("rtsp", "rtsps", "http", "https")
_ONLY = {
    "index": {"width", "height", "fps", "fourcc", "exposure_us"},
    "url": {"user", "password_file", "open_timeout_ms"},
    "file": {"rate_per_s", "loop"},
}

Size = Annotated[int, Field(ge=16, le=32_768)]


class Config(SourceConfig):
    """The keys of ``[cameras.NAME.source]`` with kind = "opencv": one of `index`, `url` and `file`,
    and what belongs to it."""

    kind: ClassVar[str] = "opencv"

    index: Annotated[int, Field(ge=0, le=63)] | None = None
    """N of /dev/videoN."""
    width: Size | None = None
    height: Size | None = None
    fps: Annotated[float, Field(gt=0, le=1_000)] | None = None
    fourcc: Annotated[str, Field(pattern=r"^[A-Z0-9 ]{4}$")] | None = None
    """The pixel format asked of the camera, e.g. MJPG where USB is too slow for YUYV."""
    exposure_us: Annotated[int, Field(ge=100, le=10_000_000)] | None = None
    """Fixed exposure, in steps of 100; None: as the camera was set."""

    url: str | None = None
    """rtsp://, rtsps://, http:// or https://, without password."""
    user: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    password_file: Path | None = None
    """Holds the password of `user`; readable by the agent's user alone."""
    open_timeout_ms: Annotated[int, Field(ge=100, le=120_000)] = 5_000

    file: Path | None = None
    """A video."""
    rate_per_s: Annotated[float, Field(gt=0, le=1_000)] | None = None
    """None: the video's own."""
    loop: bool = False

    read_timeout_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 2_000
    """So long without a new picture is an error; 0: never, for a camera that is silent until
    something triggers it."""
    colour: bool = False
    """Keep colours. Codes are read in grey, which is decoded faster."""

    @property
    def is_stream(self) -> bool:
        return self.file is None

    @field_validator("url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise ValueError(
                f"is {parts.scheme!r} to {parts.hostname!r}, expected {SCHEMES[0]}://"
                f"HOST/PATH or another of {', '.join(SCHEMES)}"
            )
        if parts.username is not None:
            raise ValueError("holds a user's name, expected the keys user and password_file")
        if parts.port == 0 or not url.isprintable() or " " in url:
            raise ValueError("is no URL: it has port 0, a space or a control character")
        return url

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in _ONLY if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"has {' and '.join(given) or 'none'}, expected one of {list(_ONLY)}")
        foreign = {
            name: owner
            for owner, names in _ONLY.items()
            for name in names & self.model_fields_set
            if owner != given[0]
        }
        if foreign:
            told = ", ".join(f"{name} is for {owner}" for name, owner in sorted(foreign.items()))
            raise ValueError(f"has {given[0]}, but {told}: remove it")
        if (self.user is None) is not (self.password_file is None):
            raise ValueError("has one of user and password_file, expected both or none")
        if (self.width is None) is not (self.height is None):
            raise ValueError("has one of width and height, expected both or none")
        return self


def build(config: Config, *, newest: bool = False) -> FrameSource:
    """A USB camera, a network stream, or a video file::

        [cameras.top.source]
        kind = "opencv"
        index = 0                                  # /dev/video0
        width = 1280
        height = 1024
        fourcc = "MJPG"
        exposure_us = 500

        [cameras.top.source]
        kind = "opencv"
        url = "rtsp://192.168.1.64/Streaming/Channels/1"      # over TCP
        user = "line"
        password_file = "/etc/edge-agent/camera.password"

        [cameras.top.source]
        kind = "opencv"
        file = "/var/lib/edge-agent/shift.avi"
        loop = true

    What a stream should look like: motion JPEG over HTTP, ``multipart/x-mixed-replace``, each part
    with its Content-Length. Then a frame is here 1 to 3 ms after its last byte was sent, no frame
    behind. Without Content-Length the end of a picture is known when the next begins: each is one
    frame late. Such a JPEG is decoded here, each at its own size; of other codecs OpenCV makes
    pictures of the size that the stream began with.

    Where only the newest picture is wanted, one that was not fetched in time is passed over, and
    the same twice is no frame: a stalled camera may go on sending its last. So a simulated camera
    needs some noise, and one that sees a single colour (cover, no light) is an error after
    `read_timeout_ms`.
    """
    # The line reads this kind's configuration as well, and should not load OpenCV for it.
    from drivers.cameras.capture import Capture  # noqa: PLC0415

    return Capture(config, newest=newest)
