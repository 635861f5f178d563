"""What the line knows now, as a fold over its events.

The ledger's journal is the truth; this state is what remains of it in memory. A snapshot of it
only spares the replay: state = snapshot + the events since.
"""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, TypeVar

from edge_agent.core.accounts import Accounts
from edge_agent.core.acts import Acts
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Disarmed,
    Edited,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    LabelQueued,
    Opened,
    OrderChanged,
    Packed,
    Parked,
    Passed,
    Reason,
    Rejected,
    Reworked,
    SignedIn,
    SignedOut,
    Subject,
    TakenOff,
    Untracked,
)
from edge_agent.core.interlock import Interlock
from edge_agent.core.labels import Labels
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    LevelName,
    OrderId,
    PersonId,
    StationName,
)
from edge_agent.core.packing import Filling, LevelPlan, Packing
from edge_agent.core.people import Person, Role

Key = TypeVar("Key", bound=str)
FORM = 6
"""Of `to_json`. A state of another form is made anew from the events."""
PENDING_LIMIT = 512
"""Items awaiting the gate's word. No PLC ring is longer, so an older answer is gone."""


@dataclass(slots=True)
class Belt:
    """The items of one gated station: how far they are accounted for, and who is still coming.

    `pending` holds items that have a verdict and not yet an outcome: the accepted code (or None)
    and the reason of the reject (or None); `products` their GTIN and lot, as far as they are known.
    `skipped` are items before `last_item` without a verdict yet.
    """

    last_item: ItemNumber
    boot: int
    pending: dict[ItemNumber, tuple[CodeKey | None, Reason | None]] = field(default_factory=dict)
    skipped: set[ItemNumber] = field(default_factory=set)
    products: dict[ItemNumber, tuple[str | None, str | None]] = field(default_factory=dict)
    armed: bool = False
    """Whether a session with the PLC is in force."""
    interlock: Interlock = field(default_factory=Interlock)

    def is_settled(self, item: ItemNumber) -> bool:
        """Whether the gate has answered for `item`, or will not any more."""
        return item <= self.last_item and item not in self.pending and item not in self.skipped

    def unknown(self, until: ItemNumber) -> list[tuple[ItemNumber, ItemNumber]]:
        """First and last of each run of items up to `until` that have no verdict, or leave to pass
        and no outcome."""
        accepted = {item for item, (_, reason) in self.pending.items() if reason is None}
        runs = [(item, item) for item in sorted(self.skipped | accepted)]
        if until > self.last_item:
            runs.append((ItemNumber(self.last_item + 1), until))
        joined: list[tuple[ItemNumber, ItemNumber]] = []
        for first, last in runs:
            if joined and joined[-1][1] == first - 1:
                first = joined.pop()[0]  # noqa: PLW2901 it begins where the one before did
            joined.append((first, last))
        return joined

    def apply(self, event: Event) -> None:
        """Take in one more event of this station."""
        match event:
            case Armed():
                self.armed = True
            case Disarmed():
                self.armed = False
            case BeltUnknown(first_item=first, last_item=last):
                for number in range(max(first, last - PENDING_LIMIT + 1), last + 1):
                    self._decide(ItemNumber(number), None, Reason.AMBIGUOUS)
                self._account(first, last)
            case Commissioned(item=item, key=key) if item is not None:
                self._decide(item, key, None)
                self._account(item, item)
                self.products[item] = event.gtin, event.lot
            case Rejected(item=item, reason=reason) if item is not None:
                self._decide(item, None, reason)
                self._account(item, item)
            case (
                Passed(item=item)
                | Ejected(item=item)
                | EjectFailed(item=item)
                | EjectedUnasked(item=item)
                | TakenOff(item=item)
                | Untracked(item=item)
            ):
                self.pending.pop(item, None)
                self.products.pop(item, None)
            case _:
                pass
        self.interlock.apply(event)

    def _decide(self, item: ItemNumber, key: CodeKey | None, reason: Reason | None) -> None:
        # A second verdict on an item can only withdraw the first; the code stays known.
        earlier, _ = self.pending.get(item, (None, None))
        self.pending[item] = (key or earlier, reason)

    def _account(self, first: ItemNumber, last: ItemNumber) -> None:
        """Items `first` to `last` have a verdict now."""
        between = range(max(self.last_item + 1, first - PENDING_LIMIT), first)
        self.skipped.update(map(ItemNumber, between))
        self.skipped.difference_update(range(first, last + 1))
        self.last_item = max(self.last_item, last)


