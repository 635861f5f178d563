"""A bounded ring of files on disk.

Invariants
* Files are numbered upwards for ever (``flight-00000012.jsonl``); the oldest are removed first.
* Their sizes, each rounded up to whole blocks of 4 KiB, never sum to more than the limit.
* What a file holds was appended in order; only its end can be missing.
"""

import os
import re
from pathlib import Path

BLOCK = 4_096
_NAME = re.compile(r"flight-(\d{8,})\.jsonl")


class RingTooSmallError(OSError):
    """One file alone would be larger than the whole ring may be."""

    def __init__(self, directory: Path, needed: int, limit: int) -> None:
        super().__init__(
            f"{directory}: what must stand in one file takes {needed} bytes, the ring may have "
            f"{limit}; set flight_recorder_mb higher"
        )


def segments(directory: Path) -> list[Path]:
    """The ring's files in order, the oldest first. Raises OSError."""
    numbered = [(int(m[1]), path) for path in directory.iterdir() if (m := _NAME.match(path.name))]
    return [path for _, path in sorted(numbered)]


class Ring:
    """The ring in `directory`, which is made at the first `begin`. Every method may raise OSError;
    then the file at hand is closed, and another must begin."""

    def __init__(self, directory: Path, limit_bytes: int) -> None:
        self._directory = directory
        self._limit = limit_bytes
        self._older: list[tuple[Path, int]] = []
        self._number = 0
        self._path = directory
        self._file: int | None = None
        self._written = 0

    def begin(self, data: bytes) -> None:
        """Begin a new file with `data`."""
        self.close()
        if not self._number:
            # Codes are inside: for the agent's user alone, as is the ledger's directory.
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._older = [(path, path.stat().st_size) for path in segments(self._directory)]
            if self._older:
                self._number = int(self._older[-1][0].stem.split("-")[1])
        self._make_room(len(data))
        self._number += 1
        self._path = self._directory / f"flight-{self._number:08}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._written = 0
        self.append(data)

    def append(self, data: bytes) -> None:
        """Add `data` to the file at hand; without one, as after an error, nothing."""
        if self._file is None:
            return
        try:
            self._make_room(self._written + len(data))
            rest = memoryview(data)
            while rest:
                count = os.write(self._file, rest)
                self._written += count
                rest = rest[count:]
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file at hand, if there is one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._older.append((self._path, self._written))

    def _make_room(self, needed: int) -> None:
        """Remove the oldest files until `needed` bytes of the one at hand fit beside the others."""
        room = self._limit - _blocks(needed)
        if room < 0:
            raise RingTooSmallError(self._directory, needed, self._limit)
        total = sum(_blocks(size) for _, size in self._older)
        while total > room:
            path, size = self._older[0]
            path.unlink(missing_ok=True)
            del self._older[0]
            total -= _blocks(size)


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
