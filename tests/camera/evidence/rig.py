"""Pictures, and ledgers that refer to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from edge_agent.camera.evidence.picture import Note, Picture
from edge_agent.camera.symbols import Corners, Engine, Format, Measures, Reading, Symbol, Try
from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.core.events import Event, PictureLost, Reason, Rejected
from edge_agent.core.names import StationName
from edge_agent.ledger.journal import Ledger, create_ledger

AT = "2026-11-22T08:00:00.000Z"
STATION = StationName("table")
CAMERA = "overhead"

CONFIG = """
[line]
name = "bench"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
{line_keys}
[[levels]]
name = "unit"
codes = [{{ kind = "plain", pattern = "(?P<serial>U\\\\d+)" }}]
[devices.handheld]
kind = "scanner"
url = "{url}"
suffix = "\\r\\n"
accept = "ACK\\n"
reject = "NAK\\n"
[cameras.overhead]
trigger = "line"
source = {{ kind = "folder", path = "{dir}" }}
decode = {{ formats = ["data-matrix"] }}
evidence = {{ {evidence} }}
[[stations]]
name = "bench"
scanner = "handheld"
reads = ["unit"]
reread_ms = 0
[[stations]]
name = "table"
scanner = "overhead"
reads = ["unit"]
"""


def configured(
    tmp_path: Path, *, evidence: str = "", line_keys: str = "", url: str = "tcp://127.0.0.1:1"
) -> LineConfig:
    path = tmp_path / "line.toml"
    text = CONFIG.format(dir=tmp_path, evidence=evidence, line_keys=line_keys, url=url)
    path.write_text(text)
    return load_config(path)


def picture(number: int, size: int = 1_000) -> Picture:
    """A file that is no picture, but has its hash."""
    data = number.to_bytes(8, "big") * (size // 8)
    return Picture(sha256(data).hexdigest(), data, "jpeg")


def square(x: float, y: float, side: float = 40) -> Corners:
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


def symbol(text: str, x: float = 10) -> Symbol:
    measures = Measures(contrast=0.8, module_px=4.0, error_correction_left=0.5, tries=2)
    return Symbol(text, "]d2", Format.DATA_MATRIX, square(x, 10), Engine.ZXING, "full", measures)


def note(*texts: str, why: str = "") -> Note:
    seen = tuple(symbol(text, 10 + 60 * n) for n, text in enumerate(texts))
    reading = Reading(seen, (), (Try("fast", 900, 0), Try("full", 4_000, len(seen))))
    return Note(camera=CAMERA, trigger=7, at=AT, reading=reading, why=why)


def rejected(sha256: str | None, at: str = AT, text: str | None = "?") -> Rejected:
    reason = Reason.UNREAD if text is None else Reason.MALFORMED
    return Rejected(
        at=at, station=STATION, reason=reason, detail="is no code", text=text, picture=sha256
    )


def lost(sha256: str, why: str = "the disk is full") -> PictureLost:
    return PictureLost(at=AT, station=STATION, picture=sha256, why=why)


@contextmanager
def ledger_of(config: LineConfig) -> Iterator[Ledger]:
    if not config.ledger_path.exists():
        create_ledger(config.ledger_path)
    ledger = Ledger(config.ledger_path)
    try:
        yield ledger
    finally:
        ledger.close()


def record(config: LineConfig, *events: Event) -> int:
    """Append `events`; the number of the last."""
    with ledger_of(config) as ledger, ledger.transaction():
        ledger.append(events)
        return ledger.head[0]
