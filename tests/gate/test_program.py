"""The generated program: a strict compiler takes it, and what it shows in its located words is what
the agent, which reads the same map, expects there."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.program import SENSORS, Step, program
from drivers.gate.registers import (
    OUTCOME_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    WORD,
    Status,
    Word,
    identity,
)
from tests.gate.st import Unit

BELT = Parameters(
    slots=32,
    travel_steps=40,
    hold_steps=10,
    bounce_steps=4,
    spacing_steps=16,
    tolerance_steps=4,
    decide_steps=8,
    confirm_from_ms=4,
    confirm_until_ms=20,
    eject_bounce_ms=2,
    link_timeout_ms=50,
)
MAP = GateMap(slots=32)


class Plc:
    """The program in a controller: an image of located words and bits, and one scan at a time."""

    def __init__(self, text: str) -> None:
        self._unit = Unit(text)
        self.task_ms = self._unit.task_ms
        self._program: Any = self._unit.new("GateProgram")
        self._named = self._unit.located("GateProgram")

    def __getitem__(self, location: str) -> int:
        return int(getattr(self._program, self._named[location]))

    def __setitem__(self, location: str, value: int) -> None:
        setattr(self._program, self._named[location], value)

    def scan(self) -> None:
        self._program.run_()

    def words(self, first: int, count: int) -> list[int]:
        return [self[f"%QW{address}"] for address in range(first, first + count)]

    def restart(self) -> None:
        """Cold, but for what is RETAIN; registers keep what was written."""
        kept = {location: self[location] for location in self._named}
        start = self._program.start
        self._program = self._unit.new("GateProgram")
        self._program.start = start
        for location, value in kept.items():
            self[location] = value


def _plc(step: Step = "time", **settings: Any) -> Plc:
    return Plc(program(MAP, BELT, scan_ms=2, step=step, **settings))


def _sense(plc: Plc, *names: str) -> None:
    for bit, name in enumerate(SENSORS):
        plc[f"%IX0.{bit}"] = name in names


def _arm(plc: Plc) -> None:
    plc["%QW96"], plc["%QW97"], plc["%QW98"] = 9, 1, 1


@pytest.mark.parametrize(
    ("slots", "step", "clock"),
    [
        (32, "time", None),
        (32, "encoder", None),
        (32, "time", "%ML1024"),
        (32, "encoder", "%ML1024"),
        (512, "time", None),
    ],
)
def test_a_strict_compiler_takes_the_program(slots: int, step: Step, clock: str | None) -> None:
    text = program(
        GateMap.model_validate({"slots": slots}),
        replace(BELT, slots=slots),
        scan_ms=5,
        step=step,
        clock=clock,
        words="%MW",
        word_count=8192,
    )
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert Plc(text).task_ms == 5


def test_every_point_of_the_map_is_located_at_its_address() -> None:
    plc = _plc()
    for name, point in MAP.points().items():
        for address in range(point.address, point.address + point.count):
            assert plc[f"%QW{address}"] == 0, name


def test_registers_show_what_the_reference_shows() -> None:
    plc, block = _plc(), GateBlock(BELT, start=1)
    at_gate = {22: "GateEye", 40: "GateEye", 48: "EjectEye", 60: "GateEye", 69: "EjectEye"}
    triggered = {2: "Eye", 20: "Eye", 40: "Eye Eye", 90: "Eye"}
    verdicts = {5: (1, Word.PASS), 22: (2, Word.REJECT), 42: (3, Word.PASS)}
    plc["%IX0.6"] = True
    for scan in range(1, 130):
        names = f"{triggered.get(scan, '')} {at_gate.get(scan, '')}".split()
        _sense(plc, *names)
        beat = scan % 10 + 1
        block.commands[:] = plc["%QW96"], plc["%QW97"], plc["%QW98"] = 9, beat, 1
        if scan in verdicts:
            item, verdict = verdicts[scan]
            at = VERDICT_WORDS * item
            block.verdicts[at : at + VERDICT_WORDS] = item, verdict, 1
            for offset, word in enumerate((item, verdict, 1)):
                plc[f"%QW{MAP.verdicts + at + offset}"] = word
        plc.scan()
        block.scan(
            2 * scan,
            2 * scan,
            Sensors(eye="Eye" in names, gate_eye="GateEye" in names, eject_eye="EjectEye" in names),
        )
        assert plc.words(MAP.status, STATUS_WORDS) == block.status, scan
        assert plc.words(MAP.outcomes, OUTCOME_WORDS * 32) == block.outcomes, scan
        assert plc.words(MAP.verdicts, VERDICT_WORDS * 32) == block.verdicts, scan
        assert (plc["%QX0.0"], plc["%QX0.1"]) == (block.gate_open, block.run), scan
    counts = {Status.ITEMS: 4, Status.PASSES: 2, Status.CONFIRMED: 1, Status.TAKEN_OFF: 1}
    assert {word: block.status[word] for word in counts} == counts


def test_of_the_agents_words_only_the_triggered_slot_is_written() -> None:
    plc = _plc()
    _arm(plc)
    for address in range(MAP.verdicts, MAP.verdicts + VERDICT_WORDS * 32):
        plc[f"%QW{address}"] = 77
    _sense(plc, "Eye")
    plc.scan()
    shown = plc.words(MAP.verdicts, VERDICT_WORDS * 32)
    assert shown[3:6] == [1, 0, 0]
    assert set(shown[:3] + shown[6:]) == {77}
    assert plc.words(96, 3) == [9, 1, 1]


def test_every_slot_of_the_ring_is_cleared_at_its_own_item() -> None:
    plc = _plc()
    plc["%IX0.6"] = True
    for item in range(1, 40):
        at = MAP.verdicts + VERDICT_WORDS * (item % 32)
        plc[f"%QW{at}"] = plc[f"%QW{at + 1}"] = plc[f"%QW{at + 2}"] = 77
        _sense(plc, "Eye")
        plc.scan()
        assert plc.words(at, 3) == [item, 0, 0]
        _sense(plc)
        for _ in range(10):
            plc.scan()


def test_a_restart_shows_another_start_number_that_is_never_0() -> None:
    plc = _plc()
    plc.scan()
    assert plc["%QW1"] == 1
    plc.scan()
    assert plc["%QW1"] == 1
    plc.restart()
    plc.scan()
    assert plc["%QW1"] == 2
    plc._program.start = WORD - 1
    plc.restart()
    plc.scan()
    assert plc["%QW1"] == 1


def test_without_retain_the_start_number_is_the_clocks() -> None:
    plc = _plc(clock="%ML1024")
    plc["%ML1024"] = 1_800_000_000
    plc.scan()
    plc["%ML1024"] += 5
    plc.scan()
    assert plc["%QW1"] == 1_800_000_000 % (WORD - 1) + 1


def test_in_time_the_position_stands_while_the_belt_stands() -> None:
    plc = _plc()
    plc["%IX0.6"] = True
    for _ in range(5):
        plc.scan()
    plc["%IX0.6"] = False
    for _ in range(5):
        plc.scan()
    assert plc.words(14, 2) == [0, 10]


def test_an_encoder_moves_the_position_from_where_it_stood_at_the_start() -> None:
    plc = _plc("encoder")
    for count in (65_530, 65_533, 3, 10):
        plc["%IW0"] = count
        plc.scan()
    assert plc.words(14, 2) == [0, 16]


def test_a_belt_that_runs_back_does_not_take_the_position_back() -> None:
    plc = _plc("encoder")
    seen = []
    for count in (100, 110, 104, 101, 109, 112, 111, 130):
        plc["%IW0"] = count
        plc.scan()
        seen.append(plc["%QW15"])
    assert seen == [0, 10, 10, 10, 10, 12, 12, 30]


def test_words_that_the_map_moved_are_where_it_says() -> None:
    moved = GateMap.model_validate(
        {
            "slots": 32,
            "points": {
                "items": {"table": "holding", "address": 300},
                "position": {
                    "table": "holding",
                    "address": 302,
                    "type": "uint32",
                    "word_order": "low-first",
                },
                "bin_full": {"table": "discrete", "address": 3},
            },
        }
    )
    plc = Plc(program(moved, BELT, scan_ms=2, step="encoder"))
    plc["%IW0"] = 0
    _sense(plc, "Eye", "BinFull")
    plc.scan()
    for count in (30_000, 60_000, 20_000):
        plc["%IW0"] = count
        plc.scan()
    assert plc["%QW300"] == 1
    assert plc["%QW302"] + WORD * plc["%QW303"] == 85_536


def test_the_identity_is_the_layouts() -> None:
    plc = _plc()
    plc.scan()
    assert plc["%QW0"] == identity(32)


def test_the_parameters_are_the_agents_own() -> None:
    text = program(MAP, BELT, scan_ms=2, step="time")
    for name, value in [("TravelSteps", 40), ("ConfirmUntilMs", 20), ("LinkTimeoutMs", 50)]:
        assert f"  {name} : UDINT := {value};" in text


def test_the_page_tells_how_each_input_is_wired_and_each_parameter_measured() -> None:
    page = Path(__file__).parents[2].joinpath("docs/plc.md").read_text(encoding="utf-8")
    names = [*SENSORS, "BeltRuns", "Encoder", "OpenGate", "RunBelt", *asdict(BELT)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_all_that_the_program_cannot_do_is_said_at_once() -> None:
    asked = GateMap.model_validate(
        {
            "slots": 256,
            "points": {
                "air_low": {"table": "holding", "address": 2000, "bit": 3},
                "items": {"table": "input", "address": 4},
            },
        }
    )
    with pytest.raises(ValueError) as told:
        program(asked, BELT, scan_ms=0, step="time")
    faults = str(told.value).split("; ")
    assert [fault.split(" ")[0] for fault in faults[:2]] == ["scan_ms", "the"]
    assert any(fault.startswith("points.items is in table input") for fault in faults)
    assert any(fault.startswith("points.air_low is bit 3 of register 2000") for fault in faults)
    assert any(fault.startswith("verdicts ends at register 1327") for fault in faults)


def test_a_map_of_input_registers_is_refused() -> None:
    asked = GateMap.model_validate({"slots": 32, "table": "input"})
    with pytest.raises(ValueError, match="table is input, expected holding"):
        program(asked, BELT, scan_ms=2, step="time")
