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
from edge_agent.camera.decode.quiet import is_whole
from edge_agent.camera.symbols import Engine, Format

_SURE = -0.01
"""Margin from which the pixels say what an engine says: each digit looks most like the claimed one,
or as much like it as like another, for blur."""
_AGAINST = -0.15
"""Margin below which the pixels say something else: whoever read it, it is not believed."""
_ENOUGH_RUNGS = 4
"""Different rungs of one engine that say the same of one place, where the pixels do not say
otherwise, and nobody else does. They are no independent witnesses: all of them see one scratch."""
_WEAK = (Format.ITF, Format.DATABAR)
_LEAST_ITF_DIGITS = 6


@dataclass(slots=True)
class Witnesses:
    """Who read one text in one place."""

    engines: set[Engine] = field(default_factory=set)
    rungs: set[str] = field(default_factory=set)
    as_it_is: bool = False
    """zxing-cpp did, in the picture as the camera gave it."""
    margin: float | None = None
    """How surely the pixels of an EAN or UPC say it too; None where they cannot be asked."""

    is_cut: bool = False
    """One of them saw it as a part of a longer ITF."""

    def measure(self, seen: Seen, grey: NDArray[np.uint8]) -> None:
        """Ask the pixels where the newest witness saw it; the surest answer counts."""
        if not is_area(seen.corners):
            return
        try:
            said = claim(seen.text, seen.format)
        except ValueError:
            return
        known = [it for it in (self.margin, margin(grey, seen.corners, said)) if it is not None]
        self.margin = max(known, default=None)

    @property
    def is_contradicted(self) -> bool:
        """Whether the pixels say something else."""
        return self.margin is not None and self.margin < _AGAINST


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
        if seen.format is Format.ITF and not witnesses.is_cut:
            digits = len(seen.text)
            is_long = digits >= _LEAST_ITF_DIGITS
            witnesses.is_cut = not (is_long and is_whole(grey, seen.corners, digits))
        if witnesses.is_cut:
            return False
        if not seen.format.is_retail:
            weak = seen.format in _WEAK and not witnesses.as_it_is
            return not weak or len(witnesses.rungs) > 1
        if seen.text.zfill(14) in self._gtins:
            return True
        if self._rule == "frames":
            return False
        witnesses.measure(seen, grey)
        if witnesses.is_contradicted:
            return False
        if len(witnesses.engines) == len(Engine):
            return True
        is_sure = witnesses.margin is not None and witnesses.margin >= _SURE
        return self._rule == "one" and is_sure

    def believes_at_last(self, seen: Seen, witnesses: Witnesses) -> bool:
        """The same of an EAN or UPC, when no rung is left and nothing else was read there."""
        enough = len(witnesses.rungs) >= _ENOUGH_RUNGS and not witnesses.is_contradicted
        return self._rule == "one" and seen.format.is_retail and enough

    @property
    def asks_again(self) -> bool:
        """Whether another engine's word on an EAN or UPC would help."""
        return self._rule != "frames"
