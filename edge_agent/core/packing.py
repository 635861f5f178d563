"""Containers being filled, for any number of levels.

Children fill the open container of the level above: one after the other in the order of the belt,
or, where the level is filled by scanning, each bench its own. A full one waits for its code while,
as far as the level's `waiting` allows, the next is being filled; codes name full ones oldest first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, pairwise

from edge_agent.core.events import Move, Opened, Packed, Parked, Reason
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import CodeKey, ContainerId, LevelName, StationName
from edge_agent.core.saying import say
from edge_agent.core.verify import Objection


@dataclass(frozen=True, slots=True)
class PairPlan:
    """The second code of each thing of a level: `pattern` matches its whole text, a group
    ``serial`` is its identity. `name` is what people call it."""

    pattern: re.Pattern[str]
    name: str


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """A level as configured; `capacity` is 0 at the lowest.

    `by_scan`: each bench fills containers of its own with what is scanned there. `mixed`: several
    products or batches may lie in one. `per_layer` children are a layer, where there are layers.
    """

    name: LevelName
    capacity: int = 0
    partial: bool = False
    waiting: int = 0
    by_scan: bool = False
    mixed: bool = False
    per_layer: int | None = None
    label: LabelPlan | None = None
    pair: PairPlan | None = None

    @property
    def numbers_here(self) -> bool:
        """Whether its containers get their codes here, with the label."""
        return self.label is not None and self.label.sscc is not None


@dataclass(slots=True)
class Filling:
    """A container that is not closed, and what was put into it so far.

    `bench` is the station whose own it is; None where it is filled in the order of the belt, or
    put aside (`parked`). `key` is its code, where it has one before it is closed. `gtin` and `lot`
    are those of the first thing in it, as far as they are known. `ready`: it takes no more, its
    label is under way. `order` is the one that was worked on when it was begun, or gone on with
    before it was full.
    """

    id: ContainerId
    level: LevelName
    children: list[CodeKey] = field(default_factory=list)
    bench: StationName | None = None
    key: CodeKey | None = None
    parked: bool = False
    gtin: str | None = None
    lot: str | None = None
    ready: bool = False
    order: str = ""


class Packing:
    """The containers that are not closed, on every level. Changes only by events' facts: `put`,
    `open`, `park`, `finish`, `move` and `close`, and the `order` that is worked on."""

    def __init__(self, levels: tuple[LevelPlan, ...]) -> None:
        self._plans = {plan.name: plan for plan in levels}
        self._above = {low.name: high for low, high in pairwise(levels)}
        self.filling: dict[LevelName, list[Filling]] = {plan.name: [] for plan in levels[1:]}
        """Oldest first; of one bench's, or of the belt's, all but the last are full. A level that
        is not configured any more keeps what is open on it."""
        self.next_id = ContainerId(1)
        self.order = ""

    # --- what is asked ---------------------------------------------------------------------

    def parent_of(self, level: LevelName) -> LevelPlan | None:
        """The level whose containers take things of `level`; None at the top."""
        return self._above.get(level)

    def is_container(self, level: LevelName) -> bool:
        return self._plans[level].capacity > 0

    def is_configured(self, level: LevelName) -> bool:
        return level in self._plans

    def owner(self, level: LevelName, station: StationName) -> StationName | None:
        """Whose containers of `level` are filled at `station`: its own where the level is filled by
        scanning, or where it has one that was opened there; else None, those of the belt."""
        if self._plans[level].by_scan:
            return station
        own = any(each.bench == station for each in self.filling[level])
        return station if own else None

    def queue(self, level: LevelName, owner: StationName | None = None) -> list[Filling]:
        """The containers of `level` that `owner` fills or has filled, oldest first."""
        return [
            each for each in self.filling.get(level, ()) if each.bench == owner and not each.parked
        ]

    def current(self, level: LevelName, owner: StationName | None = None) -> Filling | None:
        """The container of `level` that takes more, if one is begun."""
        fillings = self.queue(level, owner)
        return fillings[-1] if fillings and not self.is_full(fillings[-1]) else None

    def is_full(self, filling: Filling) -> bool:
        """Whether nothing more goes in."""
        plan = self._plans.get(filling.level)
        return filling.ready or (plan is not None and len(filling.children) >= plan.capacity)

    def find(self, container: ContainerId) -> Filling | None:
        """A container that is not closed."""
        return next((each for each in self.every() if each.id == container), None)

    def named(self, key: CodeKey) -> Filling | None:
        """The container that is not closed and has code `key`."""
        return next((each for each in self.every() if each.key == key), None)

    def every(self) -> Iterable[Filling]:
        """All that are not closed."""
        return chain.from_iterable(self.filling.values())

    def _full(self, fillings: list[Filling]) -> int:
        """How many of one queue are full: all but the last, whatever the capacity was when they
        were filled, and the last if nothing more goes in."""
        if not fillings:
            return 0
        return len(fillings) - (not self.is_full(fillings[-1]))

    def room_for(
        self, level: LevelName, coming: int, owner: StationName | None = None
    ) -> Objection | None:
        """Whether one more thing of `level` has a place, `coming` others being on their way."""
        parent = self._above.get(level)
        if parent is None or (parent.by_scan and owner is None):
            return None
        fillings = self.queue(parent.name, owner)
        full = self._full(fillings)
        begun = len(fillings[-1].children) if len(fillings) > full else 0
        if full * parent.capacity + begun + coming < parent.capacity * (parent.waiting + 1):
            return None
        return Objection(
            Reason.OVERFULL,
            say(
                "{count} full {level} wait for their code; scan it before packing more",
                count=full,
                level=parent.name,
            ),
        )

    def target(
        self, level: LevelName, owner: StationName | None = None
    ) -> tuple[ContainerId, LevelName] | None:
        """The container that the next thing of `level` goes into; None at the top, and where
        things are packed at a bench only."""
        parent = self._above.get(level)
        if parent is None or (parent.by_scan and owner is None):
            return None
        filling = self.current(parent.name, owner)
        return (filling.id if filling else self.next_id), parent.name

    def above(self, filling: Filling, station: StationName) -> tuple[ContainerId, LevelName] | None:
        """The container that `filling` goes into when it is closed at `station`; None at the top,
        and where it is packed at a bench only. One of an order before goes into what was put aside
        of the same order, or into none."""
        parent = self._above.get(filling.level)
        if parent is None or parent.by_scan:
            return None
        if parent.mixed or filling.order == self.order:
            return self.target(filling.level, self.owner(parent.name, station))
        for each in self.filling[parent.name]:
            if each.parked and each.order == filling.order and not self.is_full(each):
                return each.id, parent.name
        return None

    def closable(
        self, level: LevelName, coming: int, before: int = 0, owner: StationName | None = None
    ) -> Filling | Objection:
        """The container that a code of `level` closes now, `coming` children being on their way,
        and `before` such codes going before it."""
        plan = self._plans[level]
        every = self.queue(level, owner)
        fillings = every[before:]
        if self._full(every) > before:
            return fillings[0]
        packed = len(fillings[0].children) if fillings else 0
        holds: dict[str, str | int]
        holds = {"level": level, "count": packed, "capacity": plan.capacity}
        if packed and plan.partial and not coming:
            return fillings[0]
        if packed and plan.partial:
            saying = say(
                "the {level} holds {count} of {capacity}, and {coming} more are on the belt; scan "
                "again when they have passed",
                **holds,
                coming=coming,
            )
            return Objection(Reason.INCOMPLETE, saying)
        saying = say("the {level} holds {count} of {capacity}; fill it, then scan again", **holds)
        return Objection(Reason.INCOMPLETE, saying)

    # --- what happened ---------------------------------------------------------------------

    def put(self, packed: Packed) -> None:
        """A thing was packed; its container is opened if it is new."""
        filling = self._open(packed.container, packed.container_level, packed.bench)
        if not filling.children:
            filling.gtin, filling.lot = packed.gtin, packed.lot
        filling.children.append(packed.key)

    def open(self, opened: Opened) -> None:
        """A container is filled at a bench."""
        filling = self._open(opened.container, opened.level, opened.bench)
        filling.key = opened.key
        filling.children = list(opened.children)

    def park(self, parked: Parked) -> None:
        """A container was put aside, or is gone on with: then it is the last of its queue, and of
        the order that is worked on. One that is full stays of its own, and is the first; as is one
        that is not known: it was closed by mistake, or split off."""
        is_new = self.find(parked.container) is None
        filling = self._open(parked.container, parked.level, parked.bench)
        filling.parked, filling.bench, filling.ready = parked.parked, parked.bench, False
        is_full = self.is_full(filling)
        if not parked.parked and not is_full:
            filling.order = self.order
        fillings = self.filling[parked.level]
        fillings.remove(filling)
        fillings.insert(0 if is_new or is_full else len(fillings), filling)

    def finish(self, container: ContainerId) -> None:
        """The label of `container` is under way: nothing more goes in."""
        if filling := self.find(container):
            filling.ready = True

    def move(self, moves: Iterable[Move]) -> None:
        """A repair took things out and put things in. What is empty then, and has no code, is no
        container any more."""
        touched: list[Filling] = []
        for move in moves:
            if move.before.inside == move.after.inside:
                continue
            if move.before.inside is not None and (left := self.find(move.before.inside)):
                left.children.remove(move.key)
                touched.append(left)
            if move.after.inside is not None and (filling := self.find(move.after.inside)):
                filling.children.append(move.key)
                touched.append(filling)
        for filling in touched:
            filling.ready = False
            if not filling.children:
                filling.gtin = filling.lot = None
                if filling.key is None:
                    self.close(filling.id, filling.level)

    def close(self, container: ContainerId, level: LevelName) -> None:
        """`container` got its code and takes no more."""
        left = [each for each in self.filling.get(level, []) if each.id != container]
        self.filling[level] = left

    def _open(self, container: ContainerId, level: LevelName, bench: StationName | None) -> Filling:
        fillings = self.filling.setdefault(level, [])
        for filling in reversed(fillings):
            if filling.id == container:
                return filling
        fillings.append(Filling(container, level, bench=bench, order=self.order))
        self.next_id = ContainerId(max(self.next_id, container + 1))
        return fillings[-1]
