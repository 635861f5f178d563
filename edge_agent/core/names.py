"""Identities. Each is its own type, so that a station cannot be passed where a code is due.

`Gtin` is 14 digits with a valid check digit (GS1 General Specifications, section 7.9).
`CodeKey` is the canonical form in which a code is remembered: the same product read as an element
string or as a Digital Link has one key.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NewType

StationName = NewType("StationName", str)
LevelName = NewType("LevelName", str)
CodeKey = NewType("CodeKey", str)
Gtin = NewType("Gtin", str)
ItemNumber = NewType("ItemNumber", int)
"""One physical thing between trigger and gate. Grows for ever; the PLC shows it modulo 65,536."""
ContainerId = NewType("ContainerId", int)
"""A container on this line before and after it has a code. Grows for ever."""
PersonId = NewType("PersonId", str)
OrderId = NewType("OrderId", str)
JobId = NewType("JobId", int)
"""A print job of this line. Grows for ever."""
Seq = NewType("Seq", int)
"""Position of an event in the ledger, from 1, without gaps."""


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """One moment on both clocks.

    `mono_us` orders and measures (it never jumps), `utc_us` is what is written down
    (microseconds since 1970-01-01 UTC).
    """

    mono_us: int
    utc_us: int

    def isoformat(self) -> str:
        """RFC 3339 in UTC with milliseconds, e.g. ``2026-11-21T08:15:00.123Z``."""
        return format_utc(self.utc_us)


def format_utc(utc_us: int) -> str:
    """`utc_us` (microseconds since the epoch) as RFC 3339 in UTC with milliseconds."""
    second, micros = divmod(utc_us, 1_000_000)
    return f"{_format_second(second)}.{micros // 1_000:03d}Z"


def utc_us(text: str) -> int:
    """What `format_utc` wrote, in microseconds since the epoch again."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000) * 1_000


@lru_cache(maxsize=8)
def _format_second(utc_s: int) -> str:
    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
