"""What the strict Structured Text compiler knows of types, variables and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Node = Any
"""A tree or token of the parser, whose children are of either kind."""

HIGHEST = {"BOOL": 1, "UINT": 0xFFFF, "UDINT": 0xFFFF_FFFF, "LINT": (1 << 63) - 1}
CONVERSIONS = {
    f"{source}_TO_{target}": (source, target)
    for source, target in [("UDINT", "UINT"), ("UINT", "UDINT"), ("LINT", "UINT")]
}

RESERVED = frozenset(Path(__file__).with_name("reserved.txt").read_text(encoding="ascii").split())
"""Keywords, standard functions and standard function blocks (IEC 61131-3:2003 annex C, and the
third edition's), which some compilers take for an identifier and others do not."""


@dataclass(frozen=True)
class Array:
    name: str
    length: int
    element: str


@dataclass
class Variable:
    name: str
    type: Type
    section: str
    qualifier: str | None
    location: str | None
    initial: int
    line: int
    read: bool = False
    written: bool = False


@dataclass
class Block:
    """A function block or a program."""

    name: str
    is_program: bool
    body: Node
    variables: dict[str, Variable] = field(default_factory=dict)

    def of(self, section: str) -> Iterator[Variable]:
        return (v for v in self.variables.values() if v.section == section)


Type = str | Array | Block


@dataclass(frozen=True)
class Typed:
    """An expression. `type` is None for a bare number, which suits any type that has room."""

    type: Type | None
    code: str
    value: int | None = None
    may_wrap: bool = False


class StError(Exception):
    """What is wrong with the text, all of it, or what went wrong while it ran."""


def constant(tree: Node) -> Typed:
    if tree.data in ("true", "false"):
        return Typed("BOOL", str(tree.data == "true"), int(tree.data == "true"))
    number = int(tree.children[0])
    return Typed(None, str(number), number)


def named(of: Type | None) -> str:
    """A type's name, for a fault."""
    return "number" if of is None else of if isinstance(of, str) else of.name
