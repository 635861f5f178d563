"""Reads a layer in rounds that several processes can share.

Round 1 looks once at whatever is fine-grained. What was read tells the grid, the grid tells where
the others must be, and the next rounds climb the ladder there, and only there.

    job = reader.job(grey.shape, shares=2)
    parts = next(job)
    while True:                                    # each part may be looked at in another process
        try:
            parts = job.send([reader.look(grey, part) for part in parts])
        except StopIteration as end:
            reading = end.value
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from math import ceil, dist

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.layer.assemble import assemble
from edge_agent.camera.layer.lattice import Index, Lattice
from edge_agent.camera.layer.locate import locate
from edge_agent.camera.layer.merge import merge
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.symbols import Point, Reading

Grey = NDArray[np.uint8]

CLIMBS = 2
"""Rounds after the first: a second one, if the first made the grid known better."""
GLANCE_US = 0
"""For a first look at a thing that may be a symbol: the ladder's first rung only."""
LEAST_US = 4_000
"""For a cell, however many were not read."""
LARGE = 4
"""What takes more than a fourth of the area is no single symbol."""
MOVED = 0.15
"""A cell that is now expected so many pitches elsewhere is worth another climb."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look at every `shares`-th thing in the picture, from number `share`."""

    share: int
    shares: int


@dataclass(frozen=True, slots=True)
class Climb:
    """Climb the ladder in each box, for so long at most."""

    boxes: tuple[Box, ...]
    budget_us: int


Part = Sweep | Climb
"""What one process does with a frame; small, and can be pickled."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a part; `unread` are the boxes in which nothing was read."""

    readings: tuple[Reading, ...]
    unread: tuple[Box, ...]

    @property
    def elapsed_us(self) -> int:
        """What the decoders took."""
        return sum(each.elapsed_us for reading in self.readings for each in reading.tries)


class LayerReader:
    """Knows what a full layer is; remembers nothing of a picture. One thread at a time.

    The layer lies wholly in `region` of the frame (None: anywhere); points are the frame's.
    `budget_us` is what all the climbs of a frame may take together in one process; what it takes to
    look at everything once comes before.
    """

    def __init__(
        self,
        plan: LayerPlan,
        reading: ReadingPlan,
        *,
        region: Box | None = None,
        budget_us: int = 110_000,
    ) -> None:
        self.plan = plan
        self.region = region
        self.budget_us = budget_us
        self._two_agree = reading.agreement == "frames"
        self._of_one = Ladder(replace(reading, expected=1))
        # Told to expect several, an engine looks on after the first: two codes may lie together.
        self._of_many = Ladder(replace(reading, expected=max(2, plan.expected)))

    def read(self, grey: Grey) -> LayerReading:
        """One frame (h, w), in this process."""
        job = self.job(grey.shape, shares=1)
        parts = next(job)
        while True:
            try:
                parts = job.send([self.look(grey, part) for part in parts])
            except StopIteration as end:
                reading: LayerReading = end.value
                return reading

    def merge(self, first: LayerReading, later: LayerReading) -> LayerReading:
        """Two frames of the same layer."""
        return merge(first, later, two_agree=self._two_agree)

    def job(
        self, shape: tuple[int, ...], shares: int
    ) -> Generator[list[Part], Sequence[Seen], LayerReading]:
        """The rounds of one frame of `shape` (h, w): yields parts, at most `shares` at a time, and
        is sent what was seen in them. Takes some milliseconds between the rounds."""
        area = self._area(shape)
        seen = list((yield [Sweep(share, shares) for share in range(shares)]))
        unread = list(chain.from_iterable(part.unread for part in seen))
        reading = self._assembled(area, seen)
        tried, left_us = list[Point](), self.budget_us
        for _ in range(CLIMBS):
            boxes = [] if reading.complete else self._hopes(reading, unread, tried)
            if not boxes:
                break
            tried += [box.middle for box in boxes]
            budget_us = max(LEAST_US, left_us // ceil(len(boxes) / shares))
            dealt = [tuple(boxes[share::shares]) for share in range(shares)]
            climbed = yield [Climb(each, budget_us) for each in dealt if each]
            left_us -= max(part.elapsed_us for part in climbed)
            seen += climbed
            reading = self._assembled(area, seen)
        return reading

    def look(self, grey: Grey, part: Part) -> Seen:
        """One part of a frame (h, w): the costly step, in any process."""
        area = self._area(grey.shape)
        if isinstance(part, Sweep):
            found = locate(area.cut(grey))[part.share :: part.shares]
            boxes = tuple(box.moved(area.x, area.y) for box in found)
            budget_us = GLANCE_US
        else:
            boxes, budget_us = part.boxes, part.budget_us
        readings, unread = list[Reading](), list[Box]()
        for box in boxes:
            is_large = LARGE * box.width * box.height > area.width * area.height
            many = isinstance(part, Sweep) or is_large
            ladder = self._of_many if many else self._of_one
            reading = ladder.read(box.cut(grey), origin=(box.x, box.y), budget_us=budget_us)
            readings.append(reading)
            if not reading.symbols:
                unread.append(box)
        return Seen(tuple(readings), tuple(unread))

    def _area(self, shape: tuple[int, ...]) -> Box:
        whole = Box(0, 0, shape[1], shape[0])
        return self.region.within(whole) if self.region else whole

    def _assembled(self, area: Box, seen: Sequence[Seen]) -> LayerReading:
        readings = list(chain.from_iterable(part.readings for part in seen))
        return assemble(self.plan, area, readings)

    def _hopes(
        self, reading: LayerReading, unread: Sequence[Box], tried: Sequence[Point]
    ) -> list[Box]:
        """Where what is missing may be: the cells that were not read; where there is no grid, what
        looked like a symbol; and if most is missing even so, anywhere."""
        if reading.lattice is not None and reading.origins:
            return self._cells(reading, reading.lattice, tried)
        if len(reading.symbols) >= self.plan.expected:
            return []
        size = reading.size_px
        likely = [
            box
            for box in unread
            if box.middle not in tried
            and (not size or size / 2 < min(box.width, box.height) < 4 * size)
        ][: 2 * self.plan.expected]
        if likely:
            return likely
        most_read = 2 * len(reading.symbols) > self.plan.expected
        return [] if most_read or reading.area.middle in tried else [reading.area]

    def _cells(self, reading: LayerReading, lattice: Lattice, tried: Sequence[Point]) -> list[Box]:
        """Boxes around places in which nothing is read, and that were not tried."""
        rows, columns = self.plan.grid or (0, 0)
        indices: set[Index] = {
            (top + row, left + column)
            for top, left in reading.origins
            for row, column in product(range(rows), range(columns))
        }
        boxes = []
        for index in sorted(indices):
            spot = reading.spots.get(index)
            if spot is not None and spot.symbols:
                continue
            pitch = min(float(np.hypot(*step)) for step in lattice.steps(index))
            box = _around(lattice.at(index), pitch, reading.size_px).within(reading.area)
            known = any(dist(box.middle, point) < MOVED * pitch for point in tried)
            if not known and box.width and box.height:
                boxes.append(box)
        return boxes


def _around(at: Point, pitch: float, size_px: float) -> Box:
    """Room for a turned symbol a little off its place, and none for a neighbour's."""
    reach = round(min(0.75 * size_px + 0.15 * pitch, pitch - 0.45 * size_px))
    return Box(round(at[0]) - reach, round(at[1]) - reach, 2 * reach, 2 * reach)
