"""Belt and gate program together: what a sound line does, and what each mishap may cost."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.gate.registers import Cause, Fate, Status
from drivers.sim.flap import STUCK
from drivers.sim.layout import DEMO, Step, draw_layout
from drivers.sim.script import Fault
from drivers.sim.truth import ItemTruth, Truth
from tests.sim.virtual_line import VirtualLine, virtual_line

PRODUCTS = {Fault.UNREAD, Fault.MALFORMED, Fault.WRONG_PRODUCT}
HARMLESS = {Fault.SPEED_DRIFT, Fault.BOUNCE}
MISHAPS = sorted(
    set(Fault) - PRODUCTS - {Fault.DUPLICATE, Fault.DOUBLE_READ, Fault.SCANNER_UNPLUG,
                             Fault.PLC_DROP}
)  # fmt: skip
seeds = st.integers(0, 2**32)
steps = st.sampled_from(("encoder", "time"))


def unexplained(truth: Truth) -> list[ItemTruth]:
    """Bad things that passed though the flap obeyed, good ones ejected though nothing happened."""
    return [
        thing
        for thing in (*truth.items, *truth.put_in)
        if (thing.outcome == "passed" and not thing.good and thing.ailment is None)
        or (thing.outcome == "ejected" and thing.good and not thing.during)
    ]


def things(line: VirtualLine, note: str) -> list[ItemTruth]:
    return [thing for thing in line.truth.items if note in thing.during]


@settings(max_examples=25, deadline=None)
@given(seeds, steps)
def test_on_a_sound_line_all_good_pass_and_no_bad(seed: int, step: Step) -> None:
    """Whatever the speeds, the PLC's cycle and the cylinder; with drift and bouncing contacts."""
    line = virtual_line(seed, frozenset(PRODUCTS | HARMLESS), units=80, step=step)
    line.run()
    for thing in line.truth.items:
        expected = (Fate.PASSED if thing.good else Fate.EJECTED, Cause.TOLD)
        assert line.told(thing) == expected
        assert thing.outcome == ("passed" if thing.good else "ejected")
        assert not thing.during and not thing.counted_before
    assert [thing.number for thing in line.truth.items] == list(range(1, 81))
    assert line.controller.block.status[Status.UNASKED] == 0


@settings(max_examples=25, deadline=None)
@given(seeds, st.frozensets(st.sampled_from(MISHAPS)), steps)
def test_no_mishap_lets_a_bad_thing_pass_or_costs_a_good_one_unexplained(
    seed: int, mishaps: frozenset[Fault], step: Step
) -> None:
    line = virtual_line(seed, mishaps | PRODUCTS, step=step)
    line.run()
    assert unexplained(line.truth) == []


@settings(max_examples=8, deadline=None)
@given(seeds, steps)
@example(1339, "time")  # the belt stops when something is due, before the cycle's next tick
def test_scans_that_find_nothing_may_be_left_out(seed: int, step: Step) -> None:
    """Each count and each output changes at the very millisecond at which it would anyway."""
    histories = []
    for every_scan in (False, True):
        line = virtual_line(seed, frozenset(Fault), units=25, every_scan=every_scan, step=step)
        block = line.controller.block
        history: list[tuple[int, list[int], bool]] = []
        line.beat()
        for now_us in range(1_000, 60_000_000, 1_000):
            line.controller.advance(now_us)
            if line.belt.empty:
                break
            # In silence from the tenth second on: the link is lost.
            if now_us % 10_000 == 0 and now_us < 10_000_000:
                line.beat()
                line.judge()
            shown = block.status[Status.SESSION : Status.FLAGS]
            shown += block.status[Status.PASSES : Status.POSITION]
            if not history or history[-1][1:] != (shown, block.gate_open):
                history.append((now_us, shown, block.gate_open))
        histories.append((history, line.history(), block.outcomes))
    assert histories[0] == histories[1]


def test_counters_that_wrap_lose_no_item() -> None:
    """The encoder's 32 bits, in the middle of the belt."""
    line = virtual_line(3, frozenset(PRODUCTS), layout=DEMO, count_before=2**32 - 2_000)
    line.run()
    assert line.controller.position < 2**31
    assert all(
        thing.outcome == ("passed" if thing.good else "ejected") for thing in line.truth.items
    )


def happened(mishap: Fault, *seeds_to_try: int) -> VirtualLine:
    """A line on which `mishap` came to something."""
    for seed in seeds_to_try:
        line = virtual_line(seed, frozenset({mishap, Fault.UNREAD}), layout=DEMO, units=200)
        line.run()
        if things(line, mishap):
            return line
    raise AssertionError(f"no {mishap} touched anything")


