"""The gate over remote I/O, against a twin of an I/O station on a real socket, in real time."""

import asyncio
import math
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from drivers.gate.registers import Status
from edge_agent import clock
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Arming, Counter, LinkLost, Outcome
from tests.line.pulse_rig import (
    COUNTER,
    EYE_ONLY,
    EYES,
    INPUT,
    PITCH,
    SCANNER,
    WATCHED,
    gate_section,
    running,
)
from tests.line.remote_io_twin import WATCHDOG, Twin

RUN = {"run": {"table": "coil", "address": 1}}
COUNTED = {**EYE_ONLY, "step": "encoder", "fastest_steps_per_s": 1_700}
ANY_WATCHDOG = {"table": "holding", "address": WATCHDOG}
ENCODER = {"encoder": {"table": "input", "address": 1}}


async def test_the_gate_opens_exactly_for_the_items_with_a_pass() -> None:
    answers = {1: True, 2: False, 3: None, 4: True, 5: True, 6: False}
    async with running(gate_section(EYE_ONLY, INPUT), verdict=answers.__getitem__) as rig:
        await rig.armed()
        for index in range(6):
            rig.twin.put(30 + index * PITCH)
        fates = await rig.twin.settled()
        assert fates == ["passed", "ejected", "ejected", "passed", "passed", "ejected"]
        told = await rig.outcomes(6)
    assert told == {
        1: (Outcome.PASSED, None),
        2: (Outcome.EJECTED, None),
        3: (Outcome.EJECTED, Reason.LATE),
        4: (Outcome.PASSED, None),
        5: (Outcome.PASSED, None),
        6: (Outcome.EJECTED, None),
    }
    on = [command for command in rig.twin.commands if command[2]]
    assert len(on) == 3


async def test_a_slow_gate_is_commanded_earlier() -> None:
    late = {**EYE_ONLY, "travel_steps": EYE_ONLY["travel_steps"] + 60}
    async with running(gate_section(late, {**INPUT, "lag_ms": 60})) as rig:
        await rig.armed()
        rig.twin.put(30)
        assert await rig.twin.settled() == ["passed"]


async def test_eyes_at_gate_and_chute_confirm_and_tell_what_was_taken_off() -> None:
    answers = {1: True, 2: False, 3: True, 4: True}
    gate = gate_section(WATCHED, {**INPUT, **EYES})
    async with running(gate, verdict=answers.__getitem__) as rig:
        await rig.armed()
        for index in range(4):
            rig.twin.put(30 + index * PITCH, stolen_at=100 if index == 2 else None)
        assert await rig.twin.settled() == ["passed", "ejected", "stolen", "ejected"]
        told = await rig.outcomes(4)
    # What is behind a thing that vanished may be another than its number says.
    assert told == {
        1: (Outcome.PASSED, None),
        2: (Outcome.EJECTED, None),
        3: (Outcome.TAKEN_OFF, None),
        4: (Outcome.EJECTED, Reason.AMBIGUOUS),
    }
    assert rig.strays() == (0, 0)


async def test_a_thing_that_the_polls_missed_is_kept_out_and_told() -> None:
    gate = gate_section(WATCHED, {**INPUT, **EYES})
    async with running(gate) as rig:
        await rig.armed()
        rig.twin.blind = True
        missed = rig.twin.put(30)
        await rig.until(lambda: missed.eye_s)
        await rig.until(lambda: rig.twin.place - missed.place > 50)
        rig.twin.blind = False
        await rig.twin.settled()
        await rig.until(lambda: rig.strays() == (1, 0))
    assert missed.fate == "ejected"


@pytest.mark.parametrize("how", ["cut", "mute"])
async def test_a_dead_link_drops_the_open_gate_by_the_watchdog(how: str) -> None:
    async with running(gate_section(EYE_ONLY, INPUT)) as rig:
        await rig.armed()
        for index in range(4):
            rig.twin.put(30 + index * PITCH)
        await rig.opened()
        if how == "cut":
            rig.twin.cut()
        else:
            rig.twin.mute = True
        await rig.shut()
        assert rig.twin.watchdog_fell_s
        assert (await rig.twin.settled())[1:] == ["ejected"] * 3
        await rig.until(lambda: rig.all(LinkLost))

        rig.twin.mute = False
        if how == "cut":
            await rig.twin.start()
        await rig.armed(times=2)
        again = rig.twin.put(30)
        await rig.twin.settled()
    assert again.fate == "passed"


