"""`edge-agent evidence`: the pictures of rejects, and whether they are what the ledger says."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from edge_agent import clock
from edge_agent.camera.evidence.keeper import settled
from edge_agent.camera.evidence.marks import caption_of, marked
from edge_agent.camera.evidence.picture import MAX_BYTES, Note, PictureError, note_of, pixels_of
from edge_agent.camera.evidence.store import Kept, kept, prunings
from edge_agent.config import LineConfig
from edge_agent.core import codes
from edge_agent.core.body import from_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.codes import CodeError
from edge_agent.core.events import PictureLost, Rejected
from edge_agent.core.record import printable
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.reader import JournalRow, LedgerReader
from edge_agent.logs import mask
from edge_agent.plan import line_plan
from edge_agent.sqlite import SqliteError
from sync.outbox import Received, received

IMAGES = (".png", ".jpg", ".jpeg", ".webp")


class EvidenceError(Exception):
    """There is no such evidence, or it is not what it should be; the message says which."""


class Fate(StrEnum):
    """What became of a picture."""

    KEPT = "kept"
    LOST = "lost"
    """It never came to the disk, and an event says so."""
    REMOVED = "removed"
    """To make room for newer ones."""
    AWAITED = "awaited"
    """The camera role has not seen its event yet."""
    MISSING = "missing"
    """Nothing says why it is not there."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A reject that has a picture, and what became of that. `path` is its file, if it is kept;
    `detail` tells the fate of one that is not."""

    seq: int
    event: Rejected
    sha256: str
    fate: Fate
    path: Path | None = None
    detail: str = ""


def list_evidence(
    config: LineConfig, since: str, until: str, *, as_json: bool, show_codes: bool
) -> None:
    """Print the rejects with pictures from `since` on and before `until` (ISO 8601; empty: no
    bound), as a table or as lines of JSON. Raises EvidenceError."""
    table = Table("event", Column("at", no_wrap=True), "station", "reason", "code", "picture")
    for each in _rejects(config, _moment("--from", since), _moment("--to", until)):
        code = _code(each.event, config, show_codes)
        if as_json:
            sys.stdout.write(json.dumps(_facts(each, code), ensure_ascii=False) + "\n")
            continue
        event, picture = each.event, f"{each.fate}: {each.detail}" if each.detail else each.fate
        table.add_row(str(each.seq), event.at, event.station, event.reason, escape(code), picture)
    if not as_json:
        Console().print(table if table.row_count else "no reject has a picture")


def export_evidence(
    config: LineConfig,
    wanted: str,
    output: Path | None,
    *,
    raw: bool,
    as_json: bool,
    show_codes: bool,
) -> None:
    """Write the picture of the reject `wanted` (an event's number, a picture's SHA-256, or a code:
    then of its last reject) to `output`, with marks or `raw` as it is kept, and print what is known
    of it.

    Raises EvidenceError where there is none, or where it is not the one of the event.
    """
    secret = config.line.secret_codes and not show_codes
    if raw and secret:
        raise EvidenceError("--raw shows what was read, and codes are secret: give --show-codes")
    if output is not None and not raw and output.suffix.lower() not in IMAGES:
        raise EvidenceError(f"--output is {output}, expected a name with {', '.join(IMAGES)}")
    try:
        with LedgerReader(config.ledger_path) as ledger:
            row = _wanted(ledger, config, wanted)
            known = _received(config)
            head = _chained(ledger, row, known)
            each = _Pictures(config, ledger).fate(row)
    except LedgerError as error:
        raise EvidenceError(str(error)) from None
    if each.path is None:
        said = f": {each.detail}" if each.detail else ""
        raise EvidenceError(f"event {each.seq}: its picture is {each.fate}{said}")
    try:
        data = _proved(each, each.path)
        note = note_of(data)
        output = output or Path(f"{config.line.name}-{each.seq}{each.path.suffix}")
        if raw:
            output.write_bytes(data)
        else:
            _write(output, _drawn(data, note, each, config, secret=secret))
    except (OSError, PictureError) as error:
        raise EvidenceError(f"event {each.seq}: {error}") from None
    facts = {
        **_facts(each, _code(each.event, config, show_codes)),
        "detail": None if secret else each.event.detail,
        "camera": note.camera,
        "trigger": note.trigger,
        "taken": note.at,
        "why": None if secret else note.why or None,
        "at_hq": known.has(each.seq) if known else None,
        "chained_to": head.seq,
        "chain": head.hash.hex(),
        "written": str(output),
    }
    if as_json:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return
    for name, fact in facts.items():
        if fact is not None:
            Console().print(f"{name:<9}{escape(str(fact))}", highlight=False, soft_wrap=True)
    Console().print(
        f"[green]proved[/]   it is the picture that event {each.seq} names, and the ledger's chain "
        f"holds from there to its last event, {head.seq}; {_at_hq(each.seq, known)}",
        highlight=False,
        soft_wrap=True,
    )


def _rejects(config: LineConfig, since: str, until: str) -> Iterator[Reject]:
    try:
        with LedgerReader(config.ledger_path) as ledger:
            pictures = _Pictures(config, ledger)
            for row in ledger.pictured():
                event = from_body(row.body)
                if not isinstance(event, Rejected):
                    continue
                if event.at >= since and (not until or event.at < until):
                    yield pictures.fate(row)
    except LedgerError as error:
        raise EvidenceError(str(error)) from None


class _Pictures:
    """What is kept by all cameras that the line has, or had."""

    def __init__(self, config: LineConfig, ledger: LedgerReader) -> None:
        self._ledger = ledger
        root = config.evidence_path("any").parent
        try:
            self._directories = sorted(root.iterdir()) if root.exists() else []
            self._kept: dict[str, Kept] = {
                each.sha256: each for directory in self._directories for each in kept(directory)
            }
        except OSError as error:
            raise EvidenceError(f"the pictures cannot be looked for: {error}") from None

    def fate(self, row: JournalRow) -> Reject:
        """Of the picture of the reject in `row`."""
        event = from_body(row.body)
        assert isinstance(event, Rejected) and event.picture  # noqa: S101 the caller filters
        fate, path, detail = self._fate(event.picture)
        return Reject(row.seq, event, event.picture, fate, path, detail)

    def _fate(self, name: str) -> tuple[Fate, Path | None, str]:
        if found := self._kept.get(name):
            return Fate.KEPT, found.path, ""
        rows = [(row.seq, from_body(row.body)) for row in self._ledger.of_picture(name)]
        for seq, event in rows:
            if isinstance(event, PictureLost):
                return Fate.LOST, None, f"{event.why} (event {seq}, {event.at})"
        # A picture is as old as the last event that refers to it.
        last = max(seq for seq, _ in rows)
        for directory in self._directories:
            for pruning in prunings(directory):
                if pruning.first <= last <= pruning.last:
                    return Fate.REMOVED, None, f"for newer ones, {pruning.at}"
        notes = [(each.name, settled(each)) for each in self._directories]
        places = [(camera, place) for camera, place in notes if place]
        if last > min((place.seq for _, place in places), default=0):
            return Fate.AWAITED, None, "is the camera role running?"
        why = "nothing says why: it was removed by other hands"
        for camera, place in places:
            if last <= place.since:
                why += (
                    f", or never came to the disk: camera {camera} knows nothing of what was up to "
                    f"event {place.since}, as it found no note of how far it had come"
                )
        return Fate.MISSING, None, why


def _wanted(ledger: LedgerReader, config: LineConfig, wanted: str) -> JournalRow:
    if re.fullmatch("[1-9][0-9]{0,15}", wanted) and int(wanted) <= ledger.head()[0]:
        (row,) = ledger.rows(int(wanted) - 1, 1)
        event = from_body(row.body)
        if not isinstance(event, Rejected):
            raise EvidenceError(f"event {row.seq} is {event.kind}, expected a rejected one")
        if event.picture is None:
            raise EvidenceError(f"event {row.seq} has no picture: no camera saw it")
        return row
    rows = ledger.of_picture(wanted) or _of_code(ledger, config, wanted)
    rejects = [row for row in rows if _has_picture(row)]
    if not rejects:
        raise EvidenceError(
            f"{config.ledger_path}: no reject with a picture is number, picture or code {wanted!r}"
        )
    return rejects[-1]


def _of_code(ledger: LedgerReader, config: LineConfig, text: str) -> list[JournalRow]:
    """Its rejects; of a text that is no code of this line, those in which it was read."""
    try:
        key = str(codes.parse(text, line_plan(config).forms).key)
    except CodeError:
        key = text
    if rows := ledger.concerning(key):
        return rows
    return [row for row in ledger.pictured() if json.loads(row.body).get("text") == printable(text)]


def _has_picture(row: JournalRow) -> bool:
    event = from_body(row.body)
    return isinstance(event, Rejected) and event.picture is not None


def _chained(ledger: LedgerReader, row: JournalRow, known: Received | None) -> JournalRow:
    """The ledger's last event, to which all from `row` on is chained; what HQ acknowledged on the
    way is the same."""
    before = ledger.rows(row.seq - 2, 1)[0].hash if row.seq > 1 else GENESIS
    last = row
    for seq, each in enumerate(ledger.walk(row.seq - 1), row.seq):
        if each.seq != seq or link(before, seq, each.body) != each.hash:
            raise EvidenceError(
                f"event {seq} does not follow event {seq - 1}: the ledger was changed; see "
                "`edge-agent ledger verify`"
            )
        if known and seq == known.cursor and each.hash != known.hash:
            raise EvidenceError(
                f"event {seq} is not the one that HQ acknowledged: its hash is {each.hash.hex()}, "
                f"HQ's was {known.hash.hex()}: the ledger was changed from there or from before"
            )
        before, last = each.hash, each
    if known and known.cursor > last.seq:
        raise EvidenceError(
            f"HQ acknowledged event {known.cursor}, and the ledger ends with {last.seq}: it was "
            "cut off, or replaced"
        )
    return last


def _proved(each: Reject, path: Path) -> bytes:
    """The file's bytes, if they are those that the event means."""
    size = path.stat().st_size
    data = path.read_bytes() if size <= MAX_BYTES else b""
    found = sha256(data).hexdigest()
    if size > MAX_BYTES or found != each.sha256:
        raise EvidenceError(
            f"ALTERED: {path} is not the picture of event {each.seq}: its SHA-256 is "
            f"{found if size <= MAX_BYTES else f'not taken ({size} bytes)'}, the event's "
            f"{each.sha256}"
        )
    return data