def test_a_thing_taken_off_is_missed_and_what_else_was_on_the_belt_rejected() -> None:
    line = happened(Fault.HAND_REMOVAL, *range(5))
    removed = [thing for thing in line.truth.items if thing.outcome == "removed"]
    assert removed
    assert all(line.told(thing)[0] is Fate.TAKEN_OFF for thing in removed)
    assert line.controller.block.status[Status.TAKEN_OFF] == len(removed)
    touched = things(line, Fault.HAND_REMOVAL)
    assert any(line.told(thing) == (Fate.EJECTED, Cause.DOUBT) for thing in touched)


def test_a_thing_put_on_the_belt_is_seen_and_does_not_pass() -> None:
    for seed in range(40):
        line = virtual_line(seed, frozenset({Fault.HAND_INSERTION}), layout=DEMO_WIDE, units=150)
        line.run()
        if line.truth.put_in:
            break
    assert line.truth.put_in
    assert {thing.outcome for thing in line.truth.put_in} == {"ejected"}
    assert line.controller.block.status[Status.APPEARED] == len(line.truth.put_in)


def test_a_flap_stuck_open_lets_pass_but_the_missing_eject_is_noticed() -> None:
    """Nothing can stop the thing any more; the PLC must not say that it was rejected."""
    for seed in range(60):
        line = virtual_line(seed, frozenset({Fault.FLAP_STUCK, Fault.UNREAD}), layout=DEMO)
        line.run()
        escaped = [t for t in line.truth.items if t.outcome == "passed" and not t.good]
        if escaped:
            break
    assert escaped
    assert {thing.ailment for thing in escaped} == {STUCK}
    assert {line.told(thing)[0] for thing in escaped} == {Fate.UNCONFIRMED}


def test_an_eject_that_the_sensor_does_not_see_is_unconfirmed() -> None:
    line = happened(Fault.EJECT_BLIND, *range(30))
    assert {line.told(thing)[0] for thing in things(line, Fault.EJECT_BLIND)} == {Fate.UNCONFIRMED}


@pytest.mark.parametrize(
    ("mishap", "flag"),
    [(Fault.BIN_FULL, 1), (Fault.AIR_LOW, 2), (Fault.GUARD_OPEN, 4)],
)
def test_bin_air_and_guard_are_shown_by_the_plc(mishap: Fault, flag: int) -> None:
    line = virtual_line(1, frozenset({mishap}), layout=DEMO)
    shown = set()
    while not line.belt.empty:
        line.controller.advance(line.belt.now_us + 20_000)
        shown.add(line.controller.block.status[Status.FLAGS] & 7)
    assert shown == {0, flag}


def test_after_a_restart_of_the_plc_nothing_of_before_passes() -> None:
    line = virtual_line(2, layout=DEMO)
    line.beat()
    for _ in range(200):
        line.controller.advance(line.belt.now_us + 10_000)
        line.beat()
        line.judge()
    assert any(thing.outcome == "passed" for thing in line.truth.items)
    on_belt = [body.thing for body in line.belt.bodies if body.thing.number is not None]
    line.controller.restart_plc(200_000, start=8)
    line.run(iter(range(line.belt.now_us + 10_000, 60_000_000, 10_000)))
    assert on_belt and {thing.outcome for thing in on_belt} == {"ejected"}
    after = [thing for thing in line.truth.items if thing.start == 8]
    assert after[-1].outcome == "passed"
    assert after[-1].number == len(after)


def test_the_drive_obeys_the_plc_where_it_is_wired_to_it() -> None:
    from drivers.sim.controller import Controller

    line = virtual_line(2, layout=DEMO)
    controller = Controller(line.belt, start=1)
    controller.advance(1_000_000)
    assert line.belt.place_um == 0
    controller.block.commands[:] = [1, 1, 1]
    controller.written()
    controller.advance(1_100_000)
    assert line.belt.place_um > 0
    place_um = line.belt.place_um
    controller.block.commands[:] = [1, 2, 0]
    controller.written()
    controller.advance(1_101_000)
    place_um = line.belt.place_um
    controller.advance(1_300_000)
    assert line.belt.place_um == place_um


def test_every_line_that_is_drawn_can_work() -> None:
    for seed in range(300):
        for step in ("encoder", "time"):
            draw_layout(random.Random(seed), step)


def test_the_demo_feeds_1200_a_minute_no_closer_than_45_ms() -> None:
    assert DEMO.spacing_us >= 45_000
    assert DEMO.spacing_mm < 50
    assert DEMO.travel_mm / DEMO.speed_mm_s == pytest.approx(0.4)


DEMO_WIDE = type(DEMO)(more_spacing_mm=60)
"""Room for a hand between two items."""
