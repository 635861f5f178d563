"""Any scans, commands and badges, in any order: the tree stays whole, and each repair does what a
much simpler model says, or nothing."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.core.commands import Command
from edge_agent.core.effects import Show, Tone
from edge_agent.core.names import ContainerId, StationName
from edge_agent.core.states import State
from tests.core.bench_world import (
    ANN,
    CASE,
    DOCK,
    ONE,
    PALLET,
    PRODUCT_A,
    PRODUCT_B,
    SUE,
    TABLE,
    TWO,
    UNIT,
    Benches,
    Scan,
    made,
    text,
)

PLAIN = [f"unit-{number}" for number in range(1, 8)]
OF_A, OF_B = [made(PRODUCT_A, n) for n in range(1, 4)], [made(PRODUCT_B, n) for n in (1, 2)]
UNITS = PLAIN + OF_A + OF_B
CASES = [f"case-{number}" for number in range(1, 7)]
PALLETS = ["pallet-1", "pallet-2"]
CODES = st.one_of(*map(st.sampled_from, (UNITS, CASES, UNITS + CASES + PALLETS)))
STATIONS = st.sampled_from([ONE, TWO, DOCK, TABLE])
ABOVE = {UNIT: CASE, CASE: PALLET}
SCANS = {
    Command.REMOVE: ("packed",),
    Command.REPLACE: ("packed", "free"),
    Command.ADD: ("named", "free"),
    Command.EMPTY: ("named",),
    Command.SPLIT: ("packed", "new"),
    Command.MERGE: ("named", "new"),
    Command.MOVE: ("packed", "named"),
    Command.DECOMMISSION: ("packed",),
    Command.SAMPLE: ("packed",),
    Command.RETURN: ("sampled",),
    Command.REOPEN: ("named",),
}
"""What is scanned for each, mostly."""


@dataclass(frozen=True)
class Spot:
    """Where a thing is: nowhere, or in a container."""

    state: State
    inside: ContainerId | None = None


Spots = dict[str, Spot]


class Reference:
    """What is where, before a repair, and what the repair does to it."""

    def __init__(self, world: Benches) -> None:
        self.spots: Spots = {}
        self.holds: dict[str, ContainerId] = {}
        self.order: dict[ContainerId, list[str]] = {}
        for code in world.codes():
            known = world.past.find(code)
            assert known is not None
            name = text(code)
            self.spots[name] = Spot(known.state, known.inside[0] if known.inside else None)
            if known.holds is not None:
                self.holds[name] = known.holds
        for container in world.containers():
            self.order[container.id] = list(map(text, container.children))

    def container(self, name: str, level: str | None = None) -> ContainerId | None:
        """The container that `name` is, or lies in; of `level`, if one is given."""
        if (level is None or name.startswith(level)) and name in self.holds:
            return self.holds[name]
        return self.spots[name].inside

    def after(self, command: Command, scans: list[str], new: ContainerId) -> Spots:
        """The spots of all things after `command`; `new` is the number of a new container."""
        spots = dict(self.spots)
        first, last = scans[0], scans[-1]
        above = {"unit": "case", "case": "pallet"}

        def out(*names: str, state: State = State.ACTIVE) -> None:
            spots.update(dict.fromkeys(names, Spot(state)))

        def put(container: ContainerId | None, *names: str) -> None:
            spots.update(dict.fromkeys(names, Spot(State.PACKED, container)))

        match command:
            case Command.REMOVE:
                out(first)
            case Command.REPLACE:
                put(spots[first].inside, last)
                out(first, state=State.DECOMMISSIONED)
            case Command.ADD:
                put(self.container(first, above[last.split("-")[0]]), last)
            case Command.MOVE:
                put(self.container(last, above[first.split("-")[0]]), first)
            case Command.EMPTY:
                out(*self.order[self.container(first) or ContainerId(0)])
            case Command.SPLIT:
                children = self.order[spots[first].inside or ContainerId(0)]
                put(self.holds.get(last, new), *children[children.index(first) :])
                spots.setdefault(last, Spot(State.ACTIVE))
            case Command.MERGE:
                source = self.container(first) or ContainerId(0)
                if last in spots:
                    level = "case" if self.order[source][0].startswith("unit") else "pallet"
                    put(self.container(last, level), *self.order[source])
                else:
                    put(new, *self.order[source])
                    out(last)
            case Command.DECOMMISSION:
                out(first, state=State.DECOMMISSIONED)
            case Command.SAMPLE:
                out(first, state=State.SAMPLED)
            case Command.RETURN:
                out(first)
            case _:
                pass
        return spots


class Factory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = Benches()

    @initialize(on_pallet=st.booleans())
    def begin_the_day(self, on_pallet: bool) -> None:
        """A full case, one of two units, one that is being filled; perhaps a pallet."""
        self.world.case("case-1", *PLAIN[:3])
        self.world.case("case-2", *OF_A[:2])
        self.world.do(TWO, PLAIN[3])
        if on_pallet:
            self.world.do(DOCK, "case-1", "case-2", "pallet-1")

    def do(self, station: StationName, *scans: Scan) -> Show:
        return self.world.do(station, *scans)

    @rule(station=STATIONS, code=CODES)
    def scan(self, station: StationName, code: str) -> None:
        before = Reference(self.world).spots
        waiting = self.world.line.desk.prompt(station) is not None
        shown = self.do(station, code)
        after = Reference(self.world).spots
        changed = {name for name in after if after[name] != before.get(name)}
        if not waiting:
            assert changed <= {code}, "a scan packs what was scanned"
            assert shown.tone is not Tone.BAD or not changed

    @rule(station=st.sampled_from([ONE, TWO]), case=st.sampled_from(CASES), data=st.data())
    def pack(self, station: StationName, case: str, data: st.DataObject) -> None:
        free = [name for name in UNITS if name not in Reference(self.world).spots]
        units = data.draw(st.lists(st.sampled_from(free or UNITS), max_size=3, unique=True))
        self.do(station, Command.CANCEL, *units, case, SUE, Command.CONFIRM)

    def pick(self, data: st.DataObject, kind: str) -> str:
        """Mostly a code of `kind`, so that many repairs make sense; else any."""
        spots = Reference(self.world).spots
        kinds = {
            "packed": [name for name in UNITS + CASES if name in spots and spots[name].inside],
            "sampled": [name for name in spots if spots[name].state is State.SAMPLED],
            "free": [name for name in UNITS if name not in spots or not spots[name].inside],
            "new": [name for name in CASES if name not in spots],
            "named": [name for name in CASES if name in spots],
        }
        anything = data.draw(st.integers(0, 4)) == 0
        return data.draw(CODES if anything or not kinds[kind] else st.sampled_from(kinds[kind]))

    @rule(station=STATIONS, command=st.sampled_from(sorted(SCANS)), data=st.data())
    def repair(self, station: StationName, command: Command, data: st.DataObject) -> None:
        self.do(station, SUE, Command.CANCEL)
        given = [self.pick(data, kind) for kind in SCANS[command]]
        before = Reference(self.world)
        new = self.world.line.state.packing.next_id
        begun = (command, "other") if command is Command.DECOMMISSION else command
        shown = self.do(station, begun, *given)
        after = Reference(self.world).spots
        if self.world.line.desk.prompt(station) is not None or shown.tone is Tone.BAD:
            assert after == before.spots, f"{shown} changed something"
        else:
            assert after == before.after(command, given, new)

    @rule(station=STATIONS)
    def undo(self, station: StationName) -> None:
        before = Reference(self.world).spots
        shown = self.do(station, ANN, Command.UNDO)
        after = Reference(self.world).spots
        gone = {name for name, spot in before.items() if spot.state is State.DECOMMISSIONED}
        assert all(after[name].state is State.DECOMMISSIONED for name in gone)
        assert set(after) == set(before), "nothing is deleted"
        if shown.tone is Tone.BAD:
            assert after == before

    @rule(
        station=STATIONS,
        command=st.sampled_from(sorted(set(Command) - {Command.ORDER, Command.RELEASE})),
    )
    def begin(self, station: StationName, command: Command) -> None:
        self.do(station, command)

    @rule(seconds=st.sampled_from([1, 61]))
    def wait(self, seconds: int) -> None:
        self.world.tick(seconds * 1_000_000)

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @invariant()
    def whole(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.restart()


TestFactory = Factory.TestCase
TestFactory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
