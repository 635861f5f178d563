"""Points: where a value stands in a controller, and the fewest reads for several of them.

A point in a line's configuration::

    bin_full = { table = "discrete", address = 3 }
    air_low  = { table = "input", address = 40, bit = 2 }
    encoder  = { table = "input", address = 10, type = "uint32", word_order = "low-first" }
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.protocols import Table

LAST_ADDRESS = 65_535

Register = Annotated[int, Field(ge=0, le=LAST_ADDRESS)]
PointType = Literal["bool", "uint16", "uint32"]
WordOrder = Literal["high-first", "low-first"]
Request = tuple[Table, int, int]
"""Table, first address, count."""


class Place(Protocol):
    """Where one value or a run of equal ones stands, and how it is written there."""

    @property
    def table(self) -> Table: ...
    @property
    def address(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def bit(self) -> int | None: ...
    @property
    def type(self) -> PointType: ...
    @property
    def word_order(self) -> WordOrder: ...


class Point(BaseModel):
    """One value: a bit of a table of bits, a bit inside a register, or one or two registers.

    `type` is told by the rest where it is left out: a bit is a bool, a register a uint16.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Table
    address: Register
    type: PointType
    word_order: WordOrder = "high-first"
    """Of a uint32's two registers."""
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    """Of a bool inside a register; 0 is the lowest."""

    @property
    def count(self) -> int:
        """Addresses it takes up."""
        return 2 if self.type == "uint32" else 1

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "type" in given:
            return given
        is_bool = given.get("table") in (Table.COIL, Table.DISCRETE) or "bit" in given
        return {**given, "type": "bool" if is_bool else "uint16"}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = []
        if self.table.is_bits and self.type != "bool":
            faults.append(f"type is {self.type!r}, expected 'bool' in table {self.table.value!r}")
        if self.table.is_bits and self.bit is not None:
            faults.append(f"bit is {self.bit}, expected none: table {self.table.value!r} is bits")
        if not self.table.is_bits and self.type == "bool" and self.bit is None:
            faults.append("bit is missing: which bit of the register, 0 to 15?")
        if not self.table.is_bits and self.type != "bool" and self.bit is not None:
            faults.append(f"type is {self.type!r}, expected 'bool' of a single bit")
        if self.word_order == "low-first" and self.type != "uint32":
            faults.append(f"word_order is {self.word_order!r}, expected it of a uint32 only")
        if self.address + self.count - 1 > LAST_ADDRESS:
            faults.append(f"address is {self.address}, expected room for two registers to 65535")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class ReadPlan:
    """How several points are read.

    The reads are the fewest that touch no address without a point: a controller may refuse a hole
    (exception 2), or keep a counter there that reading clears. A uint32 is never torn in two.
    """

    def __init__(self, points: Mapping[str, Place]) -> None:
        self._points = dict(points)
        self.requests: list[Request] = []
        """Ascending by table and address."""
        self._found: dict[str, tuple[int, int]] = {}
        """Request and offset in its answer."""
        order = list(Table)
        for name, point in sorted(
            self._points.items(),
            key=lambda entry: (order.index(entry[1].table), entry[1].address),
        ):
            self._place(name, point)

    def _place(self, name: str, point: Place) -> None:
        if self.requests:
            table, first, count = self.requests[-1]
            longer = max(count, point.address + point.count - first)
            touches = table is point.table and point.address <= first + count
            if touches and longer <= table.max_read:
                self.requests[-1] = (table, first, longer)
                self._found[name] = (len(self.requests) - 1, point.address - first)
                return
        self.requests.append((point.table, point.address, point.count))
        self._found[name] = (len(self.requests) - 1, 0)

    def values(self, answers: Sequence[Sequence[int]]) -> dict[str, int]:
        """Each point's value, from the answer to each of `requests` in order. Raises ValueError
        for answers that are not theirs."""
        found = [len(answer) for answer in answers]
        expected = [count for _, _, count in self.requests]
        if found != expected:
            raise ValueError(f"answers hold {found} values, expected {expected}")
        values = {}
        for name, point in self._points.items():
            index, offset = self._found[name]
            values[name] = _value(point, answers[index][offset : offset + point.count])
        return values


def _value(point: Place, words: Sequence[int]) -> int:
    if point.type == "uint32":
        high, low = words if point.word_order == "high-first" else reversed(words)
        return high << 16 | low
    return words[0] if point.bit is None else words[0] >> point.bit & 1


def overlaps(places: Mapping[str, Place]) -> list[str]:
    """Every two places that share an address, each pair as one fault that names both. Two
    different bits of one register share nothing."""
    return [
        f"{one} and {two} are both at {first.table.value} {max(first.address, second.address)}"
        for (one, first), (two, second) in combinations(places.items(), 2)
        if first.table is second.table
        and first.address < second.address + second.count
        and second.address < first.address + first.count
        and (first.bit is None or second.bit is None or first.bit == second.bit)
    ]
