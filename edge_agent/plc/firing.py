"""Fires a gate and measures when each sensor sees it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent import clock
from edge_agent.plc.output import AbortedError, Look, Output

SHORTEST_S = 0.1
"""The gate is open at least so long, that a slow PLC sees the command."""
SEEN_WITHIN_S = 1.0
"""A sensor that sees nothing for so long after the command has missed it."""
AT_REST_WITHIN_S = 2.0
_QUIET_S = 0.1
"""The sensors are at rest for at least so long before the next command."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One command. `seen_ms`: when each sensor saw it, from the command's arrival; one that is
    missing saw nothing. `doubt_ms`: the truth is at most so far from the figures."""

    seen_ms: dict[str, float]
    doubt_ms: float


async def fire(output: Output, times: int, fired: Callable[[int, Firing], None]) -> None:
    """Fire `times` times, and tell `fired` of each.

    However it ends, the output is off then. Raises AbortedError, PlcError, and NotAtRestError.
    """
    try:
        await output.begin()
        first = await _at_rest(output, 0)
        for number in range(times):
            fired(number + 1, await _fire_once(output, first.items))
            await _at_rest(output, number + 1)
    finally:
        await output.rest()


async def _fire_once(output: Output, items: int) -> Firing:
    # A request is carried out between its sending and its answer; the middle is the best guess.
    asked_us = clock.now_us()
    await output.set(is_open=True)
    answered_us = clock.now_us()
    commanded_us = before_us = (asked_us + answered_us) / 2
    doubt_us = answered_us - asked_us
    is_open = True
    seen_ms: dict[str, float] = {}
    while True:
        looked_us = clock.now_us()
        look = await output.look()
        now_us = clock.now_us()
        _refuse_items(look, items)
        middle_us = (looked_us + now_us) / 2
        for name, on in look.sensors.items():
            if on and name not in seen_ms:
                # It came on between this look and the one before.
                seen_ms[name] = ((before_us + middle_us) / 2 - commanded_us) / 1_000
                doubt_us = max(doubt_us, int(now_us - before_us))
        before_us = middle_us
        after_s = (now_us - asked_us) / 1_000_000
        is_seen = len(seen_ms) == len(look.sensors) and after_s > SHORTEST_S
        if is_open and (is_seen or after_s > output.longest_s):
            await output.set(is_open=False)
            is_open = False
        if not is_open and (is_seen or after_s > SEEN_WITHIN_S):
            return Firing(seen_ms, doubt_us / 1_000)


async def _at_rest(output: Output, number: int) -> Look:
    """The sensors, all off for a while, whose length differs so that no cycle of the PLC is hit at
    the same place each time."""
    began_us = quiet_us = clock.now_us()
    quiet_s = _QUIET_S * (1 + number * 0.618 % 1)
    while True:
        look = await output.look()
        now_us = clock.now_us()
        on = [name for name, is_on in look.sensors.items() if is_on]
        if on:
            quiet_us = now_us
        elif now_us - quiet_us > quiet_s * 1_000_000:
            return look
        if now_us - began_us > AT_REST_WITHIN_S * 1_000_000:
            raise AbortedError(
                f"{', '.join(on)} is still on {AT_REST_WITHIN_S:g} s after the gate was told to "
                "shut; is the gate stuck, or does something stand there?"
            )
        await asyncio.sleep(0)


def _refuse_items(look: Look, items: int) -> None:
    if look.items != items:
        raise AbortedError("something passed the trigger; the belt must be empty")
