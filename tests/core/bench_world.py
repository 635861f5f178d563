"""Benches in virtual time: people with hand scanners at the real core, over a history in memory."""

import re

from edge_agent.core.body import from_body, to_body
from edge_agent.core.codes import CodeKind, Form
from edge_agent.core.commands import Command
from edge_agent.core.effects import Effect, Show, Tone
from edge_agent.core.events import Event, LabelQueued, Reworked, Subject
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.inputs import Badge, Edit, Input, Press, Read, Tick
from edge_agent.core.labels import LabelPlan
from edge_agent.core.line import Line
from edge_agent.core.names import CodeKey, ContainerId, Instant, LevelName, PersonId, StationName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.past import Past
from edge_agent.core.people import Person, Role
from edge_agent.core.record import LinePlan, PeoplePlan, StationPlan
from edge_agent.core.state import LineState
from edge_agent.core.states import ContainerState, State
from edge_agent.core.verify import Due

UNIT, CASE, PALLET = LevelName("unit"), LevelName("case"), LevelName("pallet")
ONE, TWO = StationName("bench 1"), StationName("bench 2")
DOCK, TABLE = StationName("dock"), StationName("table")
CAPACITY = {CASE: 3, PALLET: 2}
ANN = Person(PersonId("ann"), "Ann", Role.OPERATOR)
BOB = Person(PersonId("bob"), "Bob", Role.OPERATOR)
SUE = Person(PersonId("sue"), "Sue", Role.SUPERVISOR)
SAM = Person(PersonId("sam"), "Sam", Role.SUPERVISOR)
STEP_US = 500_000
PRODUCT_A, PRODUCT_B = "00000000000017", "00000000000024"

Scan = str | Command | tuple[Command, str] | Person
"""What a person scans: a code, a command barcode, one with an argument, a badge."""


def plan(
    people: PeoplePlan | None = None, reread_us: int = 0, label: LabelPlan | None = None
) -> LinePlan:
    """Units into cases of three at two benches, cases onto pallets of two at the dock, and a table
    for repairs. A code may say its product: see `made`."""
    levels = (
        LevelPlan(UNIT),
        LevelPlan(CASE, CAPACITY[CASE], partial=True, by_scan=True, label=label),
        LevelPlan(PALLET, CAPACITY[PALLET], partial=True, by_scan=True),
    )
    forms = tuple(
        Form(level.name, CodeKind.PLAIN, pattern=re.compile(rf"(?P<serial>{level.name}-\w+)"))
        for level in levels[1:]
    )
    unit = re.compile(r"(?P<serial>unit-((?P<gtin>\d{14})-)?\d+)")
    reads = {
        ONE: (UNIT, CASE),
        TWO: (UNIT, CASE),
        DOCK: (CASE, PALLET),
        TABLE: (UNIT, CASE, PALLET),
    }
    stations = {
        name: StationPlan(
            name,
            Due(levels_read, {}, gated=False, packs=tuple(set(levels_read) - {PALLET})),
            reread_us,
            work="rework" if name == TABLE else "",
        )
        for name, levels_read in reads.items()
    }
    sscc = Form(CASE, CodeKind.GS1, requires=("00",))
    unit_form = Form(UNIT, CodeKind.PLAIN, pattern=unit)
    return LinePlan(levels, (unit_form, *forms, sscc), stations, people=people or PeoplePlan())


def made(product: str, number: int) -> str:
    """The code of a unit that says its product."""
    return f"unit-{product}-{number}"


def key(text: str) -> CodeKey:
    said = re.match(r"unit-(\d{14})-", text)
    return CodeKey(f"01{said[1]}21{text}" if said else f"plain:{text}")


def text(code: CodeKey) -> str:
    """What is scanned for `code`."""
    return re.sub(r"^(plain:|01\d{14}21)", "", code)


