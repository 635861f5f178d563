"""Sending what HQ does not have: one pass over the journal, from HQ's cursor to the ledger's head.

HQ's word decides where to start; the hash chain proves that both mean the same events. A pass ends
at the first thing it cannot answer by itself, and says in its report whether time may mend it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge_agent import clock
from edge_agent.core.chain import GENESIS
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import JournalRow, LedgerReader
from edge_agent.sqlite import SqliteError
from sync.outbox import Outbox
from sync.uploader import RefusedError, TooLarge, UnansweredError, Uploader
from sync.wire import Acked, Batch, Conflict, Gap, Hole, Malformed, pack

NARROWED_EVENTS = 32
"""Bad events that one pass finds one by one; after them, a refused batch is put aside whole."""
MAX_GAPS = 8
"""Times one pass lets HQ send it back: a sound HQ does so once."""

log = structlog.get_logger("sync")


class DisagreementError(Exception):
    """The ledger and HQ hold different events. Nothing is sent until a person has looked."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How one pass went. `error` is None when everything sent was acknowledged.

    `retry` says that time may mend it; `alarm` that a person must look.
    """

    sent_events: int
    cursor: int
    head: int
    quarantined_events: int
    error: str | None = None
    retry: bool = False
    alarm: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def behind(self) -> int:
        return self.head - self.cursor

    def summary(self) -> str:
        """The report as one line for a person."""
        parts = [f"{self.sent_events} events sent, HQ is at {self.cursor} of {self.head}"]
        if self.quarantined_events:
            parts.append(f"{self.quarantined_events} put aside because HQ refused them")
        if self.error:
            parts.append(f"{'ALARM: ' if self.alarm else ''}{self.error}")
        return "; ".join(parts)


class Drain:
    """One pass. `keep_going` is asked before each batch."""

    def __init__(
        self,
        agent: str,
        ledger: LedgerReader,
        outbox: Outbox,
        hq: Uploader,
        *,
        batch_events: int,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> None:
        self._agent = agent
        self._ledger = ledger
        self._outbox = outbox
        self._hq = hq
        self._batch_events = batch_events
        self._keep_going = keep_going
        self._sent_events = 0
        self._narrowed = 0
        self._gaps = 0

    def run(self, *, retry_quarantined: bool = False) -> SyncReport:
        """Send everything that HQ lacks; first, if asked, what was put aside before."""
        try:
            self._agree()
            for from_seq, to_seq in self._outbox.quarantined() if retry_quarantined else []:
                self._send(from_seq - 1, to_seq)
            self._send(self._outbox.cursor[0], self._ledger.head()[0])
        except UnansweredError as error:
            return self._failed(error, retry=True)
        except (RefusedError, LedgerError, SqliteError) as error:
            return self._failed(error)
        except DisagreementError as error:
            return self._failed(error, alarm=True)
        self._outbox.succeeded(clock.now().isoformat())
        return self._report()

    def _agree(self) -> None:
        """Take HQ's cursor, once it is sure that HQ and ledger mean the same events by it."""
        head, _ = self._ledger.head()
        seq, value = self._outbox.cursor
        if seq > head or self._hash_at(seq) != value:
            raise DisagreementError(
                f"event {seq} was sent to HQ, and the ledger (which ends at {head}) does not hold "
                "it: the ledger was restored from a backup or replaced. Nothing is sent. Restore "
                "the newest ledger, or fetch what HQ has beyond it (docs/ledger.md)."
            )
        standing = self._hq.standing(self._agent)
        if standing.cursor > head or self._hash_at(standing.cursor).hex() != standing.head:
            raise DisagreementError(
                f"HQ holds events up to {standing.cursor} and the ledger (which ends at {head}) "
                "has other content there: one of them was restored from a backup or replaced, or "
                f"two lines send as {self._agent!r}. Nothing is sent. See docs/hq.md."
            )
        if standing.cursor < seq:
            log.warning("HQ went back, sending again", to_seq=standing.cursor, cursor=seq)
        self._outbox.move(standing.cursor, bytes.fromhex(standing.head))

    def _send(self, after: int, until: int) -> None:
        """Send the events following `after` up to `until`, around those that HQ refuses."""
        size = self._batch_events
        suspect = 0
        while after < until and self._keep_going():
            narrowed = (suspect - after + 1) // 2 if suspect > after else size
            rows = self._ledger.rows(after, min(size, narrowed, until - after))
            batch = self._batch(after, rows)
            match self._hq.send(pack(batch)):
                case Acked(acked=acked) if acked == batch.to_seq:
                    self._outbox.acknowledged(batch.from_seq, batch.to_seq, batch.head)
                    self._sent_events += len(rows)
                    after = batch.to_seq
                case Gap(wants=wants) if wants <= after and self._gaps < MAX_GAPS:
                    after, suspect = wants - 1, 0
                    self._gaps += 1
                case Conflict(at=at):
                    raise DisagreementError(_other_content(at))
                case TooLarge() if len(rows) > 1:
                    size = len(rows) // 2
                case TooLarge(detail=detail):
                    after = self._put_aside(batch, f"too large: {detail}")
                    size = self._batch_events
                case Malformed() if len(rows) > 1 and self._narrowed < NARROWED_EVENTS:
                    suspect = batch.to_seq
                case Malformed() as answer:
                    self._narrowed += suspect >= batch.from_seq
                    after = self._put_aside(batch, "; ".join(answer.faults))
                case answer:
                    raise UnansweredError(
                        f"HQ answers events {batch.from_seq} to {batch.to_seq} with {answer!r}, "
                        "which makes no sense"
                    )

    def _put_aside(self, batch: Batch, reason: str) -> int:
        """Quarantine `batch`, here first and then at HQ; the number to continue after."""
        hole = Hole(
            agent=self._agent,
            from_seq=batch.from_seq,
            to_seq=batch.to_seq,
            before=batch.before.hex(),
            head=batch.head.hex(),
            reason=reason[:500],
        )
        log.error("HQ refuses events, put aside", from_seq=hole.from_seq, to_seq=hole.to_seq)
        self._outbox.set_aside(hole, clock.now().isoformat())
        answer = self._hq.declare(hole)
        if isinstance(answer, Conflict):
            raise DisagreementError(
                f"HQ holds other content for event {answer.at}. See docs/hq.md."
            )
        if not isinstance(answer, Acked):
            raise UnansweredError(
                f"HQ does not take note that events {hole.from_seq} to {hole.to_seq} are put "
                f"aside: {answer!r}"
            )
        self._outbox.declared(hole)
        return hole.to_seq

    def _batch(self, after: int, rows: list[JournalRow]) -> Batch:
        return Batch(
            agent=self._agent,
            from_seq=after + 1,
            before=self._hash_at(after),
            head=rows[-1].hash,
            bodies=[row.body for row in rows],
        )

    def _hash_at(self, seq: int) -> bytes:
        return self._ledger.rows(seq - 1, 1)[0].hash if seq else GENESIS

    def _failed(self, error: Exception, *, retry: bool = False, alarm: bool = False) -> SyncReport:
        self._outbox.failed(clock.now().isoformat(), str(error), is_alarm=alarm)
        return self._report(str(error), retry=retry, alarm=alarm)

    def _report(
        self, error: str | None = None, *, retry: bool = False, alarm: bool = False
    ) -> SyncReport:
        aside = sum(last - first + 1 for first, last in self._outbox.quarantined())
        return SyncReport(
            sent_events=self._sent_events,
            cursor=self._outbox.cursor[0],
            head=self._ledger.head()[0],
            quarantined_events=aside,
            error=error,
            retry=retry,
            alarm=alarm,
        )


def _other_content(seq: int) -> str:
    return (
        f"HQ holds other content for event {seq} than the ledger. Nothing is sent. See docs/hq.md."
    )
