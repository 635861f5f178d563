from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.gate.points import Point, ReadPlan, overlaps
from drivers.protocols import Table

Memory = dict[Table, list[int]]
ROOM = 40


@st.composite
def points(draw: st.DrawFn) -> Point:
    """Any point among the first addresses of any table."""
    table = draw(st.sampled_from(Table))
    address = draw(st.integers(0, ROOM - 2))
    if table.is_bits:
        return Point(table=table, address=address, type="bool")
    match draw(st.sampled_from(["bool", "uint16", "uint32"])):
        case "bool":
            bit = draw(st.integers(0, 15))
            return Point(table=table, address=address, type="bool", bit=bit)
        case "uint16":
            return Point(table=table, address=address, type="uint16")
        case _:
            order = draw(st.sampled_from(["high-first", "low-first"]))
            return Point(table=table, address=address, type="uint32", word_order=order)


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    bits = st.lists(st.integers(0, 1), min_size=ROOM, max_size=ROOM)
    words = st.lists(st.integers(0, 65_535), min_size=ROOM, max_size=ROOM)
    return {table: draw(bits if table.is_bits else words) for table in Table}


layouts = st.lists(points(), max_size=20).map(
    lambda found: {f"p{number}": point for number, point in enumerate(found)}
)


def read(plan: ReadPlan, memory: Memory) -> list[list[int]]:
    return [memory[table][first : first + count] for table, first, count in plan.requests]


def told(point: Point, memory: Memory) -> int:
    """The value by the words of the manual."""
    words = memory[point.table]
    here = words[point.address]
    if point.bit is not None:
        return int(f"{here:016b}"[15 - point.bit])
    if point.type != "uint32":
        return here
    after = words[point.address + 1]
    return here * 65_536 + after if point.word_order == "high-first" else after * 65_536 + here


def taken(point: Point) -> set[tuple[Table, int]]:
    return {(point.table, point.address + offset) for offset in range(point.count)}


@given(layout=layouts, memory=memories())
def test_each_point_gets_its_value_in_any_layout(layout: dict[str, Point], memory: Memory) -> None:
    plan = ReadPlan(layout)
    expected = {name: told(point, memory) for name, point in layout.items()}
    assert plan.values(read(plan, memory)) == expected


@given(layout=layouts)
def test_the_reads_are_the_fewest_that_touch_only_what_has_a_point(
    layout: dict[str, Point],
) -> None:
    asked = [
        (table, address)
        for table, first, count in ReadPlan(layout).requests
        for address in range(first, first + count)
    ]
    wanted: set[tuple[Table, int]] = set().union(*map(taken, layout.values()))
    assert set(asked) == wanted
    runs = [place for place in wanted if (place[0], place[1] - 1) not in wanted]
    assert len(ReadPlan(layout).requests) == len(runs)


@pytest.mark.parametrize(("table", "most"), [(Table.COIL, 2_000), (Table.INPUT, 125)])
def test_a_read_is_never_longer_than_the_standard_allows(table: Table, most: int) -> None:
    layout = {f"p{n}": Point.model_validate({"table": table, "address": n}) for n in range(5_000)}
    requests = ReadPlan(layout).requests
    assert requests == [(table, first, min(most, 5_000 - first)) for first in range(0, 5_000, most)]


def test_a_uint32_is_not_torn_by_the_end_of_a_read() -> None:
    layout = {f"p{n}": Point(table=Table.INPUT, address=n, type="uint16") for n in range(124)}
    layout["encoder"] = Point(table=Table.INPUT, address=124, type="uint32")
    plan = ReadPlan(layout)
    assert plan.requests == [(Table.INPUT, 0, 124), (Table.INPUT, 124, 2)]
    assert plan.values([[0] * 124, [1, 2]])["encoder"] == 65_538


