"""What a camera sees of printed labels: perspective, blur, noise, glare, damage.

Every picture follows from its arguments and the random generator, and comes with what is true about
it. Points are (x, y) in pixels of the frame, y down.
"""

from collections.abc import Sequence
from math import cos, radians, sin
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]
"""Of the symbol without its quiet zone: clockwise, its own top left first."""

_PAPER = 225
_TABLE = 120
_NOISE_TILE_PX = 256
_SCRATCH_PART = 0.02
"""A scratch's width, as part of the symbol's shorter side."""


def photographed(
    label: Grey,
    *,
    size: tuple[int, int],
    at: Point,
    angle_deg: float = 0,
    tilt: tuple[float, float] = (0, 0),
    blur_sigma: float = 0,
    noise_sigma: float = 0,
    glare: float = 0,
    damage: float = 0,
    contrast: float = 0.85,
    rng: np.random.Generator,
) -> Grey:
    """A frame of `size` (width, height) with `label` lying in it, its middle at `at`.

    The label is not enlarged: a module of it is as many pixels as it was printed with. It is turned
    by `angle_deg` clockwise and leans by `tilt` degrees about the frame's x and y axes.
    `blur_sigma` is in pixels, `noise_sigma` in grey levels. `glare`, 0 to 1, is the brightness of a
    spot of light on the label; `damage` the percentage of the symbol that is scratched or covered;
    `contrast` the part of the light that the ink swallows. `outline` tells where the symbol is.
    """
    picture = surface(size, rng)
    hurt = damaged(label, damage, rng)
    lay(picture, hurt, at=at, angle_deg=angle_deg, tilt=tilt, contrast=contrast)
    spot = at if glare else None
    return exposed(picture, blur_sigma, noise_sigma, rng, glare, spot, max(label.shape) / 4)


def lay(
    picture: Grey,
    label: Grey,
    *,
    at: Point,
    angle_deg: float = 0,
    tilt: tuple[float, float] = (0, 0),
    contrast: float = 0.85,
) -> None:
    """Draw `label` into `picture`, in place, where and as `photographed` would."""
    size = (picture.shape[1], picture.shape[0])
    _lay(picture, label, _placed(label, size, at, angle_deg, tilt), contrast)


def outline(
    label: Grey,
    *,
    size: tuple[int, int],
    at: Point,
    angle_deg: float = 0,
    tilt: tuple[float, float] = (0, 0),
) -> Corners:
    """Where `photographed` puts the symbol's corners."""
    return _corners(label, _placed(label, size, at, angle_deg, tilt))


class LayerPicture(NamedTuple):
    """A frame, and of each cell in reading order the symbol's corners; None where none lies."""

    pixels: Grey
    corners: tuple[Corners | None, ...]


def layer_scene(
    labels: Sequence[Grey | None],
    rows: int,
    columns: int,
    *,
    size: tuple[int, int],
    pitch_px: float | None = None,
    angle_deg: float = 0,
    tilt: tuple[float, float] = (0, 0),
    turn_deg: float = 0,
    blur_sigma: float = 0,
    noise_sigma: float = 0,
    glare: float = 0,
    damage: Sequence[float] = (),
    contrast: float = 0.85,
    rng: np.random.Generator,
) -> LayerPicture:
    """A layer of `rows` times `columns` things, each with its label (None: the place is empty).

    The layer as a whole is turned and tilted as in `photographed`; each thing stands turned by up
    to `turn_deg` by itself and a little off its place. `pitch_px` is the distance of neighbours
    (None: the frame is filled); `damage` is each label's, in percent (empty: none). A spot of
    `glare` lies somewhere on the layer. Raises ValueError where the numbers do not fit together.
    """
    if len(labels) != rows * columns or len(damage) not in (0, len(labels)):
        raise ValueError(
            f"has {len(labels)} labels and {len(damage)} damages for {rows} rows of {columns}, "
            "expected one label a place, and a damage for each or none"
        )
    width, height = size
    pitch = pitch_px or 0.9 * min(width / columns, height / rows)
    whole = _seen(size, (width / 2, height / 2), angle_deg, tilt)
    picture = surface(size, rng)
    corners: list[Corners | None] = []
    for place, label in enumerate(labels):
        row, column = divmod(place, columns)
        off = rng.uniform(-0.03, 0.03, 2) * pitch
        turned = rng.uniform(-turn_deg, turn_deg)
        if label is None:
            corners.append(None)
            continue
        middle = ((column - (columns - 1) / 2) * pitch, (row - (rows - 1) / 2) * pitch)
        matrix = whole @ _turned(turned, (middle[0] + off[0], middle[1] + off[1])) @ _middle(label)
        hurt = damaged(label, damage[place] if damage else 0, rng)
        _lay(picture, hurt, matrix, contrast)
        corners.append(_corners(label, matrix))
    spot = (rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height) if glare else None
    seen = exposed(picture, blur_sigma, noise_sigma, rng, glare, spot, pitch / 2)
    return LayerPicture(seen, tuple(corners))


