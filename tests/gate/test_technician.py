"""A technician's test opens the gate, in the function block and in `GateBlock` alike."""

import pytest

from drivers.gate.parameters import Sensors
from drivers.gate.registers import MAY_RUN, TEST
from tests.gate.scenes import PLAIN, WATCHED
from tests.gate.twins import Twins


def in_session(control: int = 0) -> Twins:
    twins = Twins(WATCHED)
    twins.command(session=1, control=control)
    beat(twins, 2)
    return twins


def beat(twins: Twins, scans: int) -> None:
    for _ in range(scans):
        twins.beat()
        twins.scan(steps=0)


@pytest.mark.parametrize("control", [0, MAY_RUN])
def test_the_gate_is_open_while_it_is_asked_for(control: int) -> None:
    twins = in_session(control)
    for _ in range(2):
        twins.command(control=control | TEST)
        beat(twins, 4)
        assert twins.block.gate_open
        twins.command(control=control)
        beat(twins, 1)
        assert not twins.block.gate_open


def test_it_shuts_by_itself_on_a_belt_that_stands_still() -> None:
    twins = in_session()
    twins.command(control=TEST)
    beat(twins, WATCHED.link_timeout_ms + 1)
    assert twins.block.gate_open
    beat(twins, 1)
    assert not twins.block.gate_open
    beat(twins, 5)
    assert not twins.block.gate_open


def test_it_is_over_when_the_link_is_lost() -> None:
    twins = in_session()
    for _ in range(WATCHED.link_timeout_ms - 1):
        twins.scan(steps=0)
    twins.command(control=TEST)
    twins.scan(steps=0)
    assert twins.block.gate_open
    twins.scan(steps=0)
    assert not twins.block.gate_open


def an_item(twins: Twins) -> None:
    twins.sensors = Sensors(eye=True)
    beat(twins, 1)


def test_it_is_over_when_an_item_comes() -> None:
    twins = in_session(MAY_RUN)
    twins.command(control=MAY_RUN | TEST)
    beat(twins, 1)
    assert twins.block.gate_open
    an_item(twins)
    assert not twins.block.gate_open


def test_it_is_refused_without_a_session_and_while_an_item_is_under_way() -> None:
    alone = Twins(PLAIN)
    alone.command(control=MAY_RUN | TEST)
    beat(alone, 1)
    assert not alone.block.gate_open
    twins = in_session(MAY_RUN)
    an_item(twins)
    twins.command(control=MAY_RUN | TEST)
    beat(twins, 1)
    assert not twins.block.gate_open
