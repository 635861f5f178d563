"""Containers being filled, for any number of levels.

Children fill the open container of the level above. A full one waits for its code while, as far
as the level's `waiting` allows, the next is being filled; codes name full ones oldest first.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from edge_agent.core.events import Reason
from edge_agent.core.names import CodeKey, ContainerId, LevelName
from edge_agent.core.verify import Objection


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """A level as configured; `capacity` is 0 at the lowest."""

    name: LevelName
    capacity: int = 0
    partial: bool = False
    waiting: int = 0


@dataclass(slots=True)
class Filling:
    """A container without a code, and what was put into it so far."""

    id: ContainerId
    level: LevelName
    children: list[CodeKey] = field(default_factory=list)


class Packing:
    """The containers without a code, on every level. Changes only by `put` and `close`."""

    def __init__(self, levels: tuple[LevelPlan, ...]) -> None:
        self._plans = {plan.name: plan for plan in levels}
        self._above = {low.name: high for low, high in pairwise(levels)}
        self.filling: dict[LevelName, list[Filling]] = {plan.name: [] for plan in levels[1:]}
        """Oldest first; all but the last are full. A level that is not configured any more keeps
        what is open on it."""
        self.next_id = ContainerId(1)

    def parent_of(self, level: LevelName) -> LevelPlan | None:
        """The level whose containers take things of `level`; None at the top."""
        return self._above.get(level)

    def is_container(self, level: LevelName) -> bool:
        return self._plans[level].capacity > 0

    def is_configured(self, level: LevelName) -> bool:
        return level in self._plans

    def _full(self, plan: LevelPlan) -> int:
        """How many containers of a level are full: all but the last, whatever the capacity was when
        they were filled, and the last if nothing more goes in."""
        fillings = self.filling[plan.name]
        if not fillings:
            return 0
        return len(fillings) - (len(fillings[-1].children) < plan.capacity)

    def room_for(self, level: LevelName, coming: int) -> Objection | None:
        """Whether one more thing of `level` has a place, `coming` others being on their way."""
        parent = self._above.get(level)
        if parent is None:
            return None
        full = self._full(parent)
        fillings = self.filling[parent.name]
        begun = len(fillings[-1].children) if len(fillings) > full else 0
        if full * parent.capacity + begun + coming < parent.capacity * (parent.waiting + 1):
            return None
        return Objection(
            Reason.OVERFULL,
            f"{full} full {parent.name} wait for their code; scan it before packing more",
        )

    def target(self, level: LevelName) -> tuple[ContainerId, LevelName] | None:
        """The container that the next thing of `level` goes into; None at the top."""
        parent = self._above.get(level)
        if parent is None:
            return None
        fillings = self.filling[parent.name]
        if fillings and len(fillings[-1].children) < parent.capacity:
            return fillings[-1].id, parent.name
        return self.next_id, parent.name

    def closable(self, level: LevelName, coming: int, before: int = 0) -> Filling | Objection:
        """The container that a code of `level` closes now, `coming` children being on their way,
        and `before` such codes going before it."""
        plan = self._plans[level]
        fillings = self.filling[level][before:]
        if self._full(plan) > before:
            return fillings[0]
        packed = len(fillings[0].children) if fillings else 0
        if packed and plan.partial and not coming:
            return fillings[0]
        detail = f"the {level} holds {packed} of {plan.capacity}"
        if packed and plan.partial:
            detail += f", and {coming} more are on the belt; scan again when they have passed"
            return Objection(Reason.INCOMPLETE, detail)
        return Objection(Reason.INCOMPLETE, f"{detail}; fill it, then scan again")

    def put(self, key: CodeKey, container: ContainerId, level: LevelName) -> None:
        """`key` was packed into `container` of `level`, which is opened if it is new."""
        fillings = self.filling.setdefault(level, [])
        if not fillings or fillings[-1].id != container:
            fillings.append(Filling(container, level))
            self.next_id = ContainerId(max(self.next_id, container + 1))
        fillings[-1].children.append(key)

    def close(self, container: ContainerId, level: LevelName) -> None:
        """`container` got its code."""
        left = [each for each in self.filling.get(level, []) if each.id != container]
        self.filling[level] = left
