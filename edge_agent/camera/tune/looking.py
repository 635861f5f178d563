"""Frames are looked at twice: once for every code that may be in them, and once as the camera role
would read them if it were configured as proposed."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.protocols import Frame
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note, PictureError, encode
from edge_agent.camera.role import reading_plan
from edge_agent.camera.symbols import Format, Reading, Symbol
from edge_agent.camera.tune.optics import Blur, Exposure, Grey, blur, exposure, laplacian_variance
from edge_agent.camera_config import Camera, Region

KEPT_BYTES = 256 << 20
"""Frames that are looked at a second time lie in memory until then."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame shows. `code_light` and `blurs` are those
    of each symbol; `evidence_bytes` is None if no picture could be made (`evidence_fault`)."""

    width: int
    height: int
    symbols: tuple[Symbol, ...]
    doubted: tuple[Symbol, ...]
    exposure: Exposure
    laplacian: float
    code_light: tuple[Exposure, ...]
    blurs: tuple[Blur, ...]
    evidence_bytes: int | None
    evidence_us: int
    evidence_fault: str = ""

    @property
    def seen(self) -> tuple[Symbol, ...]:
        return self.symbols + self.doubted


class Looks:
    """All that was seen. `kept` are the frames themselves, grey, as many as memory is given for.

    Every format is looked for, at every angle, light and dark, without haste.
    """

    def __init__(self, camera: Camera, name: str) -> None:
        self.frames: list[Look] = []
        self.kept: list[Grey] = []
        self._camera = camera
        self._name = name
        self._room = KEPT_BYTES
        self._ladder = Ladder(plan_of(camera, tuple(Format), rotated=True, inverted=True))

    def add(self, frame: Frame) -> Look:
        grey = _grey(frame.pixels)
        look = _look(self._camera, self._name, frame, grey, self._ladder.read(grey))
        self.frames.append(look)
        self._room -= grey.nbytes
        if self._room >= 0:
            self.kept.append(grey)
        return look

    @property
    def symbols(self) -> list[Symbol]:
        return [symbol for look in self.frames for symbol in look.seen]


@dataclass(frozen=True, slots=True)
class RungTime:
    """One rung of the ladder: how often it was climbed and brought codes, and its median time."""

    rung: str
    climbed: int
    gained: int
    median_us: float


@dataclass(frozen=True, slots=True)
class Trial:
    """How a plan does on the kept frames. `complete` of them had all codes that are expected;
    `lost` is how many codes less it read than the first look saw in them."""

    plan: ReadingPlan
    region: Region | None
    frames: int
    complete: int
    lost: int
    median_us: float
    p99_us: float
    rungs: tuple[RungTime, ...]


def plan_of(
    camera: Camera, formats: tuple[Format, ...], *, rotated: bool, inverted: bool
) -> ReadingPlan:
    """As the camera is configured but for what is given."""
    return replace(reading_plan(camera), formats=formats, rotated=rotated, inverted=inverted)


def trial(looks: Looks, plan: ReadingPlan, region: Region | None) -> Trial:
    """Read the kept frames by `plan`, in order, on one core."""
    ladder = Ladder(plan)
    readings: list[Reading] = []
    times: list[int] = []
    for grey in looks.kept:
        cut, origin = _cut(grey, region)
        began_ns = time.perf_counter_ns()
        readings.append(ladder.read(cut, origin=origin))
        times.append((time.perf_counter_ns() - began_ns) // 1_000)
    read = [len(reading.symbols) for reading in readings]
    return Trial(
        plan=plan,
        region=region,
        frames=len(readings),
        complete=sum(count >= plan.expected for count in read),
        lost=sum(
            max(0, len(before.symbols) - count)
            for before, count in zip(looks.frames, read, strict=False)
        ),
        median_us=statistics.median(times),
        p99_us=float(np.percentile(times, 99)),
        rungs=_rungs(readings),
    )


def _rungs(readings: Sequence[Reading]) -> tuple[RungTime, ...]:
    tries = [each for reading in readings for each in reading.tries]
    return tuple(
        RungTime(
            rung,
            sum(each.rung == rung for each in tries),
            sum(each.rung == rung and each.found > 0 for each in tries),
            statistics.median(each.elapsed_us for each in tries if each.rung == rung),
        )
        for rung in dict.fromkeys(each.rung for each in tries)
    )


def _look(camera: Camera, name: str, frame: Frame, grey: Grey, reading: Reading) -> Look:
    height, width = grey.shape
    began_ns, size, fault = time.perf_counter_ns(), None, ""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        note = Note(camera=name, trigger=0, at=at, reading=reading)
        size = len(encode(frame.pixels, note, camera.evidence).data)
    except PictureError as error:
        fault = str(error)
    return Look(
        width=width,
        height=height,
        symbols=reading.symbols,
        doubted=reading.doubted,
        exposure=exposure(grey),
        laplacian=laplacian_variance(grey),
        code_light=tuple(exposure(grey, symbol.corners) for symbol in reading.symbols),
        blurs=tuple(filter(None, (_blur(grey, symbol) for symbol in reading.symbols))),
        evidence_bytes=size,
        evidence_us=(time.perf_counter_ns() - began_ns) // 1_000,
        evidence_fault=fault,
    )


def _blur(grey: Grey, symbol: Symbol) -> Blur | None:
    module_px = symbol.measures.module_px
    return None if module_px is None else blur(grey, symbol.corners, module_px, symbol.format)


def _cut(grey: Grey, region: Region | None) -> tuple[Grey, tuple[float, float]]:
    if region is None:
        return grey, (0, 0)
    x, y = region.x, region.y
    return grey[y : y + region.height, x : x + region.width], (x, y)


def _grey(pixels: NDArray[np.uint8]) -> Grey:
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
