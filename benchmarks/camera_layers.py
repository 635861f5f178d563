"""Layers of 48 codes at 12 megapixels, read by two processes, beside zxing-cpp on whole frames.

``python -m benchmarks.camera_layers``. Each layer is tilted by 10 degrees and blurred, and 2 % of
its cells are damaged. Up to three frames of it are taken: it moves a little between them.

``--picture FILE`` writes one small layer for a camera of kind "folder"; what ``edge-agent camera
view`` shows of it is docs/images/camera-layer.png.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import cos, radians, sin
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, Result, show
from drivers.sim.printing import printed
from drivers.sim.scene import layer_scene
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reader import LayerReader, Part, Seen
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.symbols import Format

Grey = NDArray[np.uint8]

WIDTH, HEIGHT = 4_000, 3_000
PLAN = LayerPlan(rows=6, columns=8, frames=3)
PROCESSES = 2
DAMAGED_PART = 0.02
DAMAGE_PERCENT = (30, 60)
"""Of a damaged symbol, the part that is covered: more than its error correction mends."""
CONDITIONS = (
    *((Format.DATA_MATRIX, *seen) for seen in ((8, 2.0), (5, 2.0), (4, 2.0), (3, 1.0))),
    *((Format.QR, *seen) for seen in ((8, 2.0), (5, 2.0), (4, 1.8), (3, 1.0))),
)
"""Pixels of a module, and sigma of the blur in pixels."""
_ALONE = {
    Format.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Format.QR: zxingcpp.BarcodeFormat.QRCode,
}


@dataclass(slots=True)
class Tally:
    """What came of the layers of one condition."""

    readable: int = 0
    damaged: int = 0
    read: int = 0
    damaged_read: int = 0
    wrong: int = 0
    frames: int = 0
    layers: int = 0
    alone_read: int = 0
    """Of the readable: by zxing-cpp alone in the first frame."""
    first_read: int = 0
    """Of the readable: by us in the first frame."""
    frame_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    alone_ms: list[float] = field(default_factory=list)


class TwoProcesses:
    """A frame in shared memory, and the processes that look at its parts."""

    def __init__(self, plan: LayerPlan, reading: ReadingPlan, memory: SharedMemory) -> None:
        self._reader = LayerReader(plan, reading)
        self._frame = np.ndarray((HEIGHT, WIDTH), np.uint8, memory.buf)
        self._pool = ProcessPoolExecutor(
            PROCESSES,
            multiprocessing.get_context("spawn"),
            _begin,
            (plan, reading, memory.name),
        )

    def read(self, grey: Grey) -> tuple[LayerReading, float]:
        """And the milliseconds of CPU on its longest way: what it takes on two idle cores."""
        began_s, waited_for_s = time.process_time(), 0.0
        self._frame[...] = grey
        job = self._reader.job(grey.shape, PROCESSES)
        parts = next(job)
        while True:
            looks = list(self._pool.map(_look, parts))
            waited_for_s += max(cpu_s for _, cpu_s in looks)
            try:
                parts = job.send([seen for seen, _ in looks])
            except StopIteration as end:
                reading: LayerReading = end.value
                return reading, 1_000 * (time.process_time() - began_s + waited_for_s)

    def merge(self, first: LayerReading, later: LayerReading) -> LayerReading:
        return self._reader.merge(first, later)

    def close(self) -> None:
        self._pool.shutdown()


def measure(layers: int, console: Console) -> Result:
    """`layers` of each condition; a goal that is missed is shown."""
    tallies = dict[tuple[Format, int, float], Tally]()
    load = os.getloadavg()[0]
    for number, (format_, module_px, blur) in enumerate(CONDITIONS):
        reading = ReadingPlan((format_,))
        with two_processes(reading) as processes:
            processes.read(np.zeros((HEIGHT, WIDTH), np.uint8))  # both have started
            tally = tallies[format_, module_px, blur] = Tally()
            for layer in range(layers):
                _one_layer(tally, processes, format_, module_px, blur, 1_000 * number + layer)
    console.print(_table(tallies))
    readable, read, wrong = (
        sum(getattr(tally, name) for tally in tallies.values())
        for name in ("readable", "read", "wrong")
    )
    frame_ms, cpu_ms = (
        sorted(each for tally in tallies.values() for each in getattr(tally, name))
        for name in ("frame_ms", "cpu_ms")
    )
    return Result(
        [
            Figure("readable cells read", "%", 100 * read / readable, at_least=99.9),
            Figure("wrong cells", "", wrong, at_most=0),
            Figure("a frame, median", "ms", median(frame_ms), at_most=200),
            Figure("a frame, 95 of 100", "ms", frame_ms[len(frame_ms) * 95 // 100], at_most=200),
            Figure("a frame's CPU, 95 of 100", "ms", cpu_ms[len(cpu_ms) * 95 // 100], at_most=200),
        ],
        [
            f"{read} of {readable} cells that are not damaged, after at most {PLAN.frames} frames; "
            f"{PROCESSES} processes, a frame of {WIDTH} x {HEIGHT} in shared memory",
            "CPU: of the longest way through the processes, what a frame takes on idle cores; load "
            f"before the run: {load:.1f}",
        ],
        {
            "conditions": [
                {"format": format_, "module_px": module_px, "blur": blur, **asdict(tally)}
                for (format_, module_px, blur), tally in tallies.items()
            ]
        },
    )


@contextmanager
def two_processes(reading: ReadingPlan) -> Iterator[TwoProcesses]:
    memory = SharedMemory(create=True, size=WIDTH * HEIGHT)
    processes = TwoProcesses(PLAN, reading, memory)
    try:
        yield processes
    finally:
        processes.close()
        del processes  # it looks at the memory
        memory.close()
        memory.unlink()


def _one_layer(
    tally: Tally, processes: TwoProcesses, format_: Format, module_px: int, blur: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    texts = [
        f"010400638133393121{rng.integers(10**10):010d}{place:02d}"
        for place in range(PLAN.expected)
    ]
    labels = [printed(text, format_, module_px=module_px) for text in texts]
    hurt = rng.random(PLAN.expected) < DAMAGED_PART
    damage = np.where(hurt, rng.uniform(*DAMAGE_PERCENT, PLAN.expected), 0)
    towards, angle = rng.uniform(0, 360), rng.uniform(-4, 4)
    whole: LayerReading | None = None
    for frame in range(PLAN.frames):
        scene = layer_scene(
            labels, PLAN.rows or 0, PLAN.columns or 0,
            size=(WIDTH, HEIGHT),
            angle_deg=angle + 0.4 * frame,
            tilt=(10 * cos(radians(towards)), 10 * sin(radians(towards))),
            turn_deg=5,
            blur_sigma=blur,
            noise_sigma=4,
            damage=damage.tolist(),
            # The same things at the same places: their scatter and their damage come of it.
            rng=np.random.default_rng(seed),
        )  # fmt: skip
        began = time.perf_counter()
        reading, cpu_ms = processes.read(scene.pixels)
        tally.frame_ms.append(1_000 * (time.perf_counter() - began))
        tally.cpu_ms.append(cpu_ms)
        whole = reading if whole is None else processes.merge(whole, reading)
        tally.frames += 1
        if frame == 0:
            read = {symbol.text for symbol in reading.symbols}
            tally.first_read += _readable(texts, hurt, read)
            began = time.perf_counter()
            alone = zxingcpp.read_barcodes(
                scene.pixels, formats=_ALONE[format_], text_mode=zxingcpp.TextMode.Plain
            )
            tally.alone_ms.append(1_000 * (time.perf_counter() - began))
            tally.alone_read += _readable(texts, hurt, {seen.text for seen in alone})
        if whole.complete:
            break
    tally.layers += 1
    tally.damaged += int(hurt.sum())
    tally.readable += int((~hurt).sum())
    for cell, text, is_hurt in zip(whole.cells if whole else (), texts, hurt, strict=False):
        if cell.symbol is None:
            continue
        if cell.symbol.text != text:
            tally.wrong += 1
        elif is_hurt:
            tally.damaged_read += 1
        else:
            tally.read += 1


def _readable(texts: Sequence[str], hurt: NDArray[np.bool_], read: set[str]) -> int:
    return sum(text in read for text, is_hurt in zip(texts, hurt, strict=True) if not is_hurt)


def _table(tallies: dict[tuple[Format, int, float], Tally]) -> Table:
    table = Table(
        "codes", "module px", "blur sigma", "layers", "cells", "damaged (read)", "readable read",
        "in frame 1", "wrong", "frames", "ms a frame (max)", "of CPU (max)", "zxing-cpp alone",
        "its ms",
        title="Layers of 48 codes, 12 megapixels, 10° tilt", title_justify="left",
    )  # fmt: skip
    for (format_, module_px, blur), tally in tallies.items():
        table.add_row(
            format_,
            str(module_px),
            f"{blur:g}",
            str(tally.layers),
            str(tally.readable + tally.damaged),
            f"{tally.damaged} ({tally.damaged_read})",
            f"{100 * tally.read / tally.readable:.2f} %",
            f"{100 * tally.first_read / tally.readable:.2f} %",
            str(tally.wrong),
            f"{tally.frames / tally.layers:.2f}",
            f"{median(tally.frame_ms):.0f} ({max(tally.frame_ms):.0f})",
            f"{median(tally.cpu_ms):.0f} ({max(tally.cpu_ms):.0f})",
            f"{100 * tally.alone_read / tally.readable:.2f} %",
            f"{median(tally.alone_ms):.0f}",
        )
    return table


def small_layer() -> Grey:
    """A layer of 4 times 6 with a damaged code, and one that is there twice."""
    rows, columns = 4, 6
    texts = [f"0104006381333931211000{place:02d}" for place in range(rows * columns)]
    texts[16] = texts[8]
    return layer_scene(
        [printed(text, "data-matrix", module_px=4) for text in texts],
        rows,
        columns,
        size=(1100, 760),
        angle_deg=3,
        tilt=(9, 4),
        turn_deg=6,
        blur_sigma=0.8,
        noise_sigma=1,
        damage=[45 if place == 10 else 0 for place in range(rows * columns)],
        rng=np.random.default_rng(11),
    ).pixels


_reader: LayerReader
_memory: SharedMemory
_frame: Grey


def _begin(plan: LayerPlan, reading: ReadingPlan, memory: str) -> None:
    """In each process: what stays from frame to frame."""
    global _reader, _memory, _frame  # noqa: PLW0603 a pool's processes have no other place
    cv2.setNumThreads(1)
    _reader = LayerReader(plan, reading)
    _memory = SharedMemory(memory)
    _frame = np.ndarray((HEIGHT, WIDTH), np.uint8, _memory.buf)


def _look(part: Part) -> tuple[Seen, float]:
    """And the seconds of CPU that it took."""
    began_s = time.process_time()
    seen = _reader.look(_frame, part)
    return seen, time.process_time() - began_s


def main(args: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_layers")
    parser.add_argument("--layers", type=int, default=10, help="of each condition")
    parser.add_argument("--picture", type=Path, help="write a small layer here, and do no more")
    parser.add_argument("--json", type=Path, help="write all of it here")
    options = parser.parse_args(args)
    console = Console() if Console().is_terminal else Console(width=180)
    if options.picture:
        cv2.imwrite(str(options.picture), small_layer())
        return
    result = measure(options.layers, console)
    show(console, "Layers", result)
    if options.json:
        options.json.write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
