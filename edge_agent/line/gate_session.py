"""The agent's end of the gate's protocol (docs/gate.md), without I/O: words in, inputs for the core
and words to write out. `gate_link` runs it over Modbus, the simulator in virtual time.

A session begins with a number the PLC has not seen last, and is in force when the PLC shows it.
From then on the agent polls; whatever breaks the chain (link, program, restart, an unwatched
moment) ends the session, and the next one begins at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from drivers.gate.registers import (
    MAY_RUN,
    OUTCOME_WORDS,
    WORD,
    Cause,
    Fate,
    Flag,
    Status,
    Word,
    identity,
)
from edge_agent.core.effects import Judge
from edge_agent.core.events import Condition, Reason
from edge_agent.core.inputs import (
    Arming,
    Conditions,
    Counter,
    GateReport,
    Input,
    LinkLost,
    Outcome,
    Strays,
)
from edge_agent.core.names import Instant, ItemNumber, StationName
from edge_agent.core.saying import Saying, say
from edge_agent.core.state import Belt

_OUTCOMES: dict[int, Outcome] = {
    Fate.PASSED: Outcome.PASSED,
    Fate.EJECTED: Outcome.EJECTED,
    Fate.UNCONFIRMED: Outcome.UNCONFIRMED,
    Fate.TAKEN_OFF: Outcome.TAKEN_OFF,
    Fate.UNASKED: Outcome.UNASKED,
}
_WHY: dict[int, Reason] = {
    Cause.NO_VERDICT: Reason.LATE,
    Cause.CLOSE: Reason.AMBIGUOUS,
    Cause.VOID: Reason.AMBIGUOUS,
    Cause.DOUBT: Reason.AMBIGUOUS,
    Cause.STOPPED: Reason.STOPPED,
}
_CONDITIONS = {
    Flag.BIN_FULL: Condition.BIN_FULL,
    Flag.AIR_LOW: Condition.AIR_LOW,
    Flag.GUARD_OPEN: Condition.GUARD_OPEN,
}
_CONTACTS = Flag.BIN_FULL | Flag.AIR_LOW | Flag.GUARD_OPEN
PAIRS_PER_READ = 62
"""A read request carries at most 125 registers (Modbus Application Protocol V1.1b3, 6.3)."""
TRIPLES_PER_WRITE = 41
"""A write request carries at most 123 registers (6.12)."""
REREPORT_US = 1_000_000

Stamps = tuple[int, int]
"""When a verdict was decided and when it was committed (monotonic clock, microseconds)."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One reading of the status block: `words` by `registers.Status`, sampled between `asked_us`
    and `at.mono_us`. Every read that had arrived by `reads_until_us` was offered before."""

    words: Sequence[int]
    asked_us: int
    at: Instant
    reads_until_us: int


class GateSession:
    """One gate's session after session.

    `belt` is what the core knows of the items, None before the first contact; `is_watched`, whether
    the core can tie reads to items. `draw` gives numbers from 1 to 65,535 for new sessions.
    """

    def __init__(
        self,
        station: StationName,
        *,
        slots: int,
        link_timeout_us: int,
        belt: Callable[[], Belt | None],
        is_watched: Callable[[], bool],
        draw: Callable[[], int],
    ) -> None:
        self._station = station
        self._slots = slots
        self._link_timeout_us = link_timeout_us
        self._belt = belt
        self._is_watched = is_watched
        self._draw = draw
        self._number = self._number_before = 0
        """0: none was chosen yet."""
        self._after_item = ItemNumber(0)
        """The last item that the session does not answer for."""
        self._beat = 0
        self._may_run = False
        self._armed = False
        self._begun_us = 0
        self._boot = -1
        self._plc_beat = (-1, 0)
        self._watched_us = 0
        self._strays = (0, 0, 0)
        self._contacts: int | None = None
        self._contacts_told = 0
        self._reported: tuple[int, ItemNumber, int] | None = None
        self._arming: Arming | None = None
        """What is offered once every outcome from before the session is known."""
        self._spans: list[list[ItemNumber]] = []
        self._told: list[Input] = []
        """What the spans that were read tell."""
        self._arms_later = False
        """There was something to tell, which the core must have taken before it is told of the
        session; or the gate is open for an item, or was, and no more is known yet."""
        self._in_order = True
        """Of those asked for, every item before the spans that are left has settled."""
        self._verdicts: dict[ItemNumber, tuple[Judge, Stamps]] = {}
        self._leave: dict[ItemNumber, None] = {}
        """Items whose PASS was given to be written, oldest first; the PLC remembers no more."""
        self.refusal: Saying | None = None
        """Why the PLC cannot be armed, if it answers at all."""
        self.lost_verdicts = 0
        """Verdicts that the PLC did not acknowledge, or that were overtaken by the session's end;
        their items are rejected."""

    @property
    def is_armed(self) -> bool:
        return self._armed

    @property
    def is_begun(self) -> bool:
        """Whether there is a session to tell the PLC of. To a device that was not asked who it is,
        or said another name, nothing may be written."""
        return self._number != 0 and self.refusal is None

    # --- what the agent tells the PLC ------------------------------------------------------

    def commands(self) -> list[int]:
        """The command block to write now. Each call is another beat."""
        self._beat = self._beat % (WORD - 1) + 1
        return [self._number, self._beat, MAY_RUN if self._may_run else 0]

    def run(self, *, permitted: bool) -> None:
        """Whether the belt may run, from the next `commands` on."""
        self._may_run = permitted

    def judge(self, verdict: Judge, stamps: Stamps) -> None:
        """Keep `verdict` for `next_write`. A later one on the same item replaces it."""
        if self._armed and verdict.item > self._after_item:
            self._verdicts[verdict.item] = verdict, stamps
        else:
            self.lost_verdicts += 1

    def next_write(self) -> tuple[int, list[int], list[tuple[Judge, Stamps]]] | None:
        """The first slot, the words and the verdicts of one request; neighbours go together."""
        if not self._verdicts:
            return None
        items = next(_runs(sorted(self._verdicts), self._slots, TRIPLES_PER_WRITE))
        run = [self._verdicts.pop(item) for item in items]
        words: list[int] = []
        for verdict, _ in run:
            word = Word.PASS if verdict.passes else Word.REJECT
            if verdict.passes:
                self._leave[verdict.item] = None
                if len(self._leave) > self._slots:
                    del self._leave[next(iter(self._leave))]
            words += (verdict.item % WORD, word, self._boot)
        return items[0] % self._slots, words, run

    def unwritten(self, run: list[tuple[Judge, Stamps]], at: Instant) -> list[Input]:
        """The PLC did not acknowledge `run`. What has no PASS is rejected anyway; but a PASS that
        could not be taken back would let its item through, so the whole belt is void then."""
        self.lost_verdicts += len(run)
        if any(not verdict.passes and verdict.item in self._leave for verdict, _ in run):
            return self.lost(at, "the PLC did not acknowledge that a PASS was withdrawn")
        return []

    # --- what the PLC shows ----------------------------------------------------------------

    def polled(self, poll: Poll) -> list[Input]:
        """What follows from one reading of the status block."""
        words = poll.words
        self.refusal = refused_identity(words, self._slots)
        if self.refusal is not None:
            return self.lost(poll.at, str(self.refusal))
        if self._armed and (why := self._broken(poll)):
            given = self.lost(poll.at, why)
            self._renumber(poll)
            return given
        if not self._armed:
            return self._try_to_arm(poll)
        given = [self._counter(poll), *self._news(poll)]
        belt = self._belt()
        # A belt of another start: the core has not taken the session's beginning, and the ring
        # tells of other items with the same numbers.
        if belt is not None and belt.boot == self._boot and belt.pending:
            # Once a second in any case: what was reported may not have been taken.
            second = poll.at.mono_us // REREPORT_US
            news = (words[Status.SETTLED], max(belt.pending), second)
            if self._reported != news:
                self._reported = news
                self._ask(poll.at, sorted(belt.pending))
        return given

    def counted(self, poll: Poll) -> list[Input]:
        """An item was numbered between two polls: the core must know of it before its read."""
        return [self._counter(poll)] if self._armed else []

    def lost(self, at: Instant, why: str) -> list[Input]:
        """The session is over, if there was one; the next has another number."""
        if not self._armed and self._arming is None:
            return []
        self._armed, self._arming, self._spans = False, None, []
        self.lost_verdicts += len(self._verdicts)
        self._verdicts.clear()
        self._leave.clear()
        self._number_before, self._number = self._number, 0
        return [LinkLost(at, self._station, why)]

    def unheard(self, at: Instant, last_heard_us: int, why: str) -> list[Input]:
        """No poll has succeeded since `last_heard_us`."""
        if self._armed and at.mono_us - last_heard_us > self._link_timeout_us:
            return self.lost(at, why)
        return []

    def _broken(self, poll: Poll) -> str | None:
        words = poll.words
        beat, since_us = self._plc_beat
        if words[Status.HEARTBEAT] != beat:
            self._plc_beat = words[Status.HEARTBEAT], poll.at.mono_us
        elif poll.at.mono_us - since_us > self._link_timeout_us:
            return "the PLC's program stands still: its heartbeat does not count"
        if words[Status.START] != self._boot:
            return "the PLC restarted"
        if words[Status.SESSION] != self._number:
            return "the PLC ended the session: it missed the agent's heartbeat"
        if self._is_watched():
            self._watched_us = poll.at.mono_us
        elif poll.at.mono_us - self._watched_us > self._link_timeout_us:
            return "reads or records were lost: which item is which is unknown"
        return None

    def _renumber(self, poll: Poll) -> None:
        """Choose a number for the next session. The one that the PLC shows may be in force since
        before: what is on the belt would not be void."""
        self._number_before = self._number or self._number_before
        self._number = self._draw()
        while self._number in (self._number_before, poll.words[Status.SESSION]):
            self._number = self._draw()
        self._begun_us = poll.at.mono_us

    def _try_to_arm(self, poll: Poll) -> list[Input]:
        words, now_us = poll.words, poll.at.mono_us
        self._arming, self._spans = None, []
        # Not taken, though the PLC answers: it may have had this very number before.
        is_ignored = now_us - self._begun_us > 2 * self._link_timeout_us
        if self._number == 0 or (words[Status.SESSION] != self._number and is_ignored):
            self._renumber(poll)
        if words[Status.SESSION] != self._number:
            return []
        belt = self._belt()
        restarted = belt is not None and belt.boot != words[Status.START]
        if self._boot != words[Status.START]:
            # Of the same start, what was seen while there was no session is still to be told.
            self._boot, self._strays = words[Status.START], _strays(words)
        self._plc_beat = words[Status.HEARTBEAT], now_us
        self._contacts = None
        self._reported = None
        detail = "first contact with the PLC" if belt is None else "a new session with the PLC"
        detail = "the PLC restarted" if restarted else detail
        self._arming = Arming(self._counter(poll), detail)
        if belt is None or restarted or not belt.pending:
            return self._arm(poll.at)
        self._ask(poll.at, sorted(belt.pending))
        return []

    def _arm(self, at: Instant) -> list[Input]:
        assert self._arming is not None  # noqa: S101 both callers have made it
        arming, self._arming = self._arming, None
        self._armed, self._watched_us = True, at.mono_us
        self._after_item = arming.first.last_item
        return [arming]

    def _counter(self, poll: Poll) -> Counter:
        boot = poll.words[Status.START]
        last_item = _unwrap(poll.words[Status.ITEMS], boot, self._belt())
        return Counter(poll.at, self._station, last_item, poll.asked_us, poll.reads_until_us, boot)

    def _news(self, poll: Poll) -> Iterator[Input]:
        strays = _strays(poll.words)
        if strays != self._strays:
            appeared, unasked, escaped = (
                (now - before) % WORD for now, before in zip(strays, self._strays, strict=True)
            )
            self._strays = strays
            yield Strays(poll.at, self._station, appeared, unasked, escaped)
        contacts = poll.words[Status.FLAGS] & _CONTACTS
        on = frozenset(each for flag, each in _CONDITIONS.items() if contacts & flag)
        belt, second = self._belt(), poll.at.mono_us // REREPORT_US
        # What was told may not have been taken: told again once a second.
        is_missed = belt is not None and belt.interlock.conditions != on
        if contacts != self._contacts or (is_missed and second != self._contacts_told):
            self._contacts, self._contacts_told = contacts, second
            yield Conditions(poll.at, self._station, on)

    # --- outcomes --------------------------------------------------------------------------

    def _ask(self, at: Instant, pending: list[ItemNumber]) -> None:
        """Have the outcomes of `pending` (ascending) read; what the ring has lost is unknown."""
        self._arms_later, self._in_order = False, True
        self._spans = list(_runs(pending[-self._slots :], self._slots, PAIRS_PER_READ))
        lost = pending[: -self._slots]
        self._told = [GateReport(at, self._station, item, Outcome.UNKNOWN) for item in lost]

    def next_read(self) -> tuple[int, int] | None:
        """First slot and number of slots of the outcome ring that must be read next."""
        if not self._spans:
            return None
        return self._spans[0][0] % self._slots, len(self._spans[0])

    def outcomes(self, at: Instant, words: Sequence[int]) -> list[Input]:
        """The words that `next_read` asked for. What they tell is given with the last of them: of a
        look that is cut in two, a halted line could drop the first part and take the second."""
        given = self._told
        span = self._spans.pop(0)
        settled = self._in_order
        shown_items, fates = words[::OUTCOME_WORDS], words[1::OUTCOME_WORDS]
        for item, shown, word in zip(span, shown_items, fates, strict=True):
            if shown != item % WORD:
                given.append(GateReport(at, self._station, item, Outcome.UNKNOWN))
            elif outcome := _OUTCOMES.get(word % 256):
                if not settled:
                    # One before it may have settled since it was asked for: told next time.
                    self._arms_later = True
                    continue
                why = _WHY.get(word // 256)  # a cause of a later program's says nothing
                given.append(GateReport(at, self._station, item, outcome, why))
            else:
                self._in_order = False
                self._arms_later |= word % 256 == Fate.PASSING
        if not self._in_order and self._arming is None:
            # Before a session the others are read all the same: one of them may be passing.
            self._spans.clear()
        if self._spans:
            return []
        self._told = []
        if self._arming is not None and not self._arms_later and not given:
            return self._arm(at)
        return given


def refused_identity(words: Sequence[int], slots: int) -> Saying | None:
    """Why the device that shows this status block is not the gate's PLC; None if it is."""
    found, expected = words[Status.IDENTITY], identity(slots)
    if found == expected:
        return None
    return say(
        "the word identity is {found}, expected {expected}: this is another device, another "
        "program, or one made for another number of slots than {slots}",
        found=f"{found:#06x}",
        expected=f"{expected:#06x}",
        slots=slots,
    )


def _strays(words: Sequence[int]) -> tuple[int, int, int]:
    return words[Status.APPEARED], words[Status.UNASKED], words[Status.ESCAPED]


def _unwrap(word: int, boot: int, belt: Belt | None) -> ItemNumber:
    """The whole count whose lowest 16 bits are `word`. After a restart of the PLC the numbers go on
    from the next multiple of 65,536, so that an item keeps its slot."""
    if belt is None:
        return ItemNumber(word)
    if belt.boot != boot:
        return ItemNumber((belt.last_item // WORD + 1) * WORD + word)
    return ItemNumber(belt.last_item + (word - belt.last_item) % WORD)


def _runs(items: list[ItemNumber], slots: int, longest: int) -> Iterator[list[ItemNumber]]:
    """`items` (ascending) as runs of neighbouring slots, each short enough for one request."""
    run: list[ItemNumber] = []
    for item in items:
        neighbours = run and item == run[-1] + 1 and item % slots
        if run and not (neighbours and len(run) < longest):
            yield run
            run = []
        run.append(item)
    if run:
        yield run
