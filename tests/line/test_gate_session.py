"""The agent's end of the gate's protocol against the gate's own program, in virtual time."""

from collections.abc import Iterator
from itertools import count
from typing import TypeVar

import pytest

from drivers.gate.block import GateBlock
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import OUTCOME_WORDS, VERDICT_WORDS, Fate, Status
from edge_agent.core.effects import Judge
from edge_agent.core.events import Condition, Reason
from edge_agent.core.inputs import (
    Arming,
    Conditions,
    Counter,
    GateReport,
    Input,
    LinkLost,
    Outcome,
    Strays,
)
from edge_agent.core.names import CodeKey, Instant, ItemNumber, StationName
from edge_agent.core.state import Belt
from edge_agent.line.gate_session import GateSession, Poll

T = TypeVar("T")

INFEED = StationName("infeed")
SLOTS = 64
PARAMETERS = Parameters(
    slots=SLOTS,
    travel_steps=300,
    hold_steps=20,
    bounce_steps=8,
    spacing_steps=45,
    tolerance_steps=6,
    decide_steps=12,
    confirm_from_ms=10,
    confirm_until_ms=50,
)


class Rig:
    """A session and a PLC, a millisecond at a time; polled every 10 ms, a beat every 100 ms."""

    def __init__(self, *, items: int = 0) -> None:
        self.block = GateBlock(PARAMETERS, start=7, items=items)
        self.belt: Belt | None = None
        self.watched = True
        self.numbers = count(1)
        self.session = self.new_session()
        self.ms = 0
        self.given: list[Input] = []
        self.sensors = Sensors()
        self.wire = True
        self.answering = True
        self.heard_us = 0

    def new_session(self) -> GateSession:
        return GateSession(
            INFEED,
            slots=SLOTS,
            link_timeout_us=300_000,
            belt=lambda: self.belt,
            is_watched=lambda: self.watched,
            draw=lambda: next(self.numbers),
        )

    def restart_plc(self) -> None:
        self.block = GateBlock(PARAMETERS, start=self.block.status[Status.START] + 1)

    def run(self, ms: int) -> list[Input]:
        """The inputs that came meanwhile."""
        before = len(self.given)
        for _ in range(ms):
            self.ms += 1
            if self.ms % 100 == 0 and self.wire:
                self.block.commands[:] = self.session.commands()
            self.block.scan(self.ms, self.ms, self.sensors)
            if self.ms % 10 == 0:
                self.poll()
        return self.given[before:]

    def poll(self) -> None:
        at = Instant(self.ms * 1_000, self.ms * 1_000)
        if not self.wire:
            self.take(self.session.unheard(at, self.heard_us, "no answer"))
            return
        self.heard_us = at.mono_us
        words = list(self.block.status)
        self.take(self.session.polled(Poll(words, at.mono_us - 500, at, at.mono_us)))
        while span := self.session.next_read():
            first, number = (OUTCOME_WORDS * each for each in span)
            self.take(self.session.outcomes(at, self.block.outcomes[first : first + number]))
        while due := self.session.next_write():
            slot, words, _ = due
            first = VERDICT_WORDS * slot
            self.block.verdicts[first : first + len(words)] = words

    def take(self, inputs: list[Input]) -> None:
        self.given += inputs
        for each in inputs:
            if isinstance(each, Arming):
                self.session.run(permitted=True)
                self.belt = self.belt or Belt(each.first.last_item, each.first.boot)
                self.belt.boot = each.first.boot
                self.belt.last_item = each.first.last_item
            elif isinstance(each, GateReport) and self.belt:
                self.belt.pending.pop(each.item, None)

    def item(self) -> ItemNumber:
        """A thing passes the trigger."""
        self.sensors.eye = True
        self.run(10)
        self.sensors.eye = False
        self.run(60)
        return ItemNumber(self.block.status[Status.ITEMS])

    def judge(self, item: ItemNumber, reason: Reason | None = None) -> None:
        assert self.belt is not None
        self.belt.pending[item] = (CodeKey("k"), reason)
        self.session.judge(Judge(INFEED, item, reason, 0), (0, 0))

    def to_the_gate(self, *, eye: bool = True, eject: bool = False) -> list[Input]:
        """The item that was triggered 70 ms ago comes to the gate, and maybe into the bin."""
        given = self.run(230)
        self.sensors.gate_eye = eye
        given += self.run(5)
        self.sensors.gate_eye = False
        given += self.run(25)
        self.sensors.eject_eye = eject
        given += self.run(10)
        self.sensors.eject_eye = False
        return given + self.run(1_200)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    assert [type(each) for each in rig.run(500)[:1]] == [Arming]
    yield rig