def surface(size: tuple[int, int], rng: np.random.Generator) -> Grey:
    """Unevenly lit board, (h, w): what lies beneath the labels."""
    coarse = rng.normal(_TABLE, 8, (4, 5)).astype(np.float32)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def damaged(label: Grey, percent: float, rng: np.random.Generator) -> Grey:
    """A copy of `label`, `percent` of the symbol's area covered, by one patch or by scratches.

    Patches and scratches are light or dark; some of what they cover was so before.
    """
    hurt = label.copy()
    if percent <= 0:
        return hurt
    left, top, right, bottom = _extent(label)
    symbol = hurt[top:bottom, left:right]
    colour = int(rng.choice((0, 255)))
    wanted = percent / 100 * symbol.size
    if rng.random() < 0.5:
        _patch(symbol, wanted, colour, rng)
    else:
        _scratch(symbol, wanted, colour, rng)
    return hurt


def exposed(
    picture: Grey,
    blur_sigma: float,
    noise_sigma: float,
    rng: np.random.Generator,
    glare: float = 0,
    spot: Point | None = None,
    spot_px: float = 50,
) -> Grey:
    """What lens and sensor make of `picture`; a `spot` of light `spot_px` wide lies on it."""
    if spot is not None:
        _shine(picture, glare, spot, spot_px)
    if blur_sigma > 0:
        picture = _grey(cv2.GaussianBlur(picture, (0, 0), blur_sigma))
    if noise_sigma > 0:
        tile = rng.standard_normal((_NOISE_TILE_PX, _NOISE_TILE_PX), dtype=np.float32) * noise_sigma
        height, width = picture.shape
        repeats = (-(-height // _NOISE_TILE_PX), -(-width // _NOISE_TILE_PX))
        noise = np.tile(tile.astype(np.int16), repeats)[:height, :width]
        picture = _grey(cv2.add(picture, noise, dtype=cv2.CV_8U))
    return picture


def _grey(picture: NDArray[Any]) -> Grey:
    """OpenCV's own types do not say that bytes stay bytes."""
    return cast(Grey, picture)


def _patch(symbol: Grey, wanted: float, colour: int, rng: np.random.Generator) -> None:
    """Cover `wanted` pixels with one rectangle."""
    height, width = symbol.shape
    shape = (height / width) ** 0.5 * 2 ** rng.uniform(-1, 1)
    tall = min(height, max(1, round((wanted * shape**2) ** 0.5)))
    wide = min(width, max(1, round(wanted / tall)))
    tall = min(height, max(1, round(wanted / wide)))
    top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    symbol[top : top + tall, left : left + wide] = colour


def _scratch(symbol: Grey, wanted: float, colour: int, rng: np.random.Generator) -> None:
    """Draw lines until about `wanted` pixels are covered."""
    height, width = symbol.shape
    thickness = max(1, round(_SCRATCH_PART * min(height, width)))
    covered = np.zeros_like(symbol)
    while np.count_nonzero(covered) < wanted:
        start = (int(rng.integers(width)), int(rng.integers(height)))
        left = wanted - np.count_nonzero(covered)
        reach = min(0.6 * max(height, width), left / thickness + 1)
        angle = rng.uniform(0, 2 * np.pi)
        end = (round(start[0] + reach * cos(angle)), round(start[1] + reach * sin(angle)))
        cv2.line(covered, start, end, 255, thickness)
    symbol[covered > 0] = colour


def _shine(picture: Grey, glare: float, spot: Point, spot_px: float) -> None:
    """Add a round spot of light, in place."""
    reach = int(3 * spot_px)
    height, width = picture.shape
    left, top = max(0, int(spot[0]) - reach), max(0, int(spot[1]) - reach)
    right, bottom = min(width, int(spot[0]) + reach), min(height, int(spot[1]) + reach)
    if right <= left or bottom <= top:
        return
    across = np.exp(-(((np.arange(left, right) - spot[0]) / spot_px) ** 2) / 2)
    down = np.exp(-(((np.arange(top, bottom) - spot[1]) / spot_px) ** 2) / 2)
    light = (np.outer(down, across) * (255 * glare)).astype(np.uint8)
    picture[top:bottom, left:right] = cv2.add(picture[top:bottom, left:right], light)


def _lay(picture: Grey, label: Grey, matrix: NDArray[np.float64], contrast: float) -> None:
    """Draw `label` into `picture`, in place, in the rectangle that it needs."""
    height, width = label.shape
    edge = _through(matrix, ((0, 0), (width, 0), (width, height), (0, height)))
    xs, ys = [x for x, _ in edge], [y for _, y in edge]
    left, top = max(0, int(min(xs)) - 1), max(0, int(min(ys)) - 1)
    right = min(picture.shape[1], int(max(xs)) + 2)
    bottom = min(picture.shape[0], int(max(ys)) + 2)
    if right <= left or bottom <= top:
        return
    paper = cv2.convertScaleAbs(label, alpha=_PAPER * contrast / 255, beta=_PAPER * (1 - contrast))
    moved = np.array(((1, 0, -left), (0, 1, -top), (0, 0, 1))) @ matrix
    cv2.warpPerspective(
        paper,
        moved,
        (right - left, bottom - top),
        dst=picture[top:bottom, left:right],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def _corners(label: Grey, matrix: NDArray[np.float64]) -> Corners:
    left, top, right, bottom = _extent(label)
    a, b, c, d = _through(matrix, ((left, top), (right, top), (right, bottom), (left, bottom)))
    return a, b, c, d


def _extent(label: Grey) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is dark."""
    dark = label < 128
    columns, rows = np.flatnonzero(dark.any(axis=0)), np.flatnonzero(dark.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _through(matrix: NDArray[np.float64], points: Sequence[Point]) -> list[Point]:
    flat = np.array([(x, y, 1) for x, y in points]) @ matrix.T
    return [(float(x / w), float(y / w)) for x, y, w in flat]


def _placed(
    label: Grey, size: tuple[int, int], at: Point, angle_deg: float, tilt: tuple[float, float]
) -> NDArray[np.float64]:
    """From the label's pixels to the frame's."""
    return _seen(size, at, angle_deg, tilt) @ _middle(label)


def _middle(label: Grey) -> NDArray[np.float64]:
    height, width = label.shape
    return np.array(((1, 0, -width / 2), (0, 1, -height / 2), (0, 0, 1)))


def _turned(angle_deg: float, at: Point) -> NDArray[np.float64]:
    across, up = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array(((across, -up, at[0]), (up, across, at[1]), (0, 0, 1)))


def _seen(
    size: tuple[int, int], at: Point, angle_deg: float, tilt: tuple[float, float]
) -> NDArray[np.float64]:
    """From a plane whose middle is at `at` to the frame: a pinhole camera, twice as far away as
    the frame is long."""
    distance = 2 * max(size)
    about_x, about_y = radians(tilt[0]), radians(tilt[1])
    turned = _turned(angle_deg, (0, 0))[:2, :2]
    lean = np.array(
        (
            (cos(about_y), sin(about_x) * sin(about_y)),
            (0, cos(about_x)),
            (-sin(about_y), sin(about_x) * cos(about_y)),
        )
    )
    placed = lean @ turned
    projection = np.array(((1, 0, 0), (0, 1, 0), (0, 0, 1 / distance)))
    plane = projection @ np.column_stack((placed, (0, 0, distance)))
    moved: NDArray[np.float64] = np.array(((1, 0, at[0]), (0, 1, at[1]), (0, 0, 1))) @ plane
    return moved
