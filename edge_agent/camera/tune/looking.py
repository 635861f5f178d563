"""Frames are looked at twice: once for every code that may be in them, and once as the camera role
would read them if it were configured as proposed."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from drivers.protocols import Frame
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note, PictureError, encode
from edge_agent.camera.region import grey_part
from edge_agent.camera.role import reading_plan
from edge_agent.camera.symbols import Format, Reading, Symbol
from edge_agent.camera.tune.eye import Eye
from edge_agent.camera.tune.optics import Blur, Exposure, Grey, blur, exposure, laplacian_variance
from edge_agent.camera_config import Camera, Region

SOME = 0.1
PATIENCE_US = 2_000_000
GLANCE_US = 100_000
MORE = 10
KEPT_BYTES = 256 << 20
"""Frames that are looked at a second time lie in memory until then."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame shows. `others` are of formats that are not configured; `code_light` and
    `blurs` are those of each symbol that was read."""

    width: int
    height: int
    symbols: tuple[Symbol, ...]
    doubted: tuple[Symbol, ...]
    others: tuple[Symbol, ...]
    exposure: Exposure
    laplacian: float
    code_light: tuple[Exposure, ...]
    blurs: tuple[Blur, ...]

    @property
    def seen(self) -> tuple[Symbol, ...]:
        return self.symbols + self.doubted + self.others


@dataclass(frozen=True, slots=True)
class Kept:
    """What it takes to make evidence of one frame; `fault` says why that cannot be."""

    size_bytes: int
    elapsed_us: int
    fault: str = ""


class Looks:
    """All that was seen: what is expected at every angle, light and dark, with patience; what
    nobody expects, of any format, if it is seen at a glance.

    `kept` are the frames themselves, grey: those that show a code, as many as memory is given for.
    `counts` says how many of the expected symbols each of them showed.
    """

    def __init__(self, camera: Camera, name: str) -> None:
        self.frames: list[Look] = []
        self.evidence: list[Kept] = []
        self.kept: list[Grey] = []
        self.counts: list[int] = []
        self._camera = camera
        self._name = name
        self._room = KEPT_BYTES
        self._formats = tuple(camera.decode.formats)
        plan = plan_of(camera, self._formats, rotated=True, inverted=True)
        self._expected = plan.expected
        self._eye = Eye(plan, camera.layer, None, PATIENCE_US)
        glance = replace(plan, formats=tuple(Format), expected=plan.expected + MORE)
        self._glance = Eye(glance, None, None, GLANCE_US)

    def add(self, frame: Frame) -> Look:
        grey = grey_part(frame.pixels, None)
        reading = self._eye.see(grey).reading
        seen = {(symbol.text, symbol.format) for symbol in reading.symbols + reading.doubted}
        more = [
            symbol
            for symbol in self._glance.see(grey).reading.symbols
            if (symbol.text, symbol.format) not in seen
        ]
        due = tuple(symbol for symbol in more if symbol.format in self._formats)
        others = tuple(symbol for symbol in more if symbol.format not in self._formats)
        reading = replace(reading, symbols=reading.symbols + due)
        look = look_at(grey, reading, others)
        self.frames.append(look)
        self.evidence.append(_kept(self._camera, self._name, frame, reading))
        self._room -= grey.nbytes if look.seen else 0
        if look.seen and self._room >= 0:
            self.kept.append(grey)
            count = len(look.symbols) or len(look.others)
            self.counts.append(min(count, self._expected))
        return look

    @property
    def symbols(self) -> list[Symbol]:
        """All that were seen."""
        return [symbol for look in self.frames for symbol in look.seen]

    @property
    def others(self) -> dict[Format, int]:
        """Formats that are not configured, with the number of codes. What fewer than a tenth of
        the frames with codes show may be a misread, and is left out."""
        frames = [look for look in self.frames if look.seen]
        shown = Counter(form for look in frames for form in {s.format for s in look.others})
        codes = Counter(symbol.format for look in frames for symbol in look.others)
        return {form: codes[form] for form, n in shown.most_common() if n >= SOME * len(frames)}


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

    @property
    def climbed(self) -> int:
        """Rungs, in all frames together."""
        return sum(each.climbed for each in self.rungs)


def plan_of(
    camera: Camera, formats: tuple[Format, ...], *, rotated: bool, inverted: bool
) -> ReadingPlan:
    """As the camera is configured but for what is given."""
    return replace(reading_plan(camera), formats=formats, rotated=rotated, inverted=inverted)


def trial(looks: Looks, camera: Camera, plan: ReadingPlan, region: Region | None) -> Trial:
    """Read the kept frames by `plan`, in order, on one core."""
    eye = Eye(plan, camera.layer, region, PATIENCE_US)
    readings: list[Reading] = []
    times: list[int] = []
    for grey in looks.kept:
        began_ns = time.perf_counter_ns()
        readings.append(eye.see(grey).reading)
        times.append((time.perf_counter_ns() - began_ns) // 1_000)
    read = [len(reading.symbols) for reading in readings]
    return Trial(
        plan=plan,
        region=region,
        frames=len(readings),
        complete=sum(count >= plan.expected for count in read),
        lost=sum(max(0, before - count) for before, count in zip(looks.counts, read, strict=True)),
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


def look_at(grey: Grey, reading: Reading, others: tuple[Symbol, ...] = ()) -> Look:
    """A frame (h, w) and what was read in it."""
    height, width = grey.shape
    return Look(
        width=width,
        height=height,
        symbols=reading.symbols,
        doubted=reading.doubted,
        others=others,
        exposure=exposure(grey),
        laplacian=laplacian_variance(grey),
        code_light=tuple(exposure(grey, symbol.corners) for symbol in reading.symbols),
        blurs=tuple(filter(None, (_blur(grey, symbol) for symbol in reading.symbols))),
    )


def _kept(camera: Camera, name: str, frame: Frame, reading: Reading) -> Kept:
    began_ns, size, fault = time.perf_counter_ns(), 0, ""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    try:
        note = Note(camera=name, trigger=0, at=at, reading=reading)
        size = len(encode(frame.pixels, note, camera.evidence).data)
    except PictureError as error:
        fault = str(error)
    return Kept(size, (time.perf_counter_ns() - began_ns) // 1_000, fault)


def _blur(grey: Grey, symbol: Symbol) -> Blur | None:
    module_px = symbol.measures.module_px
    return None if module_px is None else blur(grey, symbol.corners, module_px, symbol.format)
