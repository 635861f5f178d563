"""Real pictures: what the ladder reads beside each engine alone, in one run, and how fast.

The pictures lie in folders whose names begin with the symbology; beside each its text (.txt) or
bytes (.bin). Folders `falsepositives-*` hold pictures in which nothing is to be read. And rendered
EAN-13 with scratches along their bars, where a single check digit guards against misreads.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.camera_contest import Decoder, pyzbar_told, zxing_told, zxing_with_defaults
from benchmarks.child import BenchmarkError
from drivers.sim.printing import printed
from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Format

Grey = NDArray[np.uint8]

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "decoder-pictures"
FORMATS = {
    "qrcode": Format.QR,
    "datamatrix": Format.DATA_MATRIX,
    "code128": Format.CODE_128,
    "ean13": Format.EAN_13,
    "upca": Format.UPC_A,
    "ean8": Format.EAN_8,
    "upce": Format.UPC_E,
    "itf": Format.ITF,
    "rss14": Format.DATABAR,
    "rssexpanded": Format.DATABAR,
}
GOALS = (Format.QR, Format.DATA_MATRIX, Format.CODE_128, Format.EAN_13, Format.UPC_A)
"""Where the ladder must read what either engine reads."""
NEGATIVE = "falsepositives"
TIME_GOAL = 1.2
_ROUNDS = 3
"""Each is timed so often, in turn; the quickest counts."""
SCRATCHED = 811
"""EAN-13; in fewer there is hardly a misread to count."""
CONTESTANTS = ("zxing defaults", "zxing told", "pyzbar", "ladder")


@dataclass(frozen=True)
class Picture:
    """`truth` is None where nothing is to be read."""

    name: str
    format: Format | None
    truth: str | bytes | None
    grey: Grey

    def is_read(self, texts: Sequence[str]) -> bool:
        return any(self._is_true(text) for text in texts)

    def is_misread(self, texts: Sequence[str]) -> bool:
        return any(not self._is_true(text) for text in texts)

    def _is_true(self, text: str) -> bool:
        if isinstance(self.truth, bytes):
            latin = text.encode("latin-1", "replace")
            return self.truth in (latin, text.encode("utf-8", "replace"))
        return text == self.truth


def pictures(folder: Path, turns: Sequence[int] = (0,)) -> Iterator[Picture]:
    """Each as it lies and turned by `turns` quarters. Raises BenchmarkError without any."""
    if not folder.is_dir():
        raise BenchmarkError(
            f"{folder} is not there: name the pictures' folder by --pictures or EDGE_AGENT_PICTURES"
        )
    for path in sorted(folder.glob("*/*")):
        kind = path.parent.name.split("-")[0]
        truth = _truth(path)
        if path.suffix in (".txt", ".bin", ".md") or (kind != NEGATIVE and truth is None):
            continue
        if kind not in FORMATS and kind != NEGATIVE:
            continue
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            continue
        if isinstance(truth, str) and "extension" in path.parent.name:
            truth = truth[:13]  # no decoder is told to read add-ons
        for turn in turns:
            turned = np.ascontiguousarray(np.rot90(grey, turn)).astype(np.uint8)
            name = f"{path.parent.name}/{path.name}" + (f" {90 * turn}°" if turn else "")
            yield Picture(name, FORMATS.get(kind), truth, turned)


def folder_option(parser: argparse.ArgumentParser) -> None:
    """Where the pictures lie."""
    default = Path(os.environ.get("EDGE_AGENT_PICTURES", FOLDER))
    parser.add_argument("--pictures", type=Path, default=default)


def _truth(path: Path) -> str | bytes | None:
    if (text := path.with_suffix(".txt")).is_file():
        return text.read_bytes().decode("utf-8")
    if (data := path.with_suffix(".bin")).is_file():
        return data.read_bytes()
    return None


@dataclass
class Score:
    """Of one symbology."""

    pictures: int = 0
    read: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CONTESTANTS, 0))
    misread: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CONTESTANTS, 0))
    union: int = 0
    lost: list[str] = field(default_factory=list)
    """Read by an engine alone and not by the ladder."""
    zxing_us: list[float] = field(default_factory=list)
    ladder_us: list[float] = field(default_factory=list)
    """Both of the pictures that zxing-cpp, told the format, reads."""

    @property
    def time_ratio(self) -> float:
        return median(self.ladder_us) / median(self.zxing_us) if self.zxing_us else 0

    @property
    def met(self) -> bool:
        misread = self.misread
        return self.read["ladder"] >= self.union and misread["ladder"] <= min(
            misread["zxing told"], misread["zxing defaults"], misread["pyzbar"]
        )


def _timed(decode: Callable[[Grey], object], grey: Grey) -> float:
    began = time.perf_counter_ns()
    decode(grey)
    return (time.perf_counter_ns() - began) / 1_000


@dataclass
class _Contest:
    told: Decoder
    zbar: Decoder | None
    ladder: Ladder

    @classmethod
    def of(cls, formats: tuple[Format, ...]) -> "_Contest":
        return cls(zxing_told(formats), pyzbar_told(formats), Ladder(ReadingPlan(formats)))

    def texts(self, grey: Grey) -> dict[str, list[str]]:
        return {
            "zxing defaults": zxing_with_defaults(grey),
            "zxing told": self.told(grey),
            "pyzbar": self.zbar(grey) if self.zbar else [],
            "ladder": [symbol.text for symbol in self.ladder.read(grey).symbols],
        }


def compare(all_pictures: Sequence[Picture]) -> tuple[dict[Format, Score], dict[str, list[str]]]:
    """Scores of each symbology; and what each contestant saw where nothing is, all formats told."""
    scores = dict[Format, Score]()
    nothing = {name: list[str]() for name in CONTESTANTS}
    contests = {name: _Contest.of((name,)) for name in Format}
    every = _Contest.of(tuple(Format))
    for picture in all_pictures:
        if picture.format is None:
            for name, texts in every.texts(picture.grey).items():
                nothing[name] += [f"{picture.name}: {text!r}" for text in texts]
            continue
        contest = contests[picture.format]
        score = scores.setdefault(picture.format, Score())
        score.pictures += 1
        said = contest.texts(picture.grey)
        for name, texts in said.items():
            score.read[name] += picture.is_read(texts)
            score.misread[name] += picture.is_misread(texts)
        alone = any(picture.is_read(said[name]) for name in CONTESTANTS[:-1])
        score.union += alone
        if alone and not picture.is_read(said["ladder"]):
            score.lost.append(picture.name)
        if picture.is_read(said["zxing told"]):
            rounds = [
                (_timed(contest.told, picture.grey), _timed(contest.ladder.read, picture.grey))
                for _ in range(_ROUNDS)
            ]
            score.zxing_us.append(min(told for told, _ in rounds))
            score.ladder_us.append(min(ladder for _, ladder in rounds))
    return scores, nothing


def scratched(count: int, seed: int) -> Iterator[Picture]:
    """EAN-13 of 2 pixels a module with one to four scratches of up to 4 pixels, blurred, noisy."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        digits = "".join(map(str, rng.integers(0, 10, 12)))
        text = digits + str(-sum(int(it) * (1, 3)[at % 2] for at, it in enumerate(digits)) % 10)
        label = printed(text, Format.EAN_13.value, module_px=2)
        height, width = label.shape
        grey = np.full((height + 60, width + 80), 200.0)
        grey[30 : 30 + height, 40 : 40 + width] = label
        for _ in range(rng.integers(1, 5)):
            at = int(rng.integers(40, 40 + width))
            grey[:, at : at + int(rng.integers(1, 5))] = rng.choice([40, 200])
        noisy = cv2.GaussianBlur(grey, (0, 0), 1) + rng.normal(0, rng.uniform(2, 10), grey.shape)
        pixels = np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)
        yield Picture(f"scratched {number}", Format.EAN_13, text, pixels)


