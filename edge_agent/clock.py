"""The only place that asks what time it is, or reads a time that a person typed."""

import time
from datetime import UTC, datetime

from edge_agent.core.names import Instant


def now_us() -> int:
    """The monotonic clock in microseconds. Orders and measures; never written down."""
    return time.monotonic_ns() // 1_000


def now() -> Instant:
    """This moment on both clocks."""
    return Instant(now_us(), time.time_ns() // 1_000)


def at(mono_us: int) -> Instant:
    """A moment just past, known by the monotonic clock, on both clocks."""
    present = now()
    return Instant(mono_us, present.utc_us - (present.mono_us - mono_us))


def as_utc(text: str) -> str:
    """A time in ISO 8601 as the ledger writes times; one without a zone is UTC. Raises ValueError
    for anything else."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
