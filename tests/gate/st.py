"""A strict compiler for the gate's Structured Text: parses it (`st.lark`), checks it as the
strictest compiler in the field would, and turns it into Python that runs it.

It is stricter than the standard wants: no implicit conversion, no wrapping UINT, no unused
variable, and a UDINT sum or difference, which may go past 2**32, only where its result is stored at
once. Inside an expression the Python has more bits than the type, as CODESYS on a 64-bit controller
has (its static analysis rule SA0066); only storing brings a UDINT back modulo 2**32.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lark import Lark, Token

from tests.gate.st_body import RUNTIME, Translator
from tests.gate.st_types import (
    CONVERSIONS,
    HIGHEST,
    RESERVED,
    Array,
    Block,
    Node,
    StError,
    Type,
    Variable,
    constant,
)

__all__ = ["StError", "Unit"]

_LETTER = {"X": "BOOL", "W": "UINT", "D": "UDINT", "L": "LINT"}

_PARSER = Lark(
    Path(__file__).with_name("st.lark").read_text(encoding="ascii"),
    parser="lalr",
    propagate_positions=True,
)


class Unit:
    """One text's types, blocks and programs."""

    def __init__(self, text: str) -> None:
        self.faults: list[str] = []
        self.types: dict[str, Type] = {name: name for name in HIGHEST}
        self.task_ms: int | None = None
        self._runs: dict[str, Callable[[Any], None]] = {}
        tree: Node = _PARSER.parse(text)
        for declaration in tree.children:
            getattr(self, f"_{declaration.data}")(declaration)
        if self.faults:
            raise StError("\n".join(self.faults))

    def new(self, name: str) -> Any:
        """An instance: its variables are attributes in lower case, `run_()` is one call of it."""
        block = self.types[name]
        assert isinstance(block, Block)
        return self._initial(block, 0)

    def located(self, name: str) -> dict[str, str]:
        """Attribute by location, such as ``%QW0``."""
        block = self.types[name]
        assert isinstance(block, Block)
        return {v.location: v.name.lower() for v in block.variables.values() if v.location}

    def _initial(self, type_: Type, initial: int) -> Any:
        if isinstance(type_, Array):
            return [self._initial(type_.element, 0)] * type_.length
        if isinstance(type_, Block):
            values = {name: self._initial(v.type, v.initial) for name, v in type_.variables.items()}
            instance = SimpleNamespace(**values)
            run = self._runs[type_.name]
            instance.run_ = lambda: run(instance)
            return instance
        return bool(initial) if type_ == "BOOL" else initial

    def fault(self, at: Node, text: str) -> None:
        line = (at.line or 0) if isinstance(at, Token) else at.meta.line
        self.fault_in(line, text)

    def fault_in(self, line: int, text: str) -> None:
        self.faults.append(f"line {line}: {text}")

    def _declare(self, name: Token, type_: Type) -> None:
        self.check_name(name, {known.upper() for known in self.types})
        self.types[str(name)] = type_

    def check_name(self, name: Token, taken: set[str]) -> None:
        if name.upper() in RESERVED or name.upper() in CONVERSIONS:
            self.fault(name, f"{name} is a reserved word")
        if name.upper() in taken:
            self.fault(name, f"{name} is declared already")

    def type_of(self, name: Token) -> Type:
        if name not in self.types:
            self.fault(name, f"type {name} is not declared before its use")
            return "UINT"
        return self.types[name]

    # --- declarations ----------------------------------------------------------------------

    def _types(self, tree: Node) -> None:
        name, low, high, element = tree.children
        of = self.type_of(element)
        if int(low) != 0:
            self.fault(name, f"array {name} begins at {low}, expected 0")
        if not isinstance(of, str):
            self.fault(name, f"array {name} is not of an elementary type")
        self._declare(name, Array(str(name), int(high) + 1, str(element)))

    def _block(self, tree: Node, is_program: bool = False) -> None:
        name, *sections, body = tree.children
        block = Block(str(name), is_program, body)
        for section in sections:
            kind, qualifier, *variables = section.children
            for variable in variables:
                self._variable(block, str(kind), qualifier and str(qualifier), variable)
        self._declare(name, block)
        code = Translator(self, block).code()
        if self.faults:
            return
        space: dict[str, Any] = {"StError": StError, **RUNTIME}
        exec(compile(code, f"<{name}>", "exec"), space)
        self._runs[str(name)] = space["run"]

    def _program(self, tree: Node) -> None:
        self._block(tree, is_program=True)

    def _variable(self, block: Block, section: str, qualifier: str | None, tree: Node) -> None:
        name, location, type_name, given = tree.children
        of = self.type_of(type_name)
        taken = {v.name.upper() for v in block.variables.values()}
        self.check_name(name, taken | {known.upper() for known in self.types})
        if section != "VAR" and isinstance(of, Block):
            self.fault(name, f"{name}: a function block in an interface")
        if location is not None:
            self._check_location(block, name, str(location), of)
        initial = 0
        if given is not None:
            initial = constant(given).value or 0
            if not isinstance(of, str) or initial > HIGHEST[of]:
                self.fault(name, f"{name}: {initial} is no value of its type")
        elif qualifier == "CONSTANT":
            self.fault(name, f"constant {name} has no value")
        block.variables[name.lower()] = Variable(
            str(name), of, section, qualifier, location and str(location), initial, name.line
        )

    def _check_location(self, block: Block, name: Token, location: str, of: Type) -> None:
        if not block.is_program:
            self.fault(name, f"{name} is located, in a function block")
        if any(v.location == location for v in block.variables.values()):
            self.fault(name, f"{name}: {location} is taken")
        if _LETTER[location[2]] != of:
            self.fault(name, f"{name}: {location} is no {of}")

    def _configuration(self, tree: Node) -> None:
        *_, task, instance = tree.children
        task_name, interval, _ = task.children
        _, with_task, of = instance.children
        found = self.types.get(str(of))
        if with_task != task_name:
            self.fault(with_task, f"task {with_task} is not declared")
        if not isinstance(found, Block) or not found.is_program:
            self.fault(of, f"{of} is no program")
        match = re.fullmatch(r"T#(\d+)ms", interval)
        assert match
        self.task_ms = int(match[1])
