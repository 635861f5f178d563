"""A camera role with its line's end, fed with rendered frames: the child of camera_speed.

``python -m benchmarks.camera_role FRAMES RATE WIDTH HEIGHT DIRECTORY`` prints a line of JSON at the
beginning, at each tenth of the frames, and at the end. RATE 0: as fast as answers come.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.protocols import EndOfFrames, Frame, ScannerFrame
from drivers.registry import build_reader
from drivers.sim.printing import printed
from drivers.sim.scene import photographed
from edge_agent.camera.role import CameraRole
from edge_agent.config import LineConfig
from edge_agent.config_file import config_of
from edge_agent.logs import configure_logs

Pixels = NDArray[np.uint8]

IN_FLIGHT = 6
"""Frames without an answer, where no rate is given: less than the buffer holds."""
VARIANTS = 64
EMPTY_EVERY = 100
"""So many frames show one without a code."""
MODULE_PX = 4
TOLD = 10
"""Times at which the facts are told."""


def pictures(width: int, height: int) -> list[tuple[Pixels, str]]:
    """Frames with one Data Matrix each, and its text."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(VARIANTS):
        text = f"{number:06}"
        label = printed(text, "data-matrix", module_px=MODULE_PX)
        room_x, room_y = width - label.shape[1], height - label.shape[0]
        at = (
            width / 2 + float(rng.uniform(-0.4, 0.4)) * room_x,
            height / 2 + float(rng.uniform(-0.4, 0.4)) * room_y,
        )
        frame = photographed(label, size=(width, height), at=at, noise_sigma=2, rng=rng)
        made.append((frame, text))
    return made


@dataclass
class Rendered:
    """A source of `frames` frames."""

    frames: int
    rate: float
    width: int
    height: int
    given: int = 0
    texts: deque[str] = field(default_factory=deque)
    room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(IN_FLIGHT))

    def __post_init__(self) -> None:
        self._pictures = pictures(self.width, self.height)
        self._empty = np.random.default_rng(2).integers(
            150, 160, (self.height, self.width), dtype=np.uint8
        )
        self._due_s = 0.0
        self.go = threading.Event()

    def open(self) -> None:
        self.go.wait()
        self._due_s = time.monotonic()

    def read(self) -> Frame:
        if self.given == self.frames:
            raise EndOfFrames
        if self.rate:
            self._due_s += 1 / self.rate
            time.sleep(max(0.0, self._due_s - time.monotonic()))
        else:
            self.room.acquire()
        self.given += 1
        if self.given % EMPTY_EVERY == 0:
            self.texts.append("")
            pixels = self._empty
        else:
            pixels, text = self._pictures[self.given % VARIANTS]
            self.texts.append(text)
        return Frame(pixels, time.monotonic_ns() // 1_000)

    def trigger(self) -> bool:
        return False

    def close(self) -> None:
        pass


@dataclass
class Heard:
    """The line's end: what was answered, and how long after its frame was taken."""

    source: Rendered
    right: int = 0
    no_reads: int = 0
    wrong: int = 0
    tenths: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    def frame(self, frame: ScannerFrame) -> None:
        expected = self.source.texts.popleft()
        self.right += (frame.text or "") == expected
        self.no_reads += frame.text is None and bool(expected)
        self.wrong += frame.text is not None and frame.text != expected
        self.source.room.release()
        if self.answers % (self.source.frames // TOLD) == 0:
            self.tenths.put_nowait(self.answers)

    @property
    def answers(self) -> int:
        return self.right + self.no_reads + self.wrong


def line_config(directory: Path) -> LineConfig:
    raw: dict[str, Any] = {
        "line": {
            "name": "bench",
            "data_dir": str(directory / "data"),
            "run_dir": str(directory / "run"),
        },
        "levels": [{"name": "unit", "codes": [{"kind": "plain", "pattern": "(?P<serial>.+)"}]}],
        "cameras": {
            "top": {
                "source": {"kind": "folder", "path": str(directory)},
                "deadline_ms": 1_000,
                "decode": {"formats": ["data-matrix"]},
                "evidence": {"waiting_mb": 4},
            }
        },
        "stations": [{"name": "bench", "scanner": "top", "reads": ["unit"]}],
    }
    return config_of(raw, directory / "bench.toml")


def processes() -> Iterator[int]:
    """This one, then its decoders."""
    yield os.getpid()
    for task in Path("/proc/self/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def resident_mb(pid: int) -> float:
    """VmRSS (proc(5)), in units of 10^6 bytes."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def say(heard: Heard, began_s: float, role: CameraRole) -> None:
    pids = list(processes())
    status = role.status()
    facts = {
        "answers": heard.answers,
        "right": heard.right,
        "no_reads": heard.no_reads,
        "wrong": heard.wrong,
        "seconds": time.monotonic() - began_s,
        "resident_mb": [round(resident_mb(pid), 1) for pid in pids],
        "descriptors": [descriptors(pid) for pid in pids],
        "refused": status["refused"],
        "late": status["late"],
        "restarts": status["workers"]["restarts"],
        "decode_ms": status["decode_ms"],
    }
    print(json.dumps(facts), flush=True)


async def run(source: Rendered, directory: Path) -> None:
    config = line_config(directory)
    role = CameraRole(config, "top", source)
    reader = build_reader("top", config.line_devices()["top"])
    heard = Heard(source)
    tasks = [asyncio.create_task(role.run()), asyncio.create_task(reader.run(heard.frame))]
    while (facts := role.status())["workers"]["running"] < 2 or not facts["line_connected"]:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    source.go.set()
    began_s = time.monotonic()
    say(heard, began_s, role)
    for _ in range(TOLD):
        await heard.tenths.get()
        say(heard, began_s, role)
    for task in reversed(tasks):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)


def main() -> None:
    frames, rate, width, height, directory = sys.argv[1:]
    source = Rendered(int(frames), float(rate), int(width), int(height))
    configure_logs(logging.WARNING)
    asyncio.run(run(source, Path(directory)))


if __name__ == "__main__":
    main()
