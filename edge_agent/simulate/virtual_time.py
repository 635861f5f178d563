"""Virtual time: what is to happen, in order. Nothing in a simulated shift asks any other clock."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

UTC_START_US = 1_795_248_000_000_000
"""2026-11-21T08:00:00Z: when every shift begins."""


class VirtualTime:
    """Microseconds since the shift began. Of two calls due at once, the one asked for first comes
    first."""

    def __init__(self) -> None:
        self.now_us = 0
        self._due: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0

    @property
    def next_us(self) -> int | None:
        """When the next call is due; None: nothing is."""
        return self._due[0][0] if self._due else None

    def at(self, at_us: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call `call(*arguments)` at `at_us`."""
        self._asked += 1
        heappush(self._due, (max(at_us, self.now_us), self._asked, call, arguments))

    def after(self, wait_us: int, call: Callable[..., None], *arguments: Any) -> None:
        """Call `call(*arguments)` when `wait_us` have gone by."""
        self.at(self.now_us + wait_us, call, *arguments)

    def step(self) -> None:
        """Go on to the next call, and make it."""
        self.now_us, _, call, arguments = heappop(self._due)
        call(*arguments)
