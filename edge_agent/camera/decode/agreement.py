"""When a symbol is believed.

An EAN or UPC is guarded by a single check digit, so that one wrong read in ten passes it (GS1
General Specifications, 7.9). ITF and DataBar are guarded as little, and in a picture that was
turned or sharpened both engines see some that are not there.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.bars import claim, margin
from edge_agent.camera.decode.engines import Seen
from edge_agent.camera.decode.measures import is_area
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.symbols import Engine, Format

_SURE = -0.03
"""Margin of the least sure digit from which the pixels say what the engine says. Of the development
pictures, as they are and degraded, no misread reaches it, and four right reads in five do."""


_WEAK = (Format.ITF, Format.DATABAR)
_ENOUGH_RUNGS = 2
"""Rungs that say the same of one place, and none says anything else, are believed in the end."""


@dataclass(slots=True)
class Witnesses:
    """Who read one text in one place."""

    engines: set[Engine] = field(default_factory=set)
    rungs: set[str] = field(default_factory=set)
    as_it_is: bool = False
    """zxing-cpp did, in the picture as the camera gave it."""


class Agreement:
    """The rule of a plan."""

    def __init__(self, plan: ReadingPlan) -> None:
        self._rule = plan.agreement
        self._gtins = frozenset(gtin.zfill(14) for gtin in plan.gtins)

    def believes(self, seen: Seen, witnesses: Witnesses, grey: NDArray[np.uint8]) -> bool:
        """Whether `seen`, the newest of what `witnesses` read alike, is an answer.

        With `frames` one picture is never enough for an EAN or UPC that is not expected: whoever
        has the next picture compares what is doubted in both.
        """
        if not seen.format.is_retail:
            weak = seen.format in _WEAK and not witnesses.as_it_is
            return not weak or len(witnesses.rungs) > 1
        if seen.text.zfill(14) in self._gtins:
            return True
        if self._rule == "frames":
            return False
        if len(witnesses.engines) == len(Engine):
            return True
        return self._rule == "one" and self._is_sure(seen, grey)

    def believes_at_last(self, witnesses: Witnesses) -> bool:
        """The same, when no rung is left and nothing else was read in that place."""
        return self._rule == "one" and len(witnesses.rungs) >= _ENOUGH_RUNGS

    @property
    def asks_again(self) -> bool:
        """Whether another engine's word on an EAN or UPC would help."""
        return self._rule != "frames"

    def _is_sure(self, seen: Seen, grey: NDArray[np.uint8]) -> bool:
        try:
            said = claim(seen.text, seen.format)
        except ValueError:
            return False
        return is_area(seen.corners) and margin(grey, seen.corners, said) >= _SURE
