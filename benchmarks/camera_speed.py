"""How many frames a second a camera role answers, and what a day of them costs.

Each figure goes the whole way: the source's thread, shared memory, a decoder process, the picture
for the evidence, the answer on the socket, the line's driver. Beside it: a loop that only decodes
the same frames with zxing-cpp, in one process.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import zxingcpp
from rich.console import Console
from rich.table import Table

from benchmarks.camera_role import pictures
from benchmarks.child import BenchmarkError, Child

SIZE = (1280, 1024)
GOAL_PER_S = 60
RATES = (60, 90)
SECONDS = 10
SOAK_SIZE = (96, 96)
SOAK_FRAMES = 864_000
"""Ten frames a second for 24 hours."""
SILENCE_S = 600
GROWTH = 1.05
"""Of resident memory, from a tenth of the soak to its end."""


def bare_per_s() -> float:
    """Frames a second of zxing-cpp alone, told the format."""
    frames = [pixels for pixels, _ in pictures(*SIZE)]
    began_s = time.perf_counter()
    for pixels in frames:
        found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormat.DataMatrix)
        if len(found) != 1:
            raise BenchmarkError(f"zxing-cpp read {len(found)} codes of a rendered frame")
    return len(frames) / (time.perf_counter() - began_s)


def role(frames: int, rate: float, size: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """What the role says at the beginning, and after each tenth of `frames`."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        arguments = [*map(str, (frames, rate, *size)), name]
        with Child("benchmarks.camera_role", *arguments, log=log) as child:
            for _ in range(11):
                yield json.loads(child.line(SILENCE_S))


def speed(console: Console, seconds: int) -> dict[str, Any]:
    table = Table(title=f"one code a frame, {SIZE[0]} x {SIZE[1]}")
    for column in (
        "frames come",
        "answered a second",
        "right",
        "no-read",
        "wrong",
        "decode p50, p99",
    ):
        table.add_column(column, justify="right")
    results: dict[str, Any] = {"bare_per_s": round(bare_per_s(), 1), "runs": {}}
    for rate in (*RATES, 0):
        *_, last = role(seconds * (rate or 120), rate, SIZE)
        per_s = round(last["answers"] / last["seconds"], 1)
        decode = last["decode_ms"]
        results["runs"][rate] = {**last, "per_s": per_s}
        table.add_row(
            f"{rate} a second" if rate else "as fast as answered",
            f"{per_s}",
            f"{last['right']}",
            f"{last['no_reads']}",
            f"{last['wrong']}",
            f"{decode['p50']}, {decode['p99']} ms",
        )
    console.print(table)
    console.print(
        f"zxing-cpp alone in one process, without a role: {results['bare_per_s']} a second"
    )
    sustained = results["runs"][0]["per_s"]
    met = "met" if sustained >= GOAL_PER_S else "MISSED"
    console.print(f"sustained: {sustained} a second, goal at least {GOAL_PER_S}: {met}")
    return results


def soak(console: Console, frames: int) -> dict[str, Any]:
    table = Table(title=f"{frames:,} frames of {SOAK_SIZE[0]} x {SOAK_SIZE[1]}")
    for column in ("frames", "seconds", "resident MB: role, decoders", "descriptors", "lost"):
        table.add_column(column, justify="right")
    said = list(role(frames, 0, SOAK_SIZE))
    for facts in said:
        table.add_row(
            f"{facts['answers']:,}",
            f"{facts['seconds']:.0f}",
            ", ".join(map(str, facts["resident_mb"])),
            ", ".join(map(str, facts["descriptors"])),
            f"{facts['no_reads'] + facts['wrong'] + facts['late'] + facts['restarts']}",
        )
    console.print(table)
    warm, last = said[1], said[-1]
    growth = sum(last["resident_mb"]) / sum(warm["resident_mb"])
    flat = growth <= GROWTH and warm["descriptors"] == last["descriptors"]
    console.print(
        f"memory from a tenth to the end: x {growth:.3f}, goal at most {GROWTH}; descriptors "
        f"{sum(warm['descriptors'])} and {sum(last['descriptors'])}: {'met' if flat else 'MISSED'}"
    )
    return {"growth": round(growth, 4), "said": said}


def main(args: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_speed")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each rate")
    parser.add_argument("--frames", type=int, default=SOAK_FRAMES, help="of the soak; 0: none")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args(args)
    console = Console() if Console().is_terminal else Console(width=140)
    results: dict[str, Any] = {"speed": speed(console, options.seconds)}
    if options.frames:
        results["soak"] = soak(console, options.frames)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
