"""An I/O station without a program, on a real Modbus socket, beside a small belt.

Coil 0 is the gate, coil 1 lets the belt run. Discrete inputs: 0 the trigger's eye, 1 the gate's,
2 the eject eye, 3 bin full. Input registers: 0 counts the items at the trigger, 1 is the encoder.
Holding register 10 is the watchdog in milliseconds: no request for so long, and all coils fall; at
0 they hold their last value.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import pack, unpack_from

TRAVEL = 200.0
"""Steps from the trigger to the gate's eye. The belt runs one step a millisecond, unless told."""
FLAP = 70.0
"""From the gate's eye to where a thing goes one way or the other."""
LENGTH = 30.0
FALL_S = 0.03
"""How long the eject eye sees what was kept out."""
WATCHDOG = 10
_COIL, _DISCRETE, _HOLDING, _INPUT, _WRITE_COIL, _WRITE_REGISTERS = 1, 2, 3, 4, 5, 16


@dataclass(eq=False)
class Thing:
    """`place`: where the belt must be for its front to be at the trigger."""

    place: float
    stolen_at: float | None = None
    """How far behind the trigger a hand takes it off."""
    eye_s: float = 0.0
    """When the trigger's eye saw it."""
    fate: str = ""


@dataclass
class Twin:
    """The belt moves in ticks of a millisecond. What `things` come to is in their `fate`."""

    speed: Callable[[float], float] = lambda _s: 1.0
    """Steps a millisecond, by seconds since the start."""
    counts: int = 65_000
    """The encoder's counter at the start."""
    flap: float = FLAP
    length: float = LENGTH
    watchdog_ms: int = 150
    refuses: set[int] = field(default_factory=set)
    """Functions that are answered with exception 4."""
    mute: bool = False
    """Takes requests, and neither carries them out nor answers."""
    forced_on: bool = False
    """Somebody holds coil 0 on."""
    blind: bool = False
    """The trigger's eye sees nothing."""
    things: list[Thing] = field(default_factory=list)
    commands: list[tuple[float, int, bool]] = field(default_factory=list)
    """Every write of a coil: when it came, address, on."""
    requests: int = 0
    watchdog_fell_s: float = 0.0
    port: int = 0
    items: int = 0
    place: float = 0.0
    coils: list[bool] = field(default_factory=lambda: [False, False])

    def __post_init__(self) -> None:
        self._holding = {WATCHDOG: self.watchdog_ms}
        self._began_s = self._ticked_s = self._heard_s = time.monotonic()
        self._eject_until_s = 0.0
        self._transports: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick())

    def cut(self) -> None:
        """The cable is pulled: no more connections until `start`."""
        if self._server is not None:
            self._server.close()
        for transport in list(self._transports):
            transport.abort()

    async def stop(self) -> None:
        self.cut()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait([self._ticking])

    # --- the belt --------------------------------------------------------------------------

    def put(self, ahead: float, *, stolen_at: float | None = None) -> Thing:
        """A thing comes to the trigger when the belt has gone `ahead` steps from now."""
        self.things.append(thing := Thing(self.place + ahead, stolen_at))
        return thing

    def ahead(self) -> list[float]:
        """How far behind the trigger each thing on the belt is; less than 0: not there yet."""
        return [self.place - thing.place for thing in self.things if not thing.fate]

    def set_watchdog(self, ms: int) -> None:
        self._holding[WATCHDOG] = ms

    async def settled(self) -> list[str]:
        """The fates of all things, when the last has its own."""
        async with asyncio.timeout(20):
            while not all(thing.fate for thing in self.things):
                await asyncio.sleep(0.005)
        return [thing.fate for thing in self.things]

    async def _tick(self) -> None:
        while True:
            now_s = time.monotonic()
            self.place += self.speed(now_s - self._began_s) * 1_000 * (now_s - self._ticked_s)
            self._ticked_s = now_s
            self._drop_coils(now_s)
            for thing in self.things:
                self._move(thing, now_s)
            await asyncio.sleep(0.001)

    def _drop_coils(self, now_s: float) -> None:
        watchdog_s = self._holding[WATCHDOG] / 1_000
        if watchdog_s and any(self.coils) and now_s - self._heard_s > watchdog_s:
            self.coils = [False, False]
            self.watchdog_fell_s = now_s

    def _move(self, thing: Thing, now_s: float) -> None:
        front = self.place - thing.place
        if thing.fate or front < 0:
            return
        if not thing.eye_s:
            thing.eye_s = now_s
            self.items += not self.blind
        if thing.stolen_at is not None and front >= thing.stolen_at:
            thing.fate = "stolen"
        elif front >= TRAVEL + self.flap:
            thing.fate = "passed" if self.coils[0] or self.forced_on else "ejected"
            if thing.fate == "ejected":
                self._eject_until_s = now_s + FALL_S

    # --- Modbus ----------------------------------------------------------------------------

    def answer(self, pdu: bytes) -> bytes:
        now_s = self._heard_s = time.monotonic()
        self.requests += 1
        code, address, value = unpack_from(">BHH", pdu)
        if code in self.refuses:
            return bytes((code | 0x80, 4))
        if code in (_HOLDING, _INPUT):
            bank = self._holding if code == _HOLDING else self._inputs()
            words = [bank[at] for at in range(address, address + value)]
            return pack(f">BB{value}H", code, 2 * value, *words)
        if code in (_COIL, _DISCRETE):
            bits = self._discretes() if code == _DISCRETE else [self.coils[0] or self.forced_on]
            whole = sum(bit << index for index, bit in enumerate(bits[address : address + value]))
            return bytes((code, 1, whole))
        if code == _WRITE_COIL:
            self.coils[address] = value == 0xFF00
            self.commands.append((now_s, address, self.coils[address]))
        return pdu[:5]

    def _inputs(self) -> dict[int, int]:
        return {0: self.items % 65_536, 1: int(self.counts + self.place) % 65_536}

    def _discretes(self) -> list[bool]:
        fronts = self.ahead()
        return [
            not self.blind and any(0 <= front < self.length for front in fronts),
            any(TRAVEL <= front < TRAVEL + self.length for front in fronts),
            self._ticked_s < self._eject_until_s,
            False,
        ]


class _Client(asyncio.Protocol):
    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._twin._transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._twin._transports.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while len(self._unread) > 7:
            length = 6 + unpack_from(">H", self._unread, 4)[0]
            if len(self._unread) < length:
                return
            frame, self._unread = self._unread[:length], self._unread[length:]
            if not self._twin.mute:
                reply = self._twin.answer(frame[7:])
                self._transport.write(frame[:4] + pack(">HB", len(reply) + 1, frame[6]) + reply)