def _drawn(data: bytes, note: Note, each: Reject, config: LineConfig, *, secret: bool) -> Any:
    code = _code(each.event, config, not secret)
    caption = caption_of(each.seq, each.event, note, code, secret=secret)
    return marked(pixels_of(data), note, each.event, caption, secret=secret)


def _write(output: Path, pixels: Any) -> None:
    _, coded = cv2.imencode(output.suffix.lower(), pixels)
    output.write_bytes(coded.tobytes())


def _facts(each: Reject, code: str) -> dict[str, Any]:
    return {
        "event": each.seq,
        "at": each.event.at,
        "station": each.event.station,
        "reason": each.event.reason.value,
        "item": each.event.item,
        "code": code or None,
        "picture": each.sha256,
        "fate": each.fate.value,
        "fate_detail": each.detail or None,
        "path": str(each.path) if each.path else None,
    }


def _code(event: Rejected, config: LineConfig, show_codes: bool) -> str:
    secret = config.line.secret_codes and not show_codes
    return mask(event.key or event.text, secret=secret) or ""


def _received(config: LineConfig) -> Received | None:
    """None if nobody can tell."""
    try:
        return received(config.sync_path)
    except SqliteError:
        return None


def _at_hq(seq: int, known: Received | None) -> str:
    if known is None:
        return "whether HQ has the event cannot be told: sync.db cannot be read"
    if not known.has(seq):
        return "HQ does not have the event yet"
    return (
        f"sync.db says that HQ has it, too, and all of this chain up to event {known.cursor}, "
        f"{known.hash.hex()}"
    )


def _moment(option: str, text: str) -> str:
    if not text:
        return ""
    try:
        return clock.as_utc(text)
    except ValueError:
        raise EvidenceError(
            f"{option} is {text!r}, expected a time such as 2026-11-21T08:00"
        ) from None
