"""Where the belt is between two polls, and how long a command takes."""

import pytest

from edge_agent.line.pulse import ClockMotion, EncoderMotion, RoundTrips

MS = 1_000


def test_a_clock_counts_milliseconds_of_the_belt_running_only() -> None:
    motion = ClockMotion(0)
    motion.sampled(100 * MS, runs=True)
    motion.sampled(150 * MS, runs=False)
    motion.sampled(900 * MS, runs=True)
    assert motion.at(910 * MS) == pytest.approx(60)
    assert motion.when_us(80) == pytest.approx(930 * MS)


def test_a_belt_that_stands_comes_nowhere() -> None:
    motion = EncoderMotion(0, 65_536)
    for at_ms in range(0, 100, 10):
        motion.sampled(at_ms * MS, 500)
    assert motion.at(1_000 * MS) == 0
    assert motion.when_us(1) is None


def test_an_encoder_goes_on_across_its_wrap_at_the_speed_it_had() -> None:
    motion = EncoderMotion(0, 65_536)
    for at_ms in range(0, 100, 10):
        motion.sampled(at_ms * MS, (65_500 + 2 * at_ms) % 65_536)
    assert motion.at(90 * MS) == 180
    assert motion.at(95 * MS) == pytest.approx(190)
    assert motion.when_us(200) == pytest.approx(100 * MS)


def test_an_encoder_that_swings_back_is_where_it_was() -> None:
    motion = EncoderMotion(0, 65_536)
    for at_ms, count in ((0, 3), (10, 13), (20, 65_533), (30, 13)):
        motion.sampled(at_ms * MS, count)
    assert motion.at(30 * MS) == 10


def test_a_change_of_speed_is_known_within_the_time_it_is_taken_over() -> None:
    motion = EncoderMotion(0, 1 << 32)
    count = 0
    for at_ms in range(0, 200, 10):
        count += 10 if at_ms < 100 else 30
        motion.sampled(at_ms * MS, count)
    assert motion.at(200 * MS) - motion.at(190 * MS) == pytest.approx(30)


def test_counts_that_went_by_unseen_are_not_taken_for_way() -> None:
    motion = EncoderMotion(0, 65_536)
    motion.sampled(0, 100)
    motion.sampled(10 * MS, 110)
    motion.forget()
    motion.sampled(5_000 * MS, 40_000)
    assert motion.at(5_000 * MS) == 10
    motion.sampled(5_010 * MS, 40_010)
    assert motion.at(5_010 * MS) == 20


def test_one_slow_command_does_not_send_the_next_ones_early() -> None:
    trips = RoundTrips()
    assert trips.median_us == 0
    for us in (300, 310, 90_000, 290, 305):
        trips.add(us)
    assert trips.median_us == 305