def compare_scratched(seed: int) -> Score:
    """Scores of SCRATCHED pictures; times are not taken."""
    contest, score = _Contest.of((Format.EAN_13,)), Score()
    for picture in scratched(SCRATCHED, seed):
        said = contest.texts(picture.grey)
        score.pictures += 1
        for name, texts in said.items():
            score.read[name] += picture.is_read(texts)
            score.misread[name] += picture.is_misread(texts)
        score.union += any(picture.is_read(said[name]) for name in CONTESTANTS[:-1])
    return score


def show(scores: dict[Format, Score], nothing: dict[str, list[str]]) -> None:
    print("Read / misread, of pictures; union: read by any engine alone")
    head = f"{'':12} {'pictures':>8} " + "".join(f"{name:>16}" for name in CONTESTANTS[:-1])
    print(
        f"{head} {'union':>7} {'ladder':>10}  {'as good':7} {'zxing µs':>9} {'ladder µs':>9} ratio"
    )
    for name in (*GOALS, *(name for name in scores if name not in GOALS)):
        if name not in scores:
            continue
        score = scores[name]
        cells = [f"{score.read[it]} / {score.misread[it]}" for it in CONTESTANTS]
        zxing, ladder = (
            f"{median(us):9.0f}" if us else " " * 9 for us in (score.zxing_us, score.ladder_us)
        )
        print(
            f"{name:12} {score.pictures:8} "
            + "".join(f"{cell:>16}" for cell in cells[:-1])
            + f" {score.union:7} {cells[-1]:>10}  {'yes' if score.met else 'NO':7} "
            + f"{zxing} {ladder} {score.time_ratio:5.2f}"
        )
        for lost in score.lost:
            print(f"    lost: {lost}")
    ratio = _overall(scores)
    verdict = "yes" if ratio <= TIME_GOAL else "NO"
    print(f"Median time of all that zxing told reads: ladder {ratio:.2f} times zxing's")
    print(f"    goal at most {TIME_GOAL}: {verdict}")
    print("Where nothing is to be read, all formats told:")
    for contestant, seen in nothing.items():
        print(f"    {contestant:15} {len(seen)} {'; '.join(seen)}")


def _overall(scores: dict[Format, Score]) -> float:
    zxing = [us for score in scores.values() for us in score.zxing_us]
    ladder = [us for score in scores.values() for us in score.ladder_us]
    return median(ladder) / median(zxing) if zxing else 0


def main(args: Sequence[str] | None = None) -> None:
    """Measure and print; with --json the same numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera_pictures")
    folder_option(parser)
    parser.add_argument(
        "--rotations", action="store_true", help="each also turned by 90, 180 and 270 degrees"
    )
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args(args)
    turns = range(4) if options.rotations else (0,)
    scores, nothing = compare(list(pictures(options.pictures, turns)))
    show(scores, nothing)
    scars = [compare_scratched(seed) for seed in (5, 77)]
    for score in scars:
        cells = ", ".join(f"{it} {score.read[it]} / {score.misread[it]}" for it in CONTESTANTS)
        verdict = "yes" if score.met else "NO"
        print(
            f"Of {score.pictures} scratched EAN-13: {cells}, union {score.union}; good: {verdict}"
        )
    if options.json:
        report = {
            "scores": {name: asdict(score) for name, score in scores.items()},
            "nothing": nothing,
            "scratched": [asdict(score) for score in scars],
            "time_ratio": _overall(scores),
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
