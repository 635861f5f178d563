"""The reject gate's program, as `gate_block.st` has it line for line; a test holds them together.

It numbers items at the trigger, follows each to the gate, opens the gate for those with a fresh
PASS only, and tells what became of each. The gate at rest is shut: whatever is missing, late, lost
or in doubt is rejected.

A *step* is the unit of the belt's position: an encoder count, or a millisecond of the belt running
at constant speed. Positions and milliseconds are free-running counters modulo 2**32.
"""

from dataclasses import dataclass

from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import (
    COMMAND_WORDS,
    MAY_RUN,
    OUTCOME_WORDS,
    STATUS_WORDS,
    TEST,
    VERDICT_WORDS,
    WORD,
    Cause,
    Command,
    Fate,
    Flag,
    Status,
    Word,
    identity,
)

_DWORD = 1 << 32


_FREE, _TRAVELS, _SIGHTED, _AWAITED = 0, 1, 2, 3


@dataclass(slots=True)
class _Track:
    """An item between the trigger and the end of its story."""

    phase: int = _FREE
    position: int = 0
    """At the trigger."""
    at_gate_ms: int = 0
    opened: bool = False
    """The gate was opened for it."""
    unsure: bool = False
    """The gate may have been open all the same."""
    seen: bool = False
    """The eject sensor saw it."""
    cause: int = Cause.TOLD
    """Anything else: it may not pass, whatever is said of it."""


