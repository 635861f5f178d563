"""The worker at the rework table: what he scans, and when he takes a repair for done."""

from collections.abc import Generator
from itertools import repeat

import pytest

from drivers.sim.bench.goods import Goods
from drivers.sim.bench.worker import PATIENCE, Mend, Repair, carry_out
from drivers.sim.truth import ContainerTruth

OLD, NEW = Goods("L1").bottles(2)
CASE = "00000952123400000017"
REPLACE = Repair(Mend.REPLACE, CASE, OLD.text, OLD.key, NEW.text, NEW.key)
REMOVE = Repair(Mend.REMOVE, CASE, OLD.text, OLD.key)


def outcome(work: Generator[str, bool | None, bool], seen: list[bool | None]) -> tuple[bool, int]:
    """Whether he takes it for done, and after how many scans."""
    next(work)
    for number, each in enumerate(seen, 1):
        try:
            work.send(each)
        except StopIteration as end:
            return bool(end.value), number
    raise AssertionError("he goes on")


def test_a_repair_is_at_most_three_scans_from_the_resting_screen() -> None:
    assert REPLACE.scans == ("EA:REPLACE", OLD.text, NEW.text)
    assert outcome(carry_out(REPLACE), [True, True, True]) == (True, 3)
    assert outcome(carry_out(REMOVE), [True, True]) == (True, 2)


def test_what_is_refused_is_not_done() -> None:
    assert outcome(carry_out(REMOVE), [True, False]) == (False, 2)
    assert outcome(carry_out(REPLACE), [False]) == (False, 1)


def test_after_a_dark_screen_he_begins_again_and_a_refusal_says_that_it_was_taken() -> None:
    assert outcome(carry_out(REMOVE), [True, None, True, True]) == (True, 4)
    assert outcome(carry_out(REMOVE), [True, None, True, False]) == (True, 4)
    # Refused before the last scan: the command itself was not taken, and nothing is known.
    assert outcome(carry_out(REMOVE), [True, None, False]) == (False, 3)


def test_a_screen_that_stays_dark_is_left_in_the_end() -> None:
    assert outcome(carry_out(REMOVE), list(repeat(None, PATIENCE))) == (False, PATIENCE)


@pytest.mark.parametrize(
    ("repair", "left"), [(REMOVE, ["x"]), (REPLACE, ["x", NEW.key])], ids=["remove", "replace"]
)
def test_what_is_mended_lies_in_the_case_otherwise_than_before(
    repair: Repair, left: list[str]
) -> None:
    case = ContainerTruth("case", [OLD.key, "x"], CASE)
    repair.done_to(case)
    assert case.contents == left
