"""Since when what arrives now can have been there.

A scanner's bytes wait in the kernel while the process is busy, writing to the disk or not
scheduled at all. The moment at which they are read says only the latest time of their arrival.
"""

import selectors
from collections import deque

from edge_agent import clock

_REMEMBERED = 1_024
"""Turns of the loop: longer than a scanner's inter-character timeout."""


class ArrivalSelector(selectors.DefaultSelector):
    """The event loop's selector, which knows the earliest time too.

    What it reports now arrived after `since_us` (monotonic clock, microseconds); what had arrived
    before then was reported, and handled, in an earlier turn of the loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.since_us = self._looked_us = clock.now_us()
        self._turns: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As the base class; looks once without waiting, for only then is it known that nothing
        had arrived before the wait began."""
        now_us = clock.now_us()
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self.since_us = self._looked_us
        else:
            self.since_us = now_us
            ready = super().select(timeout)
        self._looked_us = now_us
        if ready:
            self._turns.append((clock.now_us(), self.since_us))
        return ready

    def earliest_us(self, read_us: int) -> int:
        """The earliest arrival of bytes that were read from their device at `read_us`."""
        for turned_us, since_us in reversed(self._turns):
            if turned_us <= read_us:
                return since_us
        return self._turns[0][1] if self._turns else self.since_us
