"""A line in virtual time: the real core over a history kept in memory."""

import re
from typing import Any

from edge_agent.core.codes import CodeKind, Form
from edge_agent.core.effects import Answer, Effect, Judge, Show
from edge_agent.core.events import Event
from edge_agent.core.inputs import (
    Arming,
    Counter,
    GateReport,
    Input,
    LinkLost,
    Outcome,
    Read,
    Tick,
)
from edge_agent.core.line import Line
from edge_agent.core.names import (
    CodeKey,
    Instant,
    ItemNumber,
    LevelName,
    StationName,
)
from edge_agent.core.packing import LevelPlan
from edge_agent.core.past import Past
from edge_agent.core.record import GatePlan, LinePlan, StationPlan
from edge_agent.core.state import LineState
from edge_agent.core.verify import Due

INFEED, BENCH = StationName("infeed"), StationName("bench")
UNIT = LevelName("unit")
WINDOW_US, SPACING_US, POLL_US = 25_000, 45_000, 10_000


def plan(*capacities: int, waiting: int = 0, partial: bool = False) -> LinePlan:
    """A line of units and one container level for each of `capacities`, bottom up."""
    names = [LevelName(f"level{number}") for number in range(1, len(capacities) + 1)]
    levels = (
        LevelPlan(UNIT),
        *(LevelPlan(n, c, partial, waiting) for n, c in zip(names, capacities, strict=True)),
    )
    forms = tuple(
        Form(level.name, CodeKind.PLAIN, pattern=re.compile(rf"(?P<serial>{level.name}-\d+)"))
        for level in levels
    )
    everything = tuple(level.name for level in levels)
    stations = {
        INFEED: StationPlan(
            INFEED, Due((UNIT,), {}, gated=True), 0, GatePlan(WINDOW_US, SPACING_US)
        ),
        BENCH: StationPlan(BENCH, Due(everything, {}, gated=False), 0),
    }
    return LinePlan(levels, forms, stations)


def text(level: str, number: int) -> str:
    return f"{level}-{number}"


def key(level: str, number: int) -> CodeKey:
    return CodeKey(f"plain:{level}-{number}")


class Journal(Past):
    """The history, and the whole journal that it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def append(self, event: Event) -> None:
        super().append(event)
        self.events.append(event)


class World:
    """Feeds inputs to a line, keeps what comes out."""

    def __init__(self, line_plan: LinePlan) -> None:
        self.plan = line_plan
        self.past = Journal()
        self.line = Line(line_plan, LineState(line_plan.levels), self.past)
        self.effects: list[Effect] = []
        """All but what is shown to people."""
        self.shows: list[Show] = []
        self.now_us = 1_000_000
        self.boot = 1

    def give(self, given: Input) -> list[Effect]:
        decision = self.line.decide(given)
        for event in decision.events:
            self.past.append(event)
        self.shows += [effect for effect in decision.effects if isinstance(effect, Show)]
        effects = [effect for effect in decision.effects if not isinstance(effect, Show)]
        self.effects += effects
        return effects

    def restart(self) -> None:
        """As after a kill: the state is what the journal says."""
        state = LineState(self.plan.levels)
        for event in self.past.events:
            state.apply(event)
        assert state.to_json() == self.line.state.to_json()
        restored = LineState.from_json(self.plan.levels, state.to_json())
        assert restored.to_json() == state.to_json()
        self.line = Line(self.plan, restored, self.past)

    def restart_from(self, saved: dict[str, Any]) -> None:
        """As after a start with another configuration."""
        self.line = Line(self.plan, LineState.from_json(self.plan.levels, saved), self.past)

    def instant(self) -> Instant:
        return Instant(self.now_us, self.now_us)

    def read_item(self, text: str | None) -> list[Effect]:
        self.now_us += 1_000
        return self.give(Read(self.instant(), INFEED, self.now_us, text))

    def scan(self, text: str | None, station: StationName = BENCH) -> Answer | None:
        """A read by hand; its answer."""
        self.now_us += 1_000
        effects = self.give(Read(self.instant(), station, self.now_us, text))
        answers = [e for e in effects if isinstance(e, Answer)]
        return answers[0] if answers else None

    def count(self, last_item: int, *, restarted: bool = False) -> list[Effect]:
        """A poll; the first one of a session arms the gate."""
        self.now_us += POLL_US
        asked_us = self.now_us - 200
        if restarted:
            self.boot += 1
            self.give(LinkLost(self.instant(), INFEED, "the PLC restarted"))
        item = ItemNumber(last_item)
        counter = Counter(self.instant(), INFEED, item, asked_us, self.now_us, self.boot)
        if self.line.gates.knows(INFEED):
            return self.give(counter)
        return self.give(Arming(counter, "a test"))

    def lose_link(self) -> None:
        self.now_us += POLL_US
        self.give(LinkLost(self.instant(), INFEED, "a test"))

    def tick(self, ahead_us: int = POLL_US) -> list[Effect]:
        self.now_us += ahead_us
        return self.give(Tick(self.instant(), self.now_us))

    def gate(self, item: int, outcome: Outcome) -> None:
        self.now_us += 100
        self.give(GateReport(self.instant(), INFEED, ItemNumber(item), outcome))

    def item(self, number: int, text: str | None) -> Judge:
        """Item `number` passes the trigger and is read; the verdict on it."""
        self.count(number - 1)
        self.now_us += SPACING_US  # answers to what was on the belt before have come
        self.count(number - 1)
        self.count(number)
        self.now_us += 5_000
        effects = self.give(Read(self.instant(), INFEED, self.now_us, text))
        (judge,) = (e for e in effects if isinstance(e, Judge))
        self.now_us += SPACING_US
        return judge

    def kinds(self) -> list[str]:
        return [event.kind for event in self.past.events]
