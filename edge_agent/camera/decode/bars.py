"""Whether the pixels of an EAN or UPC say the text that an engine claims.

The engines measure edges; here each digit's grey values are compared with the digit that is claimed
and with all others it could be. A misread has some digit that looks more like another one.
Patterns are those of ISO/IEC 15420, tables 1 to 5.
"""

from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.symbols import Corners, Format

Floats = NDArray[np.float32]

_SET_A = [
    f"{modules:07b}" for modules in (0x0D, 0x19, 0x13, 0x3D, 0x23, 0x31, 0x2F, 0x3B, 0x37, 0x0B)
]
_SET_C = ["".join("10"[int(bit)] for bit in digit) for digit in _SET_A]
_SET_B = [digit[::-1] for digit in _SET_C]
_SHAPES = _SET_A + _SET_B + _SET_C
_A, _B, _C = 0, 10, 20
"""Where each set begins in `_SHAPES`."""
_EAN_13_SETS = (
    "AAAAAA",
    "AABABB",
    "AABBAB",
    "AABBBA",
    "ABAABB",
    "ABBAAB",
    "ABBBAA",
    "ABABAB",
    "ABABBA",
    "ABBABA",
)
_UPC_E_SETS = (
    "BBBAAA",
    "BBABAA",
    "BBAABA",
    "BBAAAB",
    "BABBAA",
    "BAABBA",
    "BAAABB",
    "BABABA",
    "BABAAB",
    "BAABAB",
)

_PER_MODULE = 4
"""Samples of one module along a line."""
_LINES = 7
_CLEAREST = 3
"""Lines that are believed: others may run through print, dirt or glare."""
_OUTSIDE = 2
"""Modules of quiet zone that are sampled on either side."""
_ENDS = np.arange(-2, 3) * _PER_MODULE
"""Samples by which an engine's corners may be wrong."""
_LEAST_ALIKE = 0.6
"""Correlation of a line with the whole claim, below which its digits are not where they are looked
for: bars bent around a bottle, or corners that are wrong."""
_SLACK = 3
"""Samples by which a digit may lie beside its place."""


def upc_e_to_gtin_13(upc_e: str) -> str:
    """GTIN-13 of the eight digits of a UPC-E (ISO/IEC 15420, zero suppression)."""
    system, five, last, check = upc_e[0], upc_e[1:6], upc_e[6], upc_e[7]
    if last in "012":
        body = five[:2] + last + "0000" + five[2:]
    elif last == "3":
        body = five[:3] + "00000" + five[3:]
    elif last == "4":
        body = five[:4] + "00000" + five[4]
    else:
        body = five + "0000" + last
    return "0" + system + body + check


def _upc_e_six(gtin_13: str) -> str:
    system, maker, item, check = gtin_13[1], gtin_13[2:7], gtin_13[7:12], gtin_13[12]
    for six in (
        maker[:2] + item[2:] + maker[2],
        maker[:3] + item[3:] + "3",
        maker[:4] + item[4] + "4",
        maker + item[4],
    ):
        if upc_e_to_gtin_13(system + six + check) == gtin_13:
            return six
    raise ValueError(f"{gtin_13} has no UPC-E, expected its zeros where they are left out")


def _in_sets(digits: str, sets: str) -> list[int]:
    return [
        int(digit) + (_A if name == "A" else _B) for digit, name in zip(digits, sets, strict=True)
    ]


def _halves(text: str, name: Format) -> tuple[list[int], list[int]]:
    if name is Format.EAN_8 and len(text) == 8:
        return _in_sets(text[:4], "AAAA"), [int(digit) + _C for digit in text[4:]]
    if name is Format.UPC_E and len(text) == 13:
        sets = _UPC_E_SETS[int(text[12])]
        if text[1] == "1":
            sets = sets.translate(str.maketrans("AB", "BA"))
        return _in_sets(_upc_e_six(text), sets), []
    if name in (Format.EAN_13, Format.UPC_A) and len(text) == 13:
        return _in_sets(text[1:7], _EAN_13_SETS[int(text[0])]), [int(it) + _C for it in text[7:]]
    raise ValueError(f"{name} says {text!r}, expected its number of digits")


def _smooth(modules: str) -> Floats:
    """Reflectance (light 1) of `modules` (dark "1"), as a slightly blurred camera sees it."""
    light = np.repeat([1.0 - int(bit) for bit in modules], _PER_MODULE)
    kernel = cv2.getGaussianKernel(2 * _PER_MODULE + 1, _PER_MODULE / 2).ravel()
    return np.convolve(light, kernel, "same").astype(np.float32)


def _normal(values: Floats) -> Floats:
    """Along the last axis: mean 0, length 1."""
    centred = values - np.add.reduce(values, axis=-1, keepdims=True) / values.shape[-1]
    length = np.sqrt(np.einsum("...i,...i->...", centred, centred))[..., None]
    return np.asarray(centred / np.maximum(length, 1e-6), dtype=np.float32)


