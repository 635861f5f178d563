"""What the pages show of this moment, put together from the line's state and what was just said.

Reads, commands and what became of them are remembered per station, the last OPERATIONS; those of
before the start as the ledger's events tell them. The large field shows only what was said since
the start: an old success must not look like an answer to the scan that is being made.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise

from edge_agent import clock
from edge_agent.config import LineConfig, Station
from edge_agent.core.effects import Show
from edge_agent.core.labels import Fate
from edge_agent.core.names import LevelName, OrderId, StationName
from edge_agent.core.packing import Filling
from edge_agent.core.record import LinePlan
from edge_agent.line.counts import Counts
from edge_agent.line.engine import Engine
from edge_agent.views import (
    CELLS,
    Box,
    DeviceView,
    GateView,
    LastRead,
    LineView,
    OrderView,
    ProductView,
    StationView,
)

OPERATIONS = 20
LISTED = 200
"""Orders, and products, in a view: the newest."""
CELL_TEXT = 6
"""Characters of a child that its cell shows."""

_LABEL = {Fate.QUEUED: "printing", Fate.PRINTED: "printed", Fate.FAILED: "failed"}


@dataclass(slots=True)
class _Said:
    """What was said at one station; `last` since the start."""

    n: int
    last: LastRead | None = None
    operations: deque[LastRead] = field(default_factory=lambda: deque(maxlen=OPERATIONS))
    """Newest first."""


class Views:
    """Builds views. `devices` and `gates` say how the devices and the gates are now."""

    def __init__(
        self,
        config: LineConfig,
        plan: LinePlan,
        engine: Engine,
        counts: Counts,
        devices: Callable[[], Iterable[DeviceView]],
        gates: Mapping[StationName, Callable[[], GateView]],
    ) -> None:
        self._config = config
        self._engine = engine
        self._counts = counts
        self._devices = devices
        self._gates = gates
        self._plans = {level.name: level for level in plan.levels}
        # Numbers go on from the events', by which those of before the start are told apart.
        self._said = {name: _Said(engine.last_seq) for name in plan.stations}
        names = [level.name for level in plan.levels]
        self._shown_at = {
            StationName(station.name): [
                above
                for below, above in pairwise(names)
                if below in station.reads or above in station.reads
            ]
            for station in config.stations
        }
        self.hq_waiting: int | None = None

    def show(self, said: Show) -> LastRead:
        """`said` is the last that was said at its station, if it is one: an edit is the line's."""
        place = self._said.get(said.station) or _Said(0)
        place.n += 1
        last = LastRead(
            n=place.n,
            at=clock.at(said.received_us).isoformat(),
            tone=said.tone,
            saying=said.saying,
            reason=said.reason,
            key=said.key,
            text=said.text,
            first=said.first,
            culprits=said.culprits,
            picture=said.picture,
        )
        place.last = last
        place.operations.appendleft(last)
        return last

    def told_earlier(self, earlier: Mapping[StationName, Iterable[LastRead]]) -> None:
        """What was done at each station before the start, newest first."""
        for name, operations in earlier.items():
            said = self._said[name].operations
            said.extend(islice(operations, OPERATIONS - len(said)))

    def line(self) -> LineView:
        """The whole line as it is now."""
        now, state, config = clock.now(), self._engine.state, self._config
        self._counts.look(now.utc_us)
        orders = self._orders()
        return LineView(
            line=config.line.name,
            seq=self._engine.last_seq,
            at=now.isoformat(),
            halted=self._engine.halted,
            shift=self._counts.shift,
            order=next((order for order in orders if order.id == state.order), None),
            order_name=state.order,
            orders=orders,
            products=self._products(),
            stations=tuple(self._station(station) for station in config.stations),
            devices=tuple(self._devices()),
            hq_waiting=self.hq_waiting,
            secret_codes=config.line.secret_codes,
            rejects=dict(self._counts.rejects),
        )

    def _orders(self) -> tuple[OrderView, ...]:
        state = self._engine.state
        listed = dict(list(state.orders.items())[-LISTED:])
        if (worked_on := state.active_order) is not None:
            listed[OrderId(state.order)] = worked_on
        return tuple(
            OrderView(
                id=number,
                gtin=order.get("gtin", ""),
                batch=order.get("batch", ""),
                made=order.get("made", ""),
                expiry=order.get("expiry", ""),
                target=int(order.get("target") or 0),
                done=state.done.get(number, 0),
                ended=bool(order.get("ended")),
            )
            for number, order in listed.items()
        )

    def _products(self) -> tuple[ProductView, ...]:
        products = self._engine.state.products
        names = {each.gtin: each.name for each in self._config.products}
        names |= {gtin: values.get("name", "") for gtin, values in products.items()}
        return tuple(ProductView(*each) for each in list(names.items())[-LISTED:])

    def _station(self, station: Station) -> StationView:
        name = StationName(station.name)
        said = self._said[name]
        here = [
            filling
            for level in self._shown_at[name]
            for filling in self._engine.state.packing.filling.get(level, ())
            if filling.bench in self._owners(station) or filling.parked
        ]
        gate = self._gates.get(name)
        return StationView(
            name=name,
            work=station.page,
            levels=tuple(station.reads),
            signed_in=self._engine.state.signed_in.get(name),
            last=said.last,
            prompt=self._engine.prompt(name),
            boxes=tuple(self._box(each) for each in here if not each.parked),
            parked=tuple(self._box(each) for each in here if each.parked),
            counters=self._counts.at(name),
            operations=tuple(said.operations),
            gate=gate() if gate else None,
            camera=station.scanner if station.scanner in self._config.cameras else None,
            readers=tuple(
                each
                for each in (station.scanner, station.second_scanner, station.handheld)
                if each is not None
            ),
        )

    @staticmethod
    def _owners(station: Station) -> tuple[StationName | None, ...]:
        """Whose containers are filled at `station`: its own and, but for a table for repairs, the
        belt's."""
        name = StationName(station.name)
        return (name,) if station.page == "rework" else (name, None)

    def _box(self, filling: Filling) -> Box:
        plan = self._plans.get(LevelName(filling.level))
        job = self._engine.state.labels.of(filling.id)
        return Box(
            id=filling.id,
            level=filling.level,
            capacity=plan.capacity if plan else 0,
            count=len(filling.children),
            children=tuple(child[-CELL_TEXT:] for child in filling.children[:CELLS]),
            per_layer=plan.per_layer if plan else None,
            key=filling.key or (job.key if job else None),
            label=_LABEL[job.fate] if job else "",
        )