@pytest.mark.parametrize(
    ("order", "expected"), [("high-first", 0x12345678), ("low-first", 0x56781234)]
)
def test_the_order_of_a_uint32s_words_is_the_points(order: Any, expected: int) -> None:
    plan = ReadPlan({"x": Point(table=Table.HOLDING, address=7, type="uint32", word_order=order)})
    assert plan.requests == [(Table.HOLDING, 7, 2)]
    assert plan.values([[0x1234, 0x5678]]) == {"x": expected}


def test_bits_of_one_register_are_read_at_once() -> None:
    plan = ReadPlan(
        {f"b{bit}": Point(table=Table.INPUT, address=3, type="bool", bit=bit) for bit in range(16)}
    )
    assert plan.requests == [(Table.INPUT, 3, 1)]
    assert plan.values([[0b1000_0000_0000_0101]]) == {
        f"b{bit}": int(bit in (0, 2, 15)) for bit in range(16)
    }


@pytest.mark.parametrize("answers", [[], [[1]], [[1, 2, 3]], [[1, 2], [3]]])
def test_answers_that_are_not_the_plans_are_refused(answers: list[list[int]]) -> None:
    plan = ReadPlan({"x": Point(table=Table.INPUT, address=0, type="uint32")})
    with pytest.raises(ValueError, match=r"expected \[2\]"):
        plan.values(answers)


@given(layout=layouts)
def test_every_overlap_is_named_with_both_points(layout: Mapping[str, Point]) -> None:
    def bits(point: Point) -> set[tuple[Table, int, int]]:
        each = range(16) if point.bit is None else [point.bit]
        return {(table, address, bit) for table, address in taken(point) for bit in each}

    names = list(layout)
    expected = {
        f"{one} and {two}"
        for index, one in enumerate(names)
        for two in names[index + 1 :]
        if bits(layout[one]) & bits(layout[two])
    }
    faults = overlaps(layout)
    assert {fault.split(" are both at ")[0] for fault in faults} == expected
    assert len(faults) == len(expected)


def test_an_overlap_tells_where_it_is() -> None:
    layout = {
        "encoder": Point(table=Table.INPUT, address=10, type="uint32"),
        "items": Point(table=Table.INPUT, address=11, type="uint16"),
        "eye": Point(table=Table.DISCRETE, address=11, type="bool"),
    }
    assert overlaps(layout) == ["encoder and items are both at input 11"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"table": "coil", "address": 1}, "bool"),
        ({"table": "discrete", "address": 1}, "bool"),
        ({"table": "input", "address": 1}, "uint16"),
        ({"table": "holding", "address": 1, "bit": 0}, "bool"),
        ({"table": "holding", "address": 1, "type": "uint32"}, "uint32"),
    ],
)
def test_a_type_left_out_is_told_by_the_rest(keys: dict[str, Any], expected: str) -> None:
    assert Point.model_validate(keys).type == expected


@pytest.mark.parametrize(
    ("keys", "faults"),
    [
        ({"table": "coils", "address": 1}, ["'coil', 'discrete', 'input' or 'holding'"]),
        ({"table": "coil", "address": 65_536}, ["less than or equal to 65535"]),
        ({"table": "coil", "address": 1, "bit": 2}, ["bit is 2, expected none"]),
        (
            {"table": "discrete", "address": 1, "type": "uint32", "bit": 3},
            ["type is 'uint32', expected 'bool' in table 'discrete'", "bit is 3, expected none"],
        ),
        ({"table": "input", "address": 1, "type": "bool"}, ["bit is missing"]),
        ({"table": "input", "address": 1, "bit": 16}, ["less than or equal to 15"]),
        ({"table": "input", "address": 1, "type": "uint16", "bit": 1}, ["type is 'uint16'"]),
        ({"table": "input", "address": 65_535, "type": "uint32"}, ["address is 65535"]),
        ({"table": "input", "address": 1, "word_order": "low-first"}, ["word_order is"]),
        ({"table": "input", "address": 1, "size": 2}, ["not permitted"]),
        (7, ["valid dictionary"]),
    ],
)
def test_an_impossible_point_is_refused_with_every_fault(keys: Any, faults: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Point.model_validate(keys)
    assert all(fault in str(caught.value) for fault in faults)
