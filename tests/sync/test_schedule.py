"""When sync runs."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.config import Sync
from sync.schedule import RETRY_CAP_S, Schedule, retry_delay_s


def section(**keys: object) -> Sync:
    return Sync.model_validate({"hq_url": "http://127.0.0.1:1", "token_file": "t", **keys})


async def nothing() -> None:
    pass


def next_run(schedule: Schedule) -> datetime:
    schedule.start()
    try:
        return datetime.fromisoformat(str(schedule.next_run))
    finally:
        schedule.stop()


def test_retries_back_off_to_the_cap_and_never_beyond() -> None:
    delays = [retry_delay_s(failures) for failures in range(1, 2_000)]

    assert 0.5 <= delays[0] <= 1
    assert max(delays) <= RETRY_CAP_S
    assert min(delays[10:]) >= RETRY_CAP_S / 2


def test_lines_that_lost_hq_together_do_not_come_back_together() -> None:
    assert len({retry_delay_s(9) for _ in range(20)}) > 10


async def test_the_night_is_the_lines_own_whatever_the_machines_zone() -> None:
    schedule = Schedule(section(nightly_at="02:30", jitter_s=0), nothing, nothing)

    local = next_run(schedule).astimezone(ZoneInfo("Asia/Shanghai"))

    assert (local.hour, local.minute) == (2, 30)


async def test_jitter_spreads_the_night_within_its_bound() -> None:
    due = [
        next_run(Schedule(section(nightly_at="02:30", jitter_s=600), nothing, nothing))
        for _ in range(8)
    ]

    assert len(set(due)) > 1
    assert max(due) - min(due) <= timedelta(seconds=1_200) or max(due) - min(due) >= timedelta(
        hours=23
    )


async def test_a_retry_is_what_comes_next() -> None:
    schedule = Schedule(section(), nothing, nothing)
    nightly = next_run(schedule)
    schedule = Schedule(section(), nothing, nothing)
    schedule.again_in(5)

    assert next_run(schedule) < nightly