def only(inputs: list[Input], kind: type[T]) -> list[T]:
    return [each for each in inputs if isinstance(each, kind)]


def test_a_session_is_in_force_when_the_plc_shows_its_number() -> None:
    rig = Rig()
    rig.wire = False
    assert rig.run(300) == []
    rig.wire = True
    given = rig.run(200)
    assert isinstance(given[0], Arming)
    assert rig.session.is_armed
    assert rig.block.status[Status.SESSION] == 1


@pytest.mark.parametrize(
    ("reason", "eject", "outcome"),
    [
        (None, False, Outcome.PASSED),
        (None, True, Outcome.UNASKED),
        (Reason.UNREAD, True, Outcome.EJECTED),
        (Reason.UNREAD, False, Outcome.UNCONFIRMED),
    ],
)
def test_what_the_gate_did_is_told_of_each_item(
    rig: Rig, reason: Reason | None, eject: bool, outcome: Outcome
) -> None:
    item = rig.item()
    rig.judge(item, reason)
    (report,) = only(rig.to_the_gate(eject=eject), GateReport)
    assert (report.item, report.outcome, report.why) == (item, outcome, None)


def test_an_item_without_a_verdict_is_ejected_as_late(rig: Rig) -> None:
    item = rig.item()
    assert rig.belt is not None
    rig.belt.pending[item] = (CodeKey("k"), None)
    (report,) = only(rig.to_the_gate(eject=True), GateReport)
    assert (report.outcome, report.why) == (Outcome.EJECTED, Reason.LATE)


