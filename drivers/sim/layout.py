"""Where things stand on the simulated line, how fast they are, and what a technician would measure.

Lengths are millimetres along the belt, times microseconds. What the gate's program is told
(`parameters`) and where the flap stands (`flap_mm`) follow from the worst case of everything that
moves, so that on a sound line no good item is lost and no bad one passes.
"""

import random
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from typing import Literal

from drivers.gate.parameters import Parameters

_MARGIN_MM = 1.0
Step = Literal["time", "encoder"]


@dataclass(frozen=True)
class Layout:
    """A belt from the trigger to the bin. Raises ValueError if it cannot work."""

    speed_mm_s: int = 1_000
    drift: float = 0.02
    """The speed stays within this share of `speed_mm_s`."""
    step: Step = "encoder"
    counts_per_mm: int = 2
    scan_us: int = 1_000
    """The PLC's cycle."""
    length_mm: float = 18.0
    """Of every item."""
    travel_mm: float = 400.0
    """From the trigger to the gate's eye."""
    slip_mm: float = 2.0
    """How far an item may lag on its way and still be followed."""
    bounce_us: int = 1_000
    """How long an eye's contact may bounce."""
    stroke_us: tuple[int, int] = (6_000, 9_000)
    """What the cylinder takes to move the flap: at least, at most."""
    fall_us: tuple[int, int] = (30_000, 34_000)
    """From the flap to the eject eye."""
    fall_past_us: int = 8_000
    """How long the eject eye sees an item."""
    read_us: tuple[int, int] = (4_000, 15_000)
    """From the trigger to the scanner's answer."""
    more_spacing_mm: float = 0.0
    """Room between items beyond what the gate needs."""

    def __post_init__(self) -> None:
        faults = []
        if self.length_mm < (least := self._edge_mm):
            faults.append(f"length_mm is {self.length_mm:g}, expected {least:g}: one scan may miss")
        window_us = 1_000 * (self.parameters.confirm_until_ms - self.parameters.confirm_from_ms)
        if window_us >= self.spacing_us:
            faults.append(
                f"an eject may be confirmed within {window_us} us, "
                f"expected less than the {self.spacing_us} us between two items"
            )
        if self.travel_mm < (least := self.spacing_mm + 2 * self.length_mm):
            faults.append(f"travel_mm is {self.travel_mm:g}, expected at least {least:g}")
        if faults:
            raise ValueError("; ".join(faults))

    # --- in the worst case -----------------------------------------------------------------

    def _fastest_mm(self, us: int) -> float:
        return self.speed_mm_s * (1 + self.drift) * us / 1e6

    def _slowest_mm(self, us: int) -> float:
        return self.speed_mm_s * (1 - self.drift) * us / 1e6

    def _error_mm(self, mm: float) -> float:
        """What drift hides from a PLC that measures `mm` by its clock."""
        return mm * self.drift / (1 - self.drift) if self.step == "time" else 0.0

    @property
    def _scan_mm(self) -> float:
        return self._fastest_mm(self.scan_us)

    @property
    def _edge_mm(self) -> float:
        """An edge may be seen so late: the first scans may find the contact bouncing."""
        return self._fastest_mm(self.scan_us + self.bounce_us)

    @property
    def steps_per_mm(self) -> float:
        return self.counts_per_mm if self.step == "encoder" else 1_000 / self.speed_mm_s

    @property
    def fastest_steps_per_s(self) -> int:
        return ceil(self._fastest_mm(1_000_000) * self.steps_per_mm)

    @property
    def _step_mm(self) -> float:
        return 1 / self.steps_per_mm

    # --- what follows ----------------------------------------------------------------------

    @property
    def tolerance_mm(self) -> float:
        return self._edge_mm + self.slip_mm + self._step_mm + self._error_mm(self.travel_mm)

    @property
    def decide_mm(self) -> float:
        return 2 * self.tolerance_mm + self._scan_mm + 2 * self._step_mm

    @property
    def _lead_mm(self) -> float:
        """From where the output is set to where the flap must stand."""
        late = self._edge_mm + self._scan_mm + self._fastest_mm(self.stroke_us[1])
        return late + 2 * self._step_mm + self._error_mm(self.decide_mm) + _MARGIN_MM

    @property
    def flap_mm(self) -> float:
        """From the gate's eye to where an item's front goes one way or the other."""
        return self.decide_mm + self._lead_mm

    @property
    def _hold_mm(self) -> float:
        """Until the item is past, wherever the belt may stop meanwhile: that the flap needs a
        stroke to shut does not help then."""
        return self._lead_mm + 2 * self._step_mm + self._error_mm(self.flap_mm) + _MARGIN_MM

    @property
    def _one_thing_mm(self) -> float:
        """Edges no further apart than this come of one item."""
        edges = self._edge_mm + self._step_mm + self._error_mm(self.length_mm)
        return self.length_mm + edges

    @property
    def pitch_mm(self) -> float:
        """The closest that two fronts can come: things are round, and an eye sees light between
        two that touch. Without that no eye could tell two things from one."""
        return self._one_thing_mm + self._error_mm(2 * self.length_mm) + self._edge_mm + _MARGIN_MM

    @property
    def _needed_mm(self) -> float:
        """Between two fronts at the trigger, as the PLC measures it."""
        return self.decide_mm + self._hold_mm + 2 * self.tolerance_mm + 3 * self._step_mm

    @property
    def spacing_mm(self) -> float:
        """The shortest distance of two fronts that the feeding guarantees."""
        seen = max(self._needed_mm, self.pitch_mm) + self._edge_mm + self._step_mm
        return seen + self._error_mm(2 * seen) + self.more_spacing_mm

    @property
    def spacing_us(self) -> int:
        """The shortest time between two fronts that the PLC may see."""
        return int(self.spacing_mm / self._fastest_mm(1)) - self.scan_us - self.bounce_us

    @property
    def read_window_us(self) -> int:
        """The longest time from the PLC's count to the scanner's answer."""
        return self.read_us[1]

    @cached_property
    def parameters(self) -> Parameters:
        """What the gate's program is told."""
        nearest = self._lead_mm - self._edge_mm - self._scan_mm - 2 * self._step_mm
        confirm_from_us = nearest / self._fastest_mm(1) + self.fall_us[0]
        confirm_until_us = (self._lead_mm + self._step_mm) / self._slowest_mm(1) + self.fall_us[1]
        past_us = self.fall_past_us + self.bounce_us + self.scan_us
        tolerance = self._up(self.tolerance_mm)
        decide = max(self._up(self.decide_mm), 2 * tolerance)
        hold = self._up(self._hold_mm)
        return Parameters(
            slots=256,
            travel_steps=round(self.travel_mm * self.steps_per_mm),
            hold_steps=hold,
            bounce_steps=self._up(self._one_thing_mm),
            spacing_steps=max(decide + hold + 2 * tolerance, floor(self._seen_steps)),
            tolerance_steps=tolerance,
            decide_steps=decide,
            confirm_from_ms=floor(confirm_from_us / 1_000) - 1,
            confirm_until_ms=ceil((confirm_until_us + self.scan_us + self.bounce_us) / 1_000) + 1,
            eject_bounce_ms=ceil(past_us / 1_000) + 1,
        )

    @property
    def _seen_steps(self) -> float:
        """Two items at the guaranteed distance are seen at least so far apart."""
        seen = self.spacing_mm - self._edge_mm - self._step_mm
        return (seen - self._error_mm(seen)) * self.steps_per_mm

    def _up(self, mm: float) -> int:
        return ceil(mm * self.steps_per_mm)


