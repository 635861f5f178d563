"""The rungs, as data. What each is worth was measured: docs/camera-decoding.md."""

from dataclasses import dataclass, replace
from enum import Enum

import zxingcpp

from edge_agent.camera.decode import preparation as prep
from edge_agent.camera.decode.engines import ZBAR_FORMATS, Reader, Zbar, Zxing, zbar_is_here
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decode.preparation import Preparation
from edge_agent.camera.symbols import Engine, Format


class Family(Enum):
    """Symbologies that fail in the same ways."""

    DATA_MATRIX = frozenset({Format.DATA_MATRIX})
    QR = frozenset({Format.QR})
    BARS = frozenset({Format.CODE_128, Format.ITF, Format.DATABAR})
    RETAIL = frozenset({Format.EAN_13, Format.EAN_8, Format.UPC_A, Format.UPC_E})


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to read a picture.

    `gain_percent` is how many of the pictures that the rungs before it left unread it read, for
    each family; families that are not named it does not look for. `us_per_megapixel` is its time
    for a million pixels of the picture.
    """

    name: str
    us_per_megapixel: int
    gain_percent: dict[Family, float]
    preparation: Preparation = prep.AS_IT_IS
    engine: Engine = Engine.ZXING
    rotate: bool = True
    downscale: bool = True
    invert: bool = True
    binarizer: zxingcpp.Binarizer = zxingcpp.Binarizer.LocalAverage

    def formats(self, plan: ReadingPlan) -> tuple[Format, ...]:
        """What it looks for."""
        able = frozenset[Format]().union(*(family.value for family in self.gain_percent))
        if self.engine is Engine.ZBAR:
            able &= ZBAR_FORMATS
        return tuple(name for name in plan.formats if name in able)

    def gain_in(self, plan: ReadingPlan) -> float:
        """Its gain where it is worth most of what is looked for."""
        wanted = set(plan.formats)
        return max(gain for family, gain in self.gain_percent.items() if family.value & wanted)

    def reader(self, plan: ReadingPlan) -> Reader:
        """Its engine, told what it looks for."""
        formats = self.formats(plan)
        if self.engine is Engine.ZBAR:
            return Zbar(formats, invert=plan.inverted)
        return Zxing(
            formats,
            rotate=self.rotate,
            downscale=self.downscale,
            invert=self.invert,
            binarizer=self.binarizer,
            only_first=plan.expected == 1,
        )


def _all(percent: float) -> dict[Family, float]:
    return dict.fromkeys(Family, percent)


RUNGS = (
    Rung("plain", 2000, _all(75), downscale=False, invert=False),
    Rung("full", 5000, _all(1)),
    Rung("histogram", 5000, _all(8), binarizer=zxingcpp.Binarizer.GlobalHistogram),
    Rung("zbar", 20000, _all(4), engine=Engine.ZBAR),
    Rung("equalised", 12000, _all(10), Preparation(filter=prep.equalised)),
    Rung("two-tone-locally", 12000, _all(10), Preparation(filter=prep.two_tone_locally)),
    Rung("sharpened", 12000, _all(5), Preparation(filter=prep.sharpened)),
    Rung("smoothed", 12000, _all(5), Preparation(filter=prep.smoothed)),
    Rung("smoothed-more", 12000, _all(4), Preparation(filter=prep.smoothed_more)),
    Rung("bordered", 8000, _all(4), Preparation(border=True)),
    Rung("smaller", 5000, _all(3), Preparation(scale=0.7)),
    Rung("half", 3000, _all(3), Preparation(scale=0.5)),
    Rung("larger", 15000, _all(3), Preparation(scale=1.5)),
    Rung("double", 25000, _all(3), Preparation(scale=2)),
    Rung("double-two-tone", 25000, _all(3), Preparation(scale=2, filter=prep.two_tone)),
    Rung("double-equalised", 35000, _all(3), Preparation(scale=2, filter=prep.equalised)),
    Rung("double-sharpened", 35000, _all(2), Preparation(scale=2, filter=prep.sharpened)),
    Rung("averaged-across", 12000, _all(2), Preparation(filter=prep.averaged_across)),
    Rung("averaged-down", 12000, _all(2), Preparation(filter=prep.averaged_down)),
    Rung("specks-gone", 12000, _all(1), Preparation(filter=prep.specks_gone)),
    Rung("dark-grown", 12000, _all(1), Preparation(filter=prep.dark_grown)),
    Rung("despeckled", 12000, _all(1), Preparation(filter=prep.despeckled)),
    Rung("tilted-left", 15000, _all(1), Preparation(turn_deg=12)),
    Rung("tilted-right", 15000, _all(1), Preparation(turn_deg=-12)),
    Rung("diagonal", 15000, _all(1), Preparation(turn_deg=45)),
    Rung("zbar-smoothed", 25000, _all(1), Preparation(filter=prep.smoothed), Engine.ZBAR),
    Rung("zbar-dark-grown", 25000, _all(1), Preparation(filter=prep.dark_grown), Engine.ZBAR),
    Rung(
        "zbar-double-equalised",
        90000,
        _all(1),
        Preparation(scale=2, filter=prep.equalised),
        Engine.ZBAR,
    ),
    Rung(
        "zbar-double-two-tone",
        90000,
        _all(1),
        Preparation(scale=2, filter=prep.two_tone_locally),
        Engine.ZBAR,
    ),
)


def rungs_for(plan: ReadingPlan) -> list[Rung]:
    """Those that look for something in `plan`, with its flags.

    Only the first rung leaves out what is turned or inverted where `plan` does; where it found
    nothing the others look for all of it.
    """
    plain, *others = RUNGS
    plain = replace(plain, rotate=plan.rotated, invert=plan.inverted)
    return [
        rung
        for rung in (plain, *others)
        if rung.formats(plan) and (rung.engine is not Engine.ZBAR or zbar_is_here())
    ]
