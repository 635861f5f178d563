"""An I/O station that runs no program: the gate's contacts and coil on the wire, and a watchdog.

=========  =======  ==================================================================
discrete   0 to 5   eye, gate eye, eject eye, bin full, air low, guard open
input      0        things past the trigger, modulo 65,536
input      2, 3     the same, as a uint32, high word first
input      4, 5     encoder, as a uint32, high word first
coil       0, 1     gate (on lets pass), run
holding    0        watchdog: without a request for so many milliseconds the coils fall off;
                    0: they hold their last value
=========  =======  ==================================================================
"""

from collections.abc import Sequence

from drivers.protocols import Table
from drivers.sim.banks import Lists
from drivers.sim.belt import NEVER, Belt

WATCHDOG_MS = 200
_EYE, _GATE_EYE, _EJECT_EYE, _BIN_FULL, _AIR_LOW, _GUARD_OPEN = range(6)
_COUNT, _LONG_COUNT, _ENCODER = 0, 2, 4
_GATE, _RUN = 0, 1
_DWORD = 1 << 32


class RemoteIo:
    """`belt` on remote I/O: its `Banks`. `obeys_run`: the drive is wired to the coil."""

    def __init__(
        self, belt: Belt, *, obeys_run: bool, items: int = 0, watchdog_ms: int = WATCHDOG_MS
    ) -> None:
        self.belt = belt
        self._lists = Lists([0] * 2, [0] * 6, [0] * 6, [watchdog_ms])
        self._items = items
        self._heard_us = 0
        self._dark_since_us = -NEVER
        self._obeys_run = obeys_run
        if obeys_run:
            belt.permit(False)

    # --- time ------------------------------------------------------------------------------

    def next_event_us(self) -> int:
        """When something happens next by itself."""
        return min(self.belt.next_event_us(), self._falls_us())

    def advance(self, to_us: int) -> None:
        """Let belt and station run until `to_us`."""
        belt = self.belt
        while (at_us := self.next_event_us()) <= to_us:
            belt.advance(at_us)
            if belt.changed:
                belt.changed = False
                self._look()
            if at_us >= self._falls_us():
                self._set_coils([0, 0])
        belt.advance(to_us)

    def _falls_us(self) -> int:
        """When the coils fall off if nobody asks."""
        watchdog_ms = self._lists.holding[0]
        return (
            self._heard_us + 1_000 * watchdog_ms if watchdog_ms and any(self._lists.coil) else NEVER
        )

    def _look(self) -> None:
        """Count things: the counter's filter takes an edge for bounce that comes too soon."""
        now_us, sensors, bits = self.belt.now_us, self.belt.sensors, self._lists.discrete
        if sensors.eye and not bits[_EYE]:
            if now_us - self._dark_since_us > self.belt.layout.bounce_us:
                self._count()
        elif bits[_EYE] and not sensors.eye:
            self._dark_since_us = now_us
        bits[:] = [
            int(sensors.eye),
            int(sensors.gate_eye),
            int(sensors.eject_eye),
            int(sensors.bin_full),
            int(sensors.air_low),
            int(sensors.guard_open),
        ]

    def _count(self) -> None:
        self._items += 1
        words = self._lists.input
        words[_COUNT] = self._items % 65_536
        words[_LONG_COUNT : _LONG_COUNT + 2] = divmod(self._items % _DWORD, 65_536)
        body = self.belt.at_trigger
        assert body is not None  # noqa: S101  nothing else makes an edge
        body.thing.number = self._items

    # --- on the wire -----------------------------------------------------------------------

    def read(self, table: Table, address: int, count: int) -> list[int]:
        belt = self.belt
        self._heard_us = belt.now_us
        encoder = belt.place_um * belt.layout.counts_per_mm // 1_000 % _DWORD
        self._lists.input[_ENCODER : _ENCODER + 2] = divmod(encoder, 65_536)
        return self._lists.read(table, address, count)

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        self._heard_us = self.belt.now_us
        coils = [*self._lists.coil]
        self._lists.write(table, address, values)
        if table is Table.COIL:
            changed, self._lists.coil = self._lists.coil, coils
            self._set_coils(changed)

    def _set_coils(self, coils: Sequence[int]) -> None:
        if coils[_GATE] != self._lists.coil[_GATE]:
            self.belt.flap.command(bool(coils[_GATE]), self.belt.now_us)
        if self._obeys_run and coils[_RUN] != self._lists.coil[_RUN]:
            self.belt.permit(bool(coils[_RUN]))
        self._lists.coil[:] = coils
