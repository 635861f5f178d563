"""What goes wrong on the belt, when, and which things it may cost their pass.

Each mishap is drawn by seed, happens to a belt by its public verbs only, and is noted on the things
it touches. A good thing that was ejected without a note is a fault of the gate; a bad one that
passed is one too, unless its `ailment` tells that the flap did not obey.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.sim.belt import Belt, Body, um
from drivers.sim.script import Fault, places
from drivers.sim.truth import ItemTruth

UNITS_PER_MISHAP = 120
"""A mishap of each kind comes once, and once more for each so many units."""
AT_THE_GATE = frozenset(
    {
        Fault.BELT_STOP,
        Fault.GUARD_OPEN,
        Fault.CYLINDER_SLOW,
        Fault.FLAP_STUCK,
        Fault.EJECT_BLIND,
        Fault.AIR_LOW,
        Fault.HAND_INSERTION,
    }
)
"""Of these one happens at a time. A flap that does not obey and an eject eye that does not see it,
together, no program could notice."""
_REST_US = 500_000
_RETRY_US = 50_000


@dataclass(frozen=True, slots=True)
class Dose:
    """How bad each mishap is: least, most. Milliseconds, or millimetres of the belt."""

    drift_every_ms: tuple[float, float] = (200, 1_000)
    stop_ms: tuple[float, float] = (50, 2_000)
    slip_mm: tuple[float, float] = (0.5, 25)
    jam_mm: tuple[float, float] = (40, 150)
    slow_ms: tuple[float, float] = (2, 25)
    """Added to the cylinder's stroke."""
    spell_ms: tuple[float, float] = (100, 1_500)
    """How long the cylinder is slow or stuck, the eject eye blind, the air low, the bin full, the
    guard open."""


DOSE = Dose()


