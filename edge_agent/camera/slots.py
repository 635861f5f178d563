"""The memory that capture and decoders share: a frame is copied once, and never sent.

It is a file in memory without a name (memfd_create(2)), so that it is gone with the last process
that has it open, however that ends. A slot's place is as large as the largest frame that is taken;
the kernel gives it pages only where it was written, so that it costs what the camera's own frames
need. The last slot that was freed is the first that is taken, so that it costs no more than the
frames that did wait at the same time.
"""

import mmap
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_FRAME_BYTES = 128 << 20
"""42 megapixels in colour; a multiple of the page size."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame lies: bytes from the beginning, and the shape of its pixels."""

    offset: int
    shape: tuple[int, ...]


class Slots:
    """So many places for frames. Taken by one thread, freed by another (a list is enough)."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.fd = os.memfd_create("frames")
        os.ftruncate(self.fd, count * MAX_FRAME_BYTES)
        self._memory = mmap.mmap(self.fd, count * MAX_FRAME_BYTES)
        self._free = [index * MAX_FRAME_BYTES for index in reversed(range(count))]

    def put(self, pixels: NDArray[np.uint8]) -> Place | None:
        """A copy of `pixels`. None if every slot is taken. Raises ValueError for a frame that is
        too large."""
        if not 0 < pixels.nbytes <= MAX_FRAME_BYTES:
            shape = " x ".join(map(str, pixels.shape))
            raise ValueError(
                f"the frame is {shape}, expected 1 to {MAX_FRAME_BYTES} bytes; lower the camera's "
                "resolution"
            )
        try:
            offset = self._free.pop()
        except IndexError:
            return None
        place = Place(offset, pixels.shape)
        pixels_at(self._memory, place)[...] = pixels
        return place

    def pixels(self, place: Place) -> NDArray[np.uint8]:
        """What lies there, until it is freed."""
        return pixels_at(self._memory, place)

    def free(self, place: Place) -> None:
        self._free.append(place.offset)

    @property
    def taken(self) -> int:
        return self.count - len(self._free)

    def close(self) -> None:
        os.close(self.fd)  # the mapping goes with the last array that looks at it


def pixels_at(memory: mmap.mmap, place: Place) -> NDArray[np.uint8]:
    """The frame at `place`, not copied."""
    return np.ndarray(place.shape, np.uint8, memory, place.offset)
