"""Which frame is decoded for which trigger, and when a trigger is answered. No I/O, no clock.

Every trigger gets exactly one answer, in the order in which the triggers came, before its deadline:
the owner calls `tick` at `due_us`, and `decoded` for every frame that it took.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.camera.buffer import Buffer, Shot, Waiting
from edge_agent.camera.gathering import Gathering, Outcome
from edge_agent.camera.presence import STAYS_US, STUCK_US, Things

MAX_OPEN = 256
"""Triggers without an answer: more come from no machine that moves things."""
RESERVE_US = 3_000
"""An answer leaves so long before its deadline, for it has a way to go; and of a short deadline a
quarter."""
LOOK_EVERY_US = 200_000
LOOK_AT_THING_EVERY_US = 50_000
"""So often a frame that nobody asked for is decoded: while nothing is there, and while the thing is
there that was answered already."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`frames`: of one trigger at most so many are decoded; None: until the deadline. Where the
    `camera` says when, these are the frames of one burst: those that follow within the deadline."""

    mode: Literal["line", "camera", "presence"]
    deadline_us: int
    buffer_frames: int
    frames: int | None = None

    @property
    def most_frames(self) -> float:
        if self.frames is None:
            return 1 if self.mode == "camera" else math.inf
        return self.frames

    @property
    def patience_us(self) -> int:
        return self.deadline_us - min(RESERVE_US, self.deadline_us // 4)


@dataclass(slots=True, eq=False)
class Trigger:
    """One trigger. Its frames were exposed at `at_us` or later. `outcome` is the frame that its
    answer is about: the one that completed it, or the last. `asker` hears the answer; None: whoever
    listens."""

    number: int
    at_us: int
    due_us: int
    gathering: Gathering
    asker: object | None = None
    frames: int = 0
    pending: int = 0
    is_done: bool = False
    is_late: bool = False
    is_refused: bool = False
    outcome: Outcome | None = None
    why: str = ""


@dataclass(slots=True)
class Counts:
    """`dropped`: frames given up because decoding was late. `late`: what a decoder brought after
    the deadline. `refused`: triggers answered at once, for want of room."""

    triggers: int = 0
    answers: int = 0
    no_reads: int = 0
    dropped: int = 0
    late: int = 0
    refused: int = 0


@dataclass(slots=True)
class Triggers:
    """`answer` is called with each trigger when its answer is due, `give_up` with each shot that
    will not be decoded. `fault` is set by the owner while the camera cannot see."""

    rules: Rules
    gather: Callable[[], Gathering]
    answer: Callable[[Trigger], None]
    give_up: Callable[[Shot], None]
    counts: Counts = field(default_factory=Counts)
    fault: str | None = None
    is_watched: bool = False
    """Somebody looks at the picture: frames that nobody asked for are decoded too."""

    _buffer: Buffer[Trigger] = field(init=False)
    _open: deque[Trigger] = field(default_factory=deque)
    _newest: Trigger | None = None
    _things: Things = field(default_factory=Things)
    _looked_us: int | None = None

    def __post_init__(self) -> None:
        self._buffer = Buffer(self.rules.buffer_frames)

    @property
    def due_us(self) -> int | None:
        """When `tick` must be called."""
        return min((each.due_us for each in self._open if not each.is_done), default=None)

    @property
    def waiting(self) -> int:
        return len(self._buffer)

    @property
    def wants_frame(self) -> bool:
        """Whether a camera that exposes on command should do so now: not while it may still turn
        out that the frame before was enough."""
        return any(self._wants(each) and not each.pending for each in self._open)

    def stuck(self, now_us: int) -> str | None:
        """What is wrong with the view in which things should come and go; None if nothing is."""
        if not self._things.stuck(now_us):
            return None
        return (
            f"something has been in view for {STUCK_US // 1_000_000} s, and moves or flickers: no "
            "thing that comes can be seen. Look at the light, and whether camera or guide moved; "
            f"let the place stand empty for {STAYS_US // 1_000_000} s"
        )

    # --- inputs ----------------------------------------------------------------------------

    def ask(self, now_us: int, asker: object | None = None) -> None:
        """The line says that a picture is due."""
        frameless = sum(not each.frames and not each.is_done for each in self._open)
        trigger = self._begin(now_us, now_us)
        trigger.asker = asker
        if self._buffer.free <= frameless:
            self._refuse(trigger)
        self._let_out()

    def frame(self, shot: Shot, now_us: int) -> None:
        """A new frame."""
        trigger: Trigger | None
        match self.rules.mode:
            case "camera":
                trigger = self._of_burst(shot) or self._begin(shot.taken_us, shot.arrived_us)
            case "line":
                trigger = self._asked_for(shot)
            case "presence":
                is_new = self._things.frame(is_other=shot.is_other, at_us=shot.taken_us)
                trigger = (
                    self._begin(shot.taken_us, shot.arrived_us) if is_new else self._asked_for(shot)
                )
        if trigger is not None:
            self._allot(trigger, shot)
        elif self._wants_look(shot):
            self._keep(Waiting(shot, None, may_go=True))
        else:
            self.give_up(shot)
        self.tick(now_us)

    def take(self) -> Waiting[Trigger] | None:
        """The frame that a free decoder decodes now."""
        return self._buffer.take()

    def decoded(self, waiting: Waiting[Trigger], outcome: Outcome, now_us: int) -> None:
        """What came of a frame that was taken."""
        trigger = waiting.asker
        if trigger is None:
            self._looked(outcome, now_us)
        else:
            trigger.pending -= 1
            self.counts.late += trigger.is_late
            if trigger is self._newest:
                self._things.read(outcome.texts, outcome.taken_us)
            if not trigger.is_done:
                self._add(trigger, outcome)
        self.tick(now_us)

    def tick(self, now_us: int) -> None:
        """The time is `now_us`."""
        for trigger in self._open:
            if not trigger.is_done and trigger.due_us <= now_us:
                trigger.is_late = trigger.pending > 0
                self._finish(trigger)
        self._let_out()

    # --- whose frame ------------------------------------------------------------------------

    def _begin(self, at_us: int, known_us: int) -> Trigger:
        self.counts.triggers += 1
        due_us = known_us + self.rules.patience_us
        trigger = Trigger(self.counts.triggers, at_us, due_us, self.gather())
        # What came before gets no further frames: they show the next thing.
        before, self._newest = self._newest, trigger
        self._open.append(trigger)
        if before is not None:
            self._finish_if_spent(before)
        if len(self._open) > MAX_OPEN:
            self._open[0].why = f"more than {MAX_OPEN} triggers at the same time"
            self._finish(self._open[0])
        return trigger

    def _of_burst(self, shot: Shot) -> Trigger | None:
        """The trigger whose burst this frame is of."""
        newest = self._newest
        if newest is None or shot.taken_us - newest.at_us >= self.rules.deadline_us:
            return None
        return newest if newest.frames < self.rules.most_frames else None

    def _asked_for(self, shot: Shot) -> Trigger | None:
        """The newest trigger before the frame was exposed: it shows nobody's thing but that one's.
        Who came before it and has no frame will have none."""
        before = [trigger for trigger in self._open if trigger.at_us <= shot.taken_us]
        for trigger in before[:-1]:
            if not trigger.frames and not trigger.is_done:
                trigger.why = "another trigger came before a frame"
                self._finish(trigger)
        return before[-1] if before and self._wants(before[-1]) else None

    def _wants(self, trigger: Trigger) -> bool:
        if trigger.is_done:
            return False
        if not trigger.frames:
            return True
        if trigger is not self._newest or trigger.frames >= self.rules.most_frames:
            return False
        return self.rules.mode != "presence" or self._things.is_there

    def _allot(self, trigger: Trigger, shot: Shot) -> None:
        trigger.frames += 1
        if trigger.is_done:
            self.give_up(shot)  # of a burst that is answered already
            return
        is_first = trigger.frames == 1
        if shot.is_repeated:
            if is_first:
                trigger.why = "the camera sent the same picture again"
                self._finish(trigger)
            self._finish_if_spent(trigger)
            return
        must_stay = is_first or self.rules.mode == "camera"
        if shot.place is None or (must_stay and not self._buffer.free):
            if is_first:
                self._refuse(trigger)
            self.counts.dropped += not is_first
            self.give_up(shot)
            self._finish_if_spent(trigger)
            return
        trigger.pending += 1
        self._keep(Waiting(shot, trigger, may_go=not must_stay))

    def _keep(self, waiting: Waiting[Trigger]) -> None:
        gone = self._buffer.add(waiting)
        if gone is None:
            return
        self.counts.dropped += 1
        self.give_up(gone.shot)
        if gone.asker is not None:
            gone.asker.pending -= 1
            self._finish_if_spent(gone.asker)

    def _wants_look(self, shot: Shot) -> bool:
        if shot.place is None:
            self.counts.dropped += 1
            return False
        if self.rules.mode != "presence" and not self.is_watched:
            return False
        since_us = None if self._looked_us is None else shot.taken_us - self._looked_us
        every_us = LOOK_AT_THING_EVERY_US if self._things.is_there else LOOK_EVERY_US
        is_soon = since_us is not None and since_us < every_us
        if is_soon and not self._things.is_leaving:
            return False
        self._looked_us = shot.taken_us
        return True

    # --- what came of it ----------------------------------------------------------------------

    def _looked(self, outcome: Outcome, now_us: int) -> None:
        if self.rules.mode != "presence" or outcome.failure:
            return
        if self._things.looked(outcome.texts, outcome.taken_us):
            trigger = self._begin(outcome.taken_us, now_us)
            if outcome.texts:  # else the frame shows the gap before it
                trigger.frames = 1
                self._add(trigger, outcome)

    def _add(self, trigger: Trigger, outcome: Outcome) -> None:
        trigger.gathering.add(outcome)
        trigger.outcome = trigger.gathering.outcome
        if trigger.gathering.is_complete:
            self._finish(trigger)
        else:
            self._finish_if_spent(trigger)

    def _finish_if_spent(self, trigger: Trigger) -> None:
        """All its frames are decoded, and there will be no other."""
        is_spent = trigger.frames and not trigger.pending and not self._wants(trigger)
        if is_spent and not trigger.is_done:
            self._finish(trigger)

    def _refuse(self, trigger: Trigger) -> None:
        self.counts.refused += 1
        trigger.is_refused = True
        trigger.why = (
            f"{self.rules.buffer_frames} triggered frames wait for a decoder, there is no room for "
            "another; fewer triggers a second, or more decode.workers"
        )
        self._finish(trigger)

    def _finish(self, trigger: Trigger) -> None:
        trigger.is_done = True
        if not trigger.gathering.is_complete:
            trigger.why = trigger.why or self._why(trigger)
        for waiting in self._buffer.withdraw(trigger):
            trigger.pending -= 1
            self.give_up(waiting.shot)

    def _why(self, trigger: Trigger) -> str:
        limit_ms = self.rules.deadline_us // 1_000
        if not trigger.frames:
            return f"no frame came within {limit_ms} ms" + (f": {self.fault}" if self.fault else "")
        if trigger.outcome is None:
            return f"decoding took longer than {limit_ms} ms"
        return trigger.gathering.why()

    def _let_out(self) -> None:
        while self._open and self._open[0].is_done:
            trigger = self._open.popleft()
            self.counts.answers += 1
            self.counts.no_reads += not trigger.gathering.is_complete
            self.answer(trigger)
