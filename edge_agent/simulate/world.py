"""One shift from its first item to an empty belt and a settled ledger."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivers.gate.registers import Status
from edge_agent.core.effects import Answer
from edge_agent.ledger.journal import create_ledger
from edge_agent.plan import line_plan
from edge_agent.simulate.agent import Agent, Disk
from edge_agent.simulate.outages import Outages, Spell
from edge_agent.simulate.parts import Parts
from edge_agent.simulate.people import People
from edge_agent.simulate.plant import Plant
from edge_agent.simulate.shift import BELT, Shift
from edge_agent.simulate.timeline import Timeline
from edge_agent.simulate.virtual_time import VirtualTime
from edge_agent.simulate.wire import Weather

SETTLE_US = 30_000_000
"""After the last item and the last outage, the agent and its PLC must agree within this time."""
_PATIENCE = 20
"""A shift may take so many times as long as planned: a line that stays stopped takes for ever."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a shift leaves behind."""

    shift: Shift
    plant: Plant
    spells: list[Spell]
    late_writes: list[tuple[int, str]]
    ledger_path: Path
    ended_us: int
    unsettled: str | None
    """What did not come to rest; None: everything did."""
    lost_verdicts: int


class World:
    """Everything of one shift. The ledger is made in `directory`."""

    def __init__(
        self, shift: Shift, directory: Path, timeline: Timeline, parts: Parts | None = None
    ) -> None:
        self._shift = shift
        self._parts = parts or Parts()
        self._timeline = timeline
        self._time = VirtualTime()
        self._chance = random.Random(shift.seed)  # noqa: S311  a shift that can be repeated
        self._plan = line_plan(shift.config)
        self._ledger_path = directory / "ledger.db"
        create_ledger(self._ledger_path)
        self._weather, self._disk = Weather(), Disk()
        self._plant = Plant(shift, self._parts, self._time, timeline)
        self._plant.scanner_says = self._scanner_says
        self._agent: Agent | None = None
        self._people = People(shift, self._time, self._chance, self._running_agent)
        self._outages = Outages(
            shift,
            self._plant,
            self._weather,
            self._disk,
            self._people,
            self._time,
            self._chance,
            timeline,
            agent=self._running_agent,
            start_agent=self._start_agent,
        )

    def run(self) -> Day:
        """The whole shift."""
        self._time.at(0, self._start_agent)
        shift = self._shift
        planned_us = int(shift.items * shift.mean_spacing_ms * 1_000)
        unsettled = self._run_until(self._belt_is_empty, _PATIENCE * planned_us + 60_000_000)
        if unsettled is None:
            last_us = max((spell.until_us for spell in self._outages.spells), default=0)
            until_us = max(last_us, self._time.now_us) + SETTLE_US
            unsettled = self._run_until(self._is_settled, until_us)
        agent = self._running_agent()
        lost_verdicts = agent.session.lost_verdicts if agent else 0
        if agent is not None:
            agent.die("the shift is over")
        return Day(
            shift,
            self._plant,
            self._outages.spells,
            self._weather.log,
            self._ledger_path,
            self._time.now_us,
            unsettled,
            lost_verdicts,
        )

    # --- time ------------------------------------------------------------------------------

    def _run_until(self, is_reached: Callable[[], str | None], limit_us: int) -> str | None:
        """Run until `is_reached()` is None. What it said last, if it never was."""
        time, plant = self._time, self._plant
        look_us = 0
        while True:
            due_us = time.next_us
            assert due_us is not None  # noqa: S101 people always look again
            if not plant.advance(due_us):
                time.step()
            if time.now_us >= look_us:
                look_us = time.now_us + 50_000
                missing = is_reached()
                if missing is None or time.now_us > limit_us:
                    return missing

    def _belt_is_empty(self) -> str | None:
        belt = self._plant.belt
        return None if belt.empty else f"the belt still has {len(belt.bodies)} things on it"

    def _is_settled(self) -> str | None:
        agent = self._running_agent()
        if agent is None:
            return "no agent runs"
        if not agent.session.is_armed:
            return "the gate is not armed"
        belt = agent.engine.state.belts[BELT]
        if waiting := agent.engine.facts()["waiting"]:
            return f"{waiting} inputs and items wait, pending {list(belt.pending)[:5]}"
        shown = self._plant.controller.block.status[Status.ITEMS]
        if belt.last_item % 65_536 != shown:
            return f"the PLC shows item {shown}, the agent knows {belt.last_item}"
        return None

    # --- the agent -------------------------------------------------------------------------

    def _running_agent(self) -> Agent | None:
        agent = self._agent
        return None if agent is None or agent.dead is not None else agent

    def _start_agent(self) -> None:
        self._timeline.tell(self._time.now_us, "agent", "starts")
        self._agent = Agent(
            self._shift,
            self._parts,
            self._plan,
            self._ledger_path,
            self._plant,
            self._weather,
            self._disk,
            self._time,
            self._chance,
            self._timeline,
            on_answer=self._answer,
        )

    def _answer(self, answer: Answer) -> None:
        self._people.answered(answer)

    def _scanner_says(self, line: bytes) -> None:
        least_us, most_us = self._shift.cable_us
        delay_us = least_us + int(self._chance.random() * (most_us - least_us))
        if self._plant.plugged:
            self._time.after(delay_us, self._line_arrives, line)

    def _line_arrives(self, line: bytes) -> None:
        agent = self._running_agent()
        if agent is not None and self._plant.plugged:
            agent.call(agent.hear, BELT, line)
