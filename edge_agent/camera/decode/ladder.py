"""Reads one picture by trying what costs little first, until what is expected is found."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode import height
from edge_agent.camera.decode.agreement import Agreement, Witnesses
from edge_agent.camera.decode.engines import Reader, Seen, Zbar, Zxing, zbar_is_here
from edge_agent.camera.decode.measures import contrast, is_area, module_px
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decode.rungs import Rung, rungs_for
from edge_agent.camera.decode.spots import Box, spots
from edge_agent.camera.decode.worth import Worth
from edge_agent.camera.symbols import Corners, Engine, Format, Measures, Point, Reading, Symbol, Try

Grey = NDArray[np.uint8]

_MAX_SIDE = 32_000
"""Pixels: OpenCV counts them in 16 bits."""
_MAX_PIXELS = 100_000_000
_MAX_PREPARED_PIXELS = 24_000_000
"""A picture is not enlarged beyond it."""
_SORTED_EVERY = 32
"""Pictures after which what was learned may change the order."""
_SPOTS_FROM_PIXELS = 1_000_000
"""A picture so large has its busy spots tried before it is tried as a whole again."""
_SECOND_OPINION = "second-opinion"
_IN_SPOT = "spot-"
"""Before the name of a rung that was not climbed on the whole picture."""
_QUIET = 0.15
"""Part of a symbol's size that is cut out around it."""


@dataclass(slots=True)
class _Found:
    """One text in one place, and who read it there."""

    seen: Seen
    rung: str
    tries: int
    witnesses: Witnesses = field(default_factory=Witnesses)
    believed: bool = False
    asked: bool = False

    def is_at(self, other: Seen) -> bool:
        """Whether both stand in one place of the picture."""
        mine, others = np.array(self.seen.corners), np.array(other.corners)
        size = max(np.ptp(mine, axis=0).max(), np.ptp(others, axis=0).max(), 1)
        return bool(np.abs(mine.mean(axis=0) - others.mean(axis=0)).max() < size / 2)


@dataclass(slots=True)
class _Climb:
    """What is known of one picture so far."""

    grey: Grey
    agreement: Agreement
    found: list[_Found] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)

    def add(self, seen: Seen, rung: str, *, as_it_is: bool = False) -> bool:
        """Whether it is believed now, and was not before."""
        for found in self.found:
            if found.seen.text == seen.text and found.is_at(seen):
                break
        else:
            found = _Found(seen, rung, len(self.tries) + 1)
            self.found.append(found)
        found.witnesses.engines.add(seen.engine)
        found.witnesses.rungs.add(rung.removeprefix(_IN_SPOT))
        found.witnesses.as_it_is |= as_it_is
        if found.believed:
            return False
        found.believed = self.agreement.believes(seen, found.witnesses, self.grey)
        return found.believed

    @property
    def believed(self) -> int:
        return sum(found.believed for found in self.found)

    def last_words(self) -> None:
        """Nothing else is left to try."""
        for found in self.found:
            alone = not any(it is not found and it.is_at(found.seen) for it in self.found)
            if alone and self.agreement.believes_at_last(found.seen, found.witnesses):
                found.believed = True


@dataclass(slots=True)
class _Step:
    rung: Rung
    reader: Reader
    worth: Worth