@dataclass(frozen=True, slots=True)
class LastClosed:
    """The container code that was read last, where and when."""

    key: CodeKey
    station: StationName
    at: str


class LineState:
    """Changes only by `apply`."""

    def __init__(self, levels: tuple[LevelPlan, ...]) -> None:
        self.packing = Packing(levels)
        self.belts: dict[StationName, Belt] = {}
        self.last_closed: dict[LevelName, LastClosed] = {}
        # What passes a gate is packed there, or scanned into a bench's container later.
        self.accounts = Accounts(packs=len(levels) > 1 and not levels[1].by_scan)
        self.labels = Labels()
        self.acts = Acts()
        self.order = ""
        """What the line works on, by the name it was given."""
        self.orders: dict[OrderId, Mapping[str, str]] = {}
        """The values of each order (core.orders), by its number."""
        self.products: dict[str, Mapping[str, str]] = {}
        """The values of each product, by its GTIN."""
        self.done: Tally[OrderId] = Tally()
        """Things of the lowest level that were accepted for each order."""
        self.signed_in: dict[StationName, Person] = {}
        self._lowest = levels[0].name
        self.tally: Tally[str] = Tally()
        """Events by kind, and rejects by reason (``rejected.DUPLICATE``)."""

    @property
    def active_order(self) -> Mapping[str, str] | None:
        """The values of the order that is worked on, where they are known."""
        return self.orders.get(OrderId(self.order)) if self.order else None

    def coming(self) -> int:
        """Accepted items that have not reached the gate yet."""
        return sum(
            key is not None and reason is None
            for belt in self.belts.values()
            for key, reason in belt.pending.values()
        )

    def products_coming(self) -> list[tuple[str | None, str | None]]:
        """GTIN and lot of each accepted item that has not reached the gate yet."""
        return [
            belt.products.get(item, (None, None))
            for belt in self.belts.values()
            for item, (key, reason) in belt.pending.items()
            if key is not None and reason is None
        ]

    def apply(self, event: Event) -> None:
        """Take in one more event. The same events in the same order give the same state."""
        self.tally[event.kind] += 1
        self.acts.apply(event, self.belts, self.packing)
        match event:
            case Armed():
                self._arm(event)
            case BeltUnknown(first_item=first, last_item=last):
                self.tally["items.unknown"] += last - first + 1
            case Rejected():
                self.tally[f"rejected.{event.reason}"] += 1
            case Passed(key=key):
                self.tally["escaped"] += key is None
                self._count(key is not None)
            case Commissioned(level=level, item=item):
                self._count(item is None and level == self._lowest)
            case Packed() | Closed() | Opened() | Parked() | Reworked() | LabelQueued():
                self._pack(event)
            case OrderChanged(order=order):
                self.order = self.packing.order = order
            case SignedIn(person=person, language=language):
                who = Person(person, event.name, event.role, language or "")
                self.signed_in[event.station] = who
            case SignedOut():
                self.signed_in.pop(event.station, None)
            case Edited():
                self._edit(event)
            case _:
                pass
        self.accounts.apply(event)
        self.labels.apply(event)
        if belt := self.belts.get(event.station):
            belt.apply(event)

    def _pack(self, event: Event) -> None:
        match event:
            case Packed():
                self.packing.put(event)
            case Closed():
                self.packing.close(event.container, event.level)
                self.last_closed[event.level] = LastClosed(event.key, event.station, event.at)
            case Opened():
                self.packing.open(event)
            case Parked():
                self.packing.park(event)
            case Reworked(moves=moves):
                self.packing.move(moves)
            case LabelQueued(container=container) if container is not None:
                self.packing.finish(container)
            case _:
                pass

    def _count(self, counts: bool) -> None:
        if counts and self.order:
            self.done[OrderId(self.order)] += 1

    def _edit(self, edited: Edited) -> None:
        match edited.subject:
            case Subject.PRODUCT:
                _replace(self.products, edited.id, edited.new)
            case Subject.ORDER:
                _replace(self.orders, OrderId(edited.id), edited.new)
            case _:
                pass

    def _arm(self, armed: Armed) -> None:
        belt = self.belts.get(armed.station)
        if belt is None or belt.boot != armed.boot:
            interlock = belt.interlock if belt else Interlock()
            belt = Belt(armed.last_item, armed.boot, interlock=interlock)
            self.belts[armed.station] = belt

    def to_json(self) -> dict[str, Any]:
        """The whole state as plain JSON values."""
        return {
            "form": FORM,
            "belts": {
                name: {
                    "last_item": belt.last_item,
                    "boot": belt.boot,
                    "pending": [[item, *verdict] for item, verdict in belt.pending.items()],
                    "skipped": sorted(belt.skipped),
                    "products": [[item, *each] for item, each in belt.products.items()],
                    "armed": belt.armed,
                    "interlock": belt.interlock.to_json(),
                }
                for name, belt in self.belts.items()
            },
            "filling": {
                level: [astuple(each) for each in fillings]
                for level, fillings in self.packing.filling.items()
            },
            "next_container": self.packing.next_id,
            "last_closed": {
                level: [closed.key, closed.station, closed.at]
                for level, closed in self.last_closed.items()
            },
            "accounts": self.accounts.to_json(),
            "labels": self.labels.to_json(),
            "acts": self.acts.to_json(),
            "order": self.order,
            "orders": self.orders,
            "products": self.products,
            "done": dict(self.done),
            "signed_in": {name: astuple(person) for name, person in self.signed_in.items()},
            "tally": dict(self.tally),
        }

    @classmethod
    def from_json(cls, levels: tuple[LevelPlan, ...], saved: dict[str, Any]) -> "LineState":
        """The state that `to_json` wrote."""
        state = cls(levels)
        for name, belt in saved["belts"].items():
            pending = {
                ItemNumber(item): (key, Reason(reason) if reason else None)
                for item, key, reason in belt["pending"]
            }
            skipped = set(map(ItemNumber, belt["skipped"]))
            state.belts[StationName(name)] = Belt(
                ItemNumber(belt["last_item"]),
                belt["boot"],
                pending,
                skipped,
                {ItemNumber(item): (gtin, lot) for item, gtin, lot in belt["products"]},
                belt["armed"],
                Interlock.from_json(belt["interlock"]),
            )
        for name, fillings in saved["filling"].items():
            level = LevelName(name)
            state.packing.filling[level] = [_filling(each) for each in fillings]
        state.packing.next_id = ContainerId(saved["next_container"])
        state.last_closed = {
            LevelName(level): LastClosed(*closed) for level, closed in saved["last_closed"].items()
        }
        state.accounts.load(saved["accounts"])
        state.labels = Labels.from_json(saved["labels"])
        state.acts = Acts.from_json(saved["acts"])
        state.order = state.packing.order = saved["order"]
        state.orders = {OrderId(number): values for number, values in saved["orders"].items()}
        state.products = saved["products"]
        state.done = Tally(saved["done"])
        state.signed_in = {
            StationName(station): Person(PersonId(number), name, Role(role), language)
            for station, (number, name, role, language) in saved["signed_in"].items()
        }
        state.tally = Tally(saved["tally"])
        return state

    def refuse_lost_containers(self) -> None:
        """Raise LevelsChangedError if containers are open on a level that is not configured."""
        for level, fillings in self.packing.filling.items():
            if fillings and not self.packing.is_configured(level):
                raise LevelsChangedError(level, [each.id for each in fillings])


def _filling(saved: list[Any]) -> Filling:
    number, level, children, *rest = saved
    return Filling(ContainerId(number), LevelName(level), list(children), *rest)


def _replace(values: dict[Key, Mapping[str, str]], key: Key, new: Mapping[str, str] | None) -> None:
    if new is None:
        values.pop(key, None)
    else:
        values[key] = new


class LevelsChangedError(Exception):
    """The configuration dropped a level that still has open containers."""

    def __init__(self, level: LevelName, containers: list[int]) -> None:
        super().__init__(
            f"level {level!r} has open containers {', '.join(map(str, containers))} but is not "
            "configured any more; put the level back, close them, then remove it"
        )
