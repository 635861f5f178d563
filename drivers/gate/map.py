"""Where a gate's words stand in its PLC: one table for the agent, the generated ST program, the
simulated plant and the printed map.

Without a word of configuration everything is holding registers, one block after the other. A word
or flag that the PLC shows may stand anywhere else::

    [stations.gate.map]
    status = 100
    outcomes = 116
    points.bin_full = { table = "discrete", address = 3 }
"""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drivers.gate.points import (
    LAST_ADDRESS,
    Point,
    PointType,
    ReadPlan,
    Register,
    WordOrder,
    overlaps,
)
from drivers.gate.registers import (
    COMMAND_WORDS,
    OUTCOME_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    WORD,
    Command,
    Flag,
    Status,
)
from drivers.protocols import Table

_BLOCK = 16
"""Blocks begin at a multiple of this, which people find again on a PLC's screen."""
_ALLOWED: dict[PointType, tuple[PointType, ...]] = {
    "bool": ("bool",),
    "uint16": ("uint16", "uint32"),
    "uint32": ("uint32",),
}
"""Types in which a moved point may be shown. Of a longer counter the low word counts."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """One line of the map. `count` is in addresses; of a ring, all of them."""

    table: Table
    address: int
    count: int
    type: PointType
    word_order: WordOrder
    bit: int | None
    writer: Literal["plc", "agent"]
    meaning: str


def _are_ints(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)


def _next_block(address: int) -> int:
    return -(-address // _BLOCK) * _BLOCK


class GateMap(BaseModel):
    """The section ``[stations.gate.map]``: the first address of each block."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Literal[Table.HOLDING, Table.INPUT] = Table.HOLDING
    """Of what the PLC shows. What the agent writes is holding registers."""
    slots: Literal[32, 64, 128, 256, 512] = 256
    """Length of both rings."""
    status: Register = 0
    outcomes: Register = 32
    commands: Register = 544
    """Left out: the next block after the outcomes."""
    verdicts: Register = 560
    """Left out: the next block after the commands."""
    moved: dict[str, Point] = Field(default={}, alias="points")
    """Status words and flags that stand elsewhere, by their lower-case names."""

    @model_validator(mode="before")
    @classmethod
    def _follow_on(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        keys = {"slots": 256, "outcomes": 32, **given}
        # A value of another type is left for its field to refuse.
        if "commands" not in keys and _are_ints(keys["slots"], keys["outcomes"]):
            keys["commands"] = _next_block(keys["outcomes"] + OUTCOME_WORDS * keys["slots"])
        if "verdicts" not in keys and _are_ints(keys.get("commands")):
            keys["verdicts"] = _next_block(keys["commands"] + COMMAND_WORDS)
        return keys

    @model_validator(mode="after")
    def _fits(self) -> Self:
        blocks = self._blocks()
        faults = [
            f"{name} is {block.address}, expected at most {LAST_ADDRESS + 1 - block.count}: it has "
            f"{block.count} words"
            for name, block in blocks.items()
            if block.address + block.count - 1 > LAST_ADDRESS
        ]
        faults += overlaps(blocks) + self._moved_faults()
        if not faults:
            faults = overlaps(self.points())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _moved_faults(self) -> list[str]:
        faults = []
        shown = self._shown()
        for name, point in self.moved.items():
            if name not in shown:
                known = ", ".join(sorted(shown))
                faults.append(f"points.{name} is not known, expected one of {known}")
            elif point.type not in (allowed := _ALLOWED[shown[name].type]):
                expected = " or ".join(map(repr, allowed))
                faults.append(f"points.{name}.type is {point.type!r}, expected {expected}")
        return faults

    def _blocks(self) -> dict[str, MapPoint]:
        return {
            "status": _point(self.table, self.status, STATUS_WORDS, "plc", "Status words."),
            "outcomes": _point(
                self.table,
                self.outcomes,
                OUTCOME_WORDS * self.slots,
                "plc",
                f"Ring of {self.slots} pairs: item, outcome (its fate + 256 x its cause).",
            ),
            "commands": _point(
                Table.HOLDING, self.commands, COMMAND_WORDS, "agent", "Written in one request."
            ),
            "verdicts": _point(
                Table.HOLDING,
                self.verdicts,
                VERDICT_WORDS * self.slots,
                "agent",
                f"Ring of {self.slots} triples: item, verdict, sequence. The PLC clears a slot "
                "when its item passes the trigger.",
            ),
        }

    def points(self) -> dict[str, MapPoint]:
        """Everything that agent and PLC share, in the order of the blocks."""
        blocks = self._blocks()
        points = self._shown()
        for name, point in self.moved.items():
            points[name] = replace(points[name], count=point.count, **point.model_dump())
        points["outcomes"] = blocks["outcomes"]
        meanings = _meanings(Command)
        for command in Command:
            points[f"command_{command.name.lower()}"] = _point(
                Table.HOLDING, self.commands + command, 1, "agent", meanings[command.name]
            )
        points["verdicts"] = blocks["verdicts"]
        return points

    def _shown(self) -> dict[str, MapPoint]:
        """The status block, word by word, and the flags bit by bit."""
        shown = {}
        meanings = _meanings(Status)
        for word in Status:
            point = _point(self.table, self.status + word, 1, "plc", meanings[word.name])
            if word is Status.FLAGS:
                for flag in Flag:
                    shown[_name(flag)] = replace(
                        point,
                        type="bool",
                        bit=flag.bit_length() - 1,
                        meaning=_meanings(Flag)[str(flag.name)],
                    )
            elif word is Status.POSITION:
                shown[_name(word)] = replace(point, type="uint32", count=2)
            else:
                shown[_name(word)] = point
        return shown

    def status_plan(self) -> ReadPlan:
        """How the agent reads the status block, wherever its words stand."""
        points = self.points()
        return ReadPlan({name: points[name] for name in self._shown()})


def _point(
    table: Table, address: int, count: int, writer: Literal["plc", "agent"], meaning: str
) -> MapPoint:
    return MapPoint(table, address, count, "uint16", "high-first", None, writer, meaning)


def _name(word: Status | Flag) -> str:
    return str(word.name).lower()


def status_words(values: Mapping[str, int]) -> list[int]:
    """What `GateMap.status_plan` read, as the status block of `registers.Status`."""
    words = [0] * STATUS_WORDS
    for word in Status:
        if word is Status.FLAGS:
            words[word] = sum(flag for flag in Flag if values[_name(flag)])
        elif word is Status.POSITION:
            words[word : word + 2] = divmod(values[_name(word)], WORD)
        else:
            words[word] = values[_name(word)] % WORD
    return words


@cache
def _meanings(words: type[IntEnum] | type[IntFlag]) -> dict[str, str]:
    """Each member's docstring, which Python itself does not keep; without one, its name."""
    (tree,) = ast.parse(inspect.getsource(words)).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101  it is a class
    meanings = {
        str(member.name): f"{str(member.name).replace('_', ' ').capitalize()}." for member in words
    }
    for assigned, text in pairwise(tree.body):
        match assigned, text:
            case ast.Assign(targets=[ast.Name(name)]), ast.Expr(ast.Constant(str(doc))):
                meanings[name] = " ".join(doc.split())
    return meanings
