"""The belt's physics: bodies, eyes, flap. No clock, no chance but the seed's, no asyncio.

Times are microseconds from the start, lengths micrometres along the belt. Everything that lies on
the belt moves with it, so a body is known by the place on the belt on which it lies, and whatever
happens to it by the place at which the belt must be; a change of speed changes nothing of that. Two
heaps hold what is to come, by place and by time. The history is the same however far each `advance`
goes.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from drivers.gate.parameters import Sensors
from drivers.sim.flap import Flap
from drivers.sim.layout import Layout
from drivers.sim.script import GENUINE, Unit
from drivers.sim.truth import Fate, ItemTruth, Truth

NEVER = 1 << 62
_BLIND = "eject-blind"

Stage = tuple[int, Callable[["Body"], None]]


@dataclass(slots=True, eq=False)
class Body:
    """A thing on the belt. Its front is `place_um` behind the trigger when the belt starts."""

    thing: ItemTruth
    unit: Unit | None
    place_um: int
    stages: tuple[Stage, ...]
    """How far behind the trigger its front is when what happens next happens."""
    stage: int = 0
    holds: tuple[tuple[int, int], ...] = ()
    """Where its front stood still, and how far the belt went on beneath it; by the former."""
    held_by: str | None = None
    """What held it back last."""
    gone: bool = False

    def due_um(self, offset_um: int) -> int:
        """Where the belt is when the front comes to `offset_um` and goes on from there."""
        place_um = self.place_um + offset_um
        for at_um, held_um in self.holds:
            if at_um < offset_um:
                place_um += held_um
        return place_um

    @property
    def lag_um(self) -> int:
        return sum(held_um for _, held_um in self.holds)

    def front_um(self, belt_um: int) -> int:
        """How far behind the trigger its front is."""
        front_um = belt_um - self.place_um
        for at_um, held_um in self.holds:
            if front_um <= at_um:
                break
            front_um = max(at_um, front_um - held_um)
        return front_um


class Belt:
    """One belt with its eyes, its scanner and its gate.

    `sensors` are the contacts as they are now; `changed` is set whenever one of them changes.
    `on_answer(unit_thing, line)` is called when the scanner says something, `on_gone(thing)` when a
    thing has left at the end or in the bin.
    """

    def __init__(
        self,
        layout: Layout,
        units: Iterator[Unit],
        truth: Truth,
        *,
        seed: int,
        on_answer: Callable[[ItemTruth, bytes], None] = lambda _thing, _line: None,
        on_gone: Callable[[ItemTruth], None] = lambda _thing: None,
    ) -> None:
        self.layout = layout
        self.truth = truth
        self.sensors = Sensors()
        self.changed = False
        self.now_us = 0
        self.chance = random.Random(seed)  # noqa: S311  a history that can be repeated
        self.flap = Flap(layout.stroke_us, self.chance)
        self.bodies: deque[Body] = deque()
        """From the gate to the one that comes next to the trigger."""
        self.at_trigger: Body | None = None
        """The last that came to the trigger."""
        self.on_trigger: Callable[[Body], None] = lambda _body: None
        self.on_answer = on_answer
        self.on_gone = on_gone
        self.bounces: frozenset[str] = frozenset()
        """The eyes whose contacts bounce."""
        self.blind = False
        """The eject eye sees nothing."""
        self.motion = 0
        """Another number after each change of speed."""
        self._units = units
        self._serial = count()
        self._by_place: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._by_time: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._next_us: int | None = None
        self._permitted = self._turning = True
        self._drift = 1.0
        self._speed_um_s = 0
        self._since_us = self._since_um = self._ran_us = 0
        self._in_air = self._before_eject_eye = 0
        self._pitch_um = um(layout.pitch_mm)
        self._stages = self._course(um(layout.length_mm))
        self._set_speed()
        self._feed(0)

    @property
    def empty(self) -> bool:
        """No more units come, and all have gone."""
        return not self.bodies and not self._in_air

    # --- motion ----------------------------------------------------------------------------

    @property
    def place_um(self) -> int:
        """How far the belt has come."""
        return self._since_um + self._speed_um_s * (self.now_us - self._since_us) // 1_000_000

    @property
    def ran_us(self) -> int:
        """How long it has run."""
        return self._ran_us + (self.now_us - self._since_us if self._speed_um_s else 0)

    def when_us(self, place_um: int) -> int:
        """When the belt will be at `place_um` if its speed does not change."""
        if not self._speed_um_s:
            return NEVER if place_um > self._since_um else self.now_us
        ahead_um = place_um - self._since_um
        return max(self.now_us, self._since_us - (-ahead_um * 1_000_000 // self._speed_um_s))

    def when_ran_us(self, ran_us: int) -> int:
        """When it will have run for `ran_us` if it does not stop."""
        wait_us = max(0, ran_us - self.ran_us)
        return self.now_us + wait_us if self._speed_um_s or not wait_us else NEVER

    def permit(self, run: bool) -> None:
        """The PLC's output to the drive."""
        self._permitted = run
        self._set_speed()

    def turn(self, turning: bool) -> None:
        """Stopped by whatever else can stop it, or started again."""
        self._turning = turning
        self._set_speed()

    def drift(self, factor: float) -> None:
        """The speed is `factor` of its nominal one."""
        self._drift = factor
        self._set_speed()

    def _set_speed(self) -> None:
        self._since_um, self._ran_us, self._since_us = self.place_um, self.ran_us, self.now_us
        running = self._permitted and self._turning
        self._speed_um_s = int(self.layout.speed_mm_s * 1_000 * self._drift) if running else 0
        self.motion += 1
        self._next_us = None

    # --- time ------------------------------------------------------------------------------

    def next_event_us(self) -> int:
        """When something happens next by itself; NEVER if nothing will."""
        if self._next_us is None:
            timed_us = self._by_time[0][0] if self._by_time else NEVER
            placed_us = self.when_us(self._by_place[0][0]) if self._by_place else NEVER
            self._next_us = min(timed_us, placed_us)
        return self._next_us

    def advance(self, to_us: int) -> None:
        """Let everything happen that happens until `to_us`."""
        while (at_us := self.next_event_us()) <= to_us:
            self.now_us = at_us
            self._next_us = None
            timed = self._by_time and self._by_time[0][0] <= at_us
            _, _, happen, subject = heappop(self._by_time if timed else self._by_place)
            happen(subject)
        self.now_us = to_us

    def after(self, wait_us: int, happen: Callable[[Any], None], subject: Any = None) -> None:
        """Call `happen(subject)` when `wait_us` have gone by."""
        self._next_us = None
        heappush(self._by_time, (self.now_us + wait_us, next(self._serial), happen, subject))

    def at_place(self, place_um: int, happen: Callable[[Any], None], subject: Any = None) -> None:
        """Call `happen(subject)` when the belt is at `place_um`."""
        self._next_us = None
        heappush(self._by_place, (place_um, next(self._serial), happen, subject))

    # --- the way of a body -----------------------------------------------------------------

    def _course(self, length_um: int) -> tuple[Stage, ...]:
        gate_um = um(self.layout.travel_mm)
        stages: list[Stage] = [
            (0, self._comes_to_trigger),
            (length_um, self._leaves_trigger),
            (gate_um, self._comes_to_gate),
            (gate_um + length_um, self._leaves_gate),
            (gate_um + um(self.layout.flap_mm), self._comes_to_flap),
        ]
        return tuple(sorted(stages, key=lambda stage: stage[0]))

    def _feed(self, after_um: int) -> None:
        """Put the next unit on the belt, its spacing behind `after_um`."""
        unit = next(self._units, None)
        if unit is None:
            return
        thing = ItemTruth(
            number=None,
            at_ms=0.0,
            printed=unit.printed,
            key=unit.code.key if unit.code else None,
            fault=unit.fault,
            good=unit.fault in GENUINE,
        )
        place_um = after_um + int(unit.spacing_ms * self.layout.speed_mm_s)
        body = Body(thing, unit, place_um, self._stages)
        if self.bodies:
            self._bump(self.bodies[-1], body)
        self.bodies.append(body)
        self._expect(body)

    def _expect(self, body: Body) -> None:
        self.at_place(body.due_um(body.stages[body.stage][0]), self._proceed, body)

    def _proceed(self, body: Body) -> None:
        if body.gone:
            return
        offset_um, happen = body.stages[body.stage]
        if body.holds and body.due_um(offset_um) > self.place_um:
            self._expect(body)  # it was held back since
            return
        body.stage += 1
        if body.stage < len(body.stages):
            self._expect(body)
        else:
            self._leave(body)
        happen(body)

    def _comes_to_trigger(self, body: Body) -> None:
        body.thing.at_ms = self.now_us / 1_000
        self.truth.items.append(body.thing)
        self.at_trigger = body
        self.switch("eye", True)
        unit = body.unit
        if unit is not None and unit.sent is not None:
            read_us = int(unit.read_ms * 1_000)
            self.after(read_us, self._answer, body)
            if unit.echo_ms is not None:
                self.after(read_us + int(unit.echo_ms * 1_000), self._answer, body)
        self._feed(body.place_um)
        self.on_trigger(body)

    def _answer(self, body: Body) -> None:
        assert body.unit is not None and body.unit.sent is not None  # noqa: S101  it was asked
        self.on_answer(body.thing, body.unit.sent)

    def _leaves_trigger(self, _body: Body) -> None:
        self.switch("eye", False)

    def _comes_to_gate(self, _body: Body) -> None:
        self.switch("gate_eye", True)

    def _leaves_gate(self, _body: Body) -> None:
        self.switch("gate_eye", False)

    def _comes_to_flap(self, body: Body) -> None:
        thing = body.thing
        if ailment := self.flap.ailment(self.now_us):
            thing.ailment = ailment
            thing.note(ailment)
        if self.flap.is_open(self.now_us):
            thing.outcome = Fate.PASSED
        else:
            thing.outcome = Fate.EJECTED
            least_us, longest_us = self.layout.fall_us
            fall_us = least_us + int(self.chance.random() * (longest_us - least_us))
            self._in_air += 1
            self.after(fall_us, self._comes_to_bin, thing)
            self.after(fall_us + self.layout.fall_past_us, self._leaves_for_bin)
        self.on_gone(thing)

    def _leave(self, body: Body) -> None:
        body.gone = True
        self.bodies.remove(body)

    def _comes_to_bin(self, thing: ItemTruth) -> None:
        self._before_eject_eye += 1
        if self.blind:
            thing.note(_BLIND)
        elif self._before_eject_eye == 1:
            self.switch("eject_eye", True)

    def _leaves_for_bin(self, _: None) -> None:
        self._in_air -= 1
        self._before_eject_eye -= 1
        if self._before_eject_eye == 0 and self.sensors.eject_eye:
            self.switch("eject_eye", False)

    def switch(self, eye: str, on: bool) -> None:
        """A contact opens or closes; those that bounce do so more than once."""
        setattr(self.sensors, eye, on)
        self.changed = True
        if eye in self.bounces:
            # Off and on again, once or twice, within the time the contact may bounce.
            times = sorted(
                int(self.chance.random() * self.layout.bounce_us)
                for _ in range(2 * self.chance.randint(0, 2))
            )
            for index, wait_us in enumerate(times):
                self.after(wait_us, self._rattle, (eye, on is (index % 2 == 1)))

    def _rattle(self, contact: tuple[str, bool]) -> None:
        setattr(self.sensors, *contact)
        self.changed = True

    # --- what hands and friction do ---------------------------------------------------------

    def hold_back(self, body: Body, by_um: int, cause: str) -> list[Body]:
        """`body` stands still where it is while the belt moves on by `by_um`; what follows runs up
        to it and stands still too. Everything on the belt that is held back; more may come."""
        at_um = body.front_um(self.place_um)
        body.held_by = cause
        self._hold(body, at_um, by_um)
        return [body, *self._run_up(body)]

    def _run_up(self, ahead: Body) -> list[Body]:
        """What runs up to `ahead`, one behind the other."""
        held = []
        for behind in list(self.bodies)[self.bodies.index(ahead) + 1 :]:
            if not self._bump(ahead, behind):
                break
            held.append(behind)
            ahead = behind
        return held

    def _bump(self, ahead: Body, behind: Body) -> bool:
        """Hold `behind` back wherever it would run into `ahead`."""
        bumps = False
        leaves_um = ahead.place_um + self._pitch_um
        for ahead_um, held_um in ahead.holds:
            leaves_um += held_um
            at_um = ahead_um - self._pitch_um
            comes_um = behind.place_um + sum(um for at, um in behind.holds if at <= at_um)
            if comes_um < leaves_um:
                self._hold(behind, at_um, leaves_um - comes_um)
                behind.held_by = ahead.held_by
                bumps = True
        return bumps

    def _hold(self, body: Body, at_um: int, by_um: int) -> None:
        body.holds = tuple(sorted((*body.holds, (at_um, by_um))))

    def remove(self, body: Body) -> None:
        """A hand takes it off."""
        body.thing.outcome = Fate.REMOVED
        self._leave(body)

    def put_in(self, front_um: int, thing: ItemTruth) -> Body:
        """A hand puts `thing` on the belt, its front at `front_um` behind the trigger, between the
        trigger's eye and the gate's."""
        thing.at_ms = self.now_us / 1_000
        self.truth.put_in.append(thing)
        body = Body(thing, None, self.place_um - front_um, self._stages[2:])
        index = sum(each.front_um(self.place_um) > front_um for each in self.bodies)
        self.bodies.insert(index, body)
        if index:
            self._bump(self.bodies[index - 1], body)
        self._run_up(body)
        self._expect(body)
        return body


def um(mm: float) -> int:
    """Millimetres in micrometres."""
    return round(mm * 1_000)
