"""Do the counts of a gated station agree? A fold over its events, item by item.

Whatever breaks one of the laws (core.laws) is a difference, and names the item or the code.
"""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Move,
    Packed,
    Passed,
    Reason,
    Rejected,
    Reworked,
    Stray,
    TakenOff,
    Untracked,
)
from edge_agent.core.laws import Counts, Law, laws_of
from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, utc_us

KEPT = 1_000
"""Differences of one account that are kept; the others are counted."""
RING = 512
"""No PLC remembers more items, so the gate's word on an older one is gone."""
OVERTAKEN_US = 10_000_000
"""Items cannot overtake each other. The gate's words on neighbours may come in any order, but the
agent asks once a second: one that is missing for so long after a later item's is lost."""

GateWord = Passed | Ejected | EjectFailed | EjectedUnasked | TakenOff | Untracked


@dataclass(frozen=True, slots=True)
class Difference:
    """What breaks an account: an item, a code, or both, as far as they are known."""

    item: ItemNumber | None
    code: CodeKey | None
    found: str
    expected: str


@dataclass(slots=True)
class _Item:
    """On the belt: the gate has not spoken of it. Without a verdict, too, where not `judged`: a
    later item had its verdict first. `overtaken` is when the gate spoke of a later item."""

    judged: bool = False
    key: CodeKey | None = None
    reason: Reason | None = None
    overtaken: str | None = None

    def is_overdue(self, at: str) -> bool:
        if self.overtaken is None:
            return False
        return utc_us(at) - utc_us(self.overtaken) > OVERTAKEN_US

    def silence(self, number: ItemNumber, why: str) -> Difference:
        if not self.judged:
            return Difference(number, None, f"nothing, and {why}", "a verdict")
        verdict = f"rejected ({self.reason})" if self.reason else "accepted"
        found = f"{verdict}, then nothing, and {why}"
        return Difference(number, self.key, found, "the gate's word on it")


