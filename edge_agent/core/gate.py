"""Which read belongs to which item.

The PLC counts items at the trigger and the agent polls the count, so of each trigger only an
interval is known; and a process that was busy or paused knows of a read only the interval in which
it arrived. Two facts make the tie certain: an answer comes at most `window_us` after its trigger,
and two triggers are at least `spacing_us` apart. A read is tied as soon as no trigger that is
still unknown could claim it; if more than one item can, all of them are rejected.

The first fact may fail inside a busy PC. So after an item without an answer, the next answer is
tied to nobody if it comes within `spacing_us`: it may be that item's.

Where an item has two codes, it has two answers. They are told together when its window has ended,
for only then can no third one come: nothing is to be bound that is withdrawn afterwards.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

from edge_agent.core.inputs import Counter, Read
from edge_agent.core.names import Instant, ItemNumber

PATIENCE_US = 1_000_000
"""A read that no trigger claims for so long after its time belongs to nothing."""


@dataclass(frozen=True, slots=True)
class Tie:
    """The read is this item's."""

    item: ItemNumber
    read: Read


@dataclass(frozen=True, slots=True)
class Answers:
    """The item's window ended, and these are all its reads: two, or the one that came."""

    item: ItemNumber
    reads: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """More reads for the item than are due, or more than one item for the read."""

    item: ItemNumber
    read: Read
    detail: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The item's window ended without an answer."""

    item: ItemNumber


@dataclass(frozen=True, slots=True)
class Stray:
    """A read that no item can claim. `after` is the item before it, if that one had no answer: then
    the answer may have come too late."""

    read: Read
    after: ItemNumber | None = None


Finding = Tie | Answers | Clash | Silence | Stray


@dataclass(slots=True)
class _Window:
    item: ItemNumber | None
    """None: an item that passed the trigger before the tracker began, if there was one."""
    earliest_us: int
    """The trigger was not before this ..."""
    closes_us: int
    """... and an answer comes no later than this."""
    judged: bool = False
    """Nothing more is due: one more read is one too many."""
    reads: list[Read] = field(default_factory=list)
    """Of two answers, those that came."""


