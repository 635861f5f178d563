"""What the camera role runs so that the picture of every reject is kept.

The ledger says which pictures those are. A thread reads what was appended to it, a few times a
second, and puts each picture that an event names on disk. What it cannot keep it tells the line, on
the line's control socket, and the line records that as an event. So neither a lost message nor a
restart of either role loses a picture without a word: what was not settled is found again.
"""

from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from edge_agent.camera.evidence.picture import Picture
from edge_agent.camera.evidence.store import (
    EvidenceStore,
    MayRemove,
    NotKeptError,
    write_whole,
)
from edge_agent.camera.evidence.waiting import Waiting
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask
from edge_agent.core.body import from_body
from edge_agent.core.chain import GENESIS
from edge_agent.core.events import PictureLost, Rejected
from edge_agent.core.names import StationName
from edge_agent.ledger.errors import LedgerMissingError
from edge_agent.ledger.reader import JournalRow, LedgerReader
from edge_agent.sqlite import SqliteError
from sync.outbox import received

LOOK_S = 0.25
RETELL_S = 1.0
"""How soon the line is told again what it did not take."""
SAVE_S = 30.0
"""How often it is written down how far the ledger was read. What is read twice does no harm."""
MAX_LOSSES = 1_000
"""Losses that the line has not taken yet. With more, the ledger is not read any further."""

log = structlog.get_logger("edge_agent.camera")


@dataclass(frozen=True, slots=True)
class Place:
    """Everything up to event `seq`, whose chained hash (hex) is `hash`, is settled. What came up to
    `since` was never looked at: nobody knew then how far the ledger had been read."""

    seq: int = 0
    hash: str = GENESIS.hex()
    since: int = 0


_PLACE = TypeAdapter(Place)
_SETTLED = "settled.json"


def settled(directory: Path) -> Place | None:
    """How far the keeper of `directory` had read the ledger, at least; None if nobody knows."""
    try:
        return _PLACE.validate_json((directory / _SETTLED).read_bytes())
    except (OSError, ValidationError):
        return None


