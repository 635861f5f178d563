"""The gate's cylinder: between the PLC's output and the flap lies a stroke, and what can ail it."""

import random

SLOW, STUCK, AIRLESS = "cylinder-slow", "flap-stuck", "air-low"


class _Piston:
    """At rest it is shut. A new order overtakes one whose stroke has not ended."""

    def __init__(self) -> None:
        self._open = False
        self._moves_to = False
        self._moves_us = 0

    def order(self, is_open: bool, now_us: int, there_us: int) -> None:
        self._open = self.is_open(now_us)
        self._moves_to, self._moves_us = is_open, there_us

    def is_open(self, now_us: int) -> bool:
        return self._moves_to if now_us >= self._moves_us else self._open


class Flap:
    """Open lets pass. Times are microseconds and never go back.

    Beside the flap as it is, a sound one is kept, so that what an ailment changed can be told.
    """

    def __init__(self, stroke_us: tuple[int, int], chance: random.Random) -> None:
        self._least_us, longest_us = stroke_us
        self._spread_us = longest_us - self._least_us
        self._chance = chance
        self._real = _Piston()
        self._sound = _Piston()
        self._commanded = False
        self._stuck = False
        self._sticks: bool | None = None
        self._freed = False
        self.slower_us = 0
        """Added to each stroke by wear."""
        self.airless = False
        """There is no air to open it; its spring shuts it."""

    def command(self, is_open: bool, now_us: int) -> None:
        """The output changed."""
        self._commanded, self._freed = is_open, False
        there_us = now_us + self._least_us + int(self._chance.random() * self._spread_us)
        self._sound.order(is_open, now_us, there_us)
        self._real.order(is_open, now_us, there_us + self.slower_us)

    def stick(self, is_open: bool) -> None:
        """When it is found in this position next, it stays there, whatever is commanded."""
        self._sticks = is_open

    def free(self, now_us: int) -> None:
        """It can move again, and goes where it should be."""
        if self._stuck:
            self._real.order(self._sticks is True, now_us, now_us)
            self._real.order(self._commanded, now_us, now_us + self._least_us)
        self._stuck, self._sticks, self._freed = False, None, self._stuck

    def is_open(self, now_us: int) -> bool:
        if self._stuck:
            return self._sticks is True
        found = self._real.is_open(now_us) and not self.airless
        self._stuck = found is self._sticks
        return found

    def ailment(self, now_us: int) -> str | None:
        """Why it is not where a sound one would be; None if it is."""
        if self.is_open(now_us) is self._sound.is_open(now_us):
            return None
        if self._stuck or self._freed:
            return STUCK
        return AIRLESS if self.airless else SLOW