class Mishaps:
    """Lets mishaps of `kinds` happen to `belt` while `units` pass its trigger.

    It draws from the belt's chance, so that one seed tells the whole history.
    """

    def __init__(self, belt: Belt, kinds: frozenset[Fault], units: int, dose: Dose = DOSE) -> None:
        self._belt = belt
        self._dose = dose
        self._chance = belt.chance
        self._units = 0
        self._close_before = False
        self._before: Body | None = None
        self._miscount: str | None = None
        self._at_gate = 0
        self._spells: Counter[str] = Counter()
        self._shadows: Counter[str] = Counter()
        self._expected: deque[int] = deque()
        layout = belt.layout
        self._gate_um = um(layout.travel_mm)
        self._late_um = um(layout.tolerance_mm + layout.flap_mm + layout.pitch_mm)
        # What a hand can reach: clear of both eyes.
        self._reach_um = um(layout.length_mm), self._gate_um - um(layout.length_mm)
        self._plan: dict[int, list[Fault]] = {}
        self._happen: dict[Fault, Callable[[], None]] = {
            Fault.BELT_STOP: lambda: self._stand(Fault.BELT_STOP, self._us(dose.stop_ms)),
            Fault.SLIP: lambda: self._hold_back(Fault.SLIP, dose.slip_mm),
            Fault.JAM: lambda: self._hold_back(Fault.JAM, dose.jam_mm),
            Fault.HAND_REMOVAL: self._take_off,
            Fault.HAND_INSERTION: self._put_in,
            Fault.CYLINDER_SLOW: self._slow_cylinder,
            Fault.FLAP_STUCK: self._stick_flap,
            Fault.EJECT_BLIND: self._blind_eject_eye,
            Fault.BIN_FULL: lambda: self._contact("bin_full", self._us(dose.spell_ms)),
            Fault.AIR_LOW: self._lose_air,
            Fault.GUARD_OPEN: self._open_guard,
        }
        for kind in self._happen:
            if kind in kinds:
                for place in sorted(places(self._chance, units, UNITS_PER_MISHAP)):
                    self._plan.setdefault(place, []).append(kind)
        if Fault.BOUNCE in kinds:
            belt.bounces = frozenset({"eye", "gate_eye", "eject_eye"})
        if Fault.SPEED_DRIFT in kinds:
            self._wander()
        belt.on_trigger = self._on_trigger

    def _on_trigger(self, body: Body) -> None:
        belt = self._belt
        for kind in self._shadows:
            body.thing.note(kind)
        self._expected.append(belt.place_um)
        while self._expected[0] + self._gate_um + self._late_um < belt.place_um:
            self._expected.popleft()
        self._note_close(body)
        self._doubt_miscount(body)
        for kind in self._plan.pop(self._units, ()):
            belt.after(self._us((0, 400)), self._comes, kind)
        self._units += 1

    def _comes(self, kind: Fault) -> None:
        if kind in AT_THE_GATE and self._at_gate:
            self._belt.after(_RETRY_US, self._comes, kind)
            return
        self._belt.truth.happened(kind)
        self._happen[kind]()

    def _occupy_gate(self, wait_us: int) -> None:
        """For so long, and until what fell has fallen, nothing else happens at the gate."""
        self._at_gate += 1
        self._belt.after(wait_us + _REST_US, self._leave_gate)

    def _leave_gate(self, _: None) -> None:
        self._at_gate -= 1

    def _us(self, ms: tuple[float, float]) -> int:
        return int(self._chance.uniform(*ms) * 1_000)

    # --- feeding and drive -----------------------------------------------------------------

    def _note_close(self, body: Body) -> None:
        """It, the one before and the one after cannot be told apart beyond doubt."""
        close = body.unit is not None and body.unit.close
        if close:
            self._belt.truth.happened(Fault.CLOSE_ITEMS)
        touched = 2 if close else 1 if self._close_before else 0
        for thing in self._belt.truth.items[len(self._belt.truth.items) - touched :]:
            thing.note(Fault.CLOSE_ITEMS)
        self._close_before = close

    def _wander(self, _: None = None) -> None:
        most = self._belt.layout.drift
        self._belt.drift(1 + self._chance.uniform(-most, most))
        self._belt.after(self._us(self._dose.drift_every_ms), self._wander)

    def _open_guard(self) -> None:
        wait_us = self._us(self._dose.spell_ms)
        self._contact("guard_open", wait_us)
        self._stand(Fault.GUARD_OPEN, wait_us)

    def _stand(self, kind: Fault, wait_us: int) -> None:
        """The belt stands. What was seen at the gate comes to the bin later than it should."""
        belt = self._belt
        self._occupy_gate(wait_us)
        for body in belt.bodies:
            if body.front_um(belt.place_um) >= self._gate_um:
                body.thing.note(kind)
        self._spell("standing", wait_us, lambda on: belt.turn(not on))

    # --- hands and friction ----------------------------------------------------------------

    def _hold_back(self, kind: Fault, dose_mm: tuple[float, float]) -> None:
        body = self._somebody()
        if body is None:
            return
        for held in self._belt.hold_back(body, um(self._chance.uniform(*dose_mm)), kind):
            if cause := self._cause_of_lag(held):
                self._doubt(cause, held)

    def _doubt_miscount(self, body: Body) -> None:
        """What follows one that was held back may have come too close to it. And one that stands
        before the trigger's eye may be counted when it leaves: then the next, if it comes soon, is
        taken for its bounce, and is counted when it leaves."""
        belt, before = self._belt, self._before
        if before is not None:
            gap_um = belt.place_um - before.due_um(0)
            if gap_um > 2 * self._late_um:
                self._miscount = None
            if any(0 <= at_um < um(belt.layout.length_mm) for at_um, _ in before.holds):
                self._miscount = before.held_by
        after = self._cause_of_lag(before) if before is not None else None
        if doubt := self._cause_of_lag(body) or after or self._miscount:
            self._doubt(doubt, body)
        self._before = body

    def _cause_of_lag(self, body: Body) -> str | None:
        """What holds it back further than the PLC allows for."""
        return body.held_by if body.lag_um > um(self._belt.layout.slip_mm) else None

    def _take_off(self) -> None:
        body = self._somebody()
        if body is not None:
            self._doubt(Fault.HAND_REMOVAL, body)
            self._belt.remove(body)

    def _put_in(self) -> None:
        """Not where a thing is expected, be it there or not: no eye could tell one from the other.
        Where there is no room the hand leaves it."""
        belt, layout = self._belt, self._belt.layout
        front_um = self._chance.randint(*self._reach_um)
        here_um = belt.place_um - front_um
        apart_um = um(max(layout.pitch_mm, layout.tolerance_mm + layout.length_mm))
        near = [*self._expected]
        near += (belt.place_um - body.front_um(belt.place_um) for body in belt.bodies)
        near += (body.place_um + body.lag_um for body in belt.bodies)
        if all(abs(each_um - here_um) >= apart_um for each_um in near):
            thing = ItemTruth(None, 0.0, "", None, Fault.HAND_INSERTION, good=False)
            body = belt.put_in(front_um, thing)
            self._doubt(Fault.HAND_INSERTION, body)
            self._at_gate += 1
            belt.at_place(body.due_um(self._gate_um) + 2 * self._late_um, self._rest)

    def _rest(self, _: None) -> None:
        self._belt.after(_REST_US, self._leave_gate)

    def _somebody(self) -> Body | None:
        """One within reach."""
        place_um = self._belt.place_um
        least_um, most_um = self._reach_um
        within = [
            body for body in self._belt.bodies if least_um < body.front_um(place_um) < most_um
        ]
        return self._chance.choice(within) if within else None

    def _doubt(self, kind: str, body: Body) -> None:
        """Until `body` has passed the gate, or should have, which thing is which cannot be told."""
        belt = self._belt
        for each in belt.bodies:
            if each.front_um(belt.place_um) >= 0:
                each.thing.note(kind)
        self._shadows[kind] += 1
        end_um = body.due_um(self._gate_um) + body.lag_um + self._late_um
        belt.at_place(end_um, self._end_doubt, kind)

    def _end_doubt(self, kind: str) -> None:
        self._shadows[kind] -= 1
        self._shadows += Counter()  # drops what is not above zero

    # --- gate ------------------------------------------------------------------------------

    def _slow_cylinder(self) -> None:
        slower_us = self._us(self._dose.slow_ms)

        def slow(on: bool) -> None:
            self._belt.flap.slower_us = slower_us if on else 0

        self._gate_spell("slow", slow)

    def _stick_flap(self) -> None:
        flap, is_open = self._belt.flap, self._chance.random() < 0.5

        def stick(on: bool) -> None:
            if on:
                flap.stick(is_open)
            else:
                flap.free(self._belt.now_us)

        self._gate_spell("stuck", stick)

    def _blind_eject_eye(self) -> None:
        def blind(on: bool) -> None:
            self._belt.blind = on

        self._gate_spell("blind", blind)

    def _lose_air(self) -> None:
        def lose(on: bool) -> None:
            self._belt.flap.airless = on
            self._belt.switch("air_low", on)

        self._gate_spell("airless", lose)

    def _gate_spell(self, name: str, switch: Callable[[bool], None]) -> None:
        wait_us = self._us(self._dose.spell_ms)
        self._occupy_gate(wait_us)
        self._spell(name, wait_us, switch)

    def _contact(self, name: str, wait_us: int) -> None:
        self._spell(name, wait_us, lambda on: self._belt.switch(name, on))

    def _spell(self, name: str, wait_us: int, switch: Callable[[bool], None]) -> None:
        """`switch` on, and off when the last spell of this name is over."""
        self._spells[name] += 1
        if self._spells[name] == 1:
            switch(True)
        self._belt.after(wait_us, self._end_spell, (name, switch))

    def _end_spell(self, spell: tuple[str, Callable[[bool], None]]) -> None:
        name, switch = spell
        self._spells[name] -= 1
        if not self._spells[name]:
            switch(False)
