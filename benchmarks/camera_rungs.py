"""What each rung of the ladder is worth: where the numbers in edge_agent.camera.decode.rungs come
from.

Each rung reads each picture, as it is and worn by chance; then, for each family of symbologies, the
rung with the best gain per millisecond is taken, and again of the pictures that are left.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.camera_pictures import Picture, folder_option, pictures
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decode.rungs import Family, Rung, rungs_for

Grey = NDArray[np.uint8]

WORN = 4
"""Variants of each picture beside itself."""


def worn(grey: Grey, seed: int) -> Grey:
    """Smaller or larger, leaning, blurred, of little contrast, unevenly lit, and noisy."""
    rng = np.random.default_rng((seed, grey.size))
    height, width = grey.shape
    scale = rng.choice((0.6, 0.8, 1.0, 1.4))
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), dtype=np.float32)
    lean = 0.04 * min(height, width)
    there = ((corners + 12 + rng.uniform(-lean, lean, (4, 2))) * scale).astype(np.float32)
    picture = cv2.warpPerspective(
        grey,
        cv2.getPerspectiveTransform(corners, there),
        (int((width + 24) * scale), int((height + 24) * scale)),
        borderMode=cv2.BORDER_REPLICATE,
    )
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.3)).astype(np.float32)
    light = np.linspace(0, rng.uniform(-60, 60), picture.shape[1])[None]
    picture = 128 + (picture - 128) * rng.uniform(0.25, 1) + light
    noise = rng.normal(0, rng.uniform(1, 8), picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _variants(picture: Picture) -> Iterator[Grey]:
    yield picture.grey
    for seed in range(WORN):
        yield worn(picture.grey, seed)


def measure(family: Family, some: Sequence[Picture]) -> None:
    """Prints the family's rungs, best first."""
    plans = {name: ReadingPlan((name,)) for name in family.value}
    rungs = {rung.name: rung for name in family.value for rung in rungs_for(plans[name])}
    readers = {
        (name, rung.name): rung.reader(plan)
        for name, plan in plans.items()
        for rung in rungs_for(plan)
    }
    read: dict[str, set[int]] = {name: set() for name in rungs}
    wrong, spent_us, pixels = Counter[str](), Counter[str](), Counter[str]()
    number = 0
    for picture in some:
        for grey in _variants(picture):
            number += 1
            for rung in rungs.values():
                if (reader := readers.get((picture.format, rung.name))) is None:
                    continue
                began = time.perf_counter_ns()
                texts = [seen.text for seen in reader.read(rung.preparation.apply(grey).pixels)]
                spent_us[rung.name] += (time.perf_counter_ns() - began) / 1_000
                pixels[rung.name] += grey.size
                wrong[rung.name] += picture.is_misread(texts)
                if picture.is_read(texts):
                    read[rung.name].add(number)
    print(f"{family.name}: {number} pictures, {len(set().union(*read.values()))} read by some rung")
    head = f"{'gain':>6} {'left':>7} {'gain %':>7} {'alone':>6} {'wrong':>6} {'ms/MP':>7}"
    print(f"    {'rung':24} {head}")
    _greedy(rungs, read, wrong, {it: spent_us[it] / pixels[it] for it in rungs}, number)


def _greedy(
    rungs: dict[str, Rung],
    read: dict[str, set[int]],
    wrong: Counter[str],
    us_per_pixel: dict[str, float],
    number: int,
) -> None:
    got, left = set[int](), dict(rungs)
    while left:
        best = max(left, key=lambda it: (len(read[it] - got) / us_per_pixel[it], -us_per_pixel[it]))
        gain, remaining = len(read[best] - got), number - len(got)
        print(
            f"    {best:24} {gain:6} {remaining:7} {100 * gain / max(remaining, 1):7.1f} "
            f"{len(read[best]):6} {wrong[best]:6} {us_per_pixel[best] * 1e3:7.1f}"
        )
        got |= read[best]
        del left[best]


def main(args: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_rungs")
    folder_option(parser)
    parser.add_argument("families", nargs="*", help=f"of {', '.join(it.name for it in Family)}")
    options = parser.parse_args(args)
    folder: Path = options.pictures
    every = list(pictures(folder, (0, 1)))
    for family in Family:
        if not options.families or family.name in options.families:
            measure(family, [it for it in every if it.format in family.value])


if __name__ == "__main__":
    main()
