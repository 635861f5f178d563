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

    @property
    def is_zxing_as_it_is(self) -> bool:
        """Whether it sees what zxing-cpp alone would see."""
        return self.engine is Engine.ZXING and self.preparation == prep.AS_IT_IS

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
            only_first=plan.expected == 1 and not plan.alone,
        )


def _gain(
    data_matrix: float | None = None,
    qr: float | None = None,
    bars: float | None = None,
    retail: float | None = None,
) -> dict[Family, float]:
    gains = zip(Family, (data_matrix, qr, bars, retail), strict=True)
    return {family: gain for family, gain in gains if gain is not None}


_HISTOGRAM = zxingcpp.Binarizer.GlobalHistogram
"""One threshold for the whole picture."""
_ZBAR = Engine.ZBAR

RUNGS = (
    Rung("plain", 3_000, _gain(55, 55, 55, 25), downscale=False, invert=False),
    Rung("full", 4_500, _gain(10, 10, 2, 4)),
    Rung("histogram", 3_500, _gain(20, 15, 5, 1), binarizer=_HISTOGRAM),
    Rung("half", 3_000, _gain(12, 1, None, 2), Preparation(scale=0.5)),
    Rung("smaller", 8_000, _gain(None, 9), Preparation(scale=0.7)),
    Rung("two-tone", 9_000, _gain(11, 1, 4, 12), Preparation(filter=prep.two_tone_locally)),
    Rung("despeckled", 5_000, _gain(8), Preparation(filter=prep.despeckled)),
    Rung("sharpened", 12_000, _gain(2, 8, 1, 2), Preparation(filter=prep.sharpened)),
    Rung("larger-sharpened", 20_000, _gain(23, 5, 13, 1), Preparation(1.5, filter=prep.sharpened)),
    Rung(
        "larger-equalised",
        25_000,
        _gain(None, None, 1, 14),
        Preparation(1.5, filter=prep.equalised),
    ),
    Rung("double", 16_000, _gain(3, 1, 18, 1), Preparation(2)),
    Rung("double-sharpened", 30_000, _gain(19, 1, 3, 2), Preparation(2, filter=prep.sharpened)),
    Rung("double-equalised", 37_000, _gain(1, 1, 10, 4), Preparation(2, filter=prep.equalised)),
    Rung(
        "double-two-tone", 26_000, _gain(1, 1, 1, 2), Preparation(2, filter=prep.two_tone_locally)
    ),
    Rung("bordered", 8_000, _gain(3, 1, 1, 1), Preparation(border=True)),
    Rung("double-bordered", 19_000, _gain(6, 10, 1, 1), Preparation(2, border=True)),
    Rung("tilted-left", 20_000, _gain(1, 1, 7, 1), Preparation(turn_deg=14)),
    Rung("tilted-right", 18_000, _gain(3, 1, 25, 1), Preparation(turn_deg=-14)),
    Rung("diagonal-left", 25_000, _gain(None, None, 1, 1), Preparation(turn_deg=32)),
    Rung("diagonal-right", 25_000, _gain(None, None, 1, 1), Preparation(turn_deg=-32)),
    Rung("diagonal", 25_000, _gain(None, None, 1, 1), Preparation(turn_deg=45)),
    Rung(
        "averaged-across", 7_000, _gain(None, None, 3, 2), Preparation(filter=prep.averaged_across)
    ),
    Rung("averaged-down", 7_000, _gain(None, None, 3, 2), Preparation(filter=prep.averaged_down)),
    Rung("dark-grown", 6_000, _gain(None, 3, None, 1), Preparation(filter=prep.dark_grown)),
    Rung("smoothed", 6_000, _gain(None, None, None, 1), Preparation(filter=prep.smoothed)),
    Rung(
        "histogram-smoothed",
        6_000,
        _gain(1, 2),
        Preparation(filter=prep.smoothed),
        binarizer=_HISTOGRAM,
    ),
    Rung(
        "histogram-smoothed-more",
        7_000,
        _gain(None, 2),
        Preparation(filter=prep.smoothed_more),
        binarizer=_HISTOGRAM,
    ),
    Rung("zbar", 35_000, _gain(None, 3, 3, 3), engine=_ZBAR),
    Rung(
        "zbar-smoothed", 25_000, _gain(None, None, 1, 1), Preparation(filter=prep.smoothed), _ZBAR
    ),
    Rung("zbar-dark-grown", 30_000, _gain(None, 4), Preparation(filter=prep.dark_grown), _ZBAR),
    Rung(
        "zbar-double-two-tone",
        90_000,
        _gain(None, 1, None, 2),
        Preparation(2, filter=prep.two_tone_locally),
        _ZBAR,
    ),
    Rung(
        "zbar-double-equalised",
        160_000,
        _gain(None, None, None, 1),
        Preparation(2, filter=prep.equalised),
        _ZBAR,
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
