"""When sync runs: every night, continuously where configured, and again after a failure."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from edge_agent.config import Sync

RETRY_FIRST_S = 1.0
RETRY_CAP_S = 60.0
"""An HQ that is back is noticed within a minute; an HQ that is away is not asked more often."""


def retry_delay_s(failures: int) -> float:
    """How long to wait after the `failures`-th failure in a row (from 1).

    Doubling up to the cap, and a random part of it, so that the lines of a factory that lost HQ
    together do not come back together.
    """
    whole_s: float = min(RETRY_CAP_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 16))
    return whole_s * random.uniform(0.5, 1)  # noqa: S311 spreads load, keeps no secret


Job = Callable[[], Awaitable[None]]


class Schedule:
    """Calls `due` every night and when asked to try again, `tick` continuously where configured.

    One call of each at a time; times that were missed are made up for once.
    """

    def __init__(self, sync: Sync, due: Job, tick: Job) -> None:
        self._due = due
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )
        hour, minute = sync.nightly_at.split(":")
        nightly = CronTrigger(
            hour=hour,
            minute=minute,
            timezone=ZoneInfo(sync.time_zone),
            jitter=sync.jitter_s or None,
        )
        self._scheduler.add_job(due, nightly, id="nightly")
        if sync.continuous_s:
            self._scheduler.add_job(
                tick, IntervalTrigger(seconds=sync.continuous_s), id="continuous"
            )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def again_in(self, delay_s: float) -> None:
        """Call `due` once more in `delay_s`, in place of an earlier such wish."""
        due = datetime.now(UTC) + timedelta(seconds=delay_s)
        self._scheduler.add_job(self._due, DateTrigger(due), id="again", replace_existing=True)

    @property
    def next_run(self) -> str | None:
        """The next time, RFC 3339 in UTC; None before the start."""
        times = [
            job.next_run_time for job in self._scheduler.get_jobs() if job.next_run_time is not None
        ]
        return min(times).astimezone(UTC).isoformat(timespec="seconds") if times else None
