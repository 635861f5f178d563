"""The recorder in a running line.

It takes what the engine decided once the effects are let go, writes it down in the role's tick and
has a thread put it on disk, one piece at a time. Whatever it cannot keep (a slow disk, a full one)
it counts; the line never waits for it. After a loss it begins a new file with the line's state as
it is then, since a replay cannot step over a gap.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from edge_agent import clock
from edge_agent.core.history import History, Known, KnownContainer
from edge_agent.core.inputs import Input
from edge_agent.core.line import Line
from edge_agent.core.names import CodeKey, ContainerId, Instant, Seq, StationName
from edge_agent.core.record import Decision
from edge_agent.recorder.form import (
    Decided,
    Distrusted,
    Encoder,
    Entry,
    Found,
    Head,
    Refused,
    Words,
)
from edge_agent.recorder.ring import Ring

WAITING_LIMIT = 4_096
"""Entries that may wait to be written. More are lost."""
SLICE = 64
"""Entries written down in one tick: bounds how long the next input waits."""
PARTS = 8
"""Files in which the ring is kept: what is forgotten at once."""
RETRY_US = 60_000_000
"""How soon after an error of the disk another file is begun."""

log = structlog.get_logger("edge_agent.line")


class FlightRecorder:
    """Records one line into a ring of `limit_bytes` in `directory`, in about so many `parts`.
    `config` is the line's configuration as JSON values. Raises nothing: what goes wrong is in
    `facts`."""

    def __init__(
        self,
        directory: Path,
        limit_bytes: int,
        config: dict[str, Any],
        *,
        parts: int = PARTS,
        now: Callable[[], Instant] = clock.now,
    ) -> None:
        self._ring = Ring(directory, limit_bytes)
        self._file_bytes = limit_bytes // parts
        self._config = config
        self._now = now
        self._encoder = Encoder()
        self._memory: _Memory | None = None
        self._batch: list[Input] = []
        self._decided: list[Entry] = []
        self._waiting: deque[Entry | Head] = deque()
        self._unfiled_bytes = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="flight-recorder")
        self._write: Future[None] | None = None
        self._writing = 0
        self._gap: int | None = None
        """Entries lost since the last head; None: no gap is open."""
        self._why = "start"
        self._retry_at_us = 0
        self._lost = 0
        self._stopped: str | None = None

    # --- what the engine tells -------------------------------------------------------------

    def watch(self, history: History) -> History:
        """`history`, with what it answers remembered."""
        self._memory = _Memory(history)
        return self._memory

    def taken(self, batch: list[Input]) -> None:
        """`batch` is decided next."""
        self._batch = batch

    def decided(self, given: Input, decision: Decision) -> None:
        """`decision` was made, and is not committed yet."""
        found = Found()
        if self._memory is not None and self._memory.found:
            found, self._memory.found = self._memory.found, found
        self._decided.append(Decided(given, decision, found))

    def committed(self, line: Line, seq: Seq) -> None:
        """All that was decided is in the ledger, whose last event is `seq` now."""
        decided, self._decided, self._batch = self._decided, [], []
        if self._gap is None and len(self._waiting) + len(decided) <= WAITING_LIMIT:
            self._waiting.extend(decided)
            if self._unfiled_bytes >= self._file_bytes:
                self._begin(line, seq, "the file before is full", follows=True)
            return
        self._lose(len(decided), "the disk is too slow")
        if len(self._waiting) < WAITING_LIMIT // 2 and self._now().mono_us >= self._retry_at_us:
            self._begin(line, seq, self._why)

    def anchor(self, line: Line, seq: Seq, why: str) -> None:
        """The line is another one than what was decided last would give: it begins here. What
        was not committed was never decided."""
        self._decided, self._batch = [], []
        if len(self._waiting) >= WAITING_LIMIT:
            self._lose(0, "the disk is too slow")
        if self._gap is None:
            self._begin(line, seq, why)

    def refused(self, batch: list[Input]) -> None:
        """The line is halted, or failed: `batch` was not decided, or not recorded."""
        for given in batch:
            self._add(Refused(given))

    def distrusted(self, station: StationName) -> None:
        """A read of `station` was lost to a full queue."""
        self._add(Distrusted(self._now(), station))

    def words(
        self,
        station: StationName,
        what: str,
        words: tuple[int, ...] = (),
        *,
        slot: int | None = None,
        error: str | None = None,
    ) -> None:
        """Something went over the wire."""
        self._add(Words(self._now(), station, what, words, slot, error))

    def _add(self, entry: Entry) -> None:
        if self._decided:
            # Not before the decision that it follows from.
            self._decided.append(entry)
        elif self._gap is not None or len(self._waiting) >= WAITING_LIMIT:
            self._lose(1, "the disk is too slow")
        else:
            self._waiting.append(entry)

    def _lose(self, count: int, why: str) -> None:
        if self._gap is None:
            self._gap, self._why = 0, why
            log.warning("flight recorder loses inputs", why=why)
        self._gap += count
        self._lost += count

    def _begin(self, line: Line, seq: Seq, why: str, *, follows: bool = False) -> None:
        """A new file with the line as it is now."""
        core = {"state": line.state.to_json(), "volatile": line.to_json()}
        head = Head(
            version=version("edge-agent"),
            at=self._now(),
            why=why,
            follows=follows,
            lost=self._gap or 0,
            seq=seq,
            # The line goes on changing; its lists are not copied.
            core=json.loads(json.dumps(core)),
            config=self._config,
        )
        self._gap = None
        self._unfiled_bytes = 0
        self._waiting.append(head)

    # --- to the disk -----------------------------------------------------------------------

    def write(self) -> None:
        """Write down some of what waits and give it to the thread, unless that is busy still."""
        if self._write is not None and not self._write.done():
            return
        self._reap()
        self._submit()

    def close(self) -> None:
        """Write down all that waits; also a batch in which the line failed."""
        batch, self._batch, self._decided = self._batch, [], []
        self.refused(batch)
        while self._waiting:
            self._reap()
            self._submit()
        self._reap()
        self._write = self._pool.submit(self._store, [(False, _text(self._encoder.flush()))])
        self._reap()
        self._write = self._pool.submit(self._ring.close)
        self._reap()
        self._pool.shutdown()

    def _submit(self) -> None:
        try:
            pieces = self._pieces()
        except Exception as error:  # noqa: BLE001 the recorder's boundary: the line runs on
            self._fail(f"{type(error).__name__}: {error}")
            return
        if pieces:
            self._write = self._pool.submit(self._store, pieces)

    def _pieces(self) -> list[tuple[bool, bytes]]:
        """The next entries as text; True: with it a new file begins."""
        pieces: list[tuple[bool, bytes]] = []
        lines: list[str] = []
        begins = False
        self._writing = min(len(self._waiting), SLICE)
        for _ in range(self._writing):
            entry = self._waiting.popleft()
            if isinstance(entry, Head):
                lines += self._encoder.flush()
                pieces.append((begins, _text(lines)))
                begins, lines = True, [self._encoder.head(entry)]
            else:
                new = list(self._encoder.lines(entry))
                self._unfiled_bytes += sum(map(len, new))
                lines += new
        pieces.append((begins, _text(lines)))
        return [(begins, data) for begins, data in pieces if data]

    def _store(self, pieces: list[tuple[bool, bytes]]) -> None:
        """In the thread."""
        for begins, data in pieces:
            if begins:
                self._ring.begin(data)
            else:
                self._ring.append(data)

    def _reap(self) -> None:
        """How the last write ended; waits for it."""
        write, self._write = self._write, None
        if write is None:
            return
        try:
            write.result()
        except OSError as error:
            self._fail(str(error))
            return
        if self._stopped is not None and self._gap is None:
            log.info("flight recorder records again")
            self._stopped = None

    def _fail(self, why: str) -> None:
        if self._stopped is None:
            log.error("flight recorder stopped, the line runs on", why=why)
        self._stopped = why
        self._retry_at_us = self._now().mono_us + RETRY_US
        self._lose(self._writing + len(self._waiting), why)
        self._waiting.clear()
        self._encoder = Encoder()

    def facts(self) -> dict[str, Any]:
        """For the role's status, as JSON values."""
        return {
            "stopped": self._stopped,
            "recorded_inputs": self._encoder.n,
            "waiting": len(self._waiting),
            "lost": self._lost,
        }


class _Memory:
    """A history that remembers what it has found."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.found = Found()

    def find(self, key: CodeKey) -> Known | None:
        known = self._history.find(key)
        if known is not None:
            self.found.codes[key] = known
        return known

    def container(self, container: ContainerId) -> KnownContainer | None:
        known = self._history.container(container)
        if known is not None:
            self.found.containers[container] = known
        return known


def _text(lines: Iterable[str]) -> bytes:
    # A lone surrogate becomes its escape, which is JSON again.
    return "".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace")
