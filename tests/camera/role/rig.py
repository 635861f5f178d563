"""A camera role in the test's own loop, with a camera that the test moves, and a line that listens.

Its decoders are real processes, its socket is a real socket.
"""

import asyncio
import os
import queue
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.protocols import CameraError, Frame, Link, ScannerFrame
from drivers.scanners.camera import Config, build
from drivers.sim.printing import printed
from edge_agent.camera.role import CameraRole
from edge_agent.config import LineConfig
from edge_agent.config_file import config_of

Pixels = NDArray[np.uint8]
NOT_YET = ("the role is starting", "the camera is being opened", "the decoders are starting")
PATIENCE_S = 20
"""For what must happen, on a machine that is busy with other things."""


def config(directory: Path, camera: dict[str, Any] | None = None, **decode: Any) -> LineConfig:
    """A line with one camera, `top`, read at the station `bench`."""
    keys: dict[str, Any] = {
        "source": {"kind": "folder", "path": str(directory / "pictures")},
        "deadline_ms": 10_000,
        **(camera or {}),
        "decode": {"formats": ["data-matrix"], "workers": 1, "budget_ms": 200, **decode},
    }
    raw = {
        "line": {
            "name": "test",
            "data_dir": str(directory / "data"),
            "run_dir": str(directory / "run"),
        },
        "levels": [{"name": "unit", "codes": [{"kind": "plain", "pattern": "(?P<serial>.+)"}]}],
        "cameras": {"top": keys},
        "stations": [{"name": "bench", "scanner": "top", "reads": ["unit"]}],
    }
    return config_of(raw, directory / "line.toml")


def picture(
    *texts: str, kind: str = "data-matrix", size: tuple[int, int] = (480, 640), seed: int = 0
) -> Pixels:
    """A grey picture, (h, w), with symbols beside each other; its noise is the seed's."""
    rng = np.random.default_rng(seed)
    pixels = np.full(size, 200.0)
    left = 20
    for text in texts:
        label = printed(text, kind, module_px=4)
        height, width = label.shape
        pixels[20 : 20 + height, left : left + width] = label
        left += width + 20
    return np.clip(pixels + rng.normal(0, 3, size), 0, 255).astype(np.uint8)


class TestCamera:
    """A `FrameSource` whose next picture, or error, is what the test gives."""

    __test__ = False

    def __init__(self) -> None:
        self._next: queue.SimpleQueue[Pixels | Exception] = queue.SimpleQueue()
        self.opened = 0
        self.triggers = 0
        self.is_away = ""

    def give(self, given: Pixels | Exception) -> None:
        self._next.put(given)

    def open(self) -> None:
        if self.is_away:
            raise CameraError(self.is_away)
        self.opened += 1

    def read(self) -> Frame:
        given = self._next.get()
        if isinstance(given, Exception):
            raise given
        return Frame(given, time.monotonic_ns() // 1_000)

    def trigger(self) -> bool:
        self.triggers += 1
        return True

    def close(self) -> None:
        pass


class Rig:
    """The role, its camera, and the line's end."""

    def __init__(self, line: LineConfig) -> None:
        self.config = line
        self.camera = TestCamera()
        self.role = CameraRole(line, "top", self.camera)
        self.reader = build("top", Config(path=line.camera_socket("top")))
        self.frames: asyncio.Queue[ScannerFrame] = asyncio.Queue()

    async def answer(self) -> ScannerFrame:
        return await asyncio.wait_for(self.frames.get(), PATIENCE_S)

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await asyncio.sleep(0.005)

    @property
    def status(self) -> dict[str, Any]:
        return self.role.status()

    @property
    def is_ready(self) -> bool:
        """Whether the line has heard how the camera is, once the decoders run."""
        fault = self.status["fault"]
        if fault in NOT_YET or not self.status["line_connected"] or not self.workers:
            return False
        return (self.reader.state.link is Link.UP) is (fault is None)

    @property
    def workers(self) -> list[int]:
        """Process numbers of the decoders."""
        return [pid for pid in children(os.getpid()) if b"camera.worker" in command_of(pid)]


@asynccontextmanager
async def running(line: LineConfig, *, heard: bool = True) -> AsyncIterator[Rig]:
    """A role whose decoders are ready and whose line, if it is `heard`, is connected."""
    rig = Rig(line)
    tasks = [asyncio.create_task(rig.role.run())]
    if heard:
        tasks.append(asyncio.create_task(rig.reader.run(rig.frames.put_nowait)))
    try:
        await rig.until(
            lambda: (rig.is_ready if heard else not rig.status["fault"]) or tasks[0].done()
        )
        yield rig
    finally:
        rig.camera.give(CameraError("the test is over"))
        for task in reversed(tasks):
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if not isinstance(error, asyncio.CancelledError) and isinstance(error, BaseException):
                raise error


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    found = []
    for task in tasks.iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