class Tracker:
    """The belt between trigger and verdict at one station. Volatile: a new one knows nothing.

    `first` is the counter it begins with. Items counted until then are not its concern, but an
    answer to one of them may still come, and must not be taken for the next item's. Each item has
    `answers`, 1 or 2, which come from so many `scanners`.
    """

    def __init__(
        self,
        first: Counter,
        *,
        window_us: int,
        spacing_us: int,
        answers: int = 1,
        scanners: int = 1,
    ) -> None:
        self._last_item = first.last_item
        self._known_until_us = first.asked_us
        self._window_us = window_us
        self._spacing_us = spacing_us
        self._answers = answers
        self._scanners = scanners
        before = _Window(None, 0, first.at.mono_us + window_us, judged=True)
        self._windows: deque[_Window] = deque([before])
        self._held: list[Read] = []
        self._silent: _Window | None = None

    @property
    def last_item(self) -> ItemNumber:
        """The last item that was counted."""
        return self._last_item

    @property
    def waiting(self) -> int:
        """Items without a verdict, and reads without an item."""
        waiting = sum(not window.judged or bool(window.reads) for window in self._windows)
        return waiting + len(self._held)

    def give_up(self) -> Iterator[Finding]:
        """The belt is no longer known: the reads that wait, for an item or for the other code of
        theirs, wait for nothing."""
        held, self._held = self._held, []
        for window in self._windows:
            held += window.reads
            window.reads = []
        for read in held:
            yield Stray(read)

    def count(self, counter: Counter) -> Iterator[Finding]:
        """The counter was polled: open a window for each new item and settle held reads."""
        new = range(self._last_item + 1, counter.last_item + 1)
        for index, number in enumerate(new):
            earliest_us = self._known_until_us + index * self._spacing_us
            latest_us = counter.at.mono_us - (len(new) - 1 - index) * self._spacing_us
            closes_us = max(earliest_us, latest_us) + self._window_us
            self._windows.append(_Window(ItemNumber(number), earliest_us, closes_us))
        self._last_item = counter.last_item
        self._known_until_us = counter.asked_us
        held, self._held = self._held, []
        for read in held:
            yield from self.read(read)
        yield from self.tick(counter.reads_until_us)

    def read(self, read: Read) -> Iterator[Finding]:
        """A read arrived. It is held if a trigger that is not known yet could claim it."""
        at_us = read.at.mono_us
        claims = [
            w for w in self._windows if w.earliest_us < at_us and read.since_us <= w.closes_us
        ]
        settled = at_us <= self._known_until_us or (
            bool(claims)
            and self._windows[-1].item is not None
            and at_us < self._windows[-1].earliest_us + self._spacing_us
        )
        if not settled:
            self._held.append(read)
        elif all(window.item is None for window in claims):
            yield Stray(read, self._unanswered(read))
        elif len(claims) == 1 and not claims[0].judged:
            yield from self._answer(claims[0], read)
        else:
            yield from _clash(claims, read, _many(claims))

    def _answer(self, window: _Window, read: Read) -> Iterator[Finding]:
        """The read is due, and no other item can claim it."""
        late_for = self._unanswered(read)
        if late_for is not None and window.item is not None:
            yield from _clash([window], read, f"it may be the late answer to item {late_for}")
        elif self._answers == 1:
            window.judged = True
            yield from _tie(window, read)
        else:
            window.reads.append(read)
            window.judged = len(window.reads) == self._answers

    def tick(self, reads_until_us: int) -> Iterator[Finding]:
        """Every read that arrived by `reads_until_us` was given: windows that closed before then
        end, and a read that nobody counted for in all that time is given up."""
        kept: list[Read] = []
        for read in self._held:
            if reads_until_us - read.at.mono_us > self._window_us + PATIENCE_US:
                yield Stray(read)
            else:
                kept.append(read)
        self._held = kept
        oldest_held_us = min((read.since_us for read in kept), default=reads_until_us)
        while self._windows and self._windows[0].closes_us < min(reads_until_us, oldest_held_us):
            window = self._windows.popleft()
            if window.item is None:
                continue
            if not window.judged:
                self._silent = window
                if not window.reads:
                    yield Silence(window.item)
            if window.reads:
                yield Answers(window.item, tuple(window.reads))

    def _unanswered(self, read: Read) -> ItemNumber | None:
        """The item whose answer `read` may be, too late: its window ended shortly before without
        one, or without both. A scanner keeps its promise, but the way of its bytes into a busy PC
        may not."""
        for window in (*self._windows, self._silent):
            if window is None or window.judged or window.item is None:
                continue
            if window.reads and self._said_all(window):
                continue
            if 0 < read.since_us - window.closes_us < self._spacing_us:
                return window.item
        return None

    def _said_all(self, window: _Window) -> bool:
        """Whether there was but one answer, and no other is due: the only scanner says once that it
        read neither code."""
        return self._scanners == 1 and any(read.text is None for read in window.reads)

    def to_json(self) -> dict[str, Any]:
        """All that the tracker knows, as plain JSON values."""
        return {
            "last_item": self._last_item,
            "known_until_us": self._known_until_us,
            "windows": [astuple(window) for window in self._windows],
            "held": [asdict(read) for read in self._held],
            "silent": astuple(self._silent) if self._silent else None,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on with what `to_json` wrote."""
        self._last_item = ItemNumber(saved["last_item"])
        self._known_until_us = saved["known_until_us"]
        self._windows = deque(map(_window, saved["windows"]))
        self._held = [Read(**{**read, "at": Instant(**read["at"])}) for read in saved["held"]]
        self._silent = _window(saved["silent"]) if saved["silent"] else None


def _window(saved: list[Any]) -> _Window:
    item, earliest_us, closes_us, judged, *reads = saved
    answers = [Read(Instant(*at), *rest) for at, *rest in (reads[0] if reads else ())]
    return _Window(item, earliest_us, closes_us, judged, answers)


def _tie(window: _Window, read: Read) -> Iterator[Finding]:
    if window.item is not None:
        yield Tie(window.item, read)


def _many(claims: list[_Window]) -> str:
    names = [f"item {w.item}" if w.item else "one counted before" for w in claims]
    if len(claims) > 1:
        return f"the read may belong to {' or '.join(names)}"
    before = "two codes" if claims[0].reads else "another code"
    return f"{names[0]} was read as {before} before"


def _clash(claims: list[_Window], read: Read, detail: str) -> Iterator[Finding]:
    """None of the items that can claim `read` may pass; nor do their earlier reads count."""
    for window in claims:
        window.judged = True
        if window.item is not None:
            for each in (*window.reads, read):
                yield Clash(window.item, each, detail)
            window.reads = []
