"""Pictures that are all there already, given out in time."""

import time


class Pace:
    """Lets through `rate_per_s` calls a second; None: as many as come."""

    def __init__(self, rate_per_s: float | None) -> None:
        self._period_s = 1 / rate_per_s if rate_per_s else 0.0
        self._due_s = 0.0

    def wait(self) -> None:
        """Returns when the next is due. A caller that was late is not sent a burst."""
        now_s = time.monotonic()
        if self._due_s > now_s:
            time.sleep(self._due_s - now_s)
        self._due_s = max(self._due_s, now_s) + self._period_s
