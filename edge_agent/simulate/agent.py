"""The line role as one process in virtual time: turns of its loop, and death between any two steps.

What line/role.py, line/gate_link.py and line/arrivals.py do with asyncio is done here with calls at
times: same order, same periods. Everything that decides is the real thing.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge_agent.core.effects import Answer, Judge, Run
from edge_agent.core.inputs import Arming, Input, LinkLost, Read, Release, Tick
from edge_agent.core.names import Instant, StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.state import Belt
from edge_agent.ledger.journal import Ledger
from edge_agent.line.engine import Committed
from edge_agent.line.gate_session import Poll, Stamps
from edge_agent.simulate.parts import Parts
from edge_agent.simulate.plant import Plant
from edge_agent.simulate.shift import BELT, Outage, Shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.virtual_time import UTC_START_US, VirtualTime
from edge_agent.simulate.wire import Weather, Wire

TICK_US = 20_000
IDLE_US = 1_000
_FEW_SESSIONS = 4
"""So many numbers there are where session numbers come again."""


class Step(StrEnum):
    """Where a process may die."""

    ANYWHERE = "anywhere"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit"
    BEFORE_WRITE = "before a verdict is written"
    AFTER_WRITE = "after a verdict is written"


class KilledError(Exception):
    """The process is dead."""


class Disk:
    """Where the ledger is. Survives the agent."""

    def __init__(self) -> None:
        self.full = False
        self.slow_us = 0


class SimulatedLedger(Ledger):
    """The real ledger; `at_commit` is called while a transaction waits for its commit."""

    def __init__(self, path: Path, at_commit: Callable[[], None]) -> None:
        super().__init__(path)
        self._at_commit = at_commit

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            if self._connection.in_transaction:
                self._at_commit()

    def fill_disk(self, full: bool) -> None:
        """Whether SQLite finds room for another page."""
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        limit = pages if full else 1 << 30
        self._connection.execute(f"PRAGMA max_page_count = {limit}").fetchone()


class Agent:
    """One process, from its start to its death. Raises nothing: what kills it is in `dead`."""

    def __init__(
        self,
        shift: Shift,
        parts: Parts,
        plan: LinePlan,
        ledger_path: Path,
        plant: Plant,
        weather: Weather,
        disk: Disk,
        time: VirtualTime,
        chance: random.Random,
        timeline: Timeline,
        *,
        on_answer: Callable[[Answer], None],
    ) -> None:
        self._shift = shift
        self._time = time
        self._chance = chance
        self._timeline = timeline
        self._disk = disk
        self._on_answer = on_answer
        self.dead: str | None = None
        self.doom: Step | None = None
        """Where it dies next."""
        self._local_us = self._turned_us = self._since_us = self._looked_us = time.now_us
        self._busy_until_us = time.now_us
        self._held: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._woken = self._asleep = False
        self._writing = False
        self._heard_us = self._beaten_us = -shift.gate.heartbeat_ms * 1_000
        self._poll_us = shift.gate.poll_ms * 1_000
        self.ledger = SimulatedLedger(ledger_path, self._commits)
        if disk.full:
            self.ledger.fill_disk(True)
        self.engine = parts.engine(
            plan,
            self.ledger,
            line_name=shift.config.line.name,
            queue_size=shift.config.line.queue_size,
            secret_codes=False,
            wake=self._wake,
            release=self._let_out,
            now=self.now,
        )
        few = Outage.SAME_SESSION in shift.outages
        self.session = parts.session(
            BELT,
            slots=shift.gate.map.slots,
            link_timeout_us=shift.gate.link_timeout_ms * 1_000,
            belt=self._belt,
            is_watched=lambda: self.engine.is_watched(BELT),
            draw=lambda: chance.randint(1, _FEW_SESSIONS if few else 65_535),
        )
        self.wire = Wire(
            shift, plant, weather, time, chance, timeline, local_us=self._now_us, call=self.call
        )
        self.call(self._poll)
        self._time.after(TICK_US, self.call, self._tick)

    def _belt(self) -> Belt | None:
        return self.engine.state.belts.get(BELT)

    # --- its loop --------------------------------------------------------------------------

    def _now_us(self) -> int:
        return self._local_us

    def now(self) -> Instant:
        return Instant(self._local_us, UTC_START_US + self._local_us)

    def call(self, do: Callable[..., None], *arguments: Any) -> None:
        """Something became ready. A busy process finds it when it looks again."""
        if self.dead is not None:
            return
        now_us = self._time.now_us
        if now_us < self._busy_until_us:
            self._held.append((do, arguments))
            return
        self._local_us = now_us
        self._run([(do, arguments)])

    def pause(self, for_us: int) -> None:
        """The process is not scheduled."""
        if self.dead is None:
            self._asleep = self._time.now_us >= self._busy_until_us
            self._be_busy(max(self._busy_until_us, self._time.now_us + for_us))

    def die(self, why: str) -> None:
        """End at once."""
        if self.dead is None:
            self.dead = why
            self.ledger.close()
            self._timeline.tell(self._time.now_us, "agent", f"dies: {why}")

    def reach(self, step: Step) -> None:
        if self.doom is step:
            raise KilledError(step)

    def _run(self, ready: list[tuple[Callable[..., None], tuple[Any, ...]]]) -> None:
        """One turn of the loop, and those that follow without waiting."""
        try:
            for do, arguments in ready:
                do(*arguments)
            while self._woken:
                self._woken = False
                self._since_us, self._looked_us = self._looked_us, self._local_us
                self._turn()
        except KilledError as error:
            self.die(str(error))
            return
        if self._local_us > self._time.now_us:
            self._be_busy(self._local_us)
        else:
            self._since_us = self._looked_us = self._local_us

    def _be_busy(self, until_us: int) -> None:
        self._busy_until_us = until_us
        self._time.at(until_us, self._look_again, until_us)

    def _look_again(self, until_us: int) -> None:
        """As ArrivalSelector: what is there now came after the look before this one."""
        if self.dead is not None or until_us != self._busy_until_us:
            return
        self._local_us = self._time.now_us
        asleep, self._asleep = self._asleep, False
        if not self._held:
            if not asleep:  # it still waits in the look that it began before
                self._looked_us = self._since_us = self._local_us
            return
        ready, self._held = self._held, []
        self._chance.shuffle(ready)
        self._since_us, self._looked_us = self._looked_us, self._local_us
        self._run(ready)

    def _wake(self) -> None:
        self._woken = True

    def _turn(self) -> None:
        self.engine.turn()
        self._turned_us = self._local_us

    def _commits(self) -> None:
        """A transaction waits for the disk."""
        self.reach(Step.BEFORE_COMMIT)
        least_us, most_us = self._shift.commit_us
        self._local_us += least_us + int(self._chance.random() * (most_us - least_us))
        if self._disk.slow_us:
            self._local_us += int(self._chance.random() * self._disk.slow_us)

    # --- inputs ----------------------------------------------------------------------------

    def hear(self, station: StationName, line: bytes) -> None:
        """A scanner's line arrived. Called within `call`."""
        now, since_us = self.now(), self._since_us
        try:
            text, defect = line.decode(), None
        except UnicodeDecodeError as error:
            text = line[:40].decode("latin-1").encode("unicode_escape").decode()
            defect = f"not UTF-8 at byte {error.start + 1}"
        read = Read(now, station, since_us, None if text == "NOREAD" else text, None, defect)
        if self._timeline.wanted:
            late = f", since {since_us / 1e6:.6f}"
            self._timeline.tell(now.mono_us, "agent", f"reads {text!r} at {station}{late}")
        if self.engine.offer(read) and now.mono_us - self._turned_us > IDLE_US:
            self._turn()

    def release_line(self, by: str, why: str) -> None:
        """A person asks that the line may run. Called within `call`."""
        self.engine.offer(Release(self.now(), BELT, by, why))
        self._turn()

    def _tick(self) -> None:
        self._time.at(self._local_us + TICK_US, self.call, self._tick)
        self.engine.offer(Tick(self.now(), self._since_us))

    def _offer(self, given: Input) -> None:
        if self._timeline.wanted and isinstance(given, Arming | LinkLost):
            what = (
                f"is armed after item {given.first.last_item}, start {given.first.boot}"
                if isinstance(given, Arming)
                else f"loses the session: {given.detail}"
            )
            self._timeline.tell(self._local_us, "agent", what)
        self.engine.offer(given)

    # --- the gate's link -------------------------------------------------------------------

    def _poll(self) -> None:
        now_us = self._local_us
        due = now_us - self._beaten_us >= self._shift.gate.heartbeat_ms * 1_000
        if self.session.is_begun and due:
            self._beaten_us = now_us
            self.wire.request("commands", self._beaten, words=self.session.commands())
        else:
            self._ask_status()

    def _beaten(self, answer: list[int] | None) -> None:
        if answer is None:
            self._poll_failed()
        else:
            self._ask_status()

    def _ask_status(self) -> None:
        asked_us = self._local_us
        self.wire.request("status", lambda words: self._polled(words, asked_us))

    def _polled(self, words: list[int] | None, asked_us: int) -> None:
        if words is None:
            self._poll_failed()
            return
        at = self.now()
        self._heard_us = at.mono_us
        for given in self.session.polled(Poll(words, asked_us, at, self._since_us)):
            self._offer(given)
        self._ask_outcomes()

    def _ask_outcomes(self) -> None:
        span = self.session.next_read()
        if span is None:
            self._time.at(self._local_us + self._poll_us, self.call, self._poll)
        else:
            slot, count = span
            self.wire.request("outcomes", self._outcomes, slot=slot, count=count)

    def _outcomes(self, words: list[int] | None) -> None:
        if words is None:
            self._poll_failed()
            return
        for given in self.session.outcomes(self.now(), words):
            self._offer(given)
        self._ask_outcomes()

    def _poll_failed(self) -> None:
        for given in self.session.unheard(self.now(), self._heard_us, "no answer"):
            self._offer(given)
        self._time.at(self._local_us + self._poll_us, self.call, self._poll)

    # --- effects ---------------------------------------------------------------------------

    def _let_out(self, release: Committed) -> None:
        self.reach(Step.AFTER_COMMIT)
        for effect, decided_us in release.effects:
            match effect:
                case Judge():
                    self.session.judge(effect, (decided_us, release.committed_us))
                    if self._timeline.wanted:
                        verdict = effect.reason or "PASS"
                        self._timeline.tell(self._local_us, "agent", f"{verdict} {effect.item}")
                case Run(_, permitted):
                    self.session.run(permitted=permitted)
                    self._beaten_us = -self._shift.gate.heartbeat_ms * 1_000
                    what = "lets the line run" if permitted else "stops the line"
                    self._timeline.tell(self._local_us, "agent", what)
                case Answer():
                    self._on_answer(effect)
        self._write()

    def _write(self) -> None:
        if self._writing:
            return
        due = self.session.next_write()
        if due is None:
            return
        self.reach(Step.BEFORE_WRITE)
        slot, words, run = due
        self._writing = True
        self.wire.request(
            "verdicts", lambda answer: self._written(run, answer), slot=slot, words=words
        )
        self.reach(Step.AFTER_WRITE)

    def _written(self, run: list[tuple[Judge, Stamps]], answer: list[int] | None) -> None:
        self._writing = False
        if answer is None:
            for given in self.session.unwritten(run, self.now()):
                self._offer(given)
        self._write()