def test_an_item_taken_off_by_hand_is_told(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    (report,) = only(rig.to_the_gate(eye=False), GateReport)
    assert (report.item, report.outcome) == (item, Outcome.TAKEN_OFF)


def test_things_that_are_no_items_are_counted(rig: Rig) -> None:
    rig.run(100)
    (strays,) = only(rig.to_the_gate(eject=True), Strays)
    assert (strays.appeared, strays.unasked) == (1, 0)
    rig.sensors.eject_eye = True
    (strays,) = only(rig.run(50), Strays)
    assert (strays.appeared, strays.unasked) == (0, 1)


def test_contacts_are_told_when_they_change(rig: Rig) -> None:
    rig.sensors.bin_full = True
    (changed,) = only(rig.run(50), Conditions)
    assert changed.on == {Condition.BIN_FULL}
    rig.sensors.bin_full = False
    (changed,) = only(rig.run(50), Conditions)
    assert changed.on == frozenset()


def test_a_lost_link_ends_the_session_and_what_is_on_the_belt_is_rejected(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    rig.run(20)
    rig.wire = False
    assert [type(each) for each in rig.run(320)] == [LinkLost]
    assert rig.block.status[Status.SESSION] == 0
    assert not rig.block.gate_open
    rig.wire = True
    given = rig.run(400)
    (arming,) = only(given, Arming)
    assert arming.first.last_item == item
    assert rig.block.status[Status.VOID_UNTIL] == item
    assert rig.block.status[Status.PASSES] == 0


def test_a_session_that_the_plc_ended_is_never_taken_up_again(rig: Rig) -> None:
    before = rig.block.status[Status.SESSION]
    rig.wire = False
    rig.run(350)
    rig.wire = True
    rig.run(300)
    assert rig.block.status[Status.SESSION] not in (0, before)


def test_outcomes_from_before_the_session_are_told_before_it_begins(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    rig.run(20)
    rig.session = rig.new_session()  # as after a kill of the agent
    rig.sensors.gate_eye = False
    given = rig.run(10)
    rig.wire = False
    rig.run(200)
    rig.sensors.gate_eye = True
    rig.run(80)
    rig.wire = True
    given = rig.run(400)
    kinds = [type(each) for each in given if isinstance(each, Arming | GateReport)]
    assert kinds[0] is GateReport


def test_a_plc_that_restarted_is_noticed_and_counts_from_the_next_65536(rig: Rig) -> None:
    rig.item()
    rig.restart_plc()
    given = rig.run(500)
    assert only(given, LinkLost)[0].detail == "the PLC restarted"
    (arming,) = only(given, Arming)
    assert (arming.first.last_item, arming.first.boot) == (65_536, 8)


def test_a_program_that_stands_still_is_a_lost_link(rig: Rig) -> None:
    class Still(GateBlock):
        def scan(self, now_ms: int, position: int, sensors: Sensors) -> None:
            pass

    frozen = Still(PARAMETERS, start=7)
    frozen.status = list(rig.block.status)
    rig.block = frozen
    (lost,) = only(rig.run(500), LinkLost)
    assert "stands still" in lost.detail


def test_another_device_is_not_armed() -> None:
    rig = Rig()
    rig.block.status[Status.IDENTITY] = 0x1234
    assert rig.run(1_000) == []
    assert rig.session.refusal is not None
    assert "0x1234" in str(rig.session.refusal)
    assert "0x4516" in str(rig.session.refusal)


def test_lost_reads_begin_a_new_session(rig: Rig) -> None:
    rig.watched = False
    given = rig.run(400)
    assert "lost" in only(given, LinkLost)[0].detail


def test_the_item_counter_is_followed_past_65535() -> None:
    rig = Rig(items=65_534)
    rig.run(300)
    for _ in range(4):
        rig.item()
        assert rig.belt is not None
        rig.belt.last_item = only(rig.given, Counter)[-1].last_item
    assert only(rig.given, Counter)[-1].last_item == 65_538


def test_verdicts_of_a_session_that_is_over_are_not_written(rig: Rig) -> None:
    item = rig.item()
    rig.wire = False
    rig.run(350)
    rig.judge(item)
    assert rig.session.next_write() is None
    assert rig.session.lost_verdicts == 1


def test_a_session_never_takes_the_number_that_the_plc_shows() -> None:
    rig = Rig()
    rig.block.commands[:] = [1, 77, 1]  # another agent's, until a moment ago
    rig.block.scan(1, 1, rig.sensors)
    assert rig.block.status[Status.SESSION] == 1
    assert only(rig.run(400), Arming)
    assert rig.block.status[Status.SESSION] == 2


def test_what_the_gate_is_open_for_is_told_before_the_next_session_begins(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    rig.run(228)
    rig.sensors.gate_eye = True
    rig.run(14)
    assert rig.block.gate_open
    rig.session = rig.new_session()  # as after a kill of the agent
    rig.session.run(permitted=True)
    given = [each for each in rig.run(600) if isinstance(each, Arming | GateReport)]
    assert isinstance(given[0], GateReport)
    assert (given[0].item, given[0].outcome) == (item, Outcome.PASSED)
    assert isinstance(given[1], Arming)


def test_an_arming_that_was_cut_short_begins_anew(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    rig.session = rig.new_session()
    rig.block.commands[:] = rig.session.commands()
    poll_us = 1_000_000
    for _ in range(3):  # every read of outcomes fails
        rig.ms += 10
        at = Instant(rig.ms * 1_000, rig.ms * 1_000)
        rig.session.polled(Poll(list(rig.block.status), at.mono_us - 500, at, poll_us))
        rig.block.commands[:] = rig.session.commands()
        rig.block.scan(rig.ms, rig.ms, rig.sensors)
    assert rig.session.next_read() is not None
    rig.restart_plc()
    rig.run(1_000)
    (arming,) = only(rig.given, Arming)[1:]
    assert arming.first.boot == 8


def test_a_verdict_on_an_item_from_before_the_session_is_not_written(rig: Rig) -> None:
    rig.judge(ItemNumber(rig.block.status[Status.ITEMS]))
    assert rig.session.next_write() is None
    assert rig.session.lost_verdicts == 1


def test_items_are_told_in_order_though_their_outcomes_are_read_in_two_requests(rig: Rig) -> None:
    while rig.block.status[Status.ITEMS] < SLOTS - 2:
        rig.item()
    rig.to_the_gate()
    first, second = rig.item(), rig.item()  # the last slot, and slot 0
    assert second % SLOTS == 0
    rig.judge(first)
    rig.judge(second)
    at = Instant(rig.ms * 1_000, rig.ms * 1_000)
    rig.session.polled(Poll(list(rig.block.status), at.mono_us - 500, at, at.mono_us))
    span = rig.session.next_read()
    assert span == (SLOTS - 1, 1)
    assert rig.session.outcomes(at, [first, 0]) == []  # still under way when it is asked for
    assert rig.session.next_read() is None


def test_the_outcomes_of_another_start_are_not_asked_for(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    rig.restart_plc()
    assert rig.belt is not None
    before = rig.belt
    rig.run(400)
    rig.belt = before  # the core was halted, and did not take the new session
    rig.belt.boot, rig.belt.pending = 7, {item: (CodeKey("k"), None)}
    rig.item()
    assert rig.block.status[Status.ITEMS] == item
    assert only(rig.to_the_gate(eject=True), GateReport) == []


def test_a_session_waits_until_what_passed_before_it_was_taken(rig: Rig) -> None:
    item = rig.item()
    rig.judge(item)
    take, taken = rig.take, list[Input]()
    rig.take = taken.extend  # type: ignore[method-assign]  # the disk is full
    rig.to_the_gate()
    rig.session = rig.new_session()
    taken.clear()
    rig.run(500)
    assert {type(each) for each in taken} == {GateReport}
    rig.take = take  # type: ignore[method-assign]
    kinds = [type(each) for each in rig.run(50) if isinstance(each, Arming | GateReport)]
    assert kinds == [GateReport, Arming]


@pytest.mark.parametrize("items", [0, SLOTS - 2])
def test_no_session_is_told_of_while_an_item_passes_behind_one_that_waits(items: int) -> None:
    rig = Rig(items=items)
    rig.run(500)
    assert rig.belt is not None
    waits, passes = ItemNumber(items + 1), ItemNumber(items + 2)
    for item, fate, reason in (
        (waits, Fate.UNDER_WAY, Reason.UNREAD),
        (passes, Fate.PASSING, None),
    ):
        at = OUTCOME_WORDS * (item % SLOTS)
        rig.block.outcomes[at : at + OUTCOME_WORDS] = [item, fate]
        rig.belt.pending[item] = (CodeKey("k"), reason)
    rig.take(rig.session.lost(Instant(rig.ms * 1_000, rig.ms * 1_000), "a test"))
    assert only(rig.run(300), Arming) == []
    # A belt that stands until there is a session must not wait for what stands on it.
    at = OUTCOME_WORDS * (passes % SLOTS) + 1
    rig.block.outcomes[at] = Fate.UNDER_WAY
    assert len(only(rig.run(50), Arming)) == 1


def test_what_appeared_while_the_link_was_lost_is_told_afterwards(rig: Rig) -> None:
    rig.run(100)
    rig.wire = False
    rig.run(1_000)
    rig.sensors.gate_eye = True
    rig.run(5)
    rig.sensors.gate_eye = False
    rig.run(500)
    rig.wire = True
    (strays,) = only(rig.run(1_000), Strays)
    assert (strays.appeared, strays.unasked, strays.escaped) == (1, 0, 1)


def test_one_look_at_the_outcomes_is_told_at_once(rig: Rig) -> None:
    while rig.block.status[Status.ITEMS] < SLOTS - 2:
        rig.item()
    rig.to_the_gate()
    first, second = rig.item(), rig.item()  # the last slot, and slot 0
    rig.judge(first)
    rig.judge(second)
    at = Instant(rig.ms * 1_000, rig.ms * 1_000)
    rig.session.polled(Poll(list(rig.block.status), at.mono_us - 500, at, at.mono_us))
    assert rig.session.outcomes(at, [first, 1]) == []
    told = rig.session.outcomes(at, [second, 1])
    assert [each.item for each in only(told, GateReport)] == [first, second]


def test_a_contact_that_was_not_taken_is_told_again(rig: Rig) -> None:
    rig.run(100)
    assert rig.belt is not None
    rig.sensors.bin_full = True
    bin_full = frozenset({Condition.BIN_FULL})
    told = only(rig.run(2_500), Conditions)
    assert len(told) >= 3
    assert {each.on for each in told} == {bin_full}
    rig.belt.interlock.conditions = bin_full
    assert only(rig.run(2_500), Conditions) == []
