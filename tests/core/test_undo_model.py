"""After any sequence of scans and commands, UNDO puts back exactly what the last act changed: each
thing lies where it lay, each container is as it was, and nothing vanishes."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Event, Parked, Reworked
from edge_agent.core.names import CodeKey, LevelName, StationName
from edge_agent.core.states import ContainerState, State
from tests.core.bench_world import DOCK, ONE, SUE, TABLE, TWO, Benches, Scan, text

UNITS = [f"unit-{number}" for number in range(1, 21)]
CASES = [f"case-{number}" for number in range(1, 9)]
PALLETS = ["pallet-1", "pallet-2", "pallet-3"]
BENCHES = st.sampled_from([ONE, TWO])
STATIONS = st.sampled_from([ONE, ONE, TABLE, DOCK])
MOSTLY = st.sampled_from([True, True, False])
SCANS = {
    Command.REMOVE: ("packed",),
    Command.REPLACE: ("packed", "new unit"),
    Command.ADD: ("case", "loose unit"),
    Command.EMPTY: ("case",),
    Command.SPLIT: ("packed", "new case"),
    Command.MERGE: ("case", "new case"),
    Command.MOVE: ("packed", "case"),
    Command.UNPACK: ("packed",),
    Command.DECOMMISSION: ("packed",),
    Command.SAMPLE: ("packed",),
    Command.RETURN: ("sampled",),
    Command.REOPEN: ("case",),
    Command.RESUME: ("packed",),
    Command.CLOSE: (),
    Command.PARK: (),
}
"""What is scanned for each, mostly."""


@dataclass(frozen=True)
class Box:
    """A container as people see it: its number on the line is not part of it."""

    level: LevelName
    key: CodeKey | None
    state: ContainerState
    bench: StationName | None
    children: frozenset[CodeKey]


@dataclass(frozen=True)
class Shape:
    """Where everything is."""

    states: dict[CodeKey, State]
    boxes: frozenset[Box]

    def of(self, codes: set[CodeKey]) -> "Shape":
        """Without what is known of other codes, as far as that lies nowhere and holds nothing."""
        return Shape(
            {key: state for key, state in self.states.items() if key in codes},
            frozenset(box for box in self.boxes if box.children or box.key in codes),
        )


def shape(world: Benches) -> Shape:
    states = {}
    for code in world.codes():
        known = world.past.find(code)
        assert known is not None
        states[code] = known.state
    benches = {each.id: each.bench for each in world.line.state.packing.every()}
    boxes = [
        Box(each.level, each.key, each.state, benches.get(each.id), frozenset(each.children))
        for each in world.containers()
        if each.children or each.key is not None
    ]
    assert len(boxes) == len(set(boxes))
    return Shape(states, frozenset(boxes))


def is_for_ever(event: Event) -> bool:
    """Whether it is said that `event` is not taken back: what is out of use stays so."""
    return isinstance(event, Reworked) and any(
        move.after.state is State.DECOMMISSIONED for move in event.moves
    )


class Shift(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = Benches()

    @initialize()
    def begin_the_day(self) -> None:
        self.world.case("case-1", *UNITS[:3])
        self.world.case("case-2", *UNITS[3:5])

    def pick(self, data: st.DataObject, kind: str) -> str:
        """Mostly a code of `kind`, so that many commands make sense; else any."""
        states = shape(self.world).states
        known = {text(code): state for code, state in states.items()}
        units, cases = ([each for each in of if each in known] for of in (UNITS, CASES))
        kinds = {
            "packed": [each for each in units + cases if known[each] is State.PACKED],
            "loose unit": [each for each in units if known[each] is State.ACTIVE],
            "sampled": [each for each in known if known[each] is State.SAMPLED],
            "new unit": [each for each in UNITS if each not in known],
            "new case": [each for each in CASES if each not in known],
            "case": cases,
        }
        if data.draw(st.integers(0, 7)) == 0 or not kinds[kind]:
            return data.draw(st.sampled_from(UNITS + CASES + PALLETS))
        return data.draw(st.sampled_from(kinds[kind]))

    @rule(station=STATIONS, kind=st.sampled_from(["new unit", "loose unit", "case"]),
          data=st.data(), takes_back=MOSTLY)  # fmt: skip
    def scan(self, station: StationName, kind: str, data: st.DataObject, takes_back: bool) -> None:
        self.act(station, [self.pick(data, kind)], takes_back=takes_back)

    @rule(station=BENCHES, size=st.integers(1, 3), first=st.booleans(), data=st.data(),
          takes_back=MOSTLY)  # fmt: skip
    def fill(
        self,
        station: StationName,
        size: int,
        first: bool,
        data: st.DataObject,
        takes_back: bool,
    ) -> None:
        """A case is filled, its code scanned before or after; and closed if it is not full."""
        units = [self.pick(data, "new unit") for _ in range(size)]
        case = self.pick(data, "new case")
        scans: list[Scan] = [case, *units] if first else [*units, case]
        self.act(station, [*scans, Command.CLOSE] if size < 3 else scans, takes_back=takes_back)

    @rule(size=st.integers(1, 2), pallet=st.sampled_from(PALLETS), data=st.data(),
          takes_back=MOSTLY)  # fmt: skip
    def load(self, size: int, pallet: str, data: st.DataObject, takes_back: bool) -> None:
        cases = [self.pick(data, "case") for _ in range(size)]
        self.act(DOCK, [*cases, pallet, Command.CLOSE], takes_back=takes_back)

    @rule(
        station=STATIONS,
        commands=st.lists(st.sampled_from(sorted(SCANS)), min_size=1, max_size=5),
        data=st.data(),
        takes_back=MOSTLY,
    )
    def command(
        self,
        station: StationName,
        commands: list[Command],
        data: st.DataObject,
        takes_back: bool,
    ) -> None:
        for command in commands:
            begun = (command, "other") if command is Command.DECOMMISSION else command
            scans = [self.pick(data, kind) for kind in SCANS[command]]
            self.act(station, [begun, *scans], takes_back=takes_back)

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule(station=STATIONS)
    def take_back_late(self, station: StationName) -> None:
        """Others may have gone on meanwhile: it is taken back, or refused and all is as it was."""
        before = shape(self.world)
        shown = self.world.do(station, SUE, Command.CANCEL, Command.UNDO)
        if shown.tone is Tone.BAD:
            assert shape(self.world) == before

    def act(self, station: StationName, scans: list[Scan], *, takes_back: bool) -> None:
        """`scans` at `station`; perhaps the last of them that did something is taken back."""
        world, acts = self.world, self.world.line.state.acts
        world.do(station, SUE, Command.CANCEL)
        done, before = None, shape(world)
        for scan in scans:
            earlier, found = acts.last.get(station), shape(world)
            world.do(station, scan)
            if acts.last.get(station) != earlier:
                done, before = acts.last.get(station), found
            else:
                assert shape(world) == found, "something changed that cannot be taken back"
        if takes_back and done is not None:
            world.do(station, Command.CANCEL)
            self.take_back(station, before, done.events)

    def take_back(self, station: StationName, before: Shape, events: tuple[Event, ...]) -> None:
        world, done = self.world, shape(self.world)
        shown = world.do(station, Command.UNDO)
        after = shape(world)
        if shown.tone is Tone.BAD:
            moves = [event for event in events if isinstance(event, Reworked)]
            put_aside = not moves and any(isinstance(event, Parked) for event in events)
            assert put_aside or any(map(is_for_ever, events)), shown
            assert after == done
            return
        assert after.of(set(before.states)) == before, events
        assert set(after.states) == set(done.states), "nothing vanishes"
        made = set(done.states) - set(before.states)
        assert {after.states[key] for key in made} <= {State.ACTIVE}

    @invariant()
    def whole(self) -> None:
        self.world.check()


TestShift = Shift.TestCase
TestShift.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