async def test_outputs_that_would_hold_their_last_value_are_not_armed() -> None:
    async with running(gate_section(EYE_ONLY, INPUT), twin=Twin(watchdog_ms=0)) as rig:
        await rig.until(lambda: rig.link.refusal)
        assert str(rig.link.refusal) == (
            "watchdog registers are out of their bounds: holding 10 = 0 (1–300); the outputs "
            "would hold their last value when the link dies: set them in the device"
        )
        thing = rig.twin.put(30)
        await rig.twin.settled()
        assert thing.fate == "ejected"
        assert not rig.all(Arming)
        rig.twin.set_watchdog(100)
        await rig.armed()
        assert rig.link.refusal is None


async def test_a_coil_that_stays_on_is_not_armed() -> None:
    async with running(gate_section(EYE_ONLY, INPUT), twin=Twin(forced_on=True)) as rig:
        await rig.until(lambda: rig.link.refusal)
        assert "coil 0 (the gate) reads on though it was just written off" in str(rig.link.refusal)
        rig.twin.forced_on = False
        await rig.armed()


async def test_an_io_station_whose_coils_cannot_be_read_is_armed_all_the_same() -> None:
    async with running(gate_section(EYE_ONLY, INPUT), twin=Twin(refuses={1})) as rig:
        await rig.armed()


async def test_a_gate_that_cannot_be_shut_is_left_to_the_watchdog() -> None:
    twin = Twin(watchdog_ms=500)
    async with running(gate_section(EYE_ONLY, INPUT, watchdogs=[ANY_WATCHDOG]), twin=twin) as rig:
        await rig.armed()
        rig.twin.put(30)
        await rig.opened()
        rig.twin.refuses.add(5)
        await rig.shut()
        assert rig.twin.watchdog_fell_s  # though the station answers every request
        await rig.until(lambda: rig.link.refusal)
        assert "write coil 0" in str(rig.link.refusal)
        rig.twin.refuses.clear()
        await rig.armed(times=2)


async def test_the_scanners_answer_is_an_item_and_its_echo_none() -> None:
    gate = gate_section(EYE_ONLY, SCANNER)
    async with running(gate) as rig:
        await rig.armed()
        thing = rig.twin.put(30)
        await rig.until(lambda: thing.eye_s)
        before = len(rig.all(Counter))
        for _ in range(2):
            now_us = clock.now_us()
            rig.link.counted(rig.remote.scanned(now_us, now_us))
            await asyncio.sleep(0.01)
        (counter,) = rig.all(Counter)[before:]
        assert counter.last_item == 1
        assert counter.asked_us <= counter.at.mono_us
        assert await rig.twin.settled() == ["passed"]
        assert await rig.outcomes(1) == {1: (Outcome.PASSED, None)}


async def test_an_item_scanned_between_two_polls_is_not_taken_for_one_long_gone() -> None:
    async with running(gate_section(WATCHED, {**SCANNER, **EYES})) as rig:
        await rig.armed()
        things = [rig.twin.put(30 + index * PITCH) for index in range(8)]
        for index, thing in enumerate(things):
            await rig.until(lambda thing=thing: thing.eye_s)
            await asyncio.sleep(index / 1_000)  # at any moment between two polls
            now_us = clock.now_us()
            rig.link.counted(rig.remote.scanned(now_us, now_us))
        assert await rig.twin.settled() == ["passed"] * 8


async def test_an_answer_that_may_be_much_older_is_no_item_to_pass() -> None:
    async with running(gate_section(EYE_ONLY, SCANNER)) as rig:
        await rig.armed()
        now_us = clock.now_us()
        rig.link.counted(rig.remote.scanned(now_us - 150_000, now_us))
        assert await rig.outcomes(1) == {1: (Outcome.EJECTED, Reason.AMBIGUOUS)}


async def test_two_items_that_were_counted_in_one_poll_are_both_kept_out() -> None:
    async with running(gate_section(EYE_ONLY, COUNTER)) as rig:
        await rig.armed()
        rig.twin.items += 2
        told = await rig.outcomes(2)
        assert told == {
            1: (Outcome.EJECTED, Reason.AMBIGUOUS),
            2: (Outcome.EJECTED, Reason.AMBIGUOUS),
        }
        thing = rig.twin.put(30)
        await rig.twin.settled()
        assert (await rig.outcomes(3))[3] == (Outcome.PASSED, None)
    assert thing.fate == "passed"


