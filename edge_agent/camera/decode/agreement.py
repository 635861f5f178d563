"""When an EAN or UPC is believed: a single check digit guards it, so that one wrong read in ten
passes it (GS1 General Specifications, 7.9)."""

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.bars import claim, margin
from edge_agent.camera.decode.engines import Seen
from edge_agent.camera.decode.measures import is_area
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Engine

_SURE = -0.03
"""Margin of the least sure digit from which the pixels say what the engine says. Of the development
pictures, as they are and degraded, no misread reaches it, and four right reads in five do."""


class Agreement:
    """The rule of a plan."""

    def __init__(self, plan: ReadingPlan) -> None:
        self._rule = plan.agreement
        self._gtins = frozenset(gtin.zfill(14) for gtin in plan.gtins)

    def is_expected(self, seen: Seen) -> bool:
        """Whether it needs no agreement: any symbol but an EAN or UPC, and an expected GTIN."""
        return not seen.format.is_retail or seen.text.zfill(14) in self._gtins

    def believes(self, seen: Seen, engines: frozenset[Engine], grey: NDArray[np.uint8]) -> bool:
        """Whether `seen`, which `engines` read alike in this place, is an answer.

        With `frames` one picture is never enough: whoever has the next one compares what is
        doubted in both.
        """
        if self.is_expected(seen):
            return True
        if self._rule == "frames":
            return False
        if len(engines) == len(Engine):
            return True
        return self._rule == "one" and self._is_sure(seen, grey)

    @property
    def asks_again(self) -> bool:
        """Whether another engine's word would help."""
        return self._rule != "frames"

    def _is_sure(self, seen: Seen, grey: NDArray[np.uint8]) -> bool:
        try:
            said = claim(seen.text, seen.format)
        except ValueError:
            return False
        return is_area(seen.corners) and margin(grey, seen.corners, said) >= _SURE
