"""When a line must stop, and that only a person can let it run again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Commissioned,
    Condition,
    ConditionsChanged,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Passed,
    Reason,
    Rejected,
    Released,
    ShiftEnded,
    StopCause,
    Stopped,
    Stray,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import ItemNumber
from edge_agent.core.saying import Saying, say

CONTACTS: Mapping[Condition, Saying] = {
    Condition.BIN_FULL: say("the reject bin is full"),
    Condition.AIR_LOW: say("the air pressure is too low"),
    Condition.GUARD_OPEN: say("a guard is open"),
}
"""What each contact says."""
LONGEST = 1_000
"""Verdicts that are remembered, whatever the configuration says now."""


@dataclass(frozen=True, slots=True)
class StopPlan:
    """What stops a line: `in_a_row` rejects, `count` rejects among the last `of_last` verdicts
    (0: no limit), and each of `on`."""

    in_a_row: int = 0
    count: int = 0
    of_last: int = 100
    on: frozenset[StopCause] = frozenset()


@dataclass(slots=True)
class Interlock:
    """Of one gated station, a fold over its events. `stop` is why it is stopped, if it is."""

    stop: tuple[StopCause, str] | None = None
    conditions: frozenset[Condition] = frozenset()
    verdicts: dict[ItemNumber, bool] = field(default_factory=dict)
    """On the latest items since the last release, True for a reject. One of an item: a PASS that
    was withdrawn is a reject."""

    def apply(self, event: Event) -> None:
        match event:
            case Commissioned(item=item) | Rejected(item=item):
                if item is not None:
                    self._note(item, rejected=isinstance(event, Rejected))
            case Ejected(item=item) | EjectFailed(item=item) if item in self.verdicts:
                # Accepted, and kept out all the same: the verdict was late, say.
                self.verdicts[item] = event.reason is not Reason.STOPPED
            case BeltUnknown(first_item=first, last_item=last):
                # What a session's beginning costs says nothing about the products.
                for item in [each for each in self.verdicts if first <= each <= last]:
                    del self.verdicts[item]
            case ConditionsChanged(on=on):
                self.conditions = frozenset(on)
            case Stopped(cause=cause, detail=detail):
                self.stop = cause, detail
            case Released():
                self.stop = None
                self.verdicts.clear()
            case _:
                pass

    def _note(self, item: ItemNumber, *, rejected: bool) -> None:
        self.verdicts[item] = rejected
        if len(self.verdicts) > LONGEST:
            del self.verdicts[next(iter(self.verdicts))]

    def still_on(self, plan: StopPlan) -> list[Condition]:
        """The contacts for which the line must stay stopped."""
        return sorted(each for each in self.conditions if StopCause(each.value) in plan.on)

    def due(self, plan: StopPlan, event: Event) -> tuple[StopCause, str] | None:
        """Why the line must stop now, `event` having been applied last."""
        if self.stop is not None:
            return None
        causes = _contacts(self.conditions) if isinstance(event, Armed) else _causes(event)
        for cause, detail in causes:
            if cause in plan.on:
                return cause, detail
        if isinstance(event, Rejected | Ejected | EjectFailed):
            return self._too_many(plan)
        return None

    def _too_many(self, plan: StopPlan) -> tuple[StopCause, str] | None:
        if plan.in_a_row and len(self.verdicts) >= plan.in_a_row:
            latest = list(self.verdicts.values())[-plan.in_a_row :]
            if all(latest):
                return StopCause.REJECTS_IN_A_ROW, str(
                    say("{count} rejects in a row", count=plan.in_a_row)
                )
        if plan.count:
            rejects = sum(list(self.verdicts.values())[-plan.of_last :])
            if rejects >= plan.count:
                detail = say(
                    "{count} rejects among the last {items} items",
                    count=rejects,
                    items=plan.of_last,
                )
                return StopCause.REJECTS_OF_LAST, str(detail)
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "stop": self.stop,
            "conditions": sorted(self.conditions),
            "verdicts": list(self.verdicts.items()),
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Interlock":
        stop = saved["stop"]
        return cls(
            (StopCause(stop[0]), stop[1]) if stop else None,
            frozenset(map(Condition, saved["conditions"])),
            {ItemNumber(item): rejected for item, rejected in saved["verdicts"]},
        )


def _contacts(on: Iterable[Condition]) -> list[tuple[StopCause, str]]:
    return [(StopCause(each.value), str(CONTACTS[each])) for each in sorted(on)]


def _causes(event: Event) -> list[tuple[StopCause, str]]:
    if isinstance(event, ConditionsChanged):
        return _contacts(event.on)
    found = _cause(event)
    return [(found[0], str(found[1]))] if found else []


def _cause(event: Event) -> tuple[StopCause, Saying] | None:
    match event:
        case EjectFailed(item=item):
            said = say("item {item} was rejected, but the eject sensor has not seen it", item=item)
            return StopCause.UNCONFIRMED, said
        case EjectedUnasked(item=item):
            said = say("item {item} was let through, but it was ejected", item=item)
            return StopCause.UNASKED, said
        case Stray(where="bin", count=count):
            said = say("{count} things fell into the bin that are no items", count=count)
            return StopCause.UNASKED, said
        case Stray(where="line", count=count):
            said = say(
                "{count} things that are no items may have gone through the gate", count=count
            )
            return StopCause.ESCAPED, said
        case Stray(count=count):
            said = say("{count} things came to the gate that are no items", count=count)
            return StopCause.APPEARED, said
        case TakenOff(item=item):
            return StopCause.TAKEN_OFF, say("item {item} vanished before the gate", item=item)
        case Passed(item=item, key=None):
            said = say("item {item} went through the gate without leave", item=item)
            return StopCause.ESCAPED, said
        case Untracked(item=item):
            return StopCause.UNTRACKED, say("nobody knows what became of item {item}", item=item)
        case ShiftEnded(shift=shift, differences=differences) if differences:
            said = say(
                "{count} items of shift {shift} do not agree", count=differences, shift=shift
            )
            return StopCause.DIFFERENCE, said
    return None
