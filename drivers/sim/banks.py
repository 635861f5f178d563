"""What stands at which Modbus address: plain lists, or a gate program's words by its map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap, MapPoint
from drivers.gate.registers import Command, Flag, Status
from drivers.protocols import Table

Cell = Callable[[GateBlock], int]


class Banks(Protocol):
    """The four tables of a controller."""

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """`count` values from `address`. Raises LookupError where one does not exist."""
        ...

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        """Set values, all or none. Raises LookupError where one does not exist."""
        ...


@dataclass
class Lists:
    """Each table is a list, shared with whoever made it."""

    coil: list[int] = field(default_factory=list)
    discrete: list[int] = field(default_factory=list)
    input: list[int] = field(default_factory=list)
    holding: list[int] = field(default_factory=list)

    def read(self, table: Table, address: int, count: int) -> list[int]:
        bank: list[int] = getattr(self, table)
        if address + count > len(bank):
            raise LookupError(address + count)
        return bank[address : address + count]

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        bank: list[int] = getattr(self, table)
        if address + len(values) > len(bank):
            raise LookupError(address + len(values))
        bank[address : address + len(values)] = values


class GateBanks:
    """A gate program's words, where `gate_map` puts them.

    `block` gives the program that runs now; `written` is called when the agent has written
    commands.
    """

    def __init__(
        self, gate_map: GateMap, block: Callable[[], GateBlock], written: Callable[[], None]
    ) -> None:
        self._block = block
        self._written = written
        self._cells: dict[tuple[Table, int], list[Cell]] = {}
        self._agents: dict[int, tuple[str, int]] = {}
        for name, point in gate_map.points().items():
            if point.writer == "agent":
                self._take(name, point)
            elif name == "outcomes":
                for index in range(point.count):
                    self._show(point, index, _word("outcomes", index))
            else:
                self._show_value(point, _value(name))

    def read(self, table: Table, address: int, count: int) -> list[int]:
        block = self._block()
        return [
            sum(cell(block) for cell in self._cells[table, at])
            for at in range(address, address + count)
        ]

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        if table is not Table.HOLDING:
            raise LookupError(address)
        places = [self._agents[address + offset] for offset in range(len(values))]
        block = self._block()
        for (words, index), value in zip(places, values, strict=True):
            getattr(block, words)[index] = value
        if any(words == "commands" for words, _ in places):
            self._written()

    def _take(self, name: str, point: MapPoint) -> None:
        """What the agent writes, it may read, too."""
        words = "verdicts" if name == "verdicts" else "commands"
        first = 0 if words == "verdicts" else Command[name.removeprefix("command_").upper()]
        for offset in range(point.count):
            index = first + offset
            self._agents[point.address + offset] = (words, index)
            self._show(point, offset, _word(words, index))

    def _show_value(self, point: MapPoint, value: Cell) -> None:
        if point.type == "uint32":
            low = 1 if point.word_order == "high-first" else 0
            self._show(point, low, lambda block: value(block) % 65_536)
            self._show(point, 1 - low, lambda block: value(block) // 65_536)
        else:
            shift = point.bit or 0
            self._show(point, 0, lambda block: value(block) << shift)

    def _show(self, point: MapPoint, offset: int, cell: Cell) -> None:
        self._cells.setdefault((point.table, point.address + offset), []).append(cell)


def _word(words: str, index: int) -> Cell:
    return lambda block: getattr(block, words)[index]


def _value(name: str) -> Cell:
    """A status word, the whole position, or a flag (0 or 1), by its name in the map."""
    if name == "position":
        at = Status.POSITION
        return lambda block: block.status[at] << 16 | block.status[at + 1]
    if name.upper() in Status.__members__:
        word = Status[name.upper()]
        return lambda block: block.status[word]
    flag = Flag[name.upper()]
    return lambda block: int(block.status[Status.FLAGS] & flag != 0)
