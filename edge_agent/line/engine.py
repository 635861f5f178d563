"""The thread that decides and records.

Inputs wait in one bounded queue. Everything that waits is decided and committed in one
transaction; only then are the effects let go. If the disk has no room the line halts: nothing is
passed, what is refused is counted, and the first commit that works again says how much.
"""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import structlog

from edge_agent import clock
from edge_agent.core.effects import Answer, Effect
from edge_agent.core.events import Event, Passed, Reason, Rejected, Resumed
from edge_agent.core.inputs import Input, Read
from edge_agent.core.line import Line, LinePlan
from edge_agent.core.names import ItemNumber, StationName
from edge_agent.core.state import LineState
from edge_agent.ledger.errors import LedgerFullError
from edge_agent.ledger.journal import Ledger
from edge_agent.logs import mask
from edge_agent.notify import notify

BATCH_LIMIT = 256
"""Inputs decided in one transaction: bounds how long the first of them waits."""
SNAPSHOT_EVENTS = 1_000
"""Events between two snapshots: bounds the replay at start."""
RETRY_S = 1.0
"""How often a halted line tries whether there is room again."""
WATCHDOG_S = 1.0

log = structlog.get_logger("edge_agent.line")


@dataclass(frozen=True, slots=True)
class Release:
    """Effects whose events are on disk. Times on the monotonic clock, in microseconds."""

    effects: list[tuple[Effect, int]]
    """Each with the moment it was decided."""
    committed_us: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What the engine has come to, for others to read. Replaced whole, never changed."""

    seq: int = 0
    waiting: int = 0
    halted: str | None = None
    refused_reads: int = 0
    suppressed: dict[str, int] = field(default_factory=dict)
    tally: dict[str, int] = field(default_factory=dict)
    filling: dict[str, list[int]] = field(default_factory=dict)
    """Per container level: children in each container without a code, oldest first."""
    pending: dict[StationName, tuple[ItemNumber, ItemNumber]] = field(default_factory=dict)
    """Per gated station: first and last item that the gate has not answered for."""
    last_item: dict[StationName, ItemNumber] = field(default_factory=dict)


class Engine:
    """Owns the core and the ledger. `offer` and `progress` are for the event loop's thread.

    `release` is called in the engine's thread after each commit; `failed` once, with the error
    that ended the thread.
    """

    def __init__(
        self,
        plan: LinePlan,
        ledger: Ledger,
        *,
        line_name: str,
        queue_size: int,
        secret_codes: bool,
        release: Callable[[Release], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._line_name = StationName(line_name)
        self._queue_size = queue_size
        self._secret = secret_codes
        self._release = release
        self._failed = failed
        self._queue: SimpleQueue[Input | None] = SimpleQueue()
        self._line = self._restore()
        self._unsaved_events = 0
        self._halted: str | None = None
        self._refused_reads = 0
        self._retry_at_us = 0
        self._fed_at_us = 0
        self.overflows = 0
        """Inputs that found the queue full."""
        self.queue_peak = 0
        self.progress = self._progress()
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Decide what is queued, record it, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def offer(self, given: Input) -> bool:
        """Queue `given`. False if the queue is full: then it is as if it never came."""
        size = self._queue.qsize()
        if size >= self._queue_size:
            self.overflows += 1
            return False
        self.queue_peak = max(self.queue_peak, size)
        self._queue.put(given)
        return True

    @property
    def queued(self) -> int:
        return self._queue.qsize()

    # --- the engine's thread ---------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            log.critical("engine stopped", error=str(error), exc_info=True)
            self._failed(error)

    def _turn(self) -> bool:
        """Decide and record one batch of inputs. False when it is time to stop."""
        batch, more = self._take()
        if self._halted is not None:
            self._refuse(batch)
            self._try_to_resume()
        elif batch:
            try:
                release = self._decide(batch)
            except LedgerFullError as error:
                self._halt(str(error), batch)
            else:
                if release.effects:
                    self._release(release)
                self._fold_log()
        self.progress = self._progress()
        self._feed_watchdog()
        return more

    def _take(self) -> tuple[list[Input], bool]:
        """Everything that waits, at most BATCH_LIMIT; waits for the first one."""
        batch: list[Input] = []
        with contextlib.suppress(Empty):
            given = self._queue.get(timeout=RETRY_S)
            while given is not None:
                batch.append(given)
                if len(batch) >= BATCH_LIMIT:
                    return batch, True
                given = self._queue.get_nowait()
            return batch, False
        return batch, True

    def _decide(self, batch: list[Input]) -> Release:
        effects: list[tuple[Effect, int]] = []
        recorded: list[Event] = []
        with contextlib.ExitStack() as transaction:
            for given in batch:
                decision = self._line.decide(given)
                decided_us = clock.now_us()
                effects += [(effect, decided_us) for effect in decision.effects]
                if decision.events:
                    if not recorded:
                        transaction.enter_context(self._ledger.transaction())
                    self._ledger.append(decision.events)
                    recorded += decision.events
            if recorded:
                self._save_snapshot(len(recorded))
        release = Release(effects, clock.now_us())
        for event in recorded:
            self._tell(event)
        return release

    def _save_snapshot(self, new_events: int) -> None:
        self._unsaved_events += new_events
        if self._unsaved_events >= SNAPSHOT_EVENTS:
            self._ledger.save_snapshot(self._line.state.to_json())
            self._unsaved_events = 0

    def _fold_log(self) -> None:
        try:
            self._ledger.fold_log(busy=not self._queue.empty())
        except LedgerFullError as error:
            # What was committed is safe in the log; only new records need the room.
            self._halt(str(error), [])

    def _halt(self, why: str, batch: list[Input]) -> None:
        self._halted = why
        self._retry_at_us = clock.now_us() + int(RETRY_S * 1e6)
        # Decisions that could not be recorded were never made.
        self._line = self._restore()
        log.critical("line halted: nothing is passed", why=why)
        self._refuse(batch)

    def _refuse(self, batch: list[Input]) -> None:
        """Answer reads with a reject that cannot be recorded; a gate rejects by itself."""
        now_us = clock.now_us()
        detail = "the line is halted: the ledger takes no records"
        reads = [given for given in batch if isinstance(given, Read)]
        self._refused_reads += len(reads)
        answers: list[tuple[Effect, int]] = [
            (Answer(read.station, Reason.LATE, detail, None, read.at.mono_us), now_us)
            for read in reads
            if self._plan.stations[read.station].gate is None
        ]
        if answers:
            self._release(Release(answers, now_us))

    def _try_to_resume(self) -> None:
        if clock.now_us() < self._retry_at_us:
            return
        self._retry_at_us = clock.now_us() + int(RETRY_S * 1e6)
        resumed = Resumed(
            at=clock.now().isoformat(),
            station=self._line_name,
            detail=self._halted or "",
            refused_reads=self._refused_reads,
        )
        try:
            with self._ledger.transaction():
                self._ledger.append([resumed])
        except LedgerFullError:
            return
        self._line.state.apply(resumed)
        log.warning("line resumed", refused_reads=self._refused_reads)
        self._halted, self._refused_reads = None, 0

    def _restore(self) -> Line:
        """The core as the ledger has it."""
        saved, since = self._ledger.load_snapshot()
        state = (
            LineState(self._plan.levels)
            if saved is None
            else LineState.from_json(self._plan.levels, saved)
        )
        for event in since:
            state.apply(event)
        return Line(self._plan, state, self._ledger)

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
            case _:
                log.debug(event.kind, station=event.station)

    def _feed_watchdog(self) -> None:
        now_us = clock.now_us()
        if now_us - self._fed_at_us > WATCHDOG_S * 1e6:
            self._fed_at_us = now_us
            notify("WATCHDOG=1")

    def _progress(self) -> Progress:
        state = self._line.state
        return Progress(
            seq=self._ledger.head[0],
            waiting=self._line.waiting,
            halted=self._halted,
            refused_reads=self._refused_reads,
            suppressed={name: each.suppressed for name, each in self._line.rereads.items()},
            tally=dict(state.tally),
            filling={
                level: [len(each.children) for each in fillings]
                for level, fillings in state.packing.filling.items()
            },
            pending={
                name: (min(belt.pending), max(belt.pending))
                for name, belt in state.belts.items()
                if belt.pending
            },
            last_item={name: belt.last_item for name, belt in state.belts.items()},
        )

    def facts(self) -> dict[str, Any]:
        """The engine's part of the role's status."""
        progress = self.progress
        return {
            "seq": progress.seq,
            "waiting": progress.waiting + self.queued,
            "halted": progress.halted,
            "refused_reads": progress.refused_reads,
            "tally": progress.tally,
            "suppressed": progress.suppressed,
            "filling": progress.filling,
            "queue": {
                "now": self.queued,
                "peak": self.queue_peak,
                "size": self._queue_size,
                "overflows": self.overflows,
            },
        }
