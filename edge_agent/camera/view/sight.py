"""What one picture tells a person who aims the camera: the picture with marks, and facts in words.

Facts are JSON values: ``title``, ``number`` (of the picture), ``fault`` (None, or why there is no
picture), ``read``, ``expected``, ``complete``, ``rate``, ``sharpness`` (``part`` of the best of the
last minute, ``words``), ``module``, ``light``, ``advice`` (a list) and ``codes`` (``text``,
``detail``). The age of the picture comes beside them (watching.Watcher).
"""

import base64
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.layer.overlay import Mark, draw
from edge_agent.camera.look import masked_marks, masked_why
from edge_agent.camera.region import grey_part
from edge_agent.camera.tune.advice import MIN_MODULE_PX, picture_advice
from edge_agent.camera.tune.eye import Seen
from edge_agent.camera.tune.looking import Look, look_at
from edge_agent.camera.tune.optics import Exposure, exposure, laplacian_variance
from edge_agent.camera_config import Camera
from edge_agent.logs import mask

MAX_SIDE_PX = 1_600
"""A larger picture is shown smaller: the page's picture comes several times a second."""
JPEG_QUALITY = 80
RATE_OF = 50
BEST_OF_US = 60_000_000
MAX_SHOWN = 100
_NO_CODE = "no code to measure"


@dataclass(frozen=True, slots=True)
class Sight:
    """`jpeg` is None where there is no picture; else it was taken at `taken_us`, on this machine's
    monotonic clock."""

    jpeg: bytes | None
    facts: dict[str, Any]
    taken_us: int = 0


class Sharpness:
    """The Laplacian variance beside the best of the last minute: a bar to be filled."""

    def __init__(self) -> None:
        self._values: deque[tuple[int, float]] = deque(maxlen=2_000)

    def part(self, value: float, at_us: int) -> float:
        """0 to 1."""
        while self._values and at_us - self._values[0][0] > BEST_OF_US:
            self._values.popleft()
        self._values.append((at_us, value))
        best = max(each for _, each in self._values)
        return value / best if best else 0.0


class Rate:
    """How many of the last pictures were complete."""

    def __init__(self) -> None:
        self._complete: deque[bool] = deque(maxlen=RATE_OF)

    def words(self, complete: bool) -> str:
        self._complete.append(complete)
        return f"{sum(self._complete)} of the last {len(self._complete)} pictures"


