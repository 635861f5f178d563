"""What must happen outside once the events are on disk."""

from dataclasses import dataclass

from edge_agent.core.events import Reason
from edge_agent.core.names import CodeKey, ItemNumber, StationName


@dataclass(frozen=True, slots=True)
class Judge:
    """Tell the gate of `station` about one item: pass it, or reject it for `reason`."""

    station: StationName
    item: ItemNumber
    reason: Reason | None
    received_us: int
    """Monotonic clock when the read arrived (or the read window ended)."""

    @property
    def passes(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell the person or machine at a station without a gate what became of the read."""

    station: StationName
    reason: Reason | None
    detail: str
    key: CodeKey | None
    received_us: int


@dataclass(frozen=True, slots=True)
class Run:
    """Let the belt of `station` run, or stop it and keep the gate shut."""

    station: StationName
    permitted: bool


Effect = Judge | Answer | Run
