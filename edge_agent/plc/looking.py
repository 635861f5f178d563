"""What watching any controller needs: timed reads, and counters whose movement is looked at."""

from collections import deque
from collections.abc import Mapping

from rich.markup import escape

from drivers.gate.points import ReadPlan
from drivers.protocols import Link, Plc, Table
from edge_agent import clock
from edge_agent.plc.round_trips import RoundTrips

Row = tuple[str, str]
"""A heading and its text, in rich's markup."""
_SPEED_US = 1_000_000


class Reads:
    """Reads of one controller. It cannot write."""

    def __init__(self, plc: Plc) -> None:
        self._plc = plc
        self.trips = RoundTrips()
        self.fault: str | None = None
        """Why the last look failed."""

    async def read(self, table: Table, address: int, count: int) -> list[int]:
        """Raises PlcError."""
        asked_us = clock.now_us()
        answer = await self._plc.read(table, address, count)
        self.trips.add((clock.now_us() - asked_us) / 1_000)
        return answer

    async def values(self, plan: ReadPlan) -> dict[str, int]:
        """Every point of `plan`. Raises PlcError."""
        return plan.values([await self.read(*request) for request in plan.requests])

    def row(self) -> Row:
        state = self._plc.state
        lost = f", lost {state.losses} times" if state.losses else ""
        if state.link is not Link.UP:
            return "link", f"[bold red]{state.link.value}[/] {escape(state.detail)}{lost}"
        if self.fault is not None:
            return "link", f"[bold red]up, but[/] {escape(self.fault)}{lost}"
        return "link", f"[green]up[/] {escape(state.detail)}{lost}"


class Speed:
    """Of a counter that goes from `modulus` - 1 to 0, over the last second."""

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self._seen: deque[tuple[int, int]] = deque()

    def see(self, position: int) -> None:
        now_us = clock.now_us()
        self._seen.append((now_us, position))
        while len(self._seen) > 2 and now_us - self._seen[1][0] > _SPEED_US:
            self._seen.popleft()

    def text(self) -> str:
        """Position and speed, backwards too."""
        if len(self._seen) < 2:
            return "-"
        (first_us, first), (last_us, last) = self._seen[0], self._seen[-1]
        half = self._modulus // 2
        moved = (last - first + half) % self._modulus - half
        return f"position {last}, {moved * 1e6 / (last_us - first_us):.0f} steps/s"


class Beat:
    """A counter that moves while somebody lives."""

    def __init__(self, patience_ms: int) -> None:
        self._patience_us = patience_ms * 1_000
        self._value: int | None = None
        self._moved_us = 0
        self._has_moved = False

    def see(self, value: int) -> None:
        if value != self._value:
            self._has_moved = self._value is not None
            self._value, self._moved_us = value, clock.now_us()

    def text(self, moves: str, stands: str) -> str:
        """One of the two, or dots as long as it cannot be told."""
        if clock.now_us() - self._moved_us > self._patience_us:
            return stands
        return moves if self._has_moved else "..."


def lamps(values: Mapping[str, bool]) -> str:
    """Each name with a lamp."""
    return "  ".join(
        f"[bold green]● {name}[/]" if on else f"[dim]○ {name}[/]" for name, on in values.items()
    )
