"""Who says what about the same line, and where they differ. Pure.

Plant, ledger and HQ each give an account; every statement on which two of them differ is listed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from drivers.sim.truth import ContainerTruth, Fate, ItemTruth, Truth
from edge_agent.core.events import (
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
    Rejected,
    Reworked,
    TakenOff,
    Untracked,
)

Subject = TypeVar("Subject", int, str)

PASSED, EJECTED = "passed", "ejected"
UNCONFIRMED = "unconfirmed"
"""Kept out, but no eject sensor saw it."""
TAKEN_OFF = "taken off"
NO_OUTCOME = "no outcome"
_FATES = {
    Passed.kind: PASSED,
    Ejected.kind: EJECTED,
    EjectedUnasked.kind: EJECTED,
    EjectFailed.kind: UNCONFIRMED,
    TakenOff.kind: TAKEN_OFF,
    Untracked.kind: "untracked",
}
UNKNOWN = "BELT_UNKNOWN"
ACCEPTED = "ACCEPTED"
NO_VERDICT = "NO_VERDICT"
NOTHING = "nothing at the plant"


@dataclass(frozen=True, slots=True)
class Account:
    """What one of them says happened."""

    gate: Mapping[int, str]
    """Item that was triggered → ``passed``, ``ejected``, ``unconfirmed``, ``taken off``,
    ``untracked`` or ``no outcome``."""
    codes: Mapping[int, str]
    """Item that passed → its code."""
    closed: Mapping[str, tuple[str, ...]]
    """Container with a code → what is in it, in order."""
    filling: Mapping[str, tuple[str, ...]]
    """Container without a code, as ``case 1`` for the oldest → what is in it, in order."""

    def counts(self) -> dict[str, int]:
        """How much of each."""
        outcomes = Counter(self.gate.values())
        return {
            "triggered": len(self.gate),
            "passed": outcomes[PASSED],
            "ejected": outcomes[EJECTED],
            "other": len(self.gate) - outcomes[PASSED] - outcomes[EJECTED],
            "closed containers": len(self.closed),
            "packed in them": sum(map(len, self.closed.values())),
            "in open containers": sum(map(len, self.filling.values())),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement on which not all agree; None where nothing was said."""

    about: str
    subject: str
    said: Mapping[str, str | None]


def account_of_truth(truth: Truth, told: Mapping[int, str] | None = None) -> Account:
    """What the plant knows happened.

    `told` is what the line says of the items. Where a mishap on the belt explains that the line
    could not see it otherwise, its word is taken: a product that slipped comes to the gate as one
    that is missing and another that appeared. None of these has passed.
    """
    told = told or {}
    gate: dict[int, str] = {}
    for item in truth.items:
        for number in [ghost for _, ghost in item.counted_before]:
            gate[number] = _word(told.get(number), NO_OUTCOME, explained=True)
        if item.number is not None:
            explained = item.taken_out or (
                bool(item.during) and item.outcome in (Fate.EJECTED, Fate.REMOVED)
            )
            gate[item.number] = _word(told.get(item.number), _fate(item), explained=explained)
    return Account(
        gate=gate,
        codes={
            item.number: item.key or f"item {item.number}"
            for item in truth.items
            if item.number is not None and _fate(item) == PASSED
        },
        closed={
            each.code: tuple(each.contents)
            for each in (*truth.cases, *truth.pallets)
            if each.code is not None
        },
        filling=_filling(truth.cases) | _filling(truth.pallets),
    )


def _fate(item: ItemTruth) -> str:
    if item.taken_out:
        return UNCONFIRMED
    fates = {Fate.PASSED: PASSED, Fate.EJECTED: EJECTED, Fate.REMOVED: TAKEN_OFF}
    return NO_OUTCOME if item.outcome is None else fates[Fate(item.outcome)]


def _word(told: str | None, known: str, *, explained: bool) -> str:
    return told if explained and told in (EJECTED, UNCONFIRMED, TAKEN_OFF) else known


def _filling(containers: Iterable[ContainerTruth]) -> dict[str, tuple[str, ...]]:
    unlabelled = [each for each in containers if each.code is None]
    return {f"{each.level} {n}": tuple(each.contents) for n, each in enumerate(unlabelled, 1)}