class EvidenceKeeper:
    """The pictures of `camera`. `start` it before the first answer goes to the line, `hold` each
    picture before its answer does, and `close` it at the end. Raises nothing: what goes wrong is in
    `facts`, and in the log."""

    def __init__(self, config: LineConfig, camera: str) -> None:
        self._config = config
        self._evidence = config.cameras[camera].evidence
        self._directory = config.evidence_path(camera)
        self._stations = {s.name for s in config.stations if s.scanner == camera}
        self._waiting = Waiting(self._evidence.waiting_mb * 1_000_000)
        self._store: EvidenceStore | None = None
        self._place: Place | None = None
        self._saved: Place | None = None
        self._save_at = self._tell_at = 0.0
        self._losses: dict[str, tuple[StationName, str]] = {}
        self._lost = 0
        self._trouble: str | None = None
        self._deaf: str | None = None
        self._unnoted: str | None = None
        self._ending = Event()
        self._thread = Thread(target=self._run, name="evidence", daemon=True)

    def start(self) -> None:
        """Know where the ledger is to be read from, and begin."""
        self.look()
        self._thread.start()

    def hold(self, picture: Picture) -> None:
        """An answer with `picture` goes to the line next. For any thread."""
        self._waiting.hold(picture)

    def close(self) -> None:
        """Keep what the ledger asks for until now, and end."""
        self._ending.set()
        self._thread.join()
        self._save()

    def facts(self) -> dict[str, Any]:
        """For the role's status, as JSON values. `lost` pictures of rejects since the start, of
        which the line was not told `untold` yet."""
        store = self._store.facts() if self._store else {"kept": None, "kept_bytes": None}
        return {
            **self._waiting.facts(),
            **store,
            "lost": self._lost,
            "untold": len(self._losses),
            "trouble": self._trouble or self._deaf or self._unnoted,
        }

    def _run(self) -> None:
        while not self._ending.wait(LOOK_S):
            self.look()
        # What was answered last is judged by then.
        sleep(LOOK_S)
        self.look()

    def look(self) -> None:
        """Settle what the ledger has more than at the last look."""
        trouble = None
        try:
            self._settle()
            self._tell()
        except LedgerMissingError as error:
            # A new line: what it records from the beginning is ours to read.
            self._place = self._place or settled(self._directory) or Place()
            trouble = str(error)
        except Exception as error:  # noqa: BLE001 the thread's boundary: the camera goes on
            trouble = f"{type(error).__name__}: {error}"
        if trouble is not None and trouble != self._trouble:
            log.error("evidence waits, it is tried again", why=trouble)
        self._trouble = trouble

    def _settle(self) -> None:
        if self._store is None:
            self._store = EvidenceStore(
                self._directory, self._evidence.keep_mb * 1_000_000, may_remove=self._may_remove
            )
        with LedgerReader(self._config.ledger_path) as ledger:
            self._place = self._checked(ledger, self._place or settled(self._directory))
            for row in ledger.walk(self._place.seq):
                if len(self._losses) >= MAX_LOSSES:
                    break
                if '"picture":"' in row.body:
                    self._take_in(row, self._store, ledger)
                self._place = Place(row.seq, row.hash.hex(), self._place.since)
        if monotonic() >= self._save_at:
            self._save()

    def _checked(self, ledger: LedgerReader, place: Place | None) -> Place:
        """`place`, if the ledger has it; else the ledger's end: what is before it is not ours, or
        not to be told apart any more."""
        seq, head = ledger.head()
        end = Place(seq, head.hex(), since=seq)
        if place is None:
            return end
        there = [(row.seq, row.hash.hex()) for row in ledger.rows(place.seq - 1, 1)]
        if place.seq == 0 or (place.seq, place.hash) in there:
            return place
        log.warning(
            "the ledger was replaced: pictures are looked for from its end on",
            expected_seq=place.seq,
            head=seq,
        )
        return end

    def _take_in(self, row: JournalRow, store: EvidenceStore, ledger: LedgerReader) -> None:
        match from_body(row.body):
            case PictureLost(picture=sha256):
                self._losses.pop(sha256, None)
            case Rejected(picture=str(sha256), at=at, station=station):
                try:
                    if sha256 in store:
                        store.refer(sha256, row.seq)
                    elif picture := self._waiting.take(sha256):
                        store.keep(picture, row.seq, at)
                    elif station in self._stations and not _is_recorded(sha256, ledger):
                        self._lose(sha256, station, self._why_gone(sha256))
                except NotKeptError as error:
                    self._lose(sha256, station, str(error))
            case _:
                pass

    def _why_gone(self, sha256: str) -> str:
        if self._waiting.had(sha256):
            return (
                "it gave way to newer pictures before its reject was recorded: waiting_mb = "
                f"{self._evidence.waiting_mb} is too small"
            )
        return "it is not in memory: the camera role ended before the picture was on disk"

    def _lose(self, sha256: str, station: StationName, why: str) -> None:
        if sha256 not in self._losses:
            self._losses[sha256] = station, why
            self._lost += 1

    def _tell(self) -> None:
        """Have the line record what is lost."""
        if monotonic() < self._tell_at:
            return
        deaf = None
        try:
            for sha256, (station, why) in list(self._losses.items()):
                path = self._config.control_path("line")
                ask(path, "lose-picture", station=station, picture=sha256, why=why)
                del self._losses[sha256]
        except ControlError as error:
            self._tell_at = monotonic() + RETELL_S
            deaf = f"the line is not told what is lost: {error}"
        if deaf is not None and deaf != self._deaf:
            log.error("lost pictures wait to be recorded", why=deaf)
        self._deaf = deaf

    def _may_remove(self) -> MayRemove:
        if not self._evidence.until_hq:
            return lambda _: True
        try:
            return received(self._config.sync_path).has
        except SqliteError as error:
            log.error("nobody knows what HQ has received: no picture is removed", why=str(error))
            return lambda _: False

    def _save(self) -> None:
        """Write down how far all is settled: not while the line does not know of a loss."""
        self._save_at = monotonic() + SAVE_S
        if self._place is None or self._place == self._saved or self._losses:
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._directory / _SETTLED, _PLACE.dump_json(self._place))
            self._saved, self._unnoted = self._place, None
        except OSError as error:
            # After a restart nobody would know where to go on, if it was never noted before.
            self._save_at = monotonic() + RETELL_S
            unnoted = f"it is not noted how far the ledger was read: {error}"
            if unnoted != self._unnoted:
                log.error("evidence waits, it is tried again", why=unnoted)
            self._unnoted = unnoted


def _is_recorded(sha256: str, ledger: LedgerReader) -> bool:
    """Whether the loss of the picture is in the ledger already, told for another of its events."""
    return any(isinstance(from_body(row.body), PictureLost) for row in ledger.of_picture(sha256))
