"""The belt, its PLC and its mishaps in virtual time, and what a shift must know of them."""

from collections.abc import Callable

from drivers.gate.block import GateBlock
from drivers.gate.parameters import Parameters
from drivers.gate.registers import OUTCOME_WORDS, Fate, Status
from drivers.sim.belt import Belt, Body
from drivers.sim.controller import Controller
from drivers.sim.mishaps import Mishaps
from drivers.sim.script import write_script
from drivers.sim.truth import ItemTruth, Truth
from edge_agent.simulate.parts import Parts
from edge_agent.simulate.shift import Shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.virtual_time import VirtualTime


class Plant:
    """What stands on the floor. `scanner_says` is told each line that leaves the scanner."""

    def __init__(self, shift: Shift, parts: Parts, time: VirtualTime, timeline: Timeline) -> None:
        self.truth = Truth(shift.seed)
        self.gone_us: dict[int, int] = {}
        """When each thing left the belt, by its `id`."""
        self.plugged = True
        """The scanner's cable is in."""
        self._shift = shift
        self._time = time
        self._timeline = timeline
        script = write_script(
            shift.items,
            60_000 / shift.mean_spacing_ms,
            shift.seed,
            shift.faults,
            shift.layout,
        )
        self.belt = Belt(
            shift.layout, iter(script.units), self.truth, seed=shift.seed, on_gone=self._gone
        )
        self._mishaps = Mishaps(self.belt, shift.faults, shift.items)
        self._mishaps_on_trigger = self.belt.on_trigger
        self.belt.on_trigger = self._on_trigger
        self.scanner_says: Callable[[bytes], None] = _nobody_listens
        # The program is made for the parameters that the line's configuration has.
        parameters = shift.gate.parameters

        def program(_: Parameters, start: int, items: int) -> GateBlock:
            return parts.block(parameters, start=start, items=items)

        self.controller = Controller(
            self.belt,
            start=shift.first_start,
            items=shift.items_before,
            obeys_run=shift.obeys_run,
            count_before=shift.count_before,
            program=program,
        )
        self.starts = [shift.first_start]
        self._told: set[tuple[int, int]] = set()
        # An answer leaves the scanner so long after its trigger that the belt may go ahead of the
        # agent by as much.
        self._ahead_us = 1 if timeline.wanted else shift.layout.read_us[0]

    # --- time ------------------------------------------------------------------------------

    def advance(self, before_us: int) -> bool:
        """Go on towards `before_us`. False if nothing happens before it."""
        controller = self.controller
        next_us = controller.next_event_us()
        if next_us >= before_us:
            return False
        now_us = self.belt.now_us
        controller.advance(min(before_us - 1, max(next_us, now_us + self._ahead_us)))
        if self._timeline.wanted:
            self._tell()
        return True

    def catch_up(self) -> GateBlock:
        """The program's memory as it is now."""
        self.controller.advance(self._time.now_us)
        return self.controller.block

    # --- the agent's end of the wire -------------------------------------------------------

    def status(self) -> list[int]:
        return list(self.catch_up().status)

    def outcomes(self, slot: int, count: int) -> list[int]:
        first = OUTCOME_WORDS * slot
        return self.catch_up().outcomes[first : first + OUTCOME_WORDS * count]

    def put(self, what: str, first: int, words: list[int]) -> None:
        """`words` into the commands or the verdicts, from word `first` on."""
        block = self.catch_up()
        if what == "commands":
            block.commands[first : first + len(words)] = words
            self.controller.written()
        else:
            block.verdicts[first : first + len(words)] = words

    def restart_plc(self, down_us: int) -> None:
        start = self.starts[-1] % 65_535 + 1
        self.starts.append(start)
        self.catch_up()
        self.controller.restart_plc(down_us, start)

    # --- the belt --------------------------------------------------------------------------

    def _on_trigger(self, body: Body) -> None:
        self._mishaps_on_trigger(body)
        unit = body.unit
        if unit is None or unit.sent is None:
            return
        read_us = self.belt.now_us + int(unit.read_ms * 1_000)
        self._time.at(read_us, self.scanner_says, unit.sent)
        if unit.echo_ms is not None:
            self._time.at(read_us + int(unit.echo_ms * 1_000), self.scanner_says, unit.sent)

    def _gone(self, thing: ItemTruth) -> None:
        self.gone_us[id(thing)] = self.belt.now_us
        if self._timeline.wanted:
            about = f" ({thing.ailment})" if thing.ailment else ""
            self._timeline.tell(self.belt.now_us, "belt", f"{_name(thing)} {thing.outcome}{about}")

    def _tell(self) -> None:
        """The news of the program since the last time."""
        now_us, block = self.belt.now_us, self.controller.block
        start = block.status[Status.START]
        for thing in self.truth.items[-40:]:
            if thing.number is not None and (thing.start, thing.number) not in self._told:
                self._told.add((thing.start, thing.number))
                what = f"{_name(thing)} counted: {thing.fault or 'good'} {thing.key or '-'}"
                self._timeline.tell(now_us, "plc", what)
                continue
            if thing.number is None or thing.start != start:
                continue
            at = OUTCOME_WORDS * (thing.number % block.parameters.slots)
            shown, fate = block.outcomes[at : at + OUTCOME_WORDS]
            mark = (-thing.start, thing.number)
            if shown == thing.number % 65_536 and fate % 256 and mark not in self._told:
                self._told.add(mark)
                what = f"{_name(thing)} settled: {Fate(fate % 256).name}, cause {fate // 256}"
                self._timeline.tell(now_us, "plc", what)


def _name(thing: ItemTruth) -> str:
    return "a thing" if thing.number is None else f"item {thing.number} (start {thing.start})"


def _nobody_listens(_: bytes) -> None:
    pass