DEMO = Layout(more_spacing_mm=7.6)
"""1,200 a minute, 400 ms from the trigger to the gate, a PLC with a cycle of a millisecond."""
PULSE = Layout(scan_us=10_000, length_mm=30.0, fall_past_us=20_000, read_us=(12_000, 25_000))
"""The same belt on remote I/O: what looks at the contacts is an agent that polls."""


def draw_layout(chance: random.Random, step: Step) -> Layout:
    """One of the lines one meets: slow and fast PLCs, belts and cylinders."""
    scan_us = 1_000 * chance.choice((1, 1, 2, 4, 10, 20))
    speed_mm_s = chance.randrange(150, 1_200, 10)
    drift = chance.uniform(0, 0.03 if step == "encoder" else 0.005)
    bounce_us = chance.randrange(0, 4_000, 500)
    longest_mm = speed_mm_s * (1 + drift) * (scan_us + bounce_us) / 1e6
    stroke_us = chance.randrange(4_000, 12_000, 1_000)
    fall_us = chance.randrange(20_000, 90_000, 5_000)
    read_us = scan_us + bounce_us + chance.randrange(2_000, 6_000, 500)
    length_mm = round(longest_mm + chance.uniform(2, 60), 1)
    return Layout(
        speed_mm_s=speed_mm_s,
        drift=drift,
        step=step,
        counts_per_mm=chance.choice((1, 2, 5, 10)),
        scan_us=scan_us,
        length_mm=length_mm,
        travel_mm=float(round(speed_mm_s * chance.uniform(0.3, 0.7) + 4 * length_mm + 80)),
        slip_mm=round(chance.uniform(0, 6), 1),
        bounce_us=bounce_us,
        stroke_us=(stroke_us, stroke_us + chance.randrange(0, 5_000, 500)),
        fall_us=(fall_us, fall_us + chance.randrange(0, 6_000, 500)),
        fall_past_us=chance.randrange(1_000 + scan_us + bounce_us, 6_000 + scan_us + bounce_us),
        read_us=(read_us, read_us + chance.randrange(5_000, 20_000, 1_000)),
        more_spacing_mm=round(chance.uniform(0, 30), 1),
    )
