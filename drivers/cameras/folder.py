"""A folder of pictures, for the bench, for `camera tune`, and to look again at what went wrong."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import structlog
from pydantic import Field

from drivers.cameras.pace import Pace
from drivers.protocols import CameraError, EndOfFrames, Frame, FrameSource
from drivers.registry import SourceConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENDINGS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
MAX_FILE_BYTES = 256 << 20

_log = structlog.get_logger("drivers")


class Config(SourceConfig):
    """The keys of ``[cameras.NAME.source]`` with kind = "folder"."""

    kind: ClassVar[str] = "folder"

    path: Path
    rate_per_s: Annotated[float, Field(gt=0, le=1_000)] | None = None
    """None: as fast as they are asked for."""
    loop: bool = False
    """Begin again after the last, with the pictures that are there then."""
    colour: bool = False
    """Keep colours. Codes are read in grey, which is decoded faster."""


def build(config: Config) -> FrameSource:
    """The pictures of a folder (JPEG, PNG, WebP, BMP) in the order of their names::

        [cameras.top.source]
        kind = "folder"
        path = "/var/lib/edge-agent/pictures"
        rate_per_s = 5

    A picture that cannot be used is logged with its file's name, counted, and passed over.
    """
    return Folder(config)


class Folder:
    """Pictures from files. `losses` counts ``unreadable``."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._pace = Pace(config.rate_per_s)
        self._files: Iterator[Path] = iter(())
        self._given = 0
        self.losses: Counter[str] = Counter()

    def open(self) -> None:
        self._begin()

    def read(self) -> Frame:
        while True:
            for path in self._files:
                pixels = self._pixels(path)
                if pixels is not None:
                    self._pace.wait()
                    self._given += 1
                    return Frame(pixels, time.monotonic_ns() // 1_000)
            if not self._given:
                raise CameraError(
                    f"{self._config.path} holds no picture that can be used; the log names each"
                )
            if not self._config.loop:
                raise EndOfFrames
            self._begin()

    def trigger(self) -> bool:
        return False

    def close(self) -> None:
        self._files = iter(())

    def _begin(self) -> None:
        try:
            names = sorted(
                entry
                for entry in self._config.path.iterdir()
                if entry.suffix.lower() in ENDINGS and entry.is_file()
            )
        except OSError as error:
            raise CameraError(f"{self._config.path} cannot be listed: {error.strerror}") from error
        if not names:
            raise CameraError(
                f"{self._config.path} holds no picture, expected files that end in "
                f"{', '.join(sorted(ENDINGS))}"
            )
        self._files, self._given = iter(names), 0

    def _pixels(self, path: Path) -> "NDArray[np.uint8] | None":
        # The line reads this kind's configuration as well, and should not load OpenCV for it.
        from drivers.cameras.pictures import BadPictureError, decoded  # noqa: PLC0415

        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise BadPictureError(f"the file is larger than {MAX_FILE_BYTES >> 20} MB")
            return decoded(data, colour=self._config.colour)
        except (OSError, BadPictureError) as error:
            self.losses["unreadable"] += 1
            _log.warning("picture refused", path=str(path), why=str(error))
            return None
