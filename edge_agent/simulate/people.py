"""Who works at the line: a packer who scans labels on what is full, and one who lets a stopped line
run again. Both see what the line shows, and both make mistakes."""

import random
from collections.abc import Callable

from drivers.sim.codes import sscc
from edge_agent.core.effects import Answer
from edge_agent.core.events import Reason
from edge_agent.core.names import LevelName
from edge_agent.simulate.agent import Agent
from edge_agent.simulate.shift import BELT, PACKING, Shift
from edge_agent.simulate.virtual_time import VirtualTime

_AGAIN_US = 250_000
_MISTAKES = 0.05


class People:
    """`agent` gives the process that runs now; None while there is none."""

    def __init__(
        self,
        shift: Shift,
        time: VirtualTime,
        chance: random.Random,
        agent: Callable[[], Agent | None],
    ) -> None:
        self._shift = shift
        self._time = time
        self._chance = chance
        self._agent = agent
        self._levels = [(LevelName(x.name), x.capacity) for x in shift.config.levels if x.capacity]
        # He is quick enough: three looks at least while a case is being filled.
        fill_us = int(1_000 * shift.mean_spacing_ms * self._levels[0][1])
        self._longest_us = min(600_000, fill_us // 3)
        self._labels = 0
        self._label: dict[LevelName, str] = {}
        self._used: list[str] = []
        self._asked: str | None = None
        self.away = False
        time.after(self._wait_us(), self._look)

    def _wait_us(self) -> int:
        return self._chance.randrange(self._longest_us // 4, self._longest_us)

    def _look(self) -> None:
        self._time.after(self._wait_us(), self._look)
        agent = self._agent()
        if agent is None:
            return
        belt = agent.engine.state.belts.get(BELT)
        if belt is not None and belt.interlock.stop is not None:
            agent.call(agent.release_line, "Wang Fang", "looked, and found it in order")
        if not self.away:
            self._pack(agent)

    def _pack(self, agent: Agent) -> None:
        filling = agent.engine.state.packing.filling
        # What is full at the top comes first: without it there is no room for the rest.
        for number, (level, capacity) in reversed(list(enumerate(self._levels))):
            fillings = filling.get(level, [])
            full = bool(fillings) and len(fillings[0].children) >= capacity
            if self._chance.random() < _MISTAKES:
                self._scan(agent, self._chance.choice((*self._used[-3:], "NOREAD", "smudge")))
            elif full or self._chance.random() < _MISTAKES:
                self._scan(agent, self._label_for(level, number))
                return

    def _label_for(self, level: LevelName, extension_digit: int) -> str:
        if level not in self._label:
            self._labels += 1
            self._label[level] = f"00{sscc(extension_digit, self._labels)}"
        return self._label[level]

    def _scan(self, agent: Agent, text: str) -> None:
        self._time.after(1_000, agent.call, agent.hear, PACKING, text.encode())
        if self._chance.random() < _MISTAKES:  # twice, out of habit
            again_us = 1_000 + self._chance.randrange(_AGAIN_US)
            self._time.after(again_us, agent.call, agent.hear, PACKING, text.encode())

    def answered(self, answer: Answer) -> None:
        """The scanner shows what the line answered: an accepted label is on its container, and so
        is one that it knows already, whose answer was lost."""
        if answer.reason in (None, Reason.DUPLICATE, Reason.ALREADY_PACKED) and answer.key:
            self._used.append(answer.key)
            for level, label in list(self._label.items()):
                if label == answer.key:
                    del self._label[level]
