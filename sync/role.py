"""The sync role: one process a line that brings the ledger to HQ.

It reads `ledger.db`, writes `sync.db`, and takes the commands ``status`` and ``sync-now`` on its
control socket. A lock beside `sync.db` keeps every other writer out.
"""

import asyncio
import fcntl
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import Any

import structlog

from edge_agent import clock, control
from edge_agent.config import LineConfig, Sync
from edge_agent.core.names import format_utc
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import LedgerReader
from edge_agent.notify import notify
from edge_agent.sqlite import SqliteError
from sync.drain import Drain, SyncReport
from sync.outbox import Outbox, OutboxTooNewError, read_progress
from sync.schedule import RETRY_CAP_S, Schedule, retry_delay_s
from sync.uploader import RefusedError, Uploader, read_token

SYNC_NOW_TIMEOUT_S = 3_600
WATCH_PERIOD_S = 5
STALL_S = 60
"""On top of three timeouts (connect, answer, body): beyond that the pass is stuck."""
OVERDUE_US = 24 * 3_600 * 1_000_000

log = structlog.get_logger("sync")


class SyncError(Exception):
    """Synchronising cannot be started; the message says why and the mend."""


def run_sync(config: LineConfig) -> int:
    """Run the role until SIGTERM or SIGINT; the exit status. Raises SyncError, ControlError."""
    sync = _section(config)
    with _only_writer(config):
        asyncio.run(_Role(config, sync).run())
    return 0


def sync_now(config: LineConfig, *, retry_quarantined: bool = False) -> SyncReport:
    """Bring HQ up to date now: by the running role, or by this process when none runs.

    Raises SyncError when neither is possible, ControlError when the role breaks off.
    """
    sync = _section(config)
    path = config.control_path("sync")
    try:
        with _only_writer(config):
            return _attempt(config, sync, retry_quarantined=retry_quarantined)
    except _LockedError:
        answer = control.ask(
            path, "sync-now", timeout_s=SYNC_NOW_TIMEOUT_S, retry_quarantined=retry_quarantined
        )
        return SyncReport(**answer["report"])


def sync_status(config: LineConfig) -> dict[str, Any]:
    """How far sync is, from the databases alone; the running role also says when it runs next.

    cursor, head, behind, sent_events, sent_batches, last_ok_at, last_error, last_error_at, alarm,
    quarantined (a list of from_seq, to_seq, reason, at), next_run.
    """
    progress = read_progress(config.sync_path)
    try:
        with LedgerReader(config.ledger_path) as ledger:
            head: int | None = ledger.head()[0]
    except (LedgerError, SqliteError) as error:
        head, progress["last_error"] = None, str(error)
    behind = None if head is None else head - progress["cursor"]
    return {**progress, "head": head, "behind": behind, "next_run": None}


class _LockedError(SyncError):
    pass


