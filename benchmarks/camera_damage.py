"""Printed codes of which part is covered: what is read, by percent of the symbol."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.camera_contest import Decoder, pyzbar_told, zxing_told
from drivers.sim.printing import printed
from drivers.sim.scene import photographed
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Format

KINDS = (
    ("QR-M", Format.QR, "M"),
    ("QR-H", Format.QR, "H"),
    ("Data Matrix", Format.DATA_MATRIX, ""),
)
PERCENTS = (0, 2, 4, 6, 8, 10, 12, 15, 18, 21, 25, 30)
EACH = 60
"""Pictures of one kind and one percent."""
CONTESTANTS = ("zxing", "pyzbar", "ladder")
_MODULE_PX = 5
_SIZE = (320, 320)


def curve(name: Format, level: str, each: int) -> dict[int, dict[str, int]]:
    """Of each percent, how many of `each` pictures each contestant reads right; and the misreads
    of all of them, as "wrong"."""
    contestants: dict[str, Decoder] = {"zxing": zxing_told((name,))}
    if (zbar := pyzbar_told((name,))) is not None:
        contestants["pyzbar"] = zbar
    ladder = Ladder(ReadingPlan((name,)))
    contestants["ladder"] = lambda grey: [it.text for it in ladder.read(grey).symbols]
    points = dict[int, dict[str, int]]()
    for percent in PERCENTS:
        points[percent] = dict.fromkeys((*CONTESTANTS, "wrong"), 0)
        for number in range(each):
            rng = np.random.default_rng((percent, number))
            text = f"010460043993125621{number:05}{percent:02}ABC"
            picture = photographed(
                printed(text, name.value, module_px=_MODULE_PX, level=level or "M"),
                size=_SIZE,
                at=(160, 160),
                angle_deg=float(rng.uniform(-10, 10)),
                blur_sigma=0.8,
                noise_sigma=4,
                damage=percent,
                rng=rng,
            )
            for contestant, decode in contestants.items():
                texts = decode(picture)
                points[percent][contestant] += text in texts
                points[percent]["wrong"] += any(said != text for said in texts)
    return points


def main(args: Sequence[str] | None = None) -> None:
    """Measure and print; with --json the same numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_damage")
    parser.add_argument("--each", type=int, default=EACH, help="pictures of a kind and percent")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args(args)
    curves = {label: curve(name, level, options.each) for label, name, level in KINDS}
    print(f"Read of {options.each} pictures, by percent of the symbol that is covered")
    print(f"{'':24}" + "".join(f"{percent:5}" for percent in PERCENTS))
    for label, points in curves.items():
        for contestant in CONTESTANTS:
            counts = "".join(f"{points[percent][contestant]:5}" for percent in PERCENTS)
            print(f"{label:14}{contestant:10}{counts}")
        as_good = all(
            point["ladder"] >= max(point["zxing"], point["pyzbar"]) for point in points.values()
        )
        wrong = sum(point["wrong"] for point in points.values())
        print(f"{'':14}as good at every point: {'yes' if as_good else 'NO'}; misreads: {wrong}")
    if options.json:
        options.json.write_text(json.dumps(curves, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
