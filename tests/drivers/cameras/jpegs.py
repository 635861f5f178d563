"""Pictures to send, each with a number that can be read again, and such as must be refused."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

_BITS = 8
WHITE = 200


def jpeg(number: int, width: int = 320, height: int = 240) -> bytes:
    """A colour JPEG in whose eight bars of equal width `number` (0 to 255) stands in binary.

    With a sensor's noise: FFmpeg opens no stream before 2 kB of it have come.
    """
    bars = [WHITE if number >> bit & 1 else 0 for bit in range(_BITS)]
    row = np.repeat(np.array(bars, np.uint8), width // _BITS)
    noise = np.random.default_rng(number).integers(0, 40, (height, row.size), np.uint8)
    return encoded(row + noise)


def encoded(grey: NDArray[np.uint8], ending: str = ".jpg") -> bytes:
    picture = cv2.cvtColor(np.ascontiguousarray(grey), cv2.COLOR_GRAY2BGR)
    return cv2.imencode(ending, picture)[1].tobytes()


def number_in(pixels: NDArray[np.uint8]) -> int:
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    width = grey.shape[1] // _BITS
    bars = [grey[:, bit * width : (bit + 1) * width].mean() > WHITE / 2 for bit in range(_BITS)]
    return sum(1 << bit for bit, is_white in enumerate(bars) if is_white)


def claiming(width: int, height: int) -> bytes:
    """A small JPEG that says that it is `width` times `height`."""
    data = bytearray(jpeg(1))
    frame_header = data.index(b"\xff\xc0")
    data[frame_header + 5 : frame_header + 9] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


def cut_off(number: int) -> bytes:
    data = jpeg(number)
    return data[: len(data) * 2 // 3]


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """The marker segments of a JPEG with their contents, the scan's data behind its header's."""
    starts, at = [], 2
    while data[at + 1] != 0xDA:
        starts.append(at)
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    starts += [at, len(data) - 2]
    return [(data[start + 1], data[start + 4 : end]) for start, end in pairwise(starts)]
