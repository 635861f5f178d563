"""Makes the outages that a shift has drawn happen, and keeps when each was."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from drivers.gate.registers import Status
from edge_agent.simulate.agent import Agent, Disk, Step
from edge_agent.simulate.people import People
from edge_agent.simulate.plant import Plant
from edge_agent.simulate.shift import Outage, Shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.virtual_time import VirtualTime
from edge_agent.simulate.wire import LATE_VERDICT, Request, Weather

_LOOK_US = 10_000
_LOW_NUMBERS = 60
ITEMS_PER_OUTAGE = 250
"""An outage of each kind comes once, and once more for each so many items."""
_NEXT_REQUEST = (
    Outage.LOST_REQUEST,
    Outage.LOST_ANSWER,
    Outage.LATE_WRITE,
    Outage.TORN_WRITE,
)


@dataclass(frozen=True, slots=True)
class Spell:
    """One outage: from when until when."""

    kind: Outage
    from_us: int
    until_us: int


class Outages:
    """`agent` gives the process that runs now; `start_agent` starts the next one."""

    def __init__(
        self,
        shift: Shift,
        plant: Plant,
        weather: Weather,
        disk: Disk,
        people: People,
        time: VirtualTime,
        chance: random.Random,
        timeline: Timeline,
        *,
        agent: Callable[[], Agent | None],
        start_agent: Callable[[], None],
    ) -> None:
        self._plant = plant
        self._weather = weather
        self._disk = disk
        self._people = people
        self._time = time
        self._chance = chance
        self._timeline = timeline
        self._agent = agent
        self._start_agent = start_agent
        self._running: dict[str, int] = {}
        self.spells: list[Spell] = []
        happen: dict[Outage, Callable[[Outage], None]] = {
            Outage.AGENT_KILL: self._kill,
            Outage.AGENT_PAUSE: self._pause,
            Outage.DISK_FULL: self._fill_disk,
            Outage.DISK_SLOW: self._slow_disk,
            Outage.LINK_DROP: self._break_link,
            Outage.LINK_MUTE: self._break_link,
            Outage.SLOW_NET: self._slow_net,
            Outage.PLC_RESTART: self._restart_plc,
            Outage.PLC_RESTART_LATE_VERDICT: self._restart_with_late_verdict,
            Outage.SCANNER_UNPLUG: self._unplug,
            Outage.PACKER_AWAY: self._send_away,
            **dict.fromkeys(_NEXT_REQUEST, self._spoil_next),
        }
        shift_us = int(shift.items * shift.mean_spacing_ms * 1_000)
        for kind in sorted(shift.outages & happen.keys()):
            for _ in range(shift.repeats * (1 + shift.items // ITEMS_PER_OUTAGE)):
                # Some come right at the start, and some in each other's wake.
                at_us = chance.randrange(shift_us)
                if chance.random() < 0.2:
                    at_us = chance.randrange(3_000_000)
                time.at(at_us, happen[kind], kind)

    def _us(self, least_ms: int, most_ms: int) -> int:
        return self._chance.randrange(1_000 * least_ms, 1_000 * most_ms)

    def _note(self, kind: Outage, for_us: int) -> None:
        now_us = self._time.now_us
        self.spells.append(Spell(kind, now_us, now_us + for_us))
        self._timeline.tell(now_us, "fault", f"{kind} for {for_us / 1e6:.3f} s")

    def _spell(self, kind: Outage, for_us: int, name: str, end: Callable[[], None]) -> None:
        """`end` is called when the last spell of this name is over."""
        self._note(kind, for_us)
        self._running[name] = self._running.get(name, 0) + 1

        def ends() -> None:
            self._running[name] -= 1
            if not self._running[name]:
                end()

        self._time.after(for_us, ends)

    # --- the agent -------------------------------------------------------------------------

    def _kill(self, kind: Outage) -> None:
        agent = self._agent()
        if agent is None:
            return
        down_us = self._us(50, 3_000)
        self._note(kind, down_us)
        step = self._chance.choice(tuple(Step))
        if step is Step.ANYWHERE:
            agent.die(f"killed {step}")
        else:
            agent.doom = step
        self._time.after(down_us, self._restart_agent, agent)

    def _restart_agent(self, agent: Agent) -> None:
        agent.die("killed at last")  # it may not have come to its doom
        if self._agent() is None:
            self._start_agent()

    def _pause(self, kind: Outage) -> None:
        if agent := self._agent():
            for_us = self._us(50, 2_000)
            self._note(kind, for_us)
            agent.pause(for_us)

    def _fill_disk(self, kind: Outage) -> None:
        self._disk.full = True
        if agent := self._agent():
            agent.ledger.fill_disk(True)
        self._spell(kind, self._us(100, 4_000), "disk", self._free_disk)

    def _free_disk(self) -> None:
        self._disk.full = False
        if agent := self._agent():
            agent.ledger.fill_disk(False)

    def _slow_disk(self, kind: Outage) -> None:
        self._disk.slow_us = self._us(20, 300)

        def end() -> None:
            self._disk.slow_us = 0

        self._spell(kind, self._us(500, 5_000), "slow disk", end)

    # --- the wire --------------------------------------------------------------------------

    def _break_link(self, kind: Outage) -> None:
        self._weather.down = "drop" if kind is Outage.LINK_DROP else "mute"
        agent = self._agent()
        if kind is Outage.LINK_DROP and agent:
            agent.wire.drop()

        def end() -> None:
            self._weather.down = None

        self._spell(kind, self._us(5, 3_000), "link", end)

    def _slow_net(self, kind: Outage) -> None:
        self._weather.slow = self._chance.randint(3, 100)

        def end() -> None:
            self._weather.slow = 1

        self._spell(kind, self._us(500, 5_000), "net", end)

    def _spoil_next(self, kind: Outage) -> None:
        self._weather.next = kind.value
        self._note(kind, 500_000)

    # --- the plant -------------------------------------------------------------------------

    def _restart_plc(self, kind: Outage) -> None:
        if not self._plant.controller.up:
            return
        down_us = self._us(20, 2_000)
        self._note(kind, down_us)
        self._plant.restart_plc(down_us)
        if self._chance.random() < 0.3:  # and once more, soon
            self._time.after(down_us + self._us(200, 4_000), self._restart_plc, kind)

    def _restart_with_late_verdict(self, kind: Outage) -> None:
        """Of an item with a low number: those the restarted PLC counts again before long."""
        if not self._plant.controller.up:
            return
        if self._plant.controller.block.status[Status.ITEMS] > _LOW_NUMBERS:
            self._restart_plc(kind)
            self._time.after(self._us(3_000, 6_000), self._restart_with_late_verdict, kind)
            return
        self._weather.next = LATE_VERDICT
        self._note(kind, 500_000)

        def kept_back(request: Request, deliver: Callable[[Request], None]) -> None:
            self._weather.on_late = None
            start = self._plant.starts[-1]
            self._time.after(self._us(1, 30), self._restart_plc, kind)
            self._time.after(_LOOK_US, self._deliver_when_counted, start, request, deliver)

        self._weather.on_late = kept_back

    def _deliver_when_counted(
        self, start: int, request: Request, deliver: Callable[[Request], None]
    ) -> None:
        """When the restarted PLC has counted as far as the PLC had when it was sent."""
        status = self._plant.controller.block.status
        if status[Status.START] != start and status[Status.ITEMS] == request.words[0]:
            self._time.after(self._us(0, 400), deliver, request)
        else:
            self._time.after(_LOOK_US, self._deliver_when_counted, start, request, deliver)

    def _unplug(self, kind: Outage) -> None:
        self._plant.plugged = False

        def end() -> None:
            self._plant.plugged = True

        self._spell(kind, self._us(200, 2_000), "plug", end)

    def _send_away(self, kind: Outage) -> None:
        self._people.away = True

        def end() -> None:
            self._people.away = False

        self._spell(kind, self._us(5_000, 60_000), "packer", end)
