"""The belt's time beside the wall's.

On a busy desk the plant's process may get no turn for a while. A real belt would run on, but then
the agent would see things that no line does: two triggers at one moment, an answer before its
trigger. So when the process was late for something, the belt's time is set back by as much: it
stood still while nobody could drive it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from drivers.protocols import Table
from drivers.sim.banks import Banks

PATIENCE_US = 2_000
"""So late is not late: the resolution of timers, and a little work."""


class Machine(Protocol):
    """What runs in virtual time."""

    def next_event_us(self) -> int: ...
    def advance(self, to_us: int) -> None: ...


class RealTime:
    """Drives `machine` by the wall's clock. `ran` is called each time it has gone on."""

    def __init__(self, machine: Machine, ran: Callable[[], None]) -> None:
        self._machine = machine
        self._ran = ran
        self._loop = asyncio.get_running_loop()
        self._begun_us = self._wall_us()
        self._timer: asyncio.TimerHandle | None = None
        self.lost_us = 0
        """How long the belt's time stood still."""

    def _wall_us(self) -> int:
        return int(self._loop.time() * 1_000_000)

    def catch_up(self) -> None:
        """Let everything happen that is due by now."""
        now_us = self._wall_us() - self._begun_us - self.lost_us
        late_us = now_us - self._machine.next_event_us()
        if late_us > PATIENCE_US:
            self.lost_us += late_us
            now_us -= late_us
        self._machine.advance(now_us)
        self._ran()
        self.wait()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wait(self) -> None:
        """Go on by itself when something happens next; call it after what may change that."""
        self.stop()
        due_us = self._machine.next_event_us() + self._begun_us + self.lost_us
        self._timer = self._loop.call_at(due_us / 1_000_000, self.catch_up)


class TimelyBanks:
    """`banks` as they are at the moment of the request."""

    def __init__(self, banks: Banks, time: RealTime) -> None:
        self._banks = banks
        self._time = time

    def read(self, table: Table, address: int, count: int) -> list[int]:
        self._time.catch_up()
        return self._banks.read(table, address, count)

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        self._time.catch_up()
        self._banks.write(table, address, values)
        self._time.wait()
