"""What people count by: good, rejected and closed at each station since the shift began, or the
order, whichever is later.

Counted from the events as they are recorded. After a restart those of before are counted in the
ledger, by SQLite itself in a thread of its own, so that neither the gate nor the loop waits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from edge_agent.core.events import (
    Closed,
    Commissioned,
    Ejected,
    EjectFailed,
    Event,
    OrderChanged,
    Packed,
    Passed,
    Rejected,
)
from edge_agent.core.names import LevelName, StationName, format_utc
from edge_agent.core.record import LinePlan
from edge_agent.ledger.tallies import Tallied
from edge_agent.shifts import Shifts

PAGE_KIND = OrderChanged.kind
"""With another order what the stations count begins anew."""


class Counts:
    """`plan` says what is good at a station: at a gate what went through it with leave, as the
    reports count, else what is packed, or known where nothing is packed into anything. Rejected is
    what a gate kept out, else the refused scans."""

    def __init__(self, plan: LinePlan, shifts: Shifts, now_us: int) -> None:
        self._shifts = shifts
        top = plan.levels[-1].name
        self._good: Mapping[StationName, tuple[str, LevelName | None]] = {
            name: (Passed.kind, None)
            if station.gate
            else (
                Commissioned.kind if station.due.levels[0] == top else Packed.kind,
                station.due.levels[0],
            )
            for name, station in plan.stations.items()
        }
        self._bad: Mapping[StationName, tuple[str, ...]] = {
            name: (Ejected.kind, EjectFailed.kind) if station.gate else (Rejected.kind,)
            for name, station in plan.stations.items()
        }
        self._at: dict[StationName, Counter[str]] = {}
        self.rejects: Counter[str] = Counter()
        """By reason, since the shift began."""
        self.pages = 0
        """How often it began anew: what was counted elsewhere meanwhile is void."""
        self._begin(now_us)

    def _begin(self, now_us: int) -> None:
        shift = self._shifts.at(now_us)
        self.shift = shift.name if shift else ""
        self._until_us = shift.ends_us if shift else None
        self.since = format_utc(shift.begins_us if shift else now_us)
        self.rejects = Counter()
        self._turn_page()

    def _turn_page(self) -> None:
        self.pages += 1
        self._at = {name: Counter() for name in self._good}

    def at(self, station: StationName) -> Mapping[str, int]:
        """``accepted``, ``rejected`` and ``closed`` of a station."""
        counted = self._at[station]
        return {name: counted[name] for name in ("accepted", "rejected", "closed")}

    def look(self, now_us: int) -> None:
        """Begin anew if the shift is over."""
        if self._until_us is not None and now_us >= self._until_us:
            self._begin(now_us)

    def take(self, event: Event) -> None:
        """`event` was recorded."""
        match event:
            case Commissioned(level=level) | Packed(level=level):
                self._count(event.station, event.kind, level)
            case Passed(key=key):
                if key is not None:
                    self._count(event.station, event.kind)
            case Closed():
                self._count(event.station, event.kind)
            case Rejected(reason=reason) | Ejected(reason=reason) | EjectFailed(reason=reason):
                self._count(event.station, event.kind, reason=reason.value)
            case OrderChanged():
                self._turn_page()
            case _:
                pass

    def add(self, earlier: Iterable[Tallied]) -> None:
        """What was recorded before this process began to count."""
        for each in earlier:
            self._count(
                StationName(each.station), each.kind, each.level, each.reason, each.events,
                is_later=each.is_later,
            )  # fmt: skip

    def _count(
        self,
        station: StationName,
        kind: str,
        level: str | None = None,
        reason: str | None = None,
        count: int = 1,
        *,
        is_later: bool = True,
    ) -> None:
        """`is_later`: since the page was turned; reasons are counted since the shift began."""
        counted = self._at.get(station)
        if counted is None:
            return
        if kind in self._bad[station]:
            if reason is not None:
                self.rejects[reason] += count
            name = "rejected"
        elif kind == Closed.kind:
            name = "closed"
        elif (kind, level) == self._good[station]:
            name = "accepted"
        else:
            return
        if is_later:
            counted[name] += count
