"""The gate's program over remote I/O: scanned when something is due, with sensors seen late."""

import random
from dataclasses import replace

import pytest

from drivers.gate.block import GateBlock
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import Cause, Command, Status, Word

START = 7
BLIND = Parameters(
    slots=32, travel_steps=200, hold_steps=30, bounce_steps=5, spacing_steps=60, link_timeout_ms=300
)
WATCHED = replace(BLIND, tolerance_steps=8, decide_steps=20, confirm_from_ms=5, confirm_until_ms=40)


class Line:
    """A block in session, told PASS for every item."""

    def __init__(self, parameters: Parameters) -> None:
        self.block = GateBlock(parameters, start=START)
        self.opened: list[tuple[int, bool]] = []
        self._was = False

    def scan(self, step: int, sensors: Sensors, ahead: int = 0, old: int = 0) -> None:
        block = self.block
        block.commands[:] = [1, step % 65_535 + 1, 1]
        block.scan(step, step + ahead, sensors, step - old)
        item = block.status[Status.ITEMS]
        block.verdicts[3 * (item % 32) : 3 * (item % 32) + 3] = [item, Word.PASS, START]
        if block.gate_open is not self._was:
            self._was = block.gate_open
            self.opened.append((step, self._was))


def sensor_changes(parameters: Parameters, seed: int) -> dict[int, Sensors]:
    """What the eyes see of 30 items, by step; some are taken off, and some come from nowhere."""
    dice = random.Random(seed)
    spans: list[tuple[str, int]] = []
    step = 10
    for _ in range(30):
        step += dice.randint(50, 140)
        if dice.random() < 0.9:
            spans.append(("eye", step))
        if dice.random() < 0.9:
            spans.append(("gate_eye", step + parameters.travel_steps + dice.randint(-9, 9)))
    edges = {at for _, start in spans for at in (start, start + 12)}
    return {
        at: Sensors(
            **{eye: start <= at < start + 12 for eye, start in spans if start <= at < start + 12}
        )
        for at in sorted(edges)
    }


@pytest.mark.parametrize("parameters", [BLIND, WATCHED], ids=["no eye at the gate", "an eye"])
@pytest.mark.parametrize("seed", range(20))
def test_scans_when_something_is_due_move_the_gate_as_scans_at_every_step(
    parameters: Parameters, seed: int
) -> None:
    changes = sensor_changes(parameters, seed)
    always, when_due = Line(parameters), Line(parameters)
    sensors, due, scans = Sensors(), 0, 0
    for step in range(1, max(changes) + 500):
        sensors = changes.get(step, sensors)
        always.scan(step, sensors)
        if step in changes or step % 100 == 0 or step >= due:
            scans += 1
            when_due.scan(step, sensors)
            wait = when_due.block.next_due(step)
            due = 1 << 40 if wait is None else step + wait
    assert always.opened
    assert when_due.opened == always.opened
    assert scans < 400


def test_a_command_goes_out_as_much_earlier_as_it_is_asked_ahead() -> None:
    line = Line(BLIND)
    for step in range(1, 400):
        line.scan(step, Sensors(eye=50 <= step < 60), ahead=15)
    assert line.opened == [(50 + 200 - 15, True), (50 + 200 + 30 - 15, False)]


def test_sensors_seen_late_count_from_where_the_belt_was_then() -> None:
    line = Line(BLIND)
    for step in range(1, 400):
        line.scan(step, Sensors(eye=50 <= step - 4 < 60), old=4)
    assert line.opened == [(250, True), (280, False)]


def test_a_second_thing_seen_late_still_comes_before_the_gate_opens_for_the_first() -> None:
    line = Line(replace(WATCHED, bounce_steps=2))
    for step in range(1, 400):
        seen = step - 6
        at_gate = 250 <= seen < 253 or 262 <= seen < 265
        line.scan(step, Sensors(eye=50 <= seen < 60, gate_eye=at_gate), ahead=15, old=6)
    assert line.opened == []


def test_items_in_doubt_are_rejected_and_later_ones_pass() -> None:
    line = Line(BLIND)
    for step in range(1, 700):
        if step == 100:
            line.block.doubt()
        line.scan(step, Sensors(eye=50 <= step < 60 or 300 <= step < 310))
    assert line.opened == [(500, True), (530, False)]
    assert line.block.outcomes[2 * 1 + 1] // 256 == Cause.DOUBT


def test_a_lost_link_shuts_the_gate_at_once_and_ends_the_session_for_good() -> None:
    line = Line(BLIND)
    for step in range(1, 261):
        line.scan(step, Sensors(eye=50 <= step < 60))
    assert line.block.gate_open
    line.block.lose_link()
    assert not line.block.gate_open
    for step in range(261, 400):
        line.scan(step, Sensors())
        assert line.block.status[Status.SESSION] == 0
    assert line.block.commands[Command.SESSION] == 1
