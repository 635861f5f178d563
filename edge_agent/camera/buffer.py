"""Frames that wait for a decoder. No I/O and no clock."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_agent.camera.slots import Place

Asker = TypeVar("Asker")


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A frame in shared memory.

    `place` is None where there was no room for it. `taken_us` is the monotonic clock when it was
    exposed, `latency_us` how much later it arrived. `is_other` says that it differs from the empty
    background (see presence), `is_repeated` that it is the one before once more.
    """

    place: Place | None
    taken_us: int
    latency_us: int = 0
    is_other: bool = False
    is_repeated: bool = False

    @property
    def arrived_us(self) -> int:
        return self.taken_us + self.latency_us


@dataclass(frozen=True, slots=True, eq=False)
class Waiting(Generic[Asker]):
    """`asker` is for whom it is decoded; None: nobody asked."""

    shot: Shot
    asker: Asker | None
    may_go: bool


class Buffer(Generic[Asker]):
    """At most `capacity` frames, in the order in which they came.

    A trigger's own frame is never given up. What may go is a frame that nobody asked for, or a
    further one of a trigger that has others: the oldest of them gives way to a newer frame.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Waiting[Asker]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def free(self) -> int:
        """Places that a frame which must stay can have."""
        return self._capacity - sum(not each.may_go for each in self._waiting)

    def add(self, waiting: Waiting[Asker]) -> Waiting[Asker] | None:
        """Let it wait. Returns what was given up for it: perhaps itself, where all others must
        stay. Raises ValueError if nothing can give way."""
        self._waiting.append(waiting)
        if len(self._waiting) <= self._capacity:
            return None
        gone = next((each for each in self._waiting if each.may_go), None)
        if gone is None:
            self._waiting.pop()
            raise ValueError(f"all {self._capacity} frames must stay, expected `free` to be asked")
        self._waiting.remove(gone)
        return gone

    def take(self) -> Waiting[Asker] | None:
        """The next to be decoded: what somebody asked for comes first."""
        if not self._waiting:
            return None
        asked = (each for each in self._waiting if each.asker is not None)
        taken = next(asked, self._waiting[0])
        self._waiting.remove(taken)
        return taken

    def withdraw(self, asker: Asker) -> list[Waiting[Asker]]:
        """Takes out what waits for `asker`, who needs no more."""
        gone = [each for each in self._waiting if each.asker is asker]
        for each in gone:
            self._waiting.remove(each)
        return gone
