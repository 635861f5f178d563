"""The strict compiler refuses what one compiler in the field or another would refuse or read in its
own way, and runs the rest as IEC 61131-3 has it."""

from typing import Any

import pytest
from lark.exceptions import UnexpectedInput

from tests.gate.st import StError, Unit

_BLOCK = """\
TYPE
  Words : ARRAY [0..3] OF UINT;
END_TYPE
FUNCTION_BLOCK Inner
VAR_INPUT
  A : UINT;
  W : Words;
END_VAR
VAR_OUTPUT
  Both : Words;
  Sum : UINT;
END_VAR
Sum := A + W[0];
Both[0] := Sum;
END_FUNCTION_BLOCK
FUNCTION_BLOCK Test
VAR_INPUT
  In1 : UDINT;
  In2 : UDINT;
  Short : UINT;
  Switch : BOOL;
END_VAR
VAR_OUTPUT
  Out1 : UDINT;
  Out2 : UINT;
  Lamp : BOOL;
END_VAR
VAR CONSTANT
  Three : UINT := 3;
END_VAR
VAR
  Memory : Words;
  Two : UDINT;
  Part : Inner;
END_VAR
Part(A := Short, W := Memory);
Memory := Part.Both;
Two := In1;
Lamp := Switch AND (In2 > Two) AND (Memory[Three] = Part.Sum);
Out1 := In1;
Out2 := Memory[0];
%s
END_FUNCTION_BLOCK
"""


def _test(statements: str, **inputs: int | bool) -> Any:
    block = Unit(_BLOCK % statements).new("Test")
    for name, value in inputs.items():
        setattr(block, name, value)
    block.run_()
    return block


def test_a_udint_difference_wraps_where_it_is_stored() -> None:
    block = _test("Out1 := In1 - In2;", in1=3, in2=5)
    assert block.out1 == (1 << 32) - 2


