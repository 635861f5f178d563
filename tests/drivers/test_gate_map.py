from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.gate.map import GateMap, status_words
from drivers.gate.points import Point, overlaps
from drivers.gate.registers import STATUS_WORDS, Command, Flag, Status
from drivers.protocols import Table

SLOTS = get_args(GateMap.model_fields["slots"].annotation)
WORDS = [word.name.lower() for word in Status if word not in (Status.FLAGS, Status.POSITION)]
FLAGS = [str(flag.name).lower() for flag in Flag]
each_slots = pytest.mark.parametrize("slots", SLOTS)


def faults_of(keys: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        GateMap.model_validate(keys)
    return str(caught.value)


@each_slots
@pytest.mark.parametrize("table", [Table.HOLDING, Table.INPUT])
def test_the_default_layout_overlaps_nowhere(slots: Any, table: Any) -> None:
    gate_map = GateMap(slots=slots, table=table)
    assert overlaps(gate_map.points()) == []
    assert all(point.address + point.count <= 65_536 for point in gate_map.points().values())


@each_slots
def test_what_is_left_out_follows_on_in_blocks_of_16(slots: Any) -> None:
    gate_map = GateMap(slots=slots)
    assert (gate_map.status, gate_map.outcomes) == (0, 32)
    assert gate_map.commands == 32 + 2 * slots
    assert gate_map.verdicts == 48 + 2 * slots


def test_blocks_that_are_moved_take_those_left_out_with_them() -> None:
    assert GateMap(outcomes=101, slots=32).commands == 176
    assert GateMap(outcomes=101, slots=32).verdicts == 192
    assert GateMap(commands=1_000).verdicts == 1_008
    assert GateMap(verdicts=2_000).commands == 544


def test_the_map_shows_every_word_that_agent_and_plc_share() -> None:
    points = GateMap().points()
    commands = [f"command_{command.name.lower()}" for command in Command]
    assert sorted(points) == sorted([*WORDS, *FLAGS, "position", "outcomes", *commands, "verdicts"])
    for word in Status:
        if word is not Status.FLAGS:
            assert points[word.name.lower()].address == word
    for flag in Flag:
        shown = points[str(flag.name).lower()]
        assert (shown.address, 1 << (shown.bit or 0)) == (Status.FLAGS, flag)
    assert [points[name].address for name in commands] == [544, 545, 546]
    assert (points["outcomes"].address, points["outcomes"].count) == (32, 512)
    assert (points["verdicts"].address, points["verdicts"].count) == (560, 768)


def test_the_map_says_who_writes_and_what_it_means() -> None:
    points = GateMap(table=Table.INPUT).points()
    told = {name for name, point in points.items() if point.writer == "agent"}
    assert told == {"command_session", "command_heartbeat", "command_control", "verdicts"}
    assert {points[name].table for name in told} == {Table.HOLDING}
    assert {point.table for point in points.values() if point.writer == "plc"} == {Table.INPUT}
    assert points["items"].meaning == "Items that passed the trigger."
    assert points["bin_full"].meaning == "Bin full."
    assert points["run"].meaning == "The output: the belt may run."
    assert points["command_heartbeat"].meaning == "Another number at each beat."
    assert all(point.meaning for point in points.values())


def test_the_whole_status_block_is_read_at_once() -> None:
    assert GateMap(status=2_000).status_plan().requests == [(Table.HOLDING, 2_000, STATUS_WORDS)]


def elsewhere(name: str, index: int, draw: st.DrawFn) -> dict[str, Any]:
    """Another place for `name`, which no other name gets."""
    table = draw(st.sampled_from([Table.INPUT, Table.HOLDING]))
    place: dict[str, Any] = {"table": table, "address": 5_000 + 2 * index}
    if name in FLAGS:
        bit = draw(st.integers(0, 15))
        bits = {"table": draw(st.sampled_from([Table.COIL, Table.DISCRETE])), "address": index}
        return draw(st.sampled_from([{**place, "bit": bit}, bits]))
    kind = "uint32" if name == "position" else draw(st.sampled_from(["uint16", "uint32"]))
    if kind == "uint32":
        place["word_order"] = draw(st.sampled_from(["high-first", "low-first"]))
    return {**place, "type": kind}


@st.composite
def moves(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    names = draw(st.lists(st.sampled_from([*WORDS, *FLAGS, "position"]), unique=True))
    return {name: elsewhere(name, index, draw) for index, name in enumerate(names)}


@given(
    moved=moves(),
    table=st.sampled_from([Table.HOLDING, Table.INPUT]),
    block=st.lists(st.integers(0, 65_535), min_size=STATUS_WORDS, max_size=STATUS_WORDS),
    above=st.integers(0, 65_535),
)
def test_the_status_block_is_the_same_wherever_its_words_stand(
    moved: dict[str, dict[str, Any]], table: Any, block: list[int], above: int
) -> None:
    block[Status.FLAGS] %= 256
    gate_map = GateMap(table=table, points={k: Point.model_validate(v) for k, v in moved.items()})
    # The block itself holds the opposite of what is shown elsewhere.
    memory = {(table, address): word for address, word in enumerate(block)}
    for name in gate_map.moved:
        if name == "position":
            memory[table, 14], memory[table, 15] = 1, 2
        elif name in WORDS:
            memory[table, Status[name.upper()].value] ^= 0xFFFF
        else:
            memory[table, Status.FLAGS.value] ^= Flag[name.upper()]
    for name, point in gate_map.moved.items():
        at = (point.table, point.address)
        after = (point.table, point.address + 1)
        if name in FLAGS:
            on = bool(block[Status.FLAGS] & Flag[name.upper()])
            memory[at] = int(on) if point.bit is None else int(on) << point.bit
        else:
            high, low = block[14:16] if name == "position" else (above, block[Status[name.upper()]])
            if point.type == "uint16":
                memory[at] = low
            else:
                pair = (high, low) if point.word_order == "high-first" else (low, high)
                memory[at], memory[after] = pair
    plan = gate_map.status_plan()
    answers = [
        [memory[source, address] for address in range(first, first + count)]
        for source, first, count in plan.requests
    ]
    assert status_words(plan.values(answers)) == block


def test_an_unknown_point_is_refused_with_the_known_ones() -> None:
    coil = {"table": "coil", "address": 1}
    told = faults_of({"points": {"binfull": coil, "outcomes": coil, "bin_full": coil}})
    assert "points.binfull is not known, expected one of air_low, appeared, bin_full, " in told
    assert "points.outcomes is not known" in told
    assert "points.bin_full" not in told


def test_a_command_cannot_stand_apart_as_all_are_written_in_one_request() -> None:
    apart = {"command_session": {"table": "holding", "address": 3_000}}
    assert "points.command_session is not known" in faults_of({"points": apart})


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("items", {"table": "coil", "address": 1}, "type is 'bool', expected 'uint16' or 'uint32'"),
        ("bin_full", {"table": "input", "address": 1}, "type is 'uint16', expected 'bool'"),
        ("position", {"table": "input", "address": 1}, "type is 'uint16', expected 'uint32'"),
    ],
)
def test_a_point_keeps_its_kind(name: str, place: dict[str, Any], expected: str) -> None:
    assert f"points.{name}.{expected}" in faults_of({"points": {name: place}})