async def test_an_item_counter_goes_on_across_its_wrap() -> None:
    async with running(gate_section(EYE_ONLY, COUNTER), twin=Twin(items=65_535)) as rig:
        await rig.armed()
        for index in range(2):
            rig.twin.put(30 + index * PITCH)
        assert await rig.twin.settled() == ["passed", "passed"]


async def test_an_item_counter_that_was_reset_ends_the_session() -> None:
    async with running(gate_section(EYE_ONLY, COUNTER), twin=Twin(items=1_000)) as rig:
        await rig.armed()
        rig.twin.items = 3
        await rig.armed(times=2)
        (lost,) = rig.all(LinkLost)
        assert "the item counter went from 1000 to 3" in lost.detail


async def test_an_encoder_carries_items_to_the_gate_at_any_speed() -> None:
    def speed(s: float) -> float:
        return 1.0 + 0.6 * math.sin(4 * s)

    gate = gate_section(COUNTED, {**INPUT, **ENCODER}, min_spacing_ms=80)
    twin = Twin(speed=speed)  # its counter wraps on the way
    async with running(gate, twin=twin, verdict=lambda item: item % 3 != 0) as rig:
        await rig.armed()
        for index in range(9):
            rig.twin.put(30 + index * PITCH)
        assert await rig.twin.settled() == ["passed", "passed", "ejected"] * 3


async def test_a_belt_that_stands_holds_its_items_and_the_gate() -> None:
    stands = asyncio.Event()
    gate = gate_section(COUNTED, {**INPUT, **ENCODER}, min_spacing_ms=80)
    twin = Twin(speed=lambda _: 0.0 if stands.is_set() else 1.0)
    async with running(gate, twin=twin) as rig:
        await rig.armed()
        thing = rig.twin.put(30)
        await rig.until(lambda: rig.twin.place - thing.place > 120)
        stands.set()
        await asyncio.sleep(0.4)
        assert not any(on for _, _, on in rig.twin.commands)
        stands.clear()
        assert await rig.twin.settled() == ["passed"]


async def test_a_stopped_line_takes_the_run_coil_off_and_keeps_the_gate_shut() -> None:
    gate = gate_section(EYE_ONLY, {**INPUT, **RUN})
    async with running(gate) as rig:
        await rig.armed()
        await rig.until(lambda: rig.twin.coils[1])
        rig.link.run(permitted=False)
        await rig.until(lambda: not rig.twin.coils[1])
        rig.link.run(permitted=True)
        await rig.until(lambda: rig.twin.coils[1])


