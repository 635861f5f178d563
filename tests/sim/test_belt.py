"""The belt's physics: whatever happens, it remains a belt."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.sim.belt import Body, um
from drivers.sim.layout import Step
from drivers.sim.script import Fault
from tests.sim.virtual_line import VirtualLine, virtual_line

EVERY_FAULT = frozenset(Fault)
seeds = st.integers(0, 2**32)
kinds = st.frozensets(st.sampled_from(sorted(Fault)))
steps = st.sampled_from(("encoder", "time"))


def finished(seed: int, faults: frozenset[Fault], **options: object) -> VirtualLine:
    line = virtual_line(seed, faults, units=60, **options)  # type: ignore[arg-type]
    line.run()
    return line


@settings(max_examples=15, deadline=None)
@given(seeds, kinds, steps)
def test_nothing_is_lost(seed: int, faults: frozenset[Fault], step: Step) -> None:
    line = finished(seed, faults, step=step)
    truth = line.truth
    assert len(truth.items) == 60
    fates = [thing.outcome for thing in (*truth.items, *truth.put_in)]
    assert all(fates)
    assert fates.count("removed") <= truth.outages.get(Fault.HAND_REMOVAL, 0)
    assert len(truth.put_in) <= truth.outages.get(Fault.HAND_INSERTION, 0)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_nothing_overtakes_and_the_belt_never_runs_back(seed: int) -> None:
    line = virtual_line(seed, EVERY_FAULT, units=60)
    belt, pitch_um = line.belt, um(line.layout.pitch_mm)
    place_um, was = 0, dict[Body, int]()
    for now_us in range(0, 60_000_000, 7_000):
        belt.advance(now_us)
        assert belt.place_um >= place_um
        place_um = belt.place_um
        fronts = {body: body.front_um(place_um) for body in belt.bodies}
        assert all(ahead - behind >= pitch_um for ahead, behind in pairwise(fronts.values()))
        assert all(front >= was.get(body, front) for body, front in fronts.items())
        was = fronts
        if belt.empty:
            break


@settings(max_examples=10, deadline=None)
@given(seeds, st.data())
def test_steps_of_any_size_give_the_same_history(seed: int, data: st.DataObject) -> None:
    """With the agent silent, that is: when it looks is history too."""
    histories = []
    chance = random.Random(data.draw(seeds))
    for longest_us in (50_000, 3_000_000):
        line = virtual_line(seed, EVERY_FAULT, units=40)
        while not line.belt.empty:
            line.controller.advance(line.belt.now_us + chance.randint(1, longest_us))
        line.controller.advance(120_000_000)
        histories.append((line.history(), line.answers, line.truth.outages))
    assert histories[0] == histories[1]


def test_the_same_seed_gives_the_same_history_and_another_another() -> None:
    histories = [finished(seed, EVERY_FAULT).history() for seed in (5, 5, 6)]
    assert histories[0] == histories[1] != histories[2]


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_the_scanner_answers_within_the_time_it_promises(seed: int) -> None:
    line = finished(seed, frozenset({Fault.UNREAD, Fault.SPEED_DRIFT, Fault.BELT_STOP}))
    least_us, most_us = line.layout.read_us
    for thing in line.truth.items:
        answered = [at_us - thing.at_ms * 1_000 for at_us, sent in line.answers
                    if sent == thing.printed.encode()]  # fmt: skip
        assert len(answered) <= 1
        assert all(least_us - 1 <= after_us <= most_us for after_us in answered)
        assert answered or thing.fault == Fault.UNREAD


def test_what_stands_still_holds_back_what_follows_and_all_go_on() -> None:
    line = virtual_line(1, units=40)
    belt = line.belt
    while len(belt.bodies) < 4:
        belt.advance(belt.now_us + 10_000)
    body = belt.bodies[0]
    front_um, place_um = body.front_um(belt.place_um), belt.place_um
    held_um = 3 * um(line.layout.spacing_mm)
    held = belt.hold_back(body, held_um, "test")
    assert held[0] is body and len(held) > 1
    while belt.place_um < place_um + held_um:
        assert body.front_um(belt.place_um) == front_um
        belt.advance(belt.now_us + 1_000)
    while not belt.empty:
        belt.advance(belt.now_us + 1_000_000)
    assert len(line.truth.items) == 40
    assert all(thing.outcome for thing in line.truth.items)