class GateBlock:
    """The program between two scans. `commands` and `verdicts` are the agent's to write, `status`
    and `outcomes` its to read; `gate_open` and `run` are the outputs.

    `start` must differ from that of the start before.
    """

    def __init__(self, parameters: Parameters, *, start: int, items: int = 0) -> None:
        self.parameters = parameters
        slots = parameters.slots
        self.status = [0] * STATUS_WORDS
        self.outcomes = [0] * (OUTCOME_WORDS * slots)
        self.commands = [0] * COMMAND_WORDS
        self.verdicts = [0] * (VERDICT_WORDS * slots)
        self.gate_open = False
        self.unsure = False
        """Whether the output obeys is not known: what comes to the gate now is not said to be
        ejected unless it was seen. A PLC knows; remote I/O may not have acknowledged."""
        self.run = False
        self._tracks = [_Track() for _ in range(slots)]
        self._items = items
        self._next_at_gate = self._next_to_settle = items + 1
        self._heard = False
        self._beat = 0
        self._beat_ms = 0
        self._lost_session = 0
        self._eye = self._gate_eye = self._eject_eye = False
        self._eye_was = self._gate_was = self._ejected_was = 0
        self._eye_ever = self._gate_ever = self._ejected_ever = False
        self._sighted_at = self._opened_at = 0
        self._served: int | None = None
        """The item that the gate is open for, until it was open long enough."""
        self._stranger = _FREE
        self._stranger_at = self._stranger_ms = self._strangers = 0
        self._test_asked = self._testing = False
        self._test_ms = 0
        self.status[Status.IDENTITY] = identity(slots)
        self.status[Status.START] = start
        self.status[Status.ITEMS] = items % WORD

    def scan(
        self, now_ms: int, position: int, sensors: Sensors, sampled: int | None = None
    ) -> None:
        """One cycle. Call it at least once a millisecond or a step, whichever is longer.

        `sampled` is the position at which the sensors were as they are given; in a PLC that is
        `position`. Over remote I/O they are older, and `position` is where the belt will be when a
        command of now takes effect. Neither ever goes back, nor `sampled` past `position`.
        """
        if sampled is None:
            sampled = position
        self._watch_link(now_ms)
        if self._eye_edge(sampled, sensors.eye):
            self.trigger(sampled)
        self._follow(now_ms, position, sampled, sensors.gate_eye)
        self._confirm(now_ms, sensors.eject_eye)
        self._test(now_ms)
        self._show(sampled, sensors)

    def doubt(self) -> None:
        """The sensors were not looked at for too long: nothing that is on the belt may pass."""
        self._distrust_belt(Cause.DOUBT)

    def lose_link(self) -> None:
        """As after a late heartbeat, and the gate shuts now: for inputs or outputs that are out of
        reach."""
        self._lose_link(self.commands[Command.SESSION])
        self.gate_open = False

    def next_due(self, position: int) -> int | None:
        """How many steps the belt may go on from `position`, the last scan's, until a scan would
        find something to do though no sensor has changed; None: any. A PLC scans anyway."""
        parameters = self.parameters
        waits = []
        if self.gate_open:
            waits.append(parameters.hold_steps - (position - self._opened_at) % _DWORD)
        if self._next_at_gate <= self._items:
            track = self._tracks[self._next_at_gate % parameters.slots]
            tolerance = parameters.tolerance_steps
            last = parameters.travel_steps + (tolerance + 1 if tolerance else 0)
            waits.append(last - (position - track.position) % _DWORD)
        before = self._tracks[(self._next_at_gate - 1) % parameters.slots]
        if before.phase == _SIGHTED:
            waits.append(parameters.decide_steps - (position - self._sighted_at) % _DWORD)
        if self._stranger == _SIGHTED:
            waits.append(parameters.decide_steps - (position - self._stranger_at) % _DWORD)
        return max(1, min(waits)) if waits else None

    # --- the agent's link ------------------------------------------------------------------

    def _watch_link(self, now_ms: int) -> None:
        beat = self.commands[Command.HEARTBEAT]
        if beat != self._beat:
            self._beat, self._beat_ms, self._heard = beat, now_ms, True
        session = self.commands[Command.SESSION]
        if self._is_late(now_ms):
            self._lose_link(session)
        if self._heard and session not in (self.status[Status.SESSION], self._lost_session):
            # What is on the belt was not seen by this session from the trigger on.
            self._void_belt()
            self.status[Status.SESSION] = session
        if self.status[Status.SESSION] != 0:
            self.run = self.commands[Command.CONTROL] & MAY_RUN != 0
        if self.status[Status.SESSION] == 0 or not self.run:
            self.gate_open = False

    def _is_late(self, now_ms: int) -> bool:
        return self._heard and (now_ms - self._beat_ms) % _DWORD > self.parameters.link_timeout_ms

    def _lose_link(self, session: int) -> None:
        """A beat that comes back does not help: the agent must begin a new session."""
        self._heard = False
        self._lost_session = session
        self.status[Status.SESSION] = 0
        self._void_belt()

    def _void_belt(self) -> None:
        self._distrust_belt(Cause.VOID)
        self.status[Status.VOID_UNTIL] = self._items % WORD

    def _distrust_belt(self, cause: Cause) -> None:
        """Nothing that is on the belt now may pass."""
        number = self._next_to_settle
        while number <= self._items:
            track = self._tracks[number % self.parameters.slots]
            if track.phase in (_TRAVELS, _SIGHTED) and track.cause == Cause.TOLD:
                track.cause = cause
            number += 1

    # --- trigger ---------------------------------------------------------------------------

    def _eye_edge(self, position: int, eye: bool) -> bool:
        edge = eye and not self._eye
        self._eye = eye
        since = (position - self._eye_was) % _DWORD
        return edge and not (self._eye_ever and since < self.parameters.bounce_steps)

    def trigger(self, position: int) -> None:
        """An item passed the trigger at `position`: for a counter in place of an eye."""
        since = (position - self._eye_was) % _DWORD
        close = self._eye_ever and since < self.parameters.spacing_steps
        self._eye_was, self._eye_ever = position, True
        slots = self.parameters.slots
        if close:
            self._tracks[self._items % slots].cause = Cause.CLOSE
        self._items += 1
        if self._items - self._next_to_settle >= slots:
            # More items than slots: the oldest loses its track, and so cannot pass.
            self._next_to_settle += 1
            self._next_at_gate = max(self._next_at_gate, self._next_to_settle)
        slot, shown = self._items % slots, self._items % WORD
        track = self._tracks[slot]
        track.phase, track.position = _TRAVELS, position
        track.opened = track.seen = track.unsure = False
        track.cause = Cause.CLOSE if close else Cause.TOLD
        if self.status[Status.SESSION] == 0:
            track.cause = Cause.VOID
        # Clearing the slots comes before the count: the agent never sees an item whose slot still
        # holds an older verdict.
        at = OUTCOME_WORDS * slot
        self.outcomes[at : at + OUTCOME_WORDS] = [shown, Fate.UNDER_WAY]
        at = VERDICT_WORDS * slot
        self.verdicts[at : at + VERDICT_WORDS] = [shown, Word.NONE, 0]
        self.status[Status.ITEMS] = shown

    # --- gate ------------------------------------------------------------------------------

    def _follow(self, now_ms: int, position: int, sampled: int, gate_eye: bool) -> None:
        if not self.gate_open:
            self._cut_short(Cause.STOPPED if self.status[Status.SESSION] else Cause.VOID)
        elif (position - self._opened_at) % _DWORD >= self.parameters.hold_steps:
            self.gate_open, self._served = False, None
        if self.parameters.tolerance_steps == 0:
            while self._has_come(position, self.parameters.travel_steps):
                self._next_at_gate += 1
                self._arrive(now_ms, position)
            return
        too_late = self.parameters.travel_steps + self.parameters.tolerance_steps + 1
        while self._has_come(sampled, too_late):
            self._settle(self._next_at_gate, Fate.TAKEN_OFF)
            self._next_at_gate += 1
            self._distrust_belt(Cause.DOUBT)
        decide = self.parameters.decide_steps
        # However early a command goes out, a second thing in the same place must be seen before.
        watch = min(decide, 2 * self.parameters.tolerance_steps)
        watched = (sampled - self._sighted_at) % _DWORD >= watch
        if watched and (position - self._sighted_at) % _DWORD >= decide:
            self._decide(now_ms, position)
        if self._stranger == _SIGHTED and (position - self._stranger_at) % _DWORD >= decide:
            self._stranger, self._stranger_ms = _AWAITED, now_ms
        if self._gate_edge(sampled, gate_eye):
            self._sight(now_ms, position, sampled)

    def _cut_short(self, cause: Cause) -> None:
        """The gate was shut before its time: what it was open for may not have come through."""
        if self._served is not None:
            self._tracks[self._served % self.parameters.slots].cause = cause
            self._served = None

    def _gate_edge(self, position: int, gate_eye: bool) -> bool:
        edge = gate_eye and not self._gate_eye
        self._gate_eye = gate_eye
        since = (position - self._gate_was) % _DWORD
        if not edge or (self._gate_ever and since < self.parameters.bounce_steps):
            return False
        self._gate_was, self._gate_ever = position, True
        return True

    def _has_come(self, position: int, steps: int) -> bool:
        """Whether the foremost item has travelled at least `steps`."""
        if self._next_at_gate > self._items:
            return False
        track = self._tracks[self._next_at_gate % self.parameters.slots]
        return (position - track.position) % _DWORD >= steps

    def _sight(self, now_ms: int, position: int, sampled: int) -> None:
        """A thing came to the gate's eye: the foremost item, if it is due."""
        before = self._tracks[(self._next_at_gate - 1) % self.parameters.slots]
        close = before.phase == _SIGHTED
        if close:
            before.cause = Cause.CLOSE
            self._decide(now_ms, position)
        due = self.parameters.travel_steps - self.parameters.tolerance_steps
        if not self._has_come(sampled, due):
            self._add(Status.APPEARED)
            self._distrust_belt(Cause.DOUBT)
            self._cut_short(Cause.DOUBT)
            self.gate_open = False
            self._stranger, self._stranger_at = _SIGHTED, sampled
            self._strangers += 1
            return
        track = self._tracks[self._next_at_gate % self.parameters.slots]
        track.phase = _SIGHTED
        if close:
            track.cause = Cause.CLOSE
        self._sighted_at = sampled
        self._next_at_gate += 1

    def _decide(self, now_ms: int, position: int) -> None:
        """The thing that the gate's eye saw last is where the gate must be set."""
        before = self._tracks[(self._next_at_gate - 1) % self.parameters.slots]
        if before.phase == _SIGHTED:
            self._arrive(now_ms, position)

    def _arrive(self, now_ms: int, position: int) -> None:
        """Item `_next_at_gate` - 1 is at the gate: open for it, or not."""
        number = self._next_at_gate - 1
        track = self._tracks[number % self.parameters.slots]
        at = VERDICT_WORDS * (number % self.parameters.slots)
        item, verdict, sequence = self.verdicts[at : at + VERDICT_WORDS]
        fresh = item == number % WORD and sequence == self.status[Status.START]
        if track.cause == Cause.TOLD and not self.run:
            track.cause = Cause.STOPPED
        elif track.cause == Cause.TOLD and not (fresh and verdict == Word.REJECT):
            track.opened = fresh and verdict == Word.PASS
            if not track.opened:
                track.cause = Cause.NO_VERDICT
        if not track.opened:
            self._cut_short(Cause.CLOSE)
        track.unsure = self.unsure
        self._served = number if track.opened else None
        self.gate_open = track.opened
        self._opened_at = position
        track.at_gate_ms = now_ms
        track.phase = _AWAITED
        self._add(Status.PASSES if track.opened else Status.REJECTS)
        if track.opened:
            self.outcomes[OUTCOME_WORDS * (number % self.parameters.slots) + 1] = Fate.PASSING

    # --- eject sensor ----------------------------------------------------------------------

    def _confirm(self, now_ms: int, eject_eye: bool) -> None:
        if self.parameters.confirm_until_ms:
            self._miss_strangers(now_ms)
            self._see_ejected(now_ms, eject_eye)
        while self._next_to_settle < self._next_at_gate:
            track = self._tracks[self._next_to_settle % self.parameters.slots]
            if track.phase == _SIGHTED or self._next_to_settle == self._served:
                return
            if track.phase == _AWAITED:
                age_ms = (now_ms - track.at_gate_ms) % _DWORD
                if self.parameters.confirm_until_ms and age_ms <= self.parameters.confirm_until_ms:
                    return
                self._settle(self._next_to_settle, self._fate(track))
            self._next_to_settle += 1

    def _see_ejected(self, now_ms: int, eject_eye: bool) -> None:
        edge = eject_eye and not self._eject_eye
        self._eject_eye = eject_eye
        if edge and self._ejected_ever:
            since_ms = (now_ms - self._ejected_was) % _DWORD
            edge = since_ms >= self.parameters.eject_bounce_ms
        if not edge:
            return
        self._ejected_was, self._ejected_ever = now_ms, True
        number = self._next_to_settle
        while number < self._next_at_gate:
            track = self._tracks[number % self.parameters.slots]
            age_ms = (now_ms - track.at_gate_ms) % _DWORD
            due = self.parameters.confirm_from_ms <= age_ms <= self.parameters.confirm_until_ms
            if track.phase == _AWAITED and not track.seen and due:
                track.seen = True
                return
            number += 1
        if self._strangers > 0:
            # What appeared at the gate was rejected, and this is it.
            self._strangers -= 1
            return
        self._add(Status.UNASKED)

    def _miss_strangers(self, now_ms: int) -> None:
        """The time of the last thing that appeared at the gate is over: what the eject sensor has
        not seen of them has escaped."""
        age_ms = (now_ms - self._stranger_ms) % _DWORD
        if self._stranger != _AWAITED or age_ms <= self.parameters.confirm_until_ms:
            return
        self._stranger = _FREE
        self.status[Status.ESCAPED] = (self.status[Status.ESCAPED] + self._strangers) % WORD
        self._strangers = 0

    def _fate(self, track: _Track) -> Fate:
        if track.opened and track.cause == Cause.TOLD:
            return Fate.UNASKED if track.seen else Fate.PASSED
        # Without a sensor all rejects count as seen, but not one that the gate was open for.
        unseen = track.opened or track.unsure or self.parameters.confirm_until_ms
        if track.seen or not unseen:
            return Fate.EJECTED
        return Fate.UNCONFIRMED

    def _settle(self, number: int, fate: Fate) -> None:
        track = self._tracks[number % self.parameters.slots]
        track.phase = _FREE
        at = OUTCOME_WORDS * (number % self.parameters.slots)
        self.outcomes[at + 1] = fate + 256 * track.cause
        self._add(Status.SETTLED)
        if fate is Fate.EJECTED:
            self._add(Status.CONFIRMED)
        elif fate is Fate.TAKEN_OFF:
            self._add(Status.TAKEN_OFF)

    # --- test ------------------------------------------------------------------------------

    def _test(self, now_ms: int) -> None:
        """A technician opens the gate."""
        was_testing, asked = self._testing, self.commands[Command.CONTROL] & TEST != 0
        if asked and not self._test_asked:
            self._testing, self._test_ms = True, now_ms
        self._test_asked = asked
        late = (now_ms - self._test_ms) % _DWORD > self.parameters.link_timeout_ms
        is_empty = self._next_to_settle > self._items
        if not asked or late or not is_empty or self.status[Status.SESSION] == 0:
            self._testing = False
        if self._testing or was_testing:
            # The belt may stand still, and then `_follow` has no measure of how long it was open.
            self.gate_open = self._testing

    # --- status ----------------------------------------------------------------------------

    def _add(self, counter: Status) -> None:
        self.status[counter] = (self.status[counter] + 1) % WORD

    def _show(self, position: int, sensors: Sensors) -> None:
        flags = (
            (Flag.BIN_FULL if sensors.bin_full else 0)
            | (Flag.AIR_LOW if sensors.air_low else 0)
            | (Flag.GUARD_OPEN if sensors.guard_open else 0)
            | (Flag.GATE_OPEN if self.gate_open else 0)
            | (Flag.RUN if self.run else 0)
            | (Flag.EYE if sensors.eye else 0)
            | (Flag.GATE_EYE if sensors.gate_eye else 0)
            | (Flag.EJECT_EYE if sensors.eject_eye else 0)
        )
        self.status[Status.FLAGS] = int(flags)
        self.status[Status.POSITION] = position % _DWORD // WORD
        self.status[Status.POSITION + 1] = position % WORD
        self._add(Status.HEARTBEAT)