class Sights:
    """Makes a `Sight` of each picture, one after the other."""

    def __init__(self, camera: Camera, title: str, expected: int, *, secret: bool) -> None:
        self._camera = camera
        self._title = title
        self._expected = expected
        self._secret = secret
        self._sharpness = Sharpness()
        self._rate = Rate()
        self._number = 0
        self._told: Sight | None = None

    def fault(self, why: str) -> Sight:
        return Sight(None, {"title": self._title, "number": self._number, "fault": why})

    def sight(self, pixels: NDArray[np.uint8], taken_us: int, seen: Seen) -> Sight:
        """Of a frame, grey or in colour, that was taken at `taken_us` on the monotonic clock."""
        self._number += 1
        look = look_at(grey_part(pixels, None), seen.reading)
        part = grey_part(pixels, self._camera.decode.region)
        laplacian = laplacian_variance(part)
        sizes = [s.measures.module_px for s in look.symbols if s.measures.module_px is not None]
        paper = statistics.median(each.light for each in look.code_light) if look.symbols else None
        facts = {
            "title": self._title,
            "number": self._number,
            "fault": None,
            "read": len(look.symbols),
            "expected": self._expected,
            "complete": seen.complete,
            "rate": self._rate.words(seen.complete),
            "sharpness": {
                "part": self._sharpness.part(laplacian, taken_us),
                "words": _sharpness_words(look, laplacian),
            },
            "module": _NO_CODE if not sizes else _module_words(statistics.median(sizes)),
            "light": _light_words(look.exposure, paper),
            "advice": picture_advice(self._camera, [look]) + self._why(seen),
            "codes": self._codes(seen),
        }
        return Sight(_jpeg(pixels, self._marks(seen)), facts, taken_us)

    def told(self, look: dict[str, Any], status: dict[str, Any]) -> Sight:
        """What the camera's role answered to ``look``, in which there is a picture, and to
        ``status``. A picture that it showed before is none more."""
        taken_us: int = look["taken_us"]
        if self._told is None or self._told.taken_us != taken_us:
            jpeg = base64.b64decode(look["picture"])
            self._told = self._of_role(jpeg, taken_us, look, status)
        return self._told

    def _of_role(
        self, jpeg: bytes, taken_us: int, look: dict[str, Any], status: dict[str, Any]
    ) -> Sight:
        self._number += 1
        pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            return self.fault(f"the role sent {len(jpeg)} bytes that are no picture")
        grey = pixels.astype(np.uint8, copy=False)
        laplacian, light = laplacian_variance(grey), exposure(grey)
        codes: list[str] = look["codes"]
        complete = not look["why"] and len(codes) >= self._expected
        quality = status["quality"]
        module_px = quality["medians"].get("module_px")
        facts = {
            "title": self._title,
            "number": self._number,
            "fault": None,
            "read": len(codes),
            "expected": self._expected,
            "complete": complete,
            "rate": self._rate.words(complete),
            "sharpness": {
                "part": self._sharpness.part(laplacian, taken_us),
                "words": f"{laplacian:.3g} (Laplacian variance)",
            },
            "module": _NO_CODE if module_px is None else _module_words(module_px),
            "light": _light_words(light, None),
            "advice": [*quality["warnings"], *([look["why"]] if look["why"] else [])],
            "codes": [{"text": self._said(text), "detail": ""} for text in codes[:MAX_SHOWN]],
        }
        return Sight(jpeg, facts, taken_us)

    def _codes(self, seen: Seen) -> list[dict[str, str]]:
        rows = [(symbol, f"{cell} " if cell else "", symbol.rung) for symbol, cell in seen.codes]
        rows += [(symbol, "", "doubtful") for symbol in seen.reading.doubted]
        return [
            {"text": f"{cell}{self._said(symbol.text)}", "detail": f"{symbol.format}, {how}"}
            for symbol, cell, how in rows[:MAX_SHOWN]
        ]

    def _marks(self, seen: Seen) -> list[Mark]:
        symbols = seen.reading.symbols + seen.reading.doubted
        return masked_marks(seen.marks, symbols) if self._secret else seen.marks

    def _why(self, seen: Seen) -> list[str]:
        why = masked_why(seen.why) if self._secret else seen.why
        return [why] if why else []

    def _said(self, text: str) -> str:
        return mask(text, secret=self._secret) or ""


def _sharpness_words(look: Look, laplacian: float) -> str:
    if not look.blurs:
        return f"{laplacian:.3g} (Laplacian variance)"
    blurriest = max(look.blurs, key=lambda each: each.modules)
    return f"{blurriest.words}; an edge is smeared by {blurriest.modules:.2f} of a module"


def _module_words(module_px: float) -> str:
    return f"{module_px:.1f} pixels; at least {MIN_MODULE_PX:.0f}"


def _light_words(light: Exposure, paper: float | None) -> str:
    whole = f"mean {light.mean:.0f} of 255, {light.bright:.1%} white to the limit"
    return whole if paper is None else f"{whole}; paper {paper:.0f}"


def _jpeg(pixels: NDArray[np.uint8], marks: Sequence[Mark]) -> bytes:
    scale = min(1.0, MAX_SIDE_PX / max(pixels.shape[:2]))
    if scale < 1:
        smaller = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pixels = smaller.astype(np.uint8, copy=False)
        marks = [_scaled(each, scale) for each in marks]
    drawn = draw(pixels, marks)
    _, coded = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return coded.tobytes()


def _scaled(mark: Mark, scale: float) -> Mark:
    a, b, c, d = ((x * scale, y * scale) for x, y in mark.corners)
    return replace(mark, corners=(a, b, c, d))
