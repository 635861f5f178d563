"""Where `tune` gets its frames: from the camera itself, or from a folder of pictures."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from drivers import registry
from drivers.cameras import folder as folder_source
from drivers.protocols import CameraError, EndOfFrames, Frame, FrameSource
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask

_PACED_FRAMES = 6


class TuneError(Exception):
    """Nothing can be looked at; the message says why and the mend."""


@contextmanager
def opened(config: LineConfig, name: str, folder: Path | None) -> Iterator[FrameSource]:
    """The camera `name`, or the pictures in `folder`. Raises TuneError.

    A camera has one reader: while its role runs, its pictures are those that it keeps.
    """
    if folder is not None:
        source = registry.build_source(folder_source.Config(path=folder))
    else:
        if runs(config, name):
            raise TuneError(
                f"the role of camera {name} is running and has the camera: stop it "
                f"(systemctl stop edge-agent-camera@{config.line.name}:{name}), or look at "
                f"pictures that it kept with --folder {config.evidence_path(name)}/DAY"
            )
        source = registry.build_source(config.cameras[name].source, newest=True)
    try:
        source.open()
        yield source
    except CameraError as error:
        raise TuneError(str(error)) from None
    finally:
        source.close()


def runs(config: LineConfig, name: str) -> bool:
    """Whether the camera's role answers."""
    try:
        ask(config.control_path(f"camera-{name}"), "status", timeout_s=2)
    except ControlError:
        return False
    return True


def interval_us(source: FrameSource) -> float | None:
    """From one frame to the next of a camera that runs freely; None where there are not two."""
    times = [frame.taken_us for frame in frames(source, _PACED_FRAMES)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return statistics.median(gaps) if gaps else None


def frames(source: FrameSource, count: int) -> Iterator[Frame]:
    """At most `count`; fewer where the source ends. A camera that exposes on command is told to.
    Raises CameraError."""
    for _ in range(count):
        try:
            source.trigger()
            yield source.read()
        except EndOfFrames:
            return
