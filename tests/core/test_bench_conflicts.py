"""People at several benches, and repairs in between: nothing is lost, no code names two cases."""

import pytest

from edge_agent.core.benches import REPEAT_US
from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.names import StationName
from edge_agent.core.states import ContainerState
from tests.core.bench_world import DOCK, ONE, SUE, TABLE, TWO, Benches, Scan, key


@pytest.mark.parametrize("used", [("case-1",), ("unit-11", "unit-12", "unit-13", "case-1")])
def test_a_code_that_another_bench_used_while_it_was_asked_about_names_no_second_case(
    used: tuple[str, ...],
) -> None:
    benches = Benches()
    benches.ok(ONE, SUE, "unit-1")
    assert benches.do(ONE, "case-1").tone is Tone.ASK
    benches.do(TWO, *used)
    before = benches.held("case-1")
    assert "in use" in benches.refused(ONE, Command.CONFIRM)[0]
    assert benches.held("case-1") == before
    assert benches.inside("unit-1") == ""
    assert benches.do(ONE, "case-2").tone is Tone.ASK
    benches.ok(ONE, Command.CONFIRM)
    assert benches.children("case-2") == ["unit-1"]
    benches.check()
    benches.restart()


@pytest.mark.parametrize("taken_out", [(Command.EMPTY, "unit-1"), (Command.REMOVE, "unit-1")])
def test_what_was_put_aside_and_emptied_is_there_again_when_that_is_taken_back(
    taken_out: tuple[Command, str],
) -> None:
    benches = Benches()
    benches.ok(ONE, "unit-1", Command.PARK)
    benches.ok(TABLE, *taken_out)
    benches.ok(TABLE, Command.UNDO)
    benches.check()
    (container,) = benches.containers()
    assert container.state is ContainerState.PARKED
    benches.restart()
    benches.ok(ONE, Command.RESUME, "unit-1")
    benches.ok(ONE, "unit-2", "unit-3", "case-1")
    assert benches.children("case-1") == ["unit-1", "unit-2", "unit-3"]


@pytest.mark.parametrize(
    "since",
    [
        (Command.EMPTY, "case-1"),
        (Command.EMPTY, "case-1", SUE, (Command.DECOMMISSION, "damaged"), "case-1"),
        (Command.EMPTY, "case-1", SUE, Command.SAMPLE, "case-1"),
    ],
)
def test_what_was_closed_just_now_is_not_said_to_be_closed_when_it_is_not_any_more(
    since: tuple[Scan, ...],
) -> None:
    benches = Benches()
    benches.case("case-1", "unit-1", "unit-2", "unit-3")
    assert "closed already" in str(benches.do(ONE, "case-1").saying)
    benches.ok(TABLE, *since)
    shown = benches.do(ONE, "case-1")
    assert "closed already" not in str(shown.saying)
    assert (shown.tone is Tone.GOOD) is (len(since) == 2), "an emptied case may be filled again"


def test_a_case_opened_again_just_now_is_not_said_to_be_closed() -> None:
    benches = Benches()
    benches.case("case-1", "unit-1", "unit-2", "unit-3")
    benches.ok(TWO, Command.REOPEN, "case-1")
    assert "filled at bench 2" in str(benches.do(ONE, "case-1").saying)


@pytest.mark.parametrize("station", [DOCK, TABLE])
def test_a_case_that_was_never_filled_gets_onto_no_pallet(station: StationName) -> None:
    benches = Benches()
    benches.case("case-1", "unit-1", "unit-2", "unit-3")
    benches.ok(DOCK, SUE, "case-1")
    assert "never seen" in benches.refused(station, Command.ADD, "case-1", "case-9")[0]
    assert benches.do(DOCK, "pallet-1").tone is Tone.ASK
    benches.ok(DOCK, Command.CONFIRM)
    assert "never seen" in benches.refused(station, Command.ADD, "pallet-1", "case-9")[0]
    assert benches.past.find(key("case-9")) is None
    assert benches.children("pallet-1") == ["case-1"]
    benches.check()


def test_the_last_product_scanned_twice_is_counted_once_and_need_not_be_taken_out() -> None:
    benches = Benches()
    benches.ok(ONE, "unit-71", "unit-72")
    held = benches.inside("unit-72")
    assert benches.do(ONE, "unit-72").tone is Tone.NOTE
    assert benches.inside("unit-72") == held
    # Any other that is in there may be another thing with the same code.
    benches.refused(ONE, "unit-71")
    benches.tick(REPEAT_US)
    benches.refused(ONE, "unit-72")
    benches.refused(TWO, "unit-72")
