"""A camera role as the line sees it: a fixed-mount scanner on a Unix socket (see camera_wire)."""

from pathlib import Path
from typing import ClassVar

from drivers.protocols import CodeReader
from drivers.registry import DeviceConfig


class Config(DeviceConfig):
    """Where the camera role listens."""

    role: ClassVar[str] = "scanner"
    kind: ClassVar[str] = "camera-socket"

    path: Path


def build(name: str, config: Config) -> CodeReader:
    """The camera's connection, not yet open."""
    raise NotImplementedError