@cache
def _digits() -> Floats:
    """(samples, digits): of each set, between the neighbours that any such digit has."""
    cut = slice(_PER_MODULE, -_PER_MODULE)
    other = {"0": "1", "1": "0"}
    shapes = [_smooth(other[it[0]] + it + other[it[-1]])[cut] for it in _SHAPES]
    return np.ascontiguousarray(_normal(np.stack(shapes)).T)


@cache
def _places(modules: int) -> NDArray[np.intp]:
    """Where in a line each sample of a symbol lies, (ends, samples)."""
    count = modules * _PER_MODULE
    begin, end = (ends.ravel()[:, None] for ends in np.meshgrid(_ENDS, _ENDS))
    at = begin + np.linspace(0, 1, count) * (count - 1 + end - begin)
    return np.asarray(np.rint(at) + _OUTSIDE * _PER_MODULE, dtype=np.intp)


@cache
def _samples(modules: int) -> NDArray[np.intp]:
    """Which sample of a symbol lies at each place of a line, (ends, places); beside the symbol its
    outermost ones."""
    count = modules * _PER_MODULE
    places = np.arange(count + 2 * _OUTSIDE * _PER_MODULE) - _OUTSIDE * _PER_MODULE
    begin, end = (ends.ravel()[:, None] for ends in np.meshgrid(_ENDS, _ENDS))
    at = (places - begin) * (count - 1) / (count - 1 + end - begin)
    return np.clip(np.rint(at), 0, count - 1).astype(np.intp)


class Claim:
    """What the bars of one text look like."""

    def __init__(self, text: str, name: Format) -> None:
        """Raises ValueError where `name` cannot say `text`."""
        left, right = _halves(text, name)
        centre = "01010" if right else "010101"
        modules = "101" + "".join(_SHAPES[it] for it in left) + centre
        if right:
            modules += "".join(_SHAPES[it] for it in right) + "101"
        self.modules = len(modules)
        bars = _smooth(modules)
        bars[[0, -1]] = 1
        self.placed = np.ascontiguousarray(_normal(bars[_samples(self.modules)]).T)
        """Of a whole line, (places, ends)."""
        self.digits = np.array(left + right)
        rest = np.arange(len(_SHAPES))[None]
        self.impossible = (rest >= _C) != (self.digits >= _C)[:, None]
        """(digits, shapes) that a digit of its half cannot have."""
        first = [3 + 7 * at for at in range(len(left))]
        first += [3 + 7 * len(left) + 5 + 7 * at for at in range(len(right))]
        slack = np.arange(-_SLACK, _SLACK + 1)
        last = (self.modules - 7) * _PER_MODULE
        begins = np.clip(np.array(first)[:, None] * _PER_MODULE + slack, 0, last)
        self.windows = begins[:, :, None] + np.arange(7 * _PER_MODULE)
        """(digits, slack, samples): where each digit may lie."""


@lru_cache(maxsize=256)
def claim(text: str, name: Format) -> Claim:
    """The same texts come again and again on a line. Raises ValueError as `Claim`."""
    return Claim(text, name)


def _lines(grey: NDArray[np.uint8], corners: Corners, modules: int) -> Floats:
    """(lines, samples) across the bars, from quiet zone to quiet zone."""
    left, right = _OUTSIDE * _PER_MODULE, (_OUTSIDE + modules) * _PER_MODULE
    places = np.array(((left, 0), (right, 0), (right, _LINES + 1), (left, _LINES + 1)), np.float32)
    seen = cv2.warpPerspective(
        grey,
        cv2.getPerspectiveTransform(places, np.array(corners, dtype=np.float32)),
        (left + right, _LINES + 1),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return seen[1:].astype(np.float32)


def margin(grey: NDArray[np.uint8], corners: Corners, said: Claim) -> float | None:
    """How surely the bars between `corners` say it, -2 to 2, of the digit that is least sure; None
    where the bars do not lie as the claim has them.

    Above 0 each digit looks most like the claimed one.
    """
    lines = _normal(_lines(grey, corners, said.modules))
    alike = lines @ said.placed
    best = alike.max(axis=1)
    clearest = np.argsort(best)[-_CLEAREST:]
    if best[clearest].mean() < _LEAST_ALIKE:
        return None
    at = _places(said.modules)[alike[clearest].argmax(axis=1)]
    line = lines[clearest[:, None], at].mean(axis=0)
    fit = (_normal(line[said.windows]) @ _digits()).max(axis=1)
    fit[said.impossible] = -1
    each = np.arange(len(said.digits))
    mine = fit[each, said.digits]
    fit[each, said.digits] = -1
    return float((mine - fit.max(axis=1)).min())