def account_of_events(events: Iterable[Event]) -> Account:
    """What a journal says happened."""
    gate: dict[int, str] = {}
    codes: dict[int, str] = {}
    labels: dict[int, str] = {}
    contents: dict[int, tuple[str, list[str]]] = {}
    for event in events:
        match event:
            case Commissioned(item=item) | Rejected(item=item) if item is not None:
                gate.setdefault(item, NO_OUTCOME)
            case BeltUnknown(first_item=first, last_item=last):
                for number in range(first, last + 1):
                    gate.setdefault(number, NO_OUTCOME)
            case (
                Passed(item=item)
                | Ejected(item=item)
                | EjectedUnasked(item=item)
                | EjectFailed(item=item)
                | TakenOff(item=item)
                | Untracked(item=item)
            ):
                gate[item] = _FATES[event.kind]
                if isinstance(event, Passed):
                    codes[item] = event.key or f"item {item}"
            case Packed(container=container, container_level=level, key=key):
                contents.setdefault(container, (level, []))[1].append(key)
            case Closed(container=container, level=level, key=key):
                contents.setdefault(container, (level, []))
                labels[container] = key
            case Reworked(moves=moves):
                _take_in(moves, contents)
            case _:
                pass
    number_at: Counter[str] = Counter()
    closed: dict[str, tuple[str, ...]] = {}
    filling: dict[str, tuple[str, ...]] = {}
    for number, (level_name, children) in sorted(contents.items()):
        if number in labels:
            closed[labels[number]] = tuple(children)
            continue
        number_at[level_name] += 1
        filling[f"{level_name} {number_at[level_name]}"] = tuple(children)
    return Account(gate, codes, closed, filling)


def _take_in(moves: Iterable[Move], contents: Mapping[int, tuple[str, list[str]]]) -> None:
    """Carry what a repair moved from container to container."""
    for move in moves:
        before, after = move.before.inside, move.after.inside
        if before == after:
            continue
        if before is not None:
            contents[before][1].remove(move.key)
        if after is not None:
            contents[after][1].append(move.key)


def compare(accounts: Mapping[str, Account]) -> list[Difference]:
    """Every statement on which the tellers of `accounts` differ."""
    found: list[Difference] = []
    for about, name in (
        ("item at the gate", "gate"),
        ("code that passed", "codes"),
        ("closed container", "closed"),
        ("open container", "filling"),
    ):
        found += differing(about, {who: getattr(each, name) for who, each in accounts.items()})
    return found


def differing(about: str, statements: Mapping[str, Mapping[Subject, object]]) -> list[Difference]:
    """`statements` maps teller → subject → what is said; each subject not told alike by all."""
    subjects = sorted({subject for said in statements.values() for subject in said})
    return [
        Difference(
            about,
            str(subject),
            {
                who: _text(said[subject]) if subject in said else None
                for who, said in statements.items()
            },
        )
        for subject in subjects
        if len({said.get(subject) for said in statements.values()}) > 1
    ]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def verdicts(events: Iterable[Event]) -> dict[int, str]:
    """Item → why it got what it got: ``ACCEPTED``, a Reason, ``BELT_UNKNOWN``, or how an accepted
    one did not pass."""
    found: dict[int, str] = {}
    for event in events:
        match event:
            case Commissioned(item=item) if item is not None:
                found[item] = ACCEPTED
            case Rejected(item=item, reason=reason) if item is not None:
                found[item] = reason.value
            case BeltUnknown(first_item=first, last_item=last):
                found.update(dict.fromkeys(range(first, last + 1), UNKNOWN))
            case Ejected(item=item, reason=reason) | EjectFailed(item=item, reason=reason):
                if found.get(item) == ACCEPTED:
                    found[item] = reason.value
            case EjectedUnasked(item=item) | TakenOff(item=item):
                found[item] = event.kind.upper()
            case _:
                pass
    return found


def verdicts_by_fault(truth: Truth, given: Mapping[int, str]) -> dict[str, dict[str, int]]:
    """Fault → verdict → how many. ``none`` is the fault of good products."""
    table: dict[str, Counter[str]] = {}
    for item in truth.items:
        row = table.setdefault(item.fault or "none", Counter())
        row[_given(item, given)] += 1
    return {fault: dict(row) for fault, row in table.items()}


def good_ejected(truth: Truth, given: Mapping[int, str]) -> dict[str, dict[str, int]]:
    """Why good products were ejected: what the plant suffered or had suffered shortly before →
    verdict → how many."""
    table: dict[str, Counter[str]] = {}
    for item in truth.items:
        if item.good and item.outcome == "ejected":
            causes = {cause.removeprefix("after ") for cause in item.during}
            row = table.setdefault(" and ".join(sorted(causes)) or NOTHING, Counter())
            row[_given(item, given)] += 1
    return {cause: dict(row) for cause, row in table.items()}


def _given(item: ItemTruth, given: Mapping[int, str]) -> str:
    return NO_VERDICT if item.number is None else given.get(item.number, NO_VERDICT)


def bad_passed(truth: Truth) -> list[str]:
    """Products that should not have passed, one line each.

    A repeated code is bad only where its twin passed too: one of the two may leave the line. What
    a person took out again was noticed.
    """
    things = (*truth.items, *truth.put_in)
    passed = [item for item in things if item.outcome == Fate.PASSED and not item.taken_out]
    twins = Counter(item.key for item in passed)
    return [
        f"item {item.number} ({item.fault or 'no fault'}) passed with {item.printed!r}"
        for item in passed
        if (item.key is not None and twins[item.key] > 1)
        or (not item.good and item.fault != "duplicate")
    ]
