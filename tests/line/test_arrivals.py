"""Of what arrives, the earliest possible time is known too."""

import os
import time
from collections.abc import Iterator
from selectors import EVENT_READ

import pytest

from edge_agent import clock
from edge_agent.line.arrivals import ArrivalSelector


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_what_came_while_the_process_was_busy_is_dated_from_before(pipe: tuple[int, int]) -> None:
    with ArrivalSelector() as selector:
        selector.register(pipe[0], EVENT_READ)
        selector.select(0)
        before_us = clock.now_us()
        os.write(pipe[1], b"x")
        time.sleep(0.03)  # busy: nobody looks
        busy_until_us = clock.now_us()
        assert selector.select(1)
        assert selector.since_us <= before_us
        assert selector.earliest_us(clock.now_us()) < busy_until_us - 20_000


def test_what_ends_a_wait_came_after_the_wait_began(pipe: tuple[int, int]) -> None:
    with ArrivalSelector() as selector:
        selector.register(pipe[0], EVENT_READ)
        selector.select(0.01)
        began_us = clock.now_us()
        selector.select(0.01)
        assert selector.since_us >= began_us


def test_bytes_read_some_turns_ago_keep_their_own_earliest_time(pipe: tuple[int, int]) -> None:
    with ArrivalSelector() as selector:
        selector.register(pipe[0], EVENT_READ)
        selector.select(0)
        os.write(pipe[1], b"x")
        selector.select(0)
        read_us, since_us = clock.now_us(), selector.since_us
        for _ in range(5):
            selector.select(0)
        assert selector.earliest_us(read_us) == since_us
        assert selector.since_us > since_us
