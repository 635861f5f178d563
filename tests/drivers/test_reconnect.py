import asyncio
import errno
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.protocols import Link, LinkFault, PlcError
from drivers.reconnect import Backoff, Close, OnLost, Reconnect, fault_of
from tests.drivers.counterparts import DeviceLog, Running

draws = st.floats(0, 1, exclude_max=True)
failures = st.lists(st.tuples(st.floats(0, 4.9), draws), min_size=1, max_size=50)


@given(failures)
def test_waits_grow_to_the_cap_and_never_beyond(history: list[tuple[float, float]]) -> None:
    backoff = Backoff(first_s=0.1, cap_s=2.0, settled_s=5.0)
    for attempt, (up_s, draw) in enumerate(history):
        full_s = min(2.0, 0.1 * 2**attempt)
        assert full_s / 2 <= backoff.next_wait_s(up_s, draw) <= full_s


@given(failures, draws)
def test_only_a_link_that_stayed_up_starts_the_waits_anew(
    history: list[tuple[float, float]], draw: float
) -> None:
    backoff = Backoff(first_s=0.1, cap_s=2.0, settled_s=5.0)
    for up_s, jitter in history:
        backoff.next_wait_s(up_s, jitter)
    assert backoff.next_wait_s(5.0, draw) <= 0.1


def test_a_device_away_for_a_year_is_still_asked_every_two_seconds() -> None:
    backoff = Backoff()
    assert {backoff.next_wait_s(0, 0) for _ in range(20_000)} >= {1.0}
    assert backoff.next_wait_s(0, 0) == 1.0


class Device:
    """Refuses `absent` times; then each link is up until the test breaks it."""

    def __init__(self, absent: int) -> None:
        self.absent = absent
        self.closed = 0
        self.break_link: OnLost

    async def open(self, on_lost: OnLost) -> Close:
        if self.absent:
            self.absent -= 1
            raise OSError("nobody there")
        self.break_link = on_lost
        return self.close

    def close(self) -> None:
        self.closed += 1


async def test_a_device_absent_at_the_start_is_waited_for(
    device_log: DeviceLog, running: Running
) -> None:
    device = Device(absent=3)
    link = Reconnect("units", "tcp://h:1")
    assert link.state.link is Link.CONNECTING
    async with running(link.run(device.open)):
        gone = await device_log.until("device is away")
        assert (gone["device"], gone["detail"]) == ("units", "nobody there")
        assert (link.state.link, link.state.detail) == (Link.DOWN, "nobody there")
        await device_log.until("device is up")
        assert (link.state.link, link.state.detail) == (Link.UP, "tcp://h:1")
        assert link.state.fault is None
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is still away", "debug") == 2
    assert device_log.count("device is up", "info") == 1
    assert link.state.losses == 0, "it was never there to be lost"


async def test_a_lost_device_is_logged_once_when_gone_and_once_when_back(
    device_log: DeviceLog, running: Running
) -> None:
    device = Device(absent=0)
    link = Reconnect("units", "tcp://h:1")
    async with running(link.run(device.open)):
        await device_log.until("device is up")
        device.absent = 2
        device.break_link("unplugged")
        device.break_link("said twice")
        await device_log.until("device is away")
        assert (link.state.link, link.state.detail) == (Link.DOWN, "unplugged")
        assert link.state.fault is LinkFault.BROKEN
        await device_log.until("device is up", times=2)
        assert (link.state.link, link.state.losses) == (Link.UP, 1)
        assert device.closed == 1
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 2


async def test_a_link_that_breaks_while_it_is_opened_is_opened_again(
    device_log: DeviceLog, running: Running
) -> None:
    device = Device(absent=0)

    async def open_broken_once(on_lost: OnLost) -> Close:
        close = await device.open(on_lost)
        if not device.closed:
            on_lost("gone at once")
        return close

    link = Reconnect("units", "tcp://h:1")
    async with running(link.run(open_broken_once)):
        await device_log.until("device is up", times=2)
        assert link.state.link is Link.UP


async def test_a_cancelled_driver_closes_its_link(device_log: DeviceLog, running: Running) -> None:
    device = Device(absent=0)
    link = Reconnect("units", "tcp://h:1")
    async with running(link.run(device.open)):
        await device_log.until("device is up")
    assert device.closed == 1
    assert (link.state.link, link.state.detail) == (Link.DOWN, "closed")


async def test_a_fault_in_the_program_is_not_taken_for_an_absent_device() -> None:
    async def broken(_on_lost: OnLost) -> Callable[[], None]:
        raise KeyError("a bug")

    link = Reconnect("units", "tcp://h:1")
    results = await asyncio.gather(link.run(broken), return_exceptions=True)
    assert isinstance(results[0], KeyError)


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (FileNotFoundError(errno.ENOENT, "no such file"), LinkFault.ABSENT),
        (PermissionError(errno.EACCES, "permission denied"), LinkFault.FORBIDDEN),
        (OSError(errno.EBUSY, "busy"), LinkFault.TAKEN),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), LinkFault.REFUSED),
        (OSError(errno.EHOSTUNREACH, "no route"), LinkFault.UNREACHABLE),
        (TimeoutError(), LinkFault.UNREACHABLE),
        (PlcError("no answer"), LinkFault.SILENT),
        (ValueError("who knows"), LinkFault.OTHER),
    ],
)
def test_why_a_device_is_away_is_told_by_what_caused_it(cause: Exception, fault: LinkFault) -> None:
    error = OSError("tcp://h:1 cannot be opened")
    error.__cause__ = cause
    assert fault_of(error) is fault
