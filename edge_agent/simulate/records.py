"""What the ledger says about each item of a shift, and which item of the plant that is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from drivers.gate.registers import WORD
from drivers.sim.truth import ItemTruth
from edge_agent.core.body import from_body
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Disarmed,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Packed,
    Passed,
    Reason,
    Rejected,
    Released,
    Stopped,
    Stray,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import utc_us
from edge_agent.ledger.reader import LedgerReader
from edge_agent.simulate.shift import BELT, Shift
from edge_agent.simulate.virtual_time import UTC_START_US

Outcome = Passed | Ejected | EjectFailed | EjectedUnasked | TakenOff | Untracked


@dataclass(slots=True)
class ItemRecord:
    """One item's entries."""

    keys: list[str] = field(default_factory=list)
    """Codes that were accepted for it."""
    reasons: list[Reason] = field(default_factory=list)
    unknown: bool = False
    """It was on a belt that nobody watched."""
    outcomes: list[Outcome] = field(default_factory=list)

    def __str__(self) -> str:
        said = [f"accepted as {key}" for key in self.keys]
        said += [f"rejected {reason}" for reason in dict.fromkeys(self.reasons)]
        said += ["on an unknown belt"] * self.unknown
        for outcome in self.outcomes:
            reason = getattr(outcome, "reason", None)
            said.append(f"{outcome.kind} {reason or getattr(outcome, 'key', None) or 'no code'}")
        return ", ".join(said) or "nothing"


class Records:
    """A shift's journal, sorted by what it is about. Times are microseconds of the shift."""

    def __init__(self, shift: Shift, events: Iterable[Event], ended_us: int) -> None:
        self.items: dict[int, ItemRecord] = {}
        """By the ledger's item number."""
        self.units: list[Packed] = []
        """What was packed at the lowest level, in order."""
        self.packed: list[Packed] = []
        self.closed: list[Closed] = []
        self.strays: Counter[str] = Counter()
        self.stops_us: list[tuple[int, int]] = []
        """From each stop to its release."""
        self.disarmed: list[tuple[int, str]] = []
        self.untracked: dict[int, int] = {}
        """When it was said of each item, by its number."""
        self.first_armed_us = 0
        """Until then nobody watched."""
        self.offsets: dict[int, int] = {}
        """By the PLC's start: what to add to its numbers."""
        self._shift = shift
        self._stopped_us: int | None = None
        for event in events:
            self._sort_item(event)
            self._sort_line(event)
        if self._stopped_us is not None:
            self.stops_us.append((self._stopped_us, ended_us))

    def of(self, thing: ItemTruth) -> tuple[int | None, ItemRecord]:
        """The ledger's number and entries for `thing`; None if it cannot have any."""
        if thing.number is None or thing.start not in self.offsets:
            return None, ItemRecord()
        number = thing.number + self.offsets[thing.start]
        return number, self.items.get(number, ItemRecord())

    def _item(self, number: int) -> ItemRecord:
        return self.items.setdefault(number, ItemRecord())

    def _sort_item(self, event: Event) -> None:
        match event:
            case Commissioned(item=item, key=key) if item is not None:
                self._item(item).keys.append(key)
            case Rejected(item=item, reason=reason) if item is not None:
                self._item(item).reasons.append(reason)
            case BeltUnknown(first_item=first, last_item=last):
                for number in range(first, last + 1):
                    self._item(number).unknown = True
            case Passed() | Ejected() | EjectFailed() | EjectedUnasked() | TakenOff():
                self._item(event.item).outcomes.append(event)
            case Untracked(item=item):
                self._item(item).outcomes.append(event)
                self.untracked[item] = shift_us(event.at)
            case Packed():
                self.packed.append(event)
                if event.station == BELT:
                    self.units.append(event)
            case Closed():
                self.closed.append(event)
            case _:
                pass

    def _sort_line(self, event: Event) -> None:
        match event:
            case Armed(boot=boot, last_item=last) if boot not in self.offsets:
                if not self.offsets:
                    self.first_armed_us = shift_us(event.at)
                before = self._shift.items_before if boot == self._shift.first_start else 0
                counted = before + (last - before) % WORD
                self.offsets[boot] = last - counted
            case Disarmed(detail=detail):
                self.disarmed.append((shift_us(event.at), detail))
            case Stray(where=where, count=count):
                self.strays[where] += count
            case Stopped():
                self._stopped_us = shift_us(event.at)
            case Released() if self._stopped_us is not None:
                self.stops_us.append((self._stopped_us, shift_us(event.at)))
                self._stopped_us = None
            case _:
                pass


def read_events(path: Path) -> list[Event]:
    """The whole journal of the ledger at `path`."""
    with LedgerReader(path) as ledger:
        return [from_body(row.body) for row in ledger.walk()]


def shift_us(at: str) -> int:
    """When an event became true, from the start of the shift."""
    return utc_us(at) - UTC_START_US
