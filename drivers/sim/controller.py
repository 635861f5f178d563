"""The PLC on the belt: the gate's program, run only when a scan would do something.

A PLC scans without end; most scans find nothing new. Here a scan is made at the next tick of the
cycle after an input changed or the agent wrote, and when the program's own waiting is over. A test
holds both to the same history.
"""

from collections.abc import Callable

from drivers.gate.block import GateBlock
from drivers.gate.parameters import Parameters
from drivers.gate.registers import OUTCOME_WORDS, Fate, Status
from drivers.sim.belt import NEVER, Belt
from drivers.sim.due import next_due_ms
from drivers.sim.truth import ItemTruth

IDLE_US = 50_000
"""Without anything to do the program still counts its heartbeat up so often."""
RESTARTED = "plc-restart"
_DWORD = 1 << 32

Program = Callable[[Parameters, int, int], GateBlock]


def gate_block(parameters: Parameters, start: int, items: int) -> GateBlock:
    """The gate's program, just started."""
    return GateBlock(parameters, start=start, items=items)


class Controller:
    """`belt` with its PLC, in step.

    The agent's side is `block`: its four lists of words. After writing into `block.commands` call
    `written`. `block` is another object after a restart.

    `obeys_run`: the drive is wired to the PLC's output RUN. `count_before` is where the encoder's
    free-running counter begins. `every_scan`: make every scan of the cycle.
    """

    def __init__(
        self,
        belt: Belt,
        *,
        start: int,
        items: int = 0,
        obeys_run: bool = True,
        count_before: int = 0,
        program: Program = gate_block,
        every_scan: bool = False,
    ) -> None:
        self.belt = belt
        self.parameters = belt.layout.parameters
        self.start = start
        self.up = True
        """The program runs: its registers can be read."""
        self._program = program
        self.block = program(self.parameters, start, items)
        self._items = items
        self._scan_us = belt.layout.scan_us
        self._every_scan = every_scan
        self._obeys_run = obeys_run
        self._count_before = count_before
        self._by_encoder = belt.layout.step == "encoder"
        self._counts_per_mm = belt.layout.counts_per_mm
        self._gate_open = self._run = False
        self._wanted_us = 0
        self._due_step: int | None = None
        self._due_time_us = self._due_us = 0
        self._motion = belt.motion
        if obeys_run:
            belt.permit(False)

    # --- time ------------------------------------------------------------------------------

    def next_event_us(self) -> int:
        """When something happens next by itself."""
        return min(self._next_scan_us(), self.belt.next_event_us())

    def advance(self, to_us: int) -> None:
        """Let belt and PLC run until `to_us`."""
        belt = self.belt
        while True:
            scan_us, event_us = self._next_scan_us(), belt.next_event_us()
            if event_us <= scan_us:  # an input that changes at the tick is seen by it
                if event_us > to_us:
                    break
                belt.advance(event_us)
                if belt.changed:
                    belt.changed = False
                    self._want(event_us)
            else:
                if scan_us > to_us:
                    break
                belt.advance(scan_us)
                self._scan()
        belt.advance(to_us)

    def written(self) -> None:
        """The agent has written commands: the next scan takes them."""
        self._want(self.belt.now_us)

    def restart_plc(self, down_us: int, start: int) -> None:
        """The PLC loses its power for `down_us`: outputs fall, and all it knew is lost. Its next
        start has the number `start`."""
        belt = self.belt
        for body in belt.bodies:
            if body.thing.number is not None:
                body.thing.note(RESTARTED)
        self.up = False
        self._set_outputs(gate_open=False, run=False)
        belt.after(down_us, self._start, start)

    def _start(self, start: int) -> None:
        self.start, self._items = start, 0
        self.block = self._program(self.parameters, start, 0)
        self.up = True
        self._want(self.belt.now_us)

    def told(self, thing: ItemTruth) -> Fate:
        """The program's word on `thing`, which it has counted since its start."""
        block = self.block
        assert thing.number is not None  # noqa: S101  it was counted
        at = OUTCOME_WORDS * (thing.number % block.parameters.slots)
        return Fate(block.outcomes[at + 1] % 256)

    # --- scans -----------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Encoder counts, or milliseconds of the belt running: what the PLC measures by."""
        return (self._count_before + self._steps) % _DWORD

    @property
    def _steps(self) -> int:
        """As `position`, from 0 and never wrapped."""
        if self._by_encoder:
            return self.belt.place_um * self._counts_per_mm // 1_000
        return self.belt.ran_us // 1_000

    def _tick(self, at_us: int) -> int:
        """The first tick of the cycle that is not before `at_us`."""
        return at_us if at_us == NEVER else -(-at_us // self._scan_us) * self._scan_us

    def _want(self, at_us: int) -> None:
        self._wanted_us = min(self._wanted_us, self._tick(at_us))

    def _next_scan_us(self) -> int:
        if not self.up:
            return NEVER
        if self._motion != self.belt.motion:
            self._motion = self.belt.motion
            self._reckon()
        return min(self._wanted_us, self._due_us)

    def _reckon(self) -> None:
        """When the program's waiting will be over, at the present speed."""
        at_us = self._due_time_us
        if self._due_step is not None:
            if self._by_encoder:
                place_um = -(-self._due_step * 1_000 // self._counts_per_mm)
                at_us = min(at_us, self.belt.when_us(place_um))
            else:
                at_us = min(at_us, self.belt.when_ran_us(self._due_step * 1_000))
        self._due_us = self._tick(at_us)

    def _scan(self) -> None:
        belt, block = self.belt, self.block
        now_us, steps = belt.now_us, self._steps
        now_ms, position = now_us // 1_000, (self._count_before + steps) % _DWORD
        shown = block.status[Status.ITEMS]
        block.scan(now_ms, position, belt.sensors)
        if block.status[Status.ITEMS] != shown:
            self._number()
        self._set_outputs(block.gate_open, block.run)
        if self._every_scan:
            self._wanted_us, self._due_time_us, self._due_step = NEVER, now_us + 1, None
        else:
            self._wanted_us = NEVER
            wait_ms, wait_steps = next_due_ms(block, now_ms), block.next_due(position)
            self._due_time_us = now_us + IDLE_US
            if wait_ms is not None:
                self._due_time_us = min(self._due_time_us, (now_ms + wait_ms) * 1_000)
            self._due_step = None if wait_steps is None else steps + wait_steps
        self._reckon()

    def _number(self) -> None:
        """The program has counted what is before the trigger's eye."""
        self._items += 1
        body = self.belt.at_trigger
        assert body is not None  # noqa: S101  nothing else makes an edge
        thing = body.thing
        if thing.number is not None:
            thing.counted_before.append((thing.start, thing.number))
        thing.number, thing.start = self._items, self.start

    def _set_outputs(self, gate_open: bool, run: bool) -> None:
        if gate_open is not self._gate_open:
            self._gate_open = gate_open
            self.belt.flap.command(gate_open, self.belt.now_us)
        if self._obeys_run and run is not self._run:
            self._run = run
            self.belt.permit(run)
