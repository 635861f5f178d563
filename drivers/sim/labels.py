"""Case labels from the roll: a pre-printed SSCC as bars or dots, some of them damaged."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from drivers.sim.codes import sscc
from drivers.sim.printing import printed
from drivers.sim.scene import Grey, damaged

_MODULE_PX = {"code-128": 2, "data-matrix": 6}
_BARS_SHARE = 0.7
_TORN_SHARE, _SCRATCHED_SHARE = 0.1, 0.3
_SCRATCHED_PERCENT = (2, 5)
_SCRATCHED_PART = 0.6
"""Of its height, from above: what is below is whole, so that the label can be read some way."""
_TORN_PART = (0.3, 0.75)
"""From here to there of its width nothing is left: more than any error correction makes good."""


class Wear(StrEnum):
    """How a label looks to a person."""

    SOUND = "sound"
    SCRATCHED = "scratched"
    TORN = "torn"
    """Nobody can read it."""


@dataclass(frozen=True, slots=True)
class CaseLabel:
    """`code` is its element string."""

    code: str
    wear: Wear
    picture: Grey


class LabelRoll:
    """Gives one label after the other. With `has_damage` some are scratched or torn."""

    def __init__(self, rng: np.random.Generator, *, has_damage: bool) -> None:
        self._rng = rng
        self._has_damage = has_damage

    def label(self, serial_reference: int) -> CaseLabel:
        """The next one."""
        code = f"00{sscc(0, serial_reference)}"
        kind = "code-128" if self._rng.random() < _BARS_SHARE else "data-matrix"
        picture = printed(code, kind, module_px=_MODULE_PX[kind])
        mark = self._rng.random()
        if not self._has_damage or mark >= _TORN_SHARE + _SCRATCHED_SHARE:
            return CaseLabel(code, Wear.SOUND, picture)
        if mark < _TORN_SHARE:
            start, end = (round(part * picture.shape[1]) for part in _TORN_PART)
            picture[:, start:end] = 255
            return CaseLabel(code, Wear.TORN, picture)
        percent = self._rng.uniform(*_SCRATCHED_PERCENT)
        upper = picture[: round(_SCRATCHED_PART * picture.shape[0])]
        upper[:] = damaged(upper, percent / _SCRATCHED_PART, self._rng)
        return CaseLabel(code, Wear.SCRATCHED, picture)