def test_every_overlap_is_named() -> None:
    told = faults_of({"status": 36, "commands": 552, "verdicts": 553})
    assert "status and outcomes are both at holding 36" in told
    assert "commands and verdicts are both at holding 553" in told


def test_points_that_were_moved_onto_others_are_named() -> None:
    told = faults_of(
        {
            "points": {
                "items": {"table": "holding", "address": 5},
                "bin_full": {"table": "holding", "address": 6, "bit": 1},
                "start": {"table": "holding", "address": 600},
                "air_low": {"table": "discrete", "address": 7},
                "guard_open": {"table": "discrete", "address": 7},
            }
        }
    )
    for pair in (
        "items and settled are both at holding 5",
        "start and verdicts are both at holding 600",
        "air_low and guard_open are both at discrete 7",
    ):
        assert pair in told
    assert "bin_full" not in told, "bit 1 was air_low's, which stands elsewhere"


def test_the_same_address_in_two_tables_is_no_overlap() -> None:
    GateMap(table=Table.INPUT, status=0, outcomes=32, commands=0, verdicts=16)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"status": 65_521}, "status is 65521, expected at most 65519: it has 17 words"),
        ({"outcomes": 64_900}, "verdicts is 65440, expected at most 64768"),
        ({"verdicts": 65_000}, "verdicts is 65000, expected at most 64768: it has 768 words"),
        ({"outcomes": 65_500, "commands": 0}, "outcomes is 65500, expected at most 65024"),
    ],
)
def test_a_block_past_the_last_register_is_refused(keys: dict[str, int], expected: str) -> None:
    assert expected in faults_of(keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"slots": 100}, "32, 64, 128, 256 or 512"),
        ({"slots": "many"}, "32, 64, 128, 256 or 512"),
        ({"table": "coil"}, "holding"),
        ({"commands": "after"}, "valid integer"),
        ({"verdict": 5}, "not permitted"),
        (5, "valid dictionary"),
    ],
)
def test_a_fault_in_the_section_is_told(keys: Any, expected: str) -> None:
    assert expected in faults_of(keys)
