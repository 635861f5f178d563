"""Deciding and recording: the loop that does the work.

Inputs wait in one bounded queue. Everything that waits is decided and committed in one
transaction; only then are the effects let go. This runs on the event loop itself: a thread would
cost two wake-ups a scan and save nothing, since no effect may go out before the commit (docs/
decisions/0003). If the disk has no room the line halts: nothing is passed, what is refused is
counted, and the first commit that works again says how much.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from edge_agent import clock
from edge_agent.core.dialog import Prompt
from edge_agent.core.effects import Answer, Effect, Show, Tone
from edge_agent.core.events import Event, Passed, Reason, Rejected, Resumed
from edge_agent.core.inputs import Badge, Input, Layer, Press, PrinterWord, Read
from edge_agent.core.line import Line
from edge_agent.core.names import Instant, StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.saying import Saying, say
from edge_agent.core.state import FORM, LineState
from edge_agent.ledger.errors import LedgerFullError
from edge_agent.ledger.journal import Ledger
from edge_agent.line.alarms import alarm_of
from edge_agent.logs import mask
from edge_agent.recorder.flight import FlightRecorder

BATCH_LIMIT = 256
"""Inputs decided in one transaction: bounds how long the first of them waits."""
SNAPSHOT_EVENTS = 1_000
"""Events between two snapshots: bounds the replay at start."""
RETRY_US = 1_000_000
"""How often a halted line tries whether there is room again."""

HALTED = say("the line is halted: the ledger takes no records")

log = structlog.get_logger("edge_agent.line")


@dataclass(frozen=True, slots=True)
class Committed:
    """Effects whose events are on disk. Times on the monotonic clock, in microseconds."""

    effects: list[tuple[Effect, int]]
    """Each with the moment it was decided."""
    committed_us: int
    events: list[Event] = field(default_factory=list)
    """What was recorded."""


class Engine:
    """The core and the ledger, fed from a bounded queue.

    `wake` is asked to have `turn` called soon, when there is something to do. `release` gets
    effects and events after each commit. Whatever `turn` raises, except for a full disk, ends the
    role. `now` tells the time. `recorder` is told of everything that reaches the core.
    """

    def __init__(
        self,
        plan: LinePlan,
        ledger: Ledger,
        *,
        line_name: str,
        queue_size: int,
        secret_codes: bool,
        wake: Callable[[], None],
        release: Callable[[Committed], None],
        now: Callable[[], Instant] = clock.now,
        recorder: FlightRecorder | None = None,
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._line_name = StationName(line_name)
        self._queue_size = queue_size
        self._secret = secret_codes
        self._wake = wake
        self._release = release
        self._now = now
        self._recorder = recorder
        self._history = recorder.watch(ledger) if recorder else ledger
        self._queue: deque[Input] = deque()
        self._unsaved_events = 0
        self._line = self._restore("start")
        self._verbose = logging.getLogger("edge_agent.line").isEnabledFor(logging.DEBUG)
        self._halted: Saying | None = None
        self._refused_reads = 0
        self._words: list[PrinterWord] = []
        self._retry_at_us = 0
        self._overflows = 0
        self._queue_peak = 0

    @property
    def state(self) -> LineState:
        """What the line knows now."""
        return self._line.state

    @property
    def last_seq(self) -> int:
        """The last event that is on disk."""
        return self._ledger.head[0]

    @property
    def queued(self) -> int:
        """Inputs that wait."""
        return len(self._queue)

    @property
    def halted(self) -> Saying | None:
        """Why nothing is recorded; None: it is."""
        return self._halted

    def prompt(self, station: StationName) -> Prompt | None:
        """What the people at `station` are asked for."""
        return self._line.desk.prompt(station)

    def is_watched(self, station: StationName) -> bool:
        """Whether reads at this gated station can be tied to items now. If not, the PLC must begin
        a new session."""
        return self._line.gates.knows(station)

    def offer(self, given: Input) -> bool:
        """Queue `given`. False if the queue is full: then it is as if it never came."""
        size = len(self._queue)
        if size >= self._queue_size:
            self._overflows += 1
            if isinstance(given, Read | Layer):
                self._line.gates.distrust(given.station)
                if self._recorder:
                    self._recorder.distrusted(given.station)
            return False
        self._queue_peak = max(self._queue_peak, size + 1)
        self._queue.append(given)
        if not size:
            self._wake()
        return True

    def turn(self) -> None:
        """Decide and record what waits, at most BATCH_LIMIT inputs, and let the effects go."""
        if self._halted is not None:
            self._try_to_resume()
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
        if self._queue:
            self._wake()
        if not batch:
            return
        if self._halted is not None:
            self._refuse(batch)
            return
        try:
            release = self._decide(batch)
        except LedgerFullError as error:
            self._halt(error.saying)
            self._refuse(batch)
            return
        if release.effects or release.events:
            self._release(release)
        if self._recorder:
            self._recorder.committed(self._line, self._ledger.head[0])
        if not release.effects:
            self._fold_log()
        for event in release.events:
            self._tell(event)

    def _decide(self, batch: list[Input]) -> Committed:
        effects: list[tuple[Effect, int]] = []
        recorded: list[Event] = []
        if self._recorder:
            self._recorder.taken(batch)
        with self._ledger.transaction():
            for given in batch:
                decision = self._line.decide(given)
                if self._recorder:
                    self._recorder.decided(given, decision)
                if decision.effects:
                    decided_us = self._now().mono_us
                    effects += [(effect, decided_us) for effect in decision.effects]
                if decision.events:
                    self._ledger.append(decision.events)
                    recorded += decision.events
            if recorded:
                self._save_snapshot(len(recorded))
        return Committed(effects, self._now().mono_us, recorded)

    def _save_snapshot(self, new_events: int) -> None:
        self._unsaved_events += new_events
        if self._unsaved_events >= SNAPSHOT_EVENTS:
            self._ledger.save_snapshot(self._line.state.to_json())
            self._unsaved_events = 0

    def _fold_log(self) -> None:
        try:
            self._ledger.fold_log(busy=bool(self._queue))
        except LedgerFullError as error:
            # What was committed is safe in the log; only new records need the room.
            self._halt(error.saying)

    def _halt(self, why: Saying) -> None:
        self._halted = why
        self._retry_at_us = self._now().mono_us + RETRY_US
        # Decisions that could not be recorded were never made.
        self._line = self._restore(f"the line halted: {why}")
        log.critical("line halted: nothing is passed", why=str(why))

    def _refuse(self, batch: list[Input]) -> None:
        """Answer reads with a reject that cannot be recorded; a gate rejects by itself. What a
        printer says, it says once: that is kept until the line goes on. There is not more of it
        than labels that were under way."""
        now_us = self._now().mono_us
        self._words += [given for given in batch if isinstance(given, PrinterWord)]
        batch = [given for given in batch if not isinstance(given, PrinterWord)]
        reads = [given for given in batch if isinstance(given, Read | Layer)]
        self._refused_reads += len(reads)
        if self._recorder:
            self._recorder.refused(batch)
        answers: list[tuple[Effect, int]] = [
            (Answer(read.station, Reason.LATE, str(HALTED), None, read.at.mono_us), now_us)
            for read in reads
            if self._plan.stations[read.station].gate is None
        ]
        # Whoever scans or presses must not take the words of the scan before for an answer.
        answers += [
            (Show(each.station, Tone.BAD, HALTED, each.at.mono_us, Reason.LATE), now_us)
            for each in batch
            if isinstance(each, Read | Layer | Press | Badge)
        ]
        if answers:
            self._release(Committed(answers, now_us))

    def _try_to_resume(self) -> None:
        if self._now().mono_us < self._retry_at_us:
            return
        self._retry_at_us = self._now().mono_us + RETRY_US
        resumed = Resumed(
            at=self._now().isoformat(),
            station=self._line_name,
            detail=str(self._halted),
            refused_reads=self._refused_reads,
        )
        try:
            with self._ledger.transaction():
                self._ledger.append([resumed])
        except LedgerFullError:
            return
        self._line.state.apply(resumed)
        if self._recorder:
            self._recorder.anchor(self._line, self._ledger.head[0], "the line resumed")
        log.warning("line resumed", refused_reads=self._refused_reads)
        self._halted, self._refused_reads = None, 0
        self._queue.extendleft(reversed(self._words))
        self._words.clear()

    def _restore(self, why: str) -> Line:
        """The core as the ledger has it."""
        saved, since = self._ledger.load_snapshot(FORM)
        state = (
            LineState(self._plan.levels)
            if saved is None
            else LineState.from_json(self._plan.levels, saved)
        )
        for event in since:
            state.apply(event)
        state.refuse_lost_containers()
        self._unsaved_events = len(since)
        line = Line(self._plan, state, self._history)
        if self._recorder:
            self._recorder.anchor(line, self._ledger.head[0], why)
        return line

    def _tell(self, event: Event) -> None:
        match event:
            case Rejected():
                log.info(
                    "rejected",
                    station=event.station,
                    reason=event.reason.value,
                    item=event.item,
                    code=mask(event.key or event.text, secret=self._secret),
                    detail=None if self._secret else event.detail,
                )
            case Passed(key=None):
                log.critical(
                    "a rejected item passed the gate", station=event.station, item=event.item
                )
            case _ if alarm := alarm_of(event):
                level, said = alarm
                log.log(level, event.kind, station=event.station, **said)
            case _ if self._verbose:
                log.debug(event.kind, station=event.station)
            case _:
                pass

    def facts(self) -> dict[str, Any]:
        """The engine's part of the role's status, as JSON values.

        `filling` gives, for each container level, the children in each container without a code,
        oldest first.
        """
        state = self._line.state
        return {
            "seq": self._ledger.head[0],
            "waiting": self._line.gates.waiting + len(self._queue),
            "halted": str(self._halted) if self._halted else None,
            "refused_reads": self._refused_reads,
            "tally": dict(state.tally),
            "suppressed": {name: each.suppressed for name, each in self._line.rereads.items()},
            "filling": {
                level: [len(each.children) for each in fillings]
                for level, fillings in state.packing.filling.items()
            },
            "queue": {
                "now": len(self._queue),
                "peak": self._queue_peak,
                "size": self._queue_size,
                "overflows": self._overflows,
            },
        }