class Ladder:
    """Pure but for what it learns of its rungs' worth; one thread at a time."""

    def __init__(self, plan: ReadingPlan) -> None:
        self.plan = plan
        self._agreement = Agreement(plan)
        self._steps = [
            _Step(
                rung,
                rung.reader(plan),
                Worth(rung.gain_in(plan), rung.us_per_megapixel),
            )
            for rung in rungs_for(plan)
        ]
        self._second: dict[Engine, Reader] = {}
        retail = [name for name in plan.formats if name.is_retail]
        if retail and self._agreement.asks_again and zbar_is_here():
            self._second[Engine.ZBAR] = Zxing(retail)
            self._second[Engine.ZXING] = Zbar(retail, invert=plan.inverted)
        self._pictures = 0
        self._sort()

    def read(
        self,
        grey: NDArray[np.uint8],
        *,
        origin: Point = (0, 0),
        budget_us: int | None = None,
    ) -> Reading:
        """The symbols in `grey` (h, w), their corners moved by `origin`.

        No rung but the first is begun that would probably end later than `budget_us`. A picture of
        no pixels, or of more than 100 megapixels, is not read.
        """
        if not 0 < grey.size <= _MAX_PIXELS or max(grey.shape) > _MAX_SIDE:
            return Reading()
        climb = _Climb(np.ascontiguousarray(grey), self._agreement)
        self._climb_all(climb, budget_us)
        self._pictures += 1
        if self._pictures % _SORTED_EVERY == 0:
            self._sort()
        return _reading(climb, origin)

    def _climb_all(self, climb: _Climb, budget_us: int | None) -> None:
        """One rung on the whole picture; the others on a large one's spots, then on the whole."""
        ends_ns = None if budget_us is None else time.perf_counter_ns() + 1_000 * budget_us
        first, *others = self._steps
        whole = (slice(0, climb.grey.shape[0]), slice(0, climb.grey.shape[1]))
        self._climb(first, climb, whole)
        if self._is_done(climb):
            return
        groups = [[whole]]
        if self.plan.expected == 1 and climb.grey.size >= _SPOTS_FROM_PIXELS:
            groups = [spots(climb.grey), [whole]]
        for boxes in groups:
            for step in others:
                self._climb_each(step, climb, boxes, ends_ns)
                if self._is_done(climb):
                    return
        climb.last_words()

    def _climb_each(
        self, step: _Step, climb: _Climb, boxes: Sequence[Box], ends_ns: int | None
    ) -> None:
        """One rung in all boxes, or in none: who is to be alone must not be told by the time that
        was left for the others."""
        if not all(self._fits(step, climb.grey[box].size, None) for box in boxes):
            return
        if not self._fits(step, sum(climb.grey[box].size for box in boxes), ends_ns):
            return
        for box in boxes:
            self._climb(step, climb, box)
            if self._is_done(climb) and not self.plan.alone:
                return

    def _is_done(self, climb: _Climb) -> bool:
        return climb.believed >= self.plan.expected

    def _sort(self) -> None:
        self._steps.sort(key=lambda step: step.worth.gain_per_us, reverse=True)

    @staticmethod
    def _fits(step: _Step, pixels: int, ends_ns: int | None) -> bool:
        if step.rung.preparation.pixels(pixels) > max(pixels, _MAX_PREPARED_PIXELS):
            return False
        expected_ns = 1_000 * step.worth.expected_us(pixels)
        return ends_ns is None or time.perf_counter_ns() + expected_ns <= ends_ns

    def _climb(self, step: _Step, climb: _Climb, box: Box) -> None:
        began_ns = time.perf_counter_ns()
        rung = step.rung
        cut = climb.grey[box]
        prepared = rung.preparation.apply(cut)
        seen = step.reader.read(prepared.pixels)
        if prepared.back is not None:
            seen = [replace(it, corners=prepared.in_picture(it.corners)) for it in seen]
        name = rung.name
        if cut.shape != climb.grey.shape:
            at = (box[1].start, box[0].start)
            seen = [replace(it, corners=_moved(it.corners, at)) for it in seen]
            name = f"{_IN_SPOT}{name}"
        found = [climb.add(it, name, as_it_is=rung.is_zxing_as_it_is) for it in seen]
        elapsed_us = (time.perf_counter_ns() - began_ns) // 1_000
        climb.tries.append(Try(name, elapsed_us, sum(found)))
        if found and (self.plan.alone or not self._is_done(climb)):
            found += self._ask_again(climb)
        step.worth.learn(cut.size, elapsed_us, gained=any(found))

    def _ask_again(self, climb: _Climb) -> list[bool]:
        """What the other engine says of each doubtful place."""
        answers = []
        for doubtful in list(climb.found):
            if doubtful.believed or doubtful.asked or not doubtful.seen.format.is_retail:
                continue
            other = self._second.get(doubtful.seen.engine)
            if other is None:
                continue
            doubtful.asked = True
            began_ns = time.perf_counter_ns()
            cut, at = _cut(climb.grey, doubtful.seen.corners)
            found = [
                climb.add(replace(it, corners=_moved(it.corners, at)), _SECOND_OPINION)
                for it in other.read(cut)
            ]
            elapsed_us = (time.perf_counter_ns() - began_ns) // 1_000
            climb.tries.append(Try(_SECOND_OPINION, elapsed_us, sum(found)))
            answers += found
        return answers


def _cut(grey: Grey, corners: Corners) -> tuple[Grey, Point]:
    """The symbol with its quiet zone, and where its first pixel lies."""
    points = np.array(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    quiet = _QUIET * (high - low).max() + 1
    left, top = np.maximum(low - quiet, 0).astype(int)
    right, bottom = (high + quiet + 1).astype(int)
    cut = grey[top:bottom, left:right]
    if not cut.size:
        return grey, (0, 0)
    return np.ascontiguousarray(cut), (int(left), int(top))


def _moved(corners: Corners, by: Point) -> Corners:
    a, b, c, d = ((x + by[0], y + by[1]) for x, y in corners)
    return a, b, c, d


def _reading(climb: _Climb, origin: Point) -> Reading:
    symbols, doubted = list[Symbol](), list[Symbol]()
    for found in climb.found:
        (symbols if found.believed else doubted).append(_symbol(climb.grey, found, origin))
    return Reading(tuple(symbols), tuple(doubted), tuple(climb.tries))


def _symbol(grey: Grey, found: _Found, origin: Point) -> Symbol:
    seen = found.seen
    if seen.format not in (Format.DATA_MATRIX, Format.QR):
        seen = replace(seen, corners=height.whole(grey, seen.corners))
    known = is_area(seen.corners)
    return Symbol(
        text=seen.text,
        aim=seen.aim,
        format=seen.format,
        corners=_moved(seen.corners, origin),
        engine=seen.engine,
        rung=found.rung,
        measures=Measures(
            contrast=contrast(grey, seen.corners, seen.format) if known else None,
            module_px=module_px(grey, seen.corners, seen.format, seen.modules) if known else None,
            error_correction_left=seen.error_correction_left,
            tries=found.tries,
        ),
    )
