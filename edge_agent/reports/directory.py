"""What people have named on a line: products, orders and each other. A fold over `Edited` and
`OrderChanged` events."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.core.events import Edited, Event, OrderChanged, Subject
from edge_agent.core.names import OrderId, PersonId, Seq


@dataclass(frozen=True, slots=True)
class Order:
    """A work order as it was last edited; dates are ISO 8601, `target` is in things of the lowest
    level, 0 where none was set. `known`: somebody made it; else the line only worked on it."""

    id: OrderId
    gtin: str = ""
    batch: str = ""
    made: str = ""
    expiry: str = ""
    target: int = 0
    ended: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The line worked on `order` from event `seq` on; empty: on none."""

    seq: Seq
    at: str
    order: OrderId


@dataclass(slots=True)
class Directory:
    """Names by identity, and every change of the order, the oldest first."""

    products: dict[str, str] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    people: dict[PersonId, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[tuple[int, Event]], products: dict[str, str]) -> "Directory":
        """From the events with their numbers; `products` are the configured ones, by GTIN."""
        directory = cls(dict(products))
        for seq, event in events:
            directory.apply(seq, event)
        return directory

    def apply(self, seq: int, event: Event) -> None:
        match event:
            case OrderChanged(at=at, order=order):
                self.changes.append(Change(Seq(seq), at, OrderId(order)))
            case Edited(subject=Subject.ORDER, id=name, new=new):
                order_id = OrderId(name)
                if new is None:
                    self.orders.pop(order_id, None)
                else:
                    self.orders[order_id] = _order(order_id, dict(new))
            case Edited(subject=Subject.PRODUCT, id=gtin, new=new) if new is not None:
                self.products[gtin] = new.get("name", "")
            case Edited(subject=Subject.PERSON, id=person, new=new) if new is not None:
                self.people[PersonId(person)] = new.get("name", "")
            case _:
                pass

    def order(self, order_id: OrderId) -> Order:
        return self.orders.get(order_id, Order(order_id))

    def worked_on(self) -> list[OrderId]:
        """Every order that the line ever worked on, the latest first."""
        latest = dict.fromkeys(change.order for change in reversed(self.changes))
        return [order for order in latest if order]

    def order_before(self, seq: int) -> OrderId:
        """What the line worked on when event `seq` + 1 was written; empty: nothing."""
        before = [change.order for change in self.changes if change.seq <= seq]
        return before[-1] if before else OrderId("")


def _order(order_id: OrderId, values: dict[str, str]) -> Order:
    target = values.get("target", "")
    return Order(
        order_id,
        values.get("gtin", ""),
        values.get("batch", ""),
        values.get("made", ""),
        values.get("expiry", ""),
        int(target) if target.isdecimal() else 0,
        bool(values.get("ended")),
        known=True,
    )
