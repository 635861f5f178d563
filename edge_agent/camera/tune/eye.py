"""Reads frames as the camera role does, one after the other and in this process."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.layer.outlines import Box
from edge_agent.camera.layer.overlay import Mark, code_marks, layer_marks
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reader import LayerReader
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.region import grey_part, origin_of
from edge_agent.camera.symbols import Reading, Symbol
from edge_agent.camera_config import Layer, Region


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame shows: `codes` with their cells in reading order, `marks` to be drawn on it;
    `why` says what is missing of a layer."""

    reading: Reading
    codes: tuple[tuple[Symbol, str], ...]
    marks: list[Mark]
    complete: bool
    why: str = ""


class Eye:
    """For one camera. `budget_us` None: without haste. One thread at a time."""

    def __init__(
        self,
        plan: ReadingPlan,
        layer: Layer | None,
        region: Region | None,
        budget_us: int | None = None,
    ) -> None:
        self._region = region
        self._budget_us = budget_us
        self._ladder = Ladder(plan)
        self._layer = _layer_reader(plan, layer, region, budget_us) if layer else None

    def see(self, pixels: NDArray[np.uint8]) -> Seen:
        """A frame, grey or in colour; corners are the frame's."""
        if self._layer is not None:
            return _seen(self._layer.read(grey_part(pixels, None)))
        reading = self._ladder.read(
            grey_part(pixels, self._region),
            origin=origin_of(self._region),
            budget_us=self._budget_us,
        )
        complete = len(reading.symbols) >= self._ladder.plan.expected
        codes = tuple((symbol, "") for symbol in reading.symbols)
        return Seen(reading, codes, code_marks(reading), complete)


def _layer_reader(
    plan: ReadingPlan, layer: Layer, region: Region | None, budget_us: int | None
) -> LayerReader:
    box = Box(region.x, region.y, region.width, region.height) if region else None
    whole = LayerPlan(layer.rows, layer.columns, layer.count, layer.frames)
    if budget_us is None:
        return LayerReader(whole, plan, region=box)
    return LayerReader(whole, plan, region=box, budget_us=budget_us)


def _seen(layer: LayerReading) -> Seen:
    reading = Reading(layer.symbols, layer.doubted, layer.tries)
    return Seen(reading, layer.codes, layer_marks(layer), layer.complete, layer.why)