@contextmanager
def _only_writer(config: LineConfig) -> Iterator[None]:
    path = config.sync_path.with_name(config.sync_path.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _LockedError(
                f"{path} is held: another process synchronises {config.line.name}"
            ) from None
        yield


def _section(config: LineConfig) -> Sync:
    if config.sync is None:
        raise SyncError(
            f"line {config.line.name} has no [sync] section: it names no HQ to send to. "
            "Add one with hq_url and token_file."
        )
    return config.sync


def _attempt(
    config: LineConfig,
    sync: Sync,
    *,
    retry_quarantined: bool,
    keep_going: Callable[[], bool] = lambda: True,
) -> SyncReport:
    """One pass, with everything it needs opened for it. Raises SyncError where it cannot begin."""
    try:
        with Outbox(config.sync_path) as outbox:
            try:
                with (
                    LedgerReader(config.ledger_path) as ledger,
                    Uploader(sync.hq_url, read_token(sync.token_file), sync.timeout_s) as hq,
                ):
                    drain = Drain(
                        config.line.name,
                        ledger,
                        outbox,
                        hq,
                        batch_events=sync.batch_events,
                        keep_going=keep_going,
                    )
                    return drain.run(retry_quarantined=retry_quarantined)
            except (LedgerError, RefusedError) as error:
                outbox.failed(clock.now().isoformat(), str(error), is_alarm=False)
                raise SyncError(str(error)) from None
    except OutboxTooNewError as error:
        raise SyncError(str(error)) from None
    except SqliteError as error:
        raise SyncError(f"{config.sync_path}: {error}") from None


class _Role:
    """The running role: its event loop schedules, a thread does one pass at a time."""

    def __init__(self, config: LineConfig, sync: Sync) -> None:
        self._config = config
        self._sync = sync
        self._schedule = Schedule(sync, self._due, self._tick)
        self._passing = asyncio.Lock()
        self._stopping = threading.Event()
        self._failures = 0
        self._hold_until_us = 0
        self._alive_us = clock.now_us()
        self._told: str | None = None

    async def run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        server = await control.serve(
            self._config.control_path("sync"),
            {"status": self._on_status, "sync-now": self._on_sync_now},
        )
        self._schedule.start()
        if self._is_overdue():
            self._schedule.again_in(0)
        feeding = asyncio.create_task(self._feed_watchdog())
        notify("READY=1")
        log.info("sync is ready", line=self._config.line.name, next_run=self._schedule.next_run)
        await stop.wait()
        notify("STOPPING=1")
        self._stopping.set()
        self._schedule.stop()
        server.close()
        feeding.cancel()
        async with self._passing:
            log.info("sync has stopped", line=self._config.line.name)

    async def _due(self) -> None:
        """It is night, or time to try again."""
        if not self._passing.locked():
            with suppress(SyncError):
                await self._pass(retry_quarantined=False)

    async def _tick(self) -> None:
        """Continuous mode looks for new events, unless HQ is being left alone after a failure."""
        if clock.now_us() >= self._hold_until_us:
            await self._due()

    async def _pass(self, *, retry_quarantined: bool) -> SyncReport:
        work = partial(
            _attempt,
            self._config,
            self._sync,
            retry_quarantined=retry_quarantined,
            keep_going=self._keep_going,
        )
        async with self._passing:
            self._keep_going()
            try:
                report = await asyncio.to_thread(work)
            except SyncError as error:
                self._rest(str(error), retry=False)
                raise
        self._rest(report.error, retry=report.retry)
        return report

    def _rest(self, error: str | None, *, retry: bool) -> None:
        """What follows a pass: nothing, a retry soon, or waiting for a person or the next night."""
        if error != self._told:
            if error:
                log.warning("sync fails", error=error)
            else:
                log.info("sync works again", line=self._config.line.name)
            self._told = error
        if error is None:
            self._failures, self._hold_until_us = 0, 0
            return
        self._failures += 1
        delay_s = retry_delay_s(self._failures) if retry else RETRY_CAP_S
        self._hold_until_us = clock.now_us() + int(delay_s * 1e6)
        if retry and not self._stopping.is_set():
            self._schedule.again_in(delay_s)

    def _keep_going(self) -> bool:
        self._alive_us = clock.now_us()
        return not self._stopping.is_set()

    async def _feed_watchdog(self) -> None:
        """Feed systemd's watchdog while the role is idle or the pass at work gets on."""
        stuck_us = int((STALL_S + 3 * self._sync.timeout_s) * 1e6)
        while True:
            if not self._passing.locked() or clock.now_us() - self._alive_us < stuck_us:
                notify("WATCHDOG=1")
            await asyncio.sleep(WATCH_PERIOD_S)

    def _is_overdue(self) -> bool:
        """A line that is switched off at night catches up when it is switched on."""
        last = read_progress(self._config.sync_path)["last_ok_at"]
        return last is None or last < format_utc(clock.now().utc_us - OVERDUE_US)

    async def _on_status(self, _: dict[str, Any]) -> dict[str, Any]:
        found = await asyncio.to_thread(sync_status, self._config)
        return {**found, "next_run": self._schedule.next_run, "running": self._passing.locked()}

    async def _on_sync_now(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            report = await self._pass(retry_quarantined=question.get("retry_quarantined") is True)
        except SyncError as error:
            return {"error": str(error)}
        # An `error` member is how a control answer says that it is none.
        return {"report": asdict(report)}