def test_loops_branches_and_choices_run() -> None:
    block = _test(
        """\
Out1 := 0;
WHILE Out1 < 10 DO
  Out1 := Out1 + 1;
  IF Out1 = 7 THEN EXIT; END_IF;
END_WHILE;
CASE Short OF
  1: Out2 := 10;
  2: Out2 := 20;
END_CASE;
IF NOT Switch AND (Short = 9) THEN Memory[1] := 1;
ELSIF Short = 2 THEN Memory[1] := 5;
ELSE Memory[1] := 9;
END_IF;
Out2 := Out2 + Memory[1] * 2 MOD 7;""",
        short=2,
    )
    assert (block.out1, block.out2) == (7, 23)


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        ("Out2 := In1;", "a UDINT is assigned to a UINT"),
        ("Out1 := Short;", "a UINT is assigned to a UDINT"),
        ("Lamp := 1;", "1 is no BOOL"),
        ("Lamp := Short;", "a UINT is assigned to a BOOL"),
        ("Out2 := 65536;", "65536 is no UINT"),
        ("Out1 := In1 + Short;", "add of UDINT and UINT"),
        ("Lamp := In1 > Short;", "gt of UDINT and UINT"),
        ("Out2 := Short - 1;", "a difference of UINT"),
        ("Lamp := (In1 - In2) < 5;", "not stored first"),
        ("Lamp := In1 + In2 = 5;", "not stored first"),
        ("Out2 := UDINT_TO_UINT(In1 - In2);", "not stored first"),
        ("Lamp := Short AND Switch;", "and of UINT"),
        ("Lamp := Switch = TRUE;", "expected numbers"),
        ("Lamp := NOT Short;", "expected BOOL"),
        ("IF Short THEN Out2 := 1; END_IF;", "a condition is a UINT"),
        ("Out2 := Memory[In1];", "expected UINT"),
        ("Out2 := Short[1];", "an index of no array"),
        ("Out2 := Two.Middle;", "no Middle"),
        ("Part.Sum := 1;", "no Sum"),
        ("Out2 := Part.A;", "no A"),
        ("Memory := Short;", "a UINT is assigned to a Words"),
        ("Short := 1;", "Short is not to be written"),
        ("Three := 1;", "Three is not to be written"),
        ("Out2 := Missing;", "Missing is not declared"),
        ("OUT2 := 1;", "OUT2 is declared as Out2"),
        ("EXIT;", "EXIT outside a loop"),
        ("Part(A := 1);", "without W"),
        ("Part(A := 1, W := Memory, B := 2);", "no input B"),
        ("Part(A := In1, W := Memory);", "a UDINT is assigned to a UINT"),
        ("Part(A := 1, W := 5);", "a number is assigned to a Words"),
        ("Out2 := UINT_TO_WORD(Short);", "no conversion"),
        ("CASE Short OF 1: Out2 := 1; 1: Out2 := 2; END_CASE;", "label 1 is there already"),
    ],
)
def test_a_doubtful_statement_is_refused(statements: str, fault: str) -> None:
    with pytest.raises(StError, match=fault.replace(".", r"\.")):
        Unit(_BLOCK % statements)


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("  Two : UDINT;", "  Two : UDINT;\n  Step : UINT;", "Step is a reserved word"),
        ("  Two : UDINT;", "  Two : UDINT;\n  limit : UINT;", "limit is a reserved word"),
        ("  Two : UDINT;", "  Two : UDINT;\n  TWO : UINT;", "TWO is declared already"),
        ("  Two : UDINT;", "  Two : UDINT;\n  Words : UINT;", "Words is declared already"),
        ("  Two : UDINT;", "  Two : UDINT;\n  Idle : UINT;", "Idle is never used"),
        ("  Two : UDINT;", "  Two AT %MD1 : UDINT;", "in a function block"),
        ("  Two : UDINT;", "  Two : Other;", "Other is not declared before its use"),
        ("  Three : UINT := 3;", "  Three : UINT := 70000;", "70000 is no value"),
        ("  Three : UINT := 3;", "  Three : UINT;", "Three has no value"),
        ("  Words : ARRAY [0..3]", "  Words : ARRAY [1..3]", "begins at 1"),
    ],
)
def test_a_doubtful_declaration_is_refused(right: str, wrong: str, fault: str) -> None:
    text = _BLOCK % ""
    assert text.count(right) == 1
    with pytest.raises(StError, match=fault):
        Unit(text.replace(right, wrong))


@pytest.mark.parametrize(
    "statements",
    [
        "Out2 := 1; // a comment that ends with the line",
        "(* one (* inside *) another *)",
        "FOR Out2 := 1 TO 3 DO Out1 := 1; END_FOR;",
        "WHILE Switch DO CONTINUE; END_WHILE;",
        "if Switch then Out2 := 1; end_if;",
        "IF Switch THEN Out2 := 1 END_IF;",
        "Out2 := -1;",
        "END_FUNCTION_BLOCK TYPE Pair : STRUCT A : UINT; END_STRUCT; END_TYPE",
        "END_FUNCTION_BLOCK FUNCTION_BLOCK Other VAR_IN_OUT A : UINT; END_VAR A := 1;",
        "END_FUNCTION_BLOCK FUNCTION_BLOCK Other VAR A : ARRAY [0..1] OF UINT; END_VAR A[0] := 1;",
        "Lamp := Switch XOR Switch;",
        "Out2 := Part.A := 1;",
        "This_is__no_name := 1;",
    ],
)
def test_what_is_not_in_the_common_subset_does_not_parse(statements: str) -> None:
    with pytest.raises(UnexpectedInput):
        Unit(_BLOCK % statements)


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        ("Out2 := Short + 1;", "does not fit"),
        ("Out2 := UDINT_TO_UINT(In1);", "does not fit"),
        ("WHILE NOT Lamp DO Out2 := 1; END_WHILE;", "endless loop"),
    ],
)
def test_what_the_standard_leaves_open_stops_the_run(statements: str, fault: str) -> None:
    with pytest.raises(StError, match=fault):
        _test(statements, short=65_535, in1=65_536)


def test_an_index_outside_the_array_stops_the_run() -> None:
    with pytest.raises(IndexError):
        _test("Memory[Short] := 1;", short=4)
