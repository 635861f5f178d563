"""Recordings from disk: one file of the ring, or all of them in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.recorder.form import FormError, Head, Line, decode
from edge_agent.recorder.ring import segments

LINE_LIMIT = 256 << 20
"""Bytes. A head holds the line's whole state; nothing comes near this."""


class RecordingError(Exception):
    """The recording cannot be used; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Torn:
    """The last line of `path` was not finished: the process or the disk ended there."""

    path: Path
    size: int


def files(path: Path) -> list[Path]:
    """The files meant by `path`, a file or a ring's directory. Raises RecordingError."""
    try:
        found = segments(path) if path.is_dir() else [path]
    except OSError as error:
        raise RecordingError(f"{path}: {error}") from None
    if not found:
        raise RecordingError(f"{path}: no recording, expected files named flight-NNNNNNNN.jsonl")
    return found


def since(paths: list[Path], utc_us: int) -> list[Path]:
    """`paths` without those that had ended by `utc_us` (microseconds since 1970)."""
    first = 0
    for index, path in enumerate(paths):
        head = next(lines(path), None)
        if isinstance(head, Head) and head.at.utc_us <= utc_us:
            first = index
    return paths[first:]


def lines(path: Path) -> Iterator[Line | Torn]:
    """What the file says, its head first. Raises RecordingError."""
    try:
        with path.open("rb") as file:
            number = 0
            while data := file.readline(LINE_LIMIT):
                number += 1
                if not data.endswith(b"\n"):
                    if len(data) == LINE_LIMIT:
                        raise RecordingError(f"{path}:{number}: longer than {LINE_LIMIT} bytes")
                    yield Torn(path, len(data))
                    return
                for line in _decode(data, f"{path}:{number}"):
                    if isinstance(line, Head) is not (number == 1):
                        raise RecordingError(
                            f"{path}:{number}: expected a head in the first line, and there alone"
                        )
                    yield line
    except OSError as error:
        raise RecordingError(f"{path}: {error}") from None


def _decode(data: bytes, where: str) -> list[Line]:
    try:
        return decode(data.decode())
    except (FormError, UnicodeDecodeError) as error:
        raise RecordingError(f"{where}: {error}") from None
