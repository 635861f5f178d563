"""What the core is given. Every input carries its time; the core has no clock."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.names import Instant, ItemNumber, StationName


@dataclass(frozen=True, slots=True)
class Read:
    """One answer of a station's scanner.

    It arrived between `since_us` and `at.mono_us` (monotonic clock, microseconds): a busy or
    paused process sees it late. `text` is None for a no-read. `defect` says why the bytes cannot
    be a code. `symbology` is an AIM symbology identifier (ISO/IEC 15424) such as ``]d2``, where
    one is sent.
    """

    at: Instant
    station: StationName
    since_us: int
    text: str | None
    symbology: str | None = None
    defect: str | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """The PLC's item counter as polled: `last_item` items passed the trigger so far.

    The counter was sampled between `asked_us` and `at.mono_us` (monotonic clock, microseconds).
    Every read that had arrived by `reads_until_us` has been given already. `restarted` is set
    when the PLC began to count anew since the last poll; `boot` is the number of its start.
    """

    at: Instant
    station: StationName
    last_item: ItemNumber
    asked_us: int
    reads_until_us: int
    boot: int
    restarted: bool = False


class Outcome(StrEnum):
    """What the PLC did with an item at the gate."""

    PASSED = "passed"
    EJECTED = "ejected"
    UNKNOWN = "unknown"
    """The PLC has overwritten its answer: it was asked too late."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """The PLC's word on one item at the gate."""

    at: Instant
    station: StationName
    item: ItemNumber
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. Every read that had arrived by `reads_until_us` has been given already."""

    at: Instant
    reads_until_us: int


Input = Read | Counter | GateReport | Tick