@asynccontextmanager
async def agent_process(twin: Twin, commit_ms: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """An agent in a process of its own, that has armed the gate of `twin`."""
    await twin.start()
    agent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.line.pulse_agent", str(twin.port), str(commit_ms)),
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while twin.requests < 100:  # by then it has armed the gate
                await asyncio.sleep(0.005)
        yield agent
    finally:
        with suppress(ProcessLookupError):
            agent.kill()
        await agent.wait()
        await twin.stop()


async def test_a_killed_agent_leaves_no_open_gate() -> None:
    twin = Twin()
    async with agent_process(twin, commit_ms=0) as agent:
        for index in range(5):
            twin.put(30 + index * PITCH)
        async with asyncio.timeout(10):
            while not twin.coils[0]:
                await asyncio.sleep(0.001)
            agent.kill()
            while twin.coils[0]:
                await asyncio.sleep(0.001)
        assert twin.watchdog_fell_s
        assert (await twin.settled())[1:] == ["ejected"] * 4


async def test_an_agent_that_is_stopped_lets_no_second_item_pass_if_the_watchdog_is_short() -> None:
    twin = Twin(watchdog_ms=60)
    async with agent_process(twin, commit_ms=0) as agent:
        for index in range(2):
            twin.put(30 + index * 150)
        async with asyncio.timeout(10):
            while not twin.coils[0]:
                await asyncio.sleep(0.001)
        agent.send_signal(signal.SIGSTOP)
        fates = await twin.settled()
        agent.send_signal(signal.SIGCONT)
    assert fates[1] == "ejected"
    assert twin.watchdog_fell_s


async def test_the_gate_does_not_wait_for_the_disk() -> None:
    twin = Twin()
    async with agent_process(twin, commit_ms=140) as agent:
        for index in range(9):
            twin.put(30 + index * 150)
        assert await twin.settled() == [*["passed", "ejected"] * 4, "passed"]
        agent.terminate()


async def test_the_scanners_item_is_numbered_across_the_threads() -> None:
    async with running(gate_section(EYE_ONLY, SCANNER), threaded=True) as rig:
        await rig.armed()
        rig.twin.put(30)
        await rig.until(lambda: rig.twin.things[0].eye_s)
        now_us = clock.now_us()
        rig.link.counted(rig.remote.scanned(now_us, now_us))
        assert rig.all(Counter)[-1].last_item == 1
        assert await rig.twin.settled() == ["passed"]


async def test_a_status_on_its_way_is_not_older_than_the_item_that_was_scanned_meanwhile() -> None:
    async with running(gate_section(EYE_ONLY, SCANNER), threaded=True) as rig:
        await rig.armed()
        asked = asyncio.ensure_future(rig.remote.status())
        await asyncio.sleep(0)
        time.sleep(0.1)  # the other thread has answered, this one has not heard it
        now_us = clock.now_us()
        words = rig.remote.scanned(now_us, now_us)
        assert (await asked)[Status.ITEMS] == words[Status.ITEMS] == 1


@pytest.mark.parametrize("threaded", [False, True])
async def test_an_agent_that_ends_shuts_the_gate_itself(threaded: bool) -> None:
    twin = Twin(watchdog_ms=5_000)
    gate = gate_section(EYE_ONLY, INPUT, watchdogs=[ANY_WATCHDOG])
    async with running(gate, twin=twin, threaded=threaded) as rig:
        await rig.armed()
        rig.twin.put(30)
        await rig.opened()
    assert not twin.coils[0]
    assert not twin.watchdog_fell_s


async def test_what_comes_before_a_lost_gate_is_known_to_be_shut_is_not_said_to_be_ejected() -> (
    None
):
    async with running(gate_section(EYE_ONLY, INPUT), twin=Twin(watchdog_ms=290)) as rig:
        await rig.armed()
        for index in range(2):
            rig.twin.put(30 + index * 150)
        await rig.opened()
        rig.twin.mute = True
        assert await rig.twin.settled() == ["passed", "passed"]
        rig.twin.mute = False
        told = await rig.outcomes(2)
    assert told[2] == (Outcome.UNCONFIRMED, Reason.AMBIGUOUS)


async def test_an_agent_that_was_held_up_ends_the_session() -> None:
    # The link's own timeout is far off: on a busy machine it would speak first.
    async with running(gate_section(EYE_ONLY, INPUT, link_timeout_ms=2_000)) as rig:
        await rig.armed()
        rig.twin.put(30)
        await rig.opened()
        time.sleep(0.25)  # the gate should have been shut after 60 ms
        await rig.shut()
        await rig.until(lambda: rig.all(LinkLost))
        assert "this process was held up" in rig.all(LinkLost)[0].detail
        await rig.armed(times=2)


async def test_items_on_a_belt_that_was_not_watched_are_kept_out() -> None:
    gate = gate_section({**EYE_ONLY, "travel_steps": 600}, INPUT)
    async with running(gate, twin=Twin(flap=430.0)) as rig:
        await rig.armed()
        thing = rig.twin.put(30)
        await rig.until(lambda: rig.twin.place - thing.place > 60)
        time.sleep(0.15)
        assert await rig.outcomes(1) == {1: (Outcome.EJECTED, Reason.AMBIGUOUS)}
        rig.twin.put(30)
        assert await rig.twin.settled() == ["ejected", "passed"]
        assert not rig.all(LinkLost)


async def test_the_words_are_those_of_a_plc() -> None:
    async with running(gate_section(EYE_ONLY, INPUT)) as rig:
        await rig.armed()
        first = await rig.remote.status()
        second = await rig.remote.status()
        assert first[Status.START] == second[Status.START] == 7
        assert first[Status.HEARTBEAT] != second[Status.HEARTBEAT]
        assert first[Status.SESSION] == second[Status.SESSION] != 0