class Benches:
    """Gives what people scan to a line, and keeps what comes of it."""

    def __init__(
        self,
        people: PeoplePlan | None = None,
        reread_us: int = 0,
        label: LabelPlan | None = None,
    ) -> None:
        self.plan = plan(people, reread_us, label)
        self.past = Past()
        self.line = Line(self.plan, LineState(self.plan.levels), self.past)
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.now_us = 1_000_000
        self.step_us = STEP_US
        """From one scan to the next."""

    # --- what people do ------------------------------------------------------------------------

    def give(self, given: Input) -> list[Event]:
        decision = self.line.decide(given)
        for event in decision.events:
            assert from_body(to_body(event)) == event
            self.past.append(event)
        self.events += decision.events
        self.effects = decision.effects
        return decision.events

    def at(self, ahead_us: int | None = None) -> Instant:
        self.now_us += self.step_us if ahead_us is None else ahead_us
        return Instant(self.now_us, self.now_us)

    def do(self, station: StationName, *scans: Scan) -> Show:
        """`scans`, one after the other; what is shown at the end. Each shows exactly one thing."""
        for scan in scans:
            self.give(self._input(station, scan))
            shows = [effect for effect in self.effects if isinstance(effect, Show)]
            assert len(shows) == 1, (scan, shows)
        return shows[0]

    def _input(self, station: StationName, scan: Scan) -> Input:
        at = self.at()
        match scan:
            case Command():
                return Press(at, station, scan)
            case (command, argument):
                return Press(at, station, command, argument)
            case Person():
                return Badge(at, station, "badge", scan)
            case _:
                return Read(at, station, at.mono_us, scan)

    def ok(self, station: StationName, *scans: Scan) -> Show:
        """`do`, and the last was good."""
        shown = self.do(station, *scans)
        assert shown.tone in (Tone.GOOD, Tone.FULL), shown
        return shown

    def refused(self, station: StationName, *scans: Scan) -> list[str]:
        """`do`, the last was refused and changed nothing; all that was said against it."""
        before = self.line.state.to_json()["filling"], self.tree()
        shown = self.do(station, *scans)
        assert shown.tone is Tone.BAD, shown
        assert before == (self.line.state.to_json()["filling"], self.tree())
        return [str(each) for each in shown.culprits or (shown.saying,)]

    def tick(self, ahead_us: int) -> None:
        at = self.at(ahead_us)
        self.give(Tick(at, at.mono_us))

    def revoke(self, person: Person) -> None:
        self.give(Edit(self.at(), self.plan.name, Subject.PERSON, person.id, None, None, "left"))

    def give_role(self, person: Person, role: Role) -> None:
        new = {"name": person.name, "role": role.value, "language": person.language}
        given = Edit(self.at(), self.plan.name, Subject.PERSON, person.id, new, None, "moved")
        self.give(given)

    def case(self, name: str, *units: str, station: StationName = ONE) -> None:
        """A case of `units`, packed and closed at `station`; of three, or with a supervisor."""
        self.ok(station, *units)
        shown = self.do(station, name)
        if shown.tone is Tone.ASK:
            self.ok(station, SUE)

    def label(self) -> str:
        """What the label says that was queued last."""
        keys = [event.key for event in self.events if isinstance(event, LabelQueued)]
        return keys[-1]

    def restart(self) -> None:
        """As after a kill: the state is what the journal says."""
        state = LineState(self.plan.levels)
        for event in self.events:
            state.apply(event)
        assert state.to_json() == self.line.state.to_json()
        restored = LineState.from_json(self.plan.levels, state.to_json())
        assert restored.to_json() == state.to_json()
        self.line = Line(self.plan, restored, self.past)

    # --- what is so ----------------------------------------------------------------------------

    def known(self, text: str) -> Known:
        known = self.past.find(key(text))
        assert known is not None, text
        return known

    def held(self, text: str) -> KnownContainer:
        """The container that `text` names."""
        holds = self.known(text).holds
        assert holds is not None
        container = self.past.container(holds)
        assert container is not None
        return container

    def children(self, name: str) -> list[str]:
        return [text(child) for child in self.held(name).children]

    def inside(self, name: str) -> str | None:
        """The code of the container in which `name` lies; "" if it has none yet."""
        inside = self.known(name).inside
        return None if inside is None else text(inside[1] or CodeKey(""))

    def repairs(self) -> list[Reworked]:
        return [event for event in self.events if isinstance(event, Reworked)]

    def containers(self) -> list[KnownContainer]:
        numbers = range(1, self.line.state.packing.next_id)
        found = (self.past.container(ContainerId(number)) for number in numbers)
        return [each for each in found if each is not None]

    def codes(self) -> list[CodeKey]:
        return sorted({each.key for each in self.events if each.kind == "commissioned"})

    def tree(self) -> dict[str, object]:
        return {code: self.past.find(code) for code in self.codes()}

    def check(self) -> None:
        """The tree is whole: see edge_agent.core.rework.draft."""
        above = {UNIT: CASE, CASE: PALLET}
        containers = self.containers()
        lies_in: dict[CodeKey, ContainerId] = {}
        for container in containers:
            assert len(container.children) <= CAPACITY[container.level], container
            for child in container.children:
                assert child not in lies_in, f"{child} lies in two containers"
                lies_in[child] = container.id
                known = self.past.find(child)
                assert known is not None
                assert above[known.level] == container.level
                assert known.state is State.PACKED
        for code in self.codes():
            known = self.past.find(code)
            assert known is not None
            assert (known.state is State.PACKED) == (known.inside is not None), known
            assert lies_in.get(code) == (known.inside[0] if known.inside else None)
            held = self.past.container(known.holds) if known.holds is not None else None
            if held is not None and known.state is State.PACKED:
                assert held.children, f"{code} is empty and packed"
                assert held.state is ContainerState.CLOSED
            if held is not None and known.state is State.DECOMMISSIONED:
                assert not held.children
        self._check_filling(containers)

    def _check_filling(self, containers: list[KnownContainer]) -> None:
        """What is being filled is what the history says is open, and a bench fills one."""
        filling = self.line.state.packing.filling
        filled = {each.id: each for level in filling.values() for each in level}
        for container in containers:
            each = filled.get(container.id)
            if container.state is ContainerState.CLOSED:
                assert each is None, container
            elif each is None:
                assert not container.children, container
            else:
                assert tuple(each.children) == container.children
        for level, fillings in filling.items():
            current = [each.bench for each in fillings if not each.parked]
            assert len(current) == len(set(current)), (level, current)
