"""A repair while it is planned: what it moves, and all that speaks against it.

Every repair is checked by the same rules, whatever it is: a thing lies in at most one container,
of the level above its own; no container takes more than it holds, or what does not belong
together; what is out of use lies nowhere and holds nothing; only what is closed and not empty
lies in a container.
"""

from dataclasses import replace
from itertools import pairwise

from edge_agent.core.codes import Code
from edge_agent.core.contents import Product, product_of
from edge_agent.core.events import Closed, Commissioned, Event, Move, Parked, Place, Reworked
from edge_agent.core.history import History, Known, KnownContainer
from edge_agent.core.names import CodeKey, ContainerId, Gtin, LevelName, StationName
from edge_agent.core.packing import LevelPlan, Packing
from edge_agent.core.rework.task import Refusal, Repair, Scanned, Task
from edge_agent.core.rework.words import named, whereabouts
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import ContainerState, State
from edge_agent.core.verify import Due, verify

AGAIN = (State.EJECTED, State.TAKEN_OFF)
"""What never left the line, and so may come again as if it were new."""
IN_USE = (State.ACTIVE, State.PACKED)


class Draft:
    """What is planned so far. Nothing of it is true until `finish` gives its events."""

    def __init__(
        self, task: Task, levels: tuple[LevelPlan, ...], packing: Packing, history: History
    ) -> None:
        self.task = task
        self.packing = packing
        self.history = history
        self.plans = {plan.name: plan for plan in levels}
        self._lowest = levels[0].name
        self.above = {low.name: high.name for low, high in pairwise(levels)}
        self.moves: dict[CodeKey, Move] = {}
        self.opening: list[Event] = []
        """What must be true before things are moved."""
        self.closing: list[Event] = []
        """What is true after."""
        self._culprits: list[Saying] = []
        self._products: dict[CodeKey, Product] = {}
        self._made: KnownContainer | None = None

    # --- what was scanned ------------------------------------------------------------------

    def blame(self, *culprits: Saying) -> None:
        """`culprits` speak against the repair; each is said once."""
        self._culprits += (each for each in culprits if each not in self._culprits)

    def known(self, scanned: Scanned) -> Known | None:
        """What the scanned code names; a culprit if it names nothing."""
        if scanned.known is None:
            self.blame(say("{code} was never seen on this line", code=scanned.code.key))
        return scanned.known

    def container_of(
        self, scanned: Scanned, level: LevelName | None = None
    ) -> KnownContainer | None:
        """The container that was scanned, or in which the scanned thing lies; a culprit if there is
        none. Without a `level`, the one that the code names goes before the one it lies in."""
        known = self.known(scanned)
        if known is None:
            return None
        candidates = [known.holds, known.inside[0] if known.inside else None]
        for each in candidates:
            container = None if each is None else self.container(each)
            if container is not None and level in (None, container.level):
                return container
        if level is not None and known.level != level:
            self.blame(
                say(
                    "{code} is a {level}: a {outer} is due, or what lies in one",
                    code=known.key,
                    level=known.level,
                    outer=level,
                )
            )
        else:
            self.blame(whereabouts(known))
        return None

    def container(self, container: ContainerId) -> KnownContainer | None:
        """A container of the line, or the one that the repair makes."""
        if self._made is not None and self._made.id == container:
            return self._made
        return self.history.container(container)

    # --- what is done ----------------------------------------------------------------------

    def take_out(self, known: Known, state: State = State.ACTIVE) -> None:
        """A packed thing comes out of its container, and is in `state` then."""
        if known.state is State.PACKED:
            self.move(known, Place(state))
        else:
            self.blame(whereabouts(known))

    def put(self, known: Known, container: KnownContainer) -> None:
        """A thing that lies elsewhere, or nowhere, goes into `container`."""
        already_there = known.inside is not None and known.inside[0] == container.id
        if known.state in IN_USE and not already_there:
            self.move(known, Place(State.PACKED, container.id, container.key))
        else:
            self.blame(whereabouts(known))

    def put_new(self, scanned: Scanned, container: KnownContainer) -> None:
        """A thing that was never seen, or lies nowhere, goes into `container`."""
        known, code = scanned.known, scanned.code
        if known is not None and known.state is State.ACTIVE:
            if not self._returns(known, container):
                gtin, lot = self._product_of(known.key)
                self._ask(replace(code, gtin=Gtin(gtin) if gtin else None, lot=lot), (code.level,))
            self.put(known, container)
            return
        if known is not None and known.state not in AGAIN:
            self.blame(whereabouts(known))
            return
        below = tuple(low for low, high in self.above.items() if high == container.level)
        if not self._ask(code, below):
            return
        if code.level != self._lowest:
            # A container that nobody has filled here holds nothing.
            self.blame(say("{code} was never seen on this line", code=code.key))
        elif self.plans[code.level].pair is not None:
            self.blame(
                say("{code} has a second code: pack it at a bench, with both", code=code.key)
            )
        else:
            self.opening.append(self._commissioned(code))
            self._products[code.key] = code.gtin, code.lot
            after = Place(State.PACKED, container.id, container.key)
            self.moves[code.key] = Move(code.key, code.level, Place(State.ACTIVE), after)

    def _ask(self, code: Code, levels: tuple[LevelName, ...]) -> bool:
        """Whether `code` would be packed at a bench: the order that is worked on says so too."""
        order = self.task.order if code.level == self._lowest else None
        due = Due(levels, self.task.due.products, gated=False)
        if objection := verify(code, due, None, order):
            self.blame(objection.detail)
        return objection is None

    def _returns(self, known: Known, container: KnownContainer) -> bool:
        """Whether the thing comes to others of its product: it may be of an earlier order."""
        gtin, _ = self._product_of(known.key)
        return (
            bool(gtin and container.children) and gtin == self._product_of(container.children[0])[0]
        )

    def move(self, known: Known, after: Place) -> None:
        """`known` goes to `after`, from wherever it is."""
        if known.key in self.moves:
            self.blame(say("{code} was scanned twice", code=known.key))
            return
        inside, parent = known.inside or (None, None)
        before = Place(known.state, inside, parent)
        self.moves[known.key] = Move(known.key, known.level, before, after)

    def make_container(
        self, level: LevelName, code: Code | None, bench: StationName | None
    ) -> KnownContainer:
        """A container for what is moved: closed at the end with `code`, if there is one, else the
        one that is filled next, at `bench`."""
        key = code.key if code else None
        self._made = KnownContainer(
            self.packing.next_id, level, ContainerState.OPEN, key, children=()
        )
        self.open(self._made, bench)
        if code is not None:
            self.opening.append(self._commissioned(code))
        return self._made

    def open(
        self, container: KnownContainer, bench: StationName | None, *, parked: bool = False
    ) -> None:
        """`container` has no code and is being filled, at `bench`; or it is put aside."""
        self.opening.append(
            Parked(
                at=self.task.at,
                station=self.task.station,
                level=container.level,
                container=container.id,
                parked=parked,
                bench=bench,
                by=self.task.by,
            )
        )

    def close(self, container: KnownContainer, key: CodeKey, children: list[CodeKey]) -> None:
        """`container` is closed when all is done."""
        self.closing.append(
            Closed(
                at=self.task.at,
                station=self.task.station,
                key=key,
                level=container.level,
                container=container.id,
                children=tuple(children),
                by=self.task.by,
                approved_by=self.task.approved_by,
            )
        )

    def _commissioned(self, code: Code) -> Commissioned:
        return Commissioned(
            at=self.task.at,
            station=self.task.station,
            key=code.key,
            level=code.level,
            text=code.text,
            gtin=code.gtin,
            serial=code.serial,
            lot=code.lot,
            expiry=code.expiry,
        )

    # --- what speaks against it ------------------------------------------------------------

    def finish(self, saying: Saying, key: CodeKey | None = None) -> Repair | Refusal:
        """The repair, or all culprits."""
        contents = self._contents()
        for move in self.moves.values():
            self._check_thing(move, contents)
        for container, children in contents.items():
            self._check_container(container, children)
        if self._culprits:
            return tuple(self._culprits)
        task, made = self.task, self._made
        if made is not None and made.key is not None:
            self.close(made, made.key, contents[made.id])
        reworked = Reworked(
            at=task.at,
            station=task.station,
            operation=task.operation,
            by=task.by,
            approved_by=task.approved_by,
            why=task.why,
            moves=tuple(self.moves.values()),
        )
        events = (*self.opening, reworked, *self.closing)
        return Repair(events, saying, key, made if made and made.key is None else None)

    def _contents(self) -> dict[ContainerId, list[CodeKey]]:
        """What lies in each container that the repair touches, when it is done."""
        contents: dict[ContainerId, list[CodeKey]] = {}

        def children(container: ContainerId) -> list[CodeKey]:
            if container not in contents:
                known = self.container(container)
                contents[container] = list(known.children) if known else []
            return contents[container]

        for move in self.moves.values():
            if move.before.inside is not None:
                children(move.before.inside).remove(move.key)
        for move in self.moves.values():
            if move.after.inside is not None:
                children(move.after.inside).append(move.key)
        return contents

    def _check_thing(self, move: Move, contents: dict[ContainerId, list[CodeKey]]) -> None:
        """What is moved as a container: it must be closed, and not be empty, to lie in another; and
        empty to be out of use."""
        known = self.history.find(move.key)
        held = self.container(known.holds) if known and known.holds is not None else None
        if held is None:
            return
        count = len(contents.get(held.id, held.children))
        filling = self.packing.find(held.id)
        if filling is not None:
            self.blame(say("{container} is being filled: close it first", container=named(held)))
        elif move.after.state is State.PACKED and not count:
            self.blame(say("{container} is empty", container=named(held)))
        elif move.after.state is State.DECOMMISSIONED and count:
            self.blame(
                say("{container} holds {count}: empty it first", container=named(held), count=count)
            )

    def _check_container(self, container_id: ContainerId, children: list[CodeKey]) -> None:
        container = self.container(container_id)
        if container is None:
            self.blame(say("container #{number} is not known", number=container_id))
            return
        filling = self.packing.find(container_id)
        if filling and not filling.parked and filling.bench not in (None, self.task.station):
            self.blame(
                say(
                    "{container} is being filled at {bench}: put it aside there first",
                    container=named(container),
                    bench=filling.bench or "",
                )
            )
        coming = [move for move in self.moves.values() if move.after.inside == container_id]
        self._check_own_place(container, children, coming)
        if not coming:
            return
        plan = self.plans[container.level]
        if len(children) > max(plan.capacity, len(container.children)):
            self.blame(
                say(
                    "{container} holds {count} of {capacity}: {more} more do not fit",
                    container=named(container),
                    count=len(container.children),
                    capacity=plan.capacity,
                    more=len(children) - len(container.children),
                )
            )
        for move in coming:
            if self.above.get(move.level) != container.level:
                self.blame(
                    say(
                        "{code} is a {level}: it does not go into a {outer}",
                        code=move.key,
                        level=move.level,
                        outer=container.level,
                    )
                )
        if not plan.mixed:
            self._check_together(container, children, coming)

    def _check_own_place(
        self, container: KnownContainer, children: list[CodeKey], coming: list[Move]
    ) -> None:
        """Nothing goes into what is out of use, and nothing that lies in another gets empty."""
        own = self.history.find(container.key) if container.key else None
        if own is None:
            return
        if coming and own.state not in IN_USE:
            self.blame(whereabouts(own))
        elif own.inside is not None and not children and own.key not in self.moves:
            inside, parent = own.inside
            self.blame(
                say(
                    "{container} would be empty, and lies in {outer}: take it out of there first",
                    container=own.key,
                    outer=parent or f"#{inside}",
                )
            )

    def _check_together(
        self, container: KnownContainer, children: list[CodeKey], coming: list[Move]
    ) -> None:
        """One product and one batch in a container, as far as they are known."""
        gtin, lot = self._product_of((*container.children, *children)[0])
        for move in coming:
            other, other_lot = self._product_of(move.key)
            if gtin and other and other != gtin:
                self.blame(
                    say(
                        "{code} is product {other}: {container} is of {product}",
                        code=move.key,
                        other=other,
                        container=named(container),
                        product=gtin,
                    )
                )
            elif self.task.order is not None and lot and other_lot and other_lot != lot:
                self.blame(
                    say(
                        "{code} is batch {other}: {container} is of {batch}",
                        code=move.key,
                        other=other_lot,
                        container=named(container),
                        batch=lot,
                    )
                )

    def _product_of(self, key: CodeKey) -> Product:
        if key not in self._products:
            self._products[key] = product_of(self.history, key)
        return self._products[key]