@dataclass(slots=True)
class Account:
    """Of one gated station since `since` (RFC 3339). Changes only by `apply`.

    `packs`: what passes is packed. `after` is the shift whose account was closed before, if any.
    Items up to `began` were on the belt before the first account: they are nobody's.
    """

    since: str
    packs: bool
    boot: int
    began: ItemNumber
    last_item: ItemNumber
    after: str = ""
    counts: Counts = field(default_factory=Counts)
    rejects: Tally[Reason] = field(default_factory=Tally)
    _belt: dict[ItemNumber, _Item] = field(default_factory=dict)
    """In the order of their numbers."""
    _untracked: ItemNumber | None = None
    _unpacked: dict[CodeKey, ItemNumber] = field(default_factory=dict)
    _open: dict[ContainerId, list[CodeKey]] = field(default_factory=dict)
    _differences: list[Difference] = field(default_factory=list)
    _unlisted: int = 0

    # --- what it says ----------------------------------------------------------------------

    def totals(self, at: str) -> dict[str, int]:
        """Every number by its name as of `at`; rejects also by reason (``rejects.DUPLICATE``)."""
        overdue = sum(item.judged for _, item in self._overdue(at))
        judged = sum(item.judged for item in self._belt.values())
        by_reason = {f"rejects.{reason}": number for reason, number in sorted(self.rejects.items())}
        return {
            **asdict(self.counts),
            "lost": self.counts.lost + overdue,
            "on_belt": judged - overdue,
            "in_open": sum(map(len, self._open.values())),
            **by_reason,
        }

    def laws(self, at: str) -> list[Law]:
        """Each law with its two sides as of `at`."""
        return laws_of(self.totals(at), packs=self.packs)

    def differences(self, at: str) -> list[Difference]:
        """What does not agree at `at`, at most KEPT of it."""
        return [*self._differences, *self._unfinished(at)][:KEPT]

    def difference_count(self, at: str) -> int:
        """How much does not agree at `at`."""
        return len(self._differences) + self._unlisted + sum(1 for _ in self._unfinished(at))

    def successor(self, at: str, shift: str = "") -> "Account":
        """The account that begins when this one is closed at `at`, the end of `shift`. It goes on
        with the belt and the open containers; what was told as lost is not told again."""
        belt = {n: replace(item) for n, item in self._belt.items() if not item.is_overdue(at)}
        contained = {container: list(keys) for container, keys in self._open.items()}
        counts = Counts(
            carried_over=sum(item.judged for item in belt.values()),
            in_open_before=sum(map(len, contained.values())),
        )
        return Account(
            at, self.packs, self.boot, self.began, self.last_item, shift, counts,
            _belt=belt, _untracked=self._untracked, _open=contained,
        )  # fmt: skip

    def _overdue(self, at: str) -> Iterator[tuple[ItemNumber, _Item]]:
        return ((number, item) for number, item in self._belt.items() if item.is_overdue(at))

    def _unfinished(self, at: str) -> Iterator[Difference]:
        """What a later event may still mend, but should have by `at`."""
        for number, item in self._overdue(at):
            yield item.silence(number, "later items had the gate's word")
        for key, number in self._unpacked.items():
            yield Difference(number, key, "passed, then nothing", "packed")

    # --- triggers and verdicts -------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in one more event of this station, or a closing or repair anywhere on the line."""
        match event:
            case Commissioned(item=item, key=key) if item is not None:
                self._judge(item, key, None)
            case Rejected(item=item, key=key, reason=reason) if item is not None:
                self._judge(item, key, reason)
            case BeltUnknown(first_item=first, last_item=last):
                for number in range(first, last + 1):
                    self._judge(ItemNumber(number), None, Reason.AMBIGUOUS)
            case Armed(boot=boot, last_item=last) if boot != self.boot:
                for number in list(self._belt):
                    self._lose(number, "the PLC restarted")
                self.boot, self.last_item = boot, last
            case Passed() | Ejected() | EjectFailed() | EjectedUnasked() | TakenOff() | Untracked():
                self._hear(event)
            case Packed() | Reworked() | Closed():
                self._contain(event)
            case Stray(where="gate" | "bin", count=count):
                self.counts.strays += count
            case _:
                pass

    def _judge(self, number: ItemNumber, key: CodeKey | None, reason: Reason | None) -> None:
        self._expect(number)
        item = self._belt.get(number)
        if item is None:
            self._differ(number, key, "a verdict after the gate's word", "the verdict before")
            return
        self.counts.triggers += not item.judged
        # A second verdict can only withdraw the first.
        item.judged, item.key, item.reason = True, item.key or key, reason

    def _expect(self, number: ItemNumber) -> None:
        """Every number up to this one was given to an item at the trigger."""
        for following in range(self.last_item + 1, number + 1):
            self._belt[ItemNumber(following)] = _Item()
        self.last_item = max(self.last_item, number)
        while self._belt and (oldest := next(iter(self._belt))) <= self.last_item - RING:
            self._lose(oldest, f"{RING} items have come since")

    def _lose(self, number: ItemNumber, why: str) -> None:
        item = self._belt.pop(number)
        self.counts.lost += item.judged
        self._add(item.silence(number, why))

    # --- the gate's word -------------------------------------------------------------------

    def _hear(self, word: GateWord) -> None:
        if isinstance(word, Passed) and word.key is None and word.item == self._untracked:
            # Its pass was withdrawn, yet it passed: first its code was told as untracked.
            self._untracked = None
            self.counts.untracked -= 1
            self._escape(word.item, _Item(judged=True, reason=Reason.AMBIGUOUS))
            return
        item = self._take(word)
        if item is None:
            return
        match word:
            case Passed(key=None):
                self._escape(word.item, item)
            case Passed(key=key) if key is not None:
                self._pass(word.item, key, item)
            case Ejected(reason=reason):
                self._reject(reason)
                self.counts.confirmed += 1
            case EjectFailed(item=number, key=key, reason=reason):
                self._reject(reason)
                self.counts.not_confirmed += 1
                self._differ(number, key or item.key, f"rejected ({reason})", "a confirmed eject")
            case EjectedUnasked(item=number, key=key):
                self.counts.ejected_unasked += 1
                self._differ(number, key, "let through, and ejected", "passed")
            case TakenOff():
                self.counts.taken_off += 1
            case Untracked(item=number, key=key, detail=detail):
                self.counts.untracked += 1
                self._untracked = number
                self._differ(number, key or item.key, f"untracked: {detail}", "the gate's word")

    def _take(self, word: GateWord) -> _Item | None:
        """The item that the gate spoke of, taken from the belt; None if it was not due."""
        self._expect(word.item)
        item = self._belt.pop(word.item, None)
        if item is None or not item.judged:
            told_as_lost = isinstance(word, Untracked) and word.item <= self.last_item - RING
            if word.item > self.began and not told_as_lost:
                found = f"{word.kind}, with no verdict or a second time"
                self._differ(word.item, word.key, found, "a verdict, then the gate's word once")
            return None
        if not isinstance(word, TakenOff | Untracked):
            for number, other in self._belt.items():
                if number > word.item:
                    break
                other.overtaken = other.overtaken or word.at
        return item

    def _pass(self, number: ItemNumber, key: CodeKey, item: _Item) -> None:
        self.counts.passes += 1
        if item.reason is not None:
            self._differ(number, key, f"passed, though rejected ({item.reason})", "ejected")
        if self.packs:
            self._unpacked[key] = number
            if len(self._unpacked) > KEPT:
                oldest = next(iter(self._unpacked))
                self._differ(self._unpacked.pop(oldest), oldest, "passed, then nothing", "packed")

    def _escape(self, number: ItemNumber, item: _Item) -> None:
        reason = item.reason or Reason.AMBIGUOUS
        self._reject(reason)
        self.counts.escaped += 1
        self._differ(number, item.key, f"passed, though rejected ({reason})", "ejected")

    def _reject(self, reason: Reason) -> None:
        self.counts.rejects += 1
        self.rejects[reason] += 1

    # --- containers ------------------------------------------------------------------------

    def _contain(self, event: Packed | Reworked | Closed) -> None:
        match event:
            case Packed(bench=None):
                self._pack(event)
            case Reworked(moves=moves):
                for move in moves:
                    self._move(move)
            case Closed():
                self._close(event)
            case _:
                pass  # scanned at a bench: the gate knows nothing of it

    def _pack(self, packed: Packed) -> None:
        self.counts.packed += 1
        self._open.setdefault(packed.container, []).append(packed.key)
        if self._unpacked.pop(packed.key, None) is None:
            on_belt = (number for number, item in self._belt.items() if item.key == packed.key)
            self._differ(next(on_belt, None), packed.key, "packed", "passed before it was packed")

    def _move(self, move: Move) -> None:
        """A repair takes what was packed here out of an open container. What it puts in by hand
        did not come through the gate."""
        before, after = move.before.inside, move.after.inside
        if before is None or before == after or move.key not in self._open.get(before, ()):
            return
        self._open[before].remove(move.key)
        if after in self._open:
            self._open[after].append(move.key)
        else:
            self.counts.taken_out += 1

    def _close(self, closed: Closed) -> None:
        children = set(closed.children)
        for key in self._open.pop(closed.container, ()):
            if key in children:
                self.counts.in_closed += 1
            else:
                found = f"packed into container {closed.container}, not listed at its closing"
                self._differ(None, key, found, f"a child of {closed.key}")

    def _differ(
        self, item: ItemNumber | None, code: CodeKey | None, found: str, expected: str
    ) -> None:
        self._add(Difference(item, code, found, expected))

    def _add(self, difference: Difference) -> None:
        if len(self._differences) < KEPT:
            self._differences.append(difference)
        else:
            self._unlisted += 1

    # --- the snapshot ----------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The whole account as plain JSON values."""
        return {
            "since": self.since,
            "boot": self.boot,
            "began": self.began,
            "last_item": self.last_item,
            "after": self.after,
            "counts": asdict(self.counts),
            "rejects": dict(self.rejects),
            "belt": [
                [number, item.judged, item.key, item.reason, item.overtaken]
                for number, item in self._belt.items()
            ],
            "untracked": self._untracked,
            "unpacked": list(self._unpacked.items()),
            "open": list(self._open.items()),
            "differences": [[d.item, d.code, d.found, d.expected] for d in self._differences],
            "unlisted": self._unlisted,
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any], *, packs: bool) -> "Account":
        """The account that `to_json` wrote."""
        return cls(
            saved["since"],
            packs,
            saved["boot"],
            saved["began"],
            saved["last_item"],
            saved["after"],
            Counts(**saved["counts"]),
            Tally({Reason(reason): number for reason, number in saved["rejects"].items()}),
            {
                number: _Item(judged, key, Reason(reason) if reason else None, overtaken)
                for number, judged, key, reason, overtaken in saved["belt"]
            },
            saved["untracked"],
            dict(saved["unpacked"]),
            {container: list(keys) for container, keys in saved["open"]},
            [Difference(*each) for each in saved["differences"]],
            saved["unlisted"],
        )
