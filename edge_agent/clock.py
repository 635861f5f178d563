"""The only place that asks what time it is."""

import time

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
