"""The bodies of function blocks and programs: checked, and written as Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lark import Token

from tests.gate.st_types import (
    CONVERSIONS,
    HIGHEST,
    Array,
    Block,
    Node,
    StError,
    Type,
    Typed,
    Variable,
    constant,
    named,
)

MAX_TURNS = 10_000
"""Turns of all loops in one run: a PLC's watchdog would have bitten."""


class Faults(Protocol):
    """Where faults are gathered."""

    def fault(self, at: Node, text: str) -> None: ...
    def fault_in(self, line: int, text: str) -> None: ...


class Translator:
    """Checks the body of one block, and writes it as the Python function `run(s)`."""

    def __init__(self, faults: Faults, block: Block) -> None:
        self._faults = faults
        self._block = block
        self._lines = ["def run(s):", " turns = 0"]
        self._loops = 0

    def code(self) -> str:
        self._body(self._block.body, 1)
        for variable in self._block.variables.values():
            self._check_use(variable)
        return "\n".join(self._lines) + "\n"

    def _check_use(self, variable: Variable) -> None:
        shown = variable.section == "VAR_OUTPUT" or (variable.location or "")[1:2] in ("Q", "M")
        if not (variable.read or (shown and variable.written)):
            self._faults.fault_in(variable.line, f"{variable.name} is never used")
        given = variable.section == "VAR_INPUT" or variable.qualifier == "CONSTANT"
        if not (given or variable.written or variable.location or isinstance(variable.type, Block)):
            self._faults.fault_in(variable.line, f"{variable.name} is never written")

    def _fault(self, at: Node, text: str) -> None:
        self._faults.fault(at, text)

    # --- statements ------------------------------------------------------------------------

    def _body(self, tree: Node, depth: int) -> None:
        if not tree.children:
            self._lines.append(" " * depth + "pass")
        for statement in tree.children:
            getattr(self, f"_{statement.data.rstrip('_')}")(statement, " " * depth)

    def _assign(self, tree: Node, indent: str) -> None:
        place, expression = tree.children
        target = self._place(place, written=True)
        value = self._expression(expression)
        self._check_store(tree, target.type, value)
        store = "list" if isinstance(target.type, Array) else _STORES.get(str(target.type), "")
        self._lines.append(f"{indent}{target.code} = {store}({value.code})")

    def _check_store(self, at: Node, target: Type | None, value: Typed) -> None:
        if isinstance(target, Block):
            self._fault(at, "a function block is not assigned")
        elif value.type is None and isinstance(target, str):
            if target == "BOOL" or (value.value or 0) > HIGHEST[target]:
                self._fault(at, f"{value.value} is no {target}")
        elif value.type != target:
            self._fault(at, f"a {named(value.type)} is assigned to a {named(target)}")

    def _if(self, tree: Node, indent: str) -> None:
        condition, body, *rest = tree.children
        self._lines.append(f"{indent}if {self._condition(condition)}:")
        self._body(body, len(indent) + 1)
        for branch in rest:
            if branch is None:
                continue
            if branch.data == "elsif":
                other, body = branch.children
                self._lines.append(f"{indent}elif {self._condition(other)}:")
            else:
                body = branch
                self._lines.append(f"{indent}else:")
            self._body(body, len(indent) + 1)

    def _while(self, tree: Node, indent: str) -> None:
        condition, body = tree.children
        self._lines += [
            f"{indent}while {self._condition(condition)}:",
            f"{indent} turns += 1",
            f"{indent} if turns > {MAX_TURNS}: raise StError('an endless loop')",
        ]
        self._loops += 1
        self._body(body, len(indent) + 1)
        self._loops -= 1

    def _exit(self, tree: Node, indent: str) -> None:
        if not self._loops:
            self._fault(tree, "EXIT outside a loop")
        self._lines.append(f"{indent}break")

    def _case(self, tree: Node, indent: str) -> None:
        selector, *choices = tree.children
        of = self._operand(selector)
        self._lines.append(f"{indent}match {of.code}:")
        labels: set[int] = set()
        for choice in choices:
            label, body = choice.children
            if int(label) in labels or int(label) > HIGHEST.get(str(of.type), -1):
                self._fault(label, f"label {label} is there already, or no {of.type}")
            labels.add(int(label))
            self._lines.append(f"{indent} case {int(label)}:")
            self._body(body, len(indent) + 2)

    def _call(self, tree: Node, indent: str) -> None:
        name, *arguments = tree.children
        instance = self._variable(name)
        if instance is None or not isinstance(instance.type, Block):
            self._fault(name, f"{name} is no function block")
            return
        instance.read = True
        wanted = {v.name.lower(): v for v in instance.type.of("VAR_INPUT")}
        for argument in arguments:
            formal, expression = argument.children
            parameter = wanted.pop(formal.lower(), None)
            if parameter is None:
                self._fault(formal, f"{instance.type.name} has no input {formal}, or it is given")
                continue
            self._pass(name, parameter, expression, indent)
        if wanted:
            missing = ", ".join(v.name for v in wanted.values())
            self._fault(name, f"{instance.type.name} is called without {missing}")
        self._lines.append(f"{indent}s.{name.lower()}.run_()")

    def _pass(self, name: Token, parameter: Variable, given: Node, indent: str) -> None:
        value = self._operand(given)
        self._check_store(given, parameter.type, value)
        code = f"list({value.code})" if isinstance(parameter.type, Array) else value.code
        self._lines.append(f"{indent}s.{name.lower()}.{parameter.name.lower()} = {code}")

    # --- expressions -----------------------------------------------------------------------

    def _condition(self, tree: Node) -> str:
        typed = self._operand(tree)
        if typed.type != "BOOL":
            self._fault(tree, f"a condition is a {named(typed.type)}, expected BOOL")
        return typed.code

    def _operand(self, tree: Node) -> Typed:
        """An expression inside another, where a result must not need its type's wrap."""
        typed = self._expression(tree)
        if typed.may_wrap:
            self._fault(tree, "a sum that may wrap is not stored first")
        return typed

    def _expression(self, tree: Node) -> Typed:
        kind = tree.data.rstrip("_")
        if kind in _OPERATORS:
            return self._binary(kind, tree)
        if kind == "not":
            return Typed("BOOL", f"(not {self._condition(tree.children[0])})")
        if kind == "convert":
            return self._convert(tree)
        if kind in ("true", "false", "integer"):
            return constant(tree)
        return self._place(tree)

    def _binary(self, kind: str, tree: Node) -> Typed:
        inside = self._expression if kind in ("add", "sub") else self._operand
        left, right = (inside(child) for child in tree.children)
        of = left.type or right.type
        for side in (left, right):
            if side.type not in (None, of) or (side.value or 0) > HIGHEST.get(str(of), 0):
                self._fault(tree, f"{kind} of {named(left.type)} and {named(right.type)}")
        is_bool = of == "BOOL"
        if kind in ("and", "or"):
            if not is_bool:
                self._fault(tree, f"{kind} of {of}, expected BOOL")
            # Both sides are always reckoned, as the standard leaves open.
            return Typed("BOOL", f"({left.code} {_OPERATORS[kind]} {right.code})")
        if is_bool or not isinstance(of, str):
            self._fault(tree, f"{kind} of {of}, expected numbers")
        code = f"({left.code} {_OPERATORS[kind]} {right.code})"
        if kind in ("eq", "ne", "lt", "gt", "le", "ge"):
            return Typed("BOOL", code)
        if kind == "sub" and of != "UDINT":
            self._fault(tree, f"a difference of {of}, expected UDINT, which wraps")
        return Typed(of, code, may_wrap=kind in ("add", "sub") and of == "UDINT")

    def _convert(self, tree: Node) -> Typed:
        name, inner = tree.children
        if name not in CONVERSIONS:
            self._fault(name, f"{name} is no conversion that is allowed here")
            return Typed("UINT", "0")
        source, target = CONVERSIONS[name]
        typed = self._operand(inner)
        if typed.type != source:
            self._fault(tree, f"{name} of a {typed.type}")
        return Typed(target, f"fits({typed.code}, {HIGHEST[target]})")

    def _place(self, tree: Node, *, written: bool = False) -> Typed:
        if tree.data == "name":
            return self._named(tree.children[0], written=written)
        if tree.data == "element":
            array = self._place(tree.children[0], written=written)
            index = self._operand(tree.children[1])
            if not isinstance(array.type, Array):
                self._fault(tree, "an index of no array")
                return Typed("UINT", "0")
            if index.type not in (None, "UINT"):
                self._fault(tree, f"an index is a {index.type}, expected UINT")
            return Typed(array.type.element, f"{array.code}[{index.code}]")
        if tree.data != "member":
            self._fault(tree, "a variable is expected here")
            return Typed("UINT", "0")
        owner, member = tree.children
        inside = self._place(owner, written=written)
        fields: dict[str, Type] = {}
        if isinstance(inside.type, Block) and not written:
            fields = {v.name.lower(): v.type for v in inside.type.of("VAR_OUTPUT")}
        if member.lower() not in fields:
            self._fault(member, f"there is no {member} to be had here")
            return Typed("UINT", "0")
        return Typed(fields[member.lower()], f"{inside.code}.{member.lower()}")

    def _variable(self, name: Token) -> Variable | None:
        variable = self._block.variables.get(name.lower())
        if variable is None:
            self._fault(name, f"{name} is not declared")
        elif variable.name != name:
            self._fault(name, f"{name} is declared as {variable.name}")
        return variable

    def _named(self, name: Token, *, written: bool) -> Typed:
        variable = self._variable(name)
        if variable is None:
            return Typed("UINT", "0")
        if written:
            is_input = variable.section == "VAR_INPUT" or (variable.location or "")[1:2] == "I"
            if is_input or variable.qualifier == "CONSTANT":
                self._fault(name, f"{name} is not to be written")
            variable.written = True
        else:
            variable.read = True
        return Typed(variable.type, f"s.{name.lower()}")


_STORES = {"UINT": "uint", "UDINT": "udint", "LINT": "lint"}
_OPERATORS = {
    "or": "|",
    "and": "&",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "//",
    "mod": "%",
}


def _fits(value: int, highest: int) -> int:
    if not 0 <= value <= highest:
        raise StError(f"{value} does not fit, expected 0 to {highest}")
    return value


RUNTIME: dict[str, Callable[..., int]] = {
    "fits": _fits,
    "uint": lambda value: _fits(value, HIGHEST["UINT"]),
    "udint": lambda value: value & HIGHEST["UDINT"],
    "lint": lambda value: _fits(value, HIGHEST["LINT"]),
}
