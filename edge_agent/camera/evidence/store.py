"""The pictures that are kept, on disk.

Layout: ``DAY/SEQ-SHA256.jpg`` (or ``.webp``). DAY is the UTC day of the first event that refers to
the picture, SEQ the ledger's number of the last one. ``pruned.json`` tells what was removed.

Invariants
* A file under its final name is whole: it was written beside it, forced to the disk and renamed.
* Sizes, each rounded up to whole blocks of 4 KiB, never sum to more than the budget.
* The oldest are removed first, and none that may not be removed.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from edge_agent import clock
from edge_agent.camera.evidence.picture import Picture

BLOCK = 4_096
SLAB = 20
"""When there is no room, a part of 1/SLAB of the budget is made free at once."""
RESERVE_BYTES = 64 << 20
"""So much of the disk is left to others: without room, the ledger halts the line."""
REMEMBERED = 200
"""Prunings that are remembered: ten times the budget."""

MayRemove = Callable[[int], bool]
"""Whether a picture may be removed, by the number of the last event that refers to it."""

_FILE = re.compile(r"(\d{10,})-([0-9a-f]{64})\.(jpg|webp)")
_SUFFIX = {"jpeg": "jpg", "webp": "webp"}
_UNFINISHED = ".unfinished"
_PRUNED = "pruned.json"

log = structlog.get_logger("edge_agent.camera")


class NotKeptError(Exception):
    """The picture is not kept; the message says why."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """`pictures` of events `first` to `last` were removed for newer ones."""

    at: str
    first: int
    last: int
    pictures: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One picture on disk."""

    path: Path
    seq: int
    sha256: str

    @classmethod
    def at(cls, path: Path) -> "Kept | None":
        """What the name says; None if it is none of ours."""
        if match := _FILE.fullmatch(path.name):
            return cls(path, int(match[1]), match[2])
        return None


_PRUNINGS = TypeAdapter(list[Pruned])


def kept(directory: Path) -> Iterator[Kept]:
    """All that is kept in `directory`, in no order. Raises OSError."""
    if not directory.exists():
        return
    for day in directory.iterdir():
        # A day may be removed while this goes on, and not all that lies there is a day.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            yield from filter(None, map(Kept.at, day.iterdir()))


def prunings(directory: Path) -> list[Pruned]:
    """What was removed from `directory`, as far as it is remembered, the oldest first."""
    try:
        return _PRUNINGS.validate_json((directory / _PRUNED).read_bytes())
    except (OSError, ValidationError):
        return []


class EvidenceStore:
    """The pictures in `directory`, which is made when the first is kept. One process, one instance.

    `budget_bytes` is for all files; `reserve_bytes` of the disk are left free. `may_remove` is
    asked for a `MayRemove` when room is needed. Raises OSError if the directory cannot be read.
    """

    def __init__(
        self,
        directory: Path,
        budget_bytes: int,
        *,
        reserve_bytes: int = RESERVE_BYTES,
        may_remove: Callable[[], MayRemove] = lambda: lambda _: True,
    ) -> None:
        self._directory = directory
        self._budget = budget_bytes
        self._reserve = reserve_bytes
        self._may_remove = may_remove
        self._kept: dict[str, tuple[Kept, int]] = {}
        self._bytes = 0
        for each in kept(directory):
            if each.sha256 not in self:
                self._add(each, each.path.stat().st_size)
        for unfinished in directory.rglob(f"*{_UNFINISHED}"):
            unfinished.unlink()
        self._pruned = prunings(directory)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._kept

    def keep(self, picture: Picture, seq: int, at: str) -> None:
        """Have `picture`, which is not kept yet, on disk: event `seq` of time `at` refers to it.
        Raises NotKeptError."""
        size = _blocks(len(picture.data))
        path = self._path(picture, seq, at)
        try:
            self._make_room(size)
            if not path.parent.exists():
                # Codes are inside: for the agent's user alone, as is the ledger's directory.
                path.parent.mkdir(mode=0o700, parents=True)
                _sync(self._directory)
            if shutil.disk_usage(path.parent).free < size + self._reserve:
                raise NotKeptError(
                    f"the disk has less than {self._reserve >> 20} MiB left, which are the ledger's"
                )
            write_whole(path, picture.data)
        except OSError as error:
            raise NotKeptError(f"the disk did not take it: {error.strerror or error}") from None
        self._add(Kept(path, seq, picture.sha256), len(picture.data))

    def refer(self, sha256: str, seq: int) -> None:
        """Event `seq` refers to the kept picture, too: the last one tells how old it is. Raises
        NotKeptError if it is gone."""
        each, size = self._kept[sha256]
        if seq <= each.seq:
            return
        path = each.path.with_name(f"{seq:010}-{each.path.name.split('-', 1)[1]}")
        try:
            each.path.rename(path)
            _sync(path.parent)
        except FileNotFoundError:
            self._bytes -= self._kept.pop(sha256)[1]
            raise NotKeptError("it was on disk, and other hands removed it") from None
        except OSError as error:
            # It is kept all the same, only under the older number.
            log.warning("a picture keeps its older number", path=str(each.path), error=str(error))
            return
        self._kept[sha256] = Kept(path, seq, sha256), size

    def facts(self) -> dict[str, int]:
        """For the role's status, as JSON values."""
        return {"kept": len(self._kept), "kept_bytes": self._bytes}

    def _path(self, picture: Picture, seq: int, at: str) -> Path:
        name = f"{seq:010}-{picture.sha256}.{_SUFFIX[picture.form]}"
        return self._directory / at[:10] / name

    def _add(self, each: Kept, size: int) -> None:
        self._kept[each.sha256] = each, _blocks(size)
        self._bytes += _blocks(size)

    def _make_room(self, size: int) -> None:
        if size > self._budget:
            raise NotKeptError(f"it takes {size} bytes, the whole budget has {self._budget}")
        over = self._bytes + size - self._budget
        if over <= 0:
            return
        may_remove = self._may_remove()
        oldest = sorted(self._kept.values(), key=lambda each: each[0].seq)
        leaving: list[Kept] = []
        freed = 0
        for each, each_size in oldest:
            if may_remove(each.seq):
                leaving.append(each)
                freed += each_size
            if freed >= over + self._budget // SLAB:
                break
        if freed < over:
            raise NotKeptError(
                f"the budget of {self._budget // 1_000_000} MB is full of pictures whose events "
                "HQ has not received"
            )
        for each in leaving:
            self._remove(each)
        self._note(leaving)

    def _remove(self, each: Kept) -> None:
        each.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            each.path.parent.rmdir()
        self._bytes -= self._kept.pop(each.sha256)[1]

    def _note(self, left: list[Kept]) -> None:
        """Remember that they were removed. Without room for that they are gone all the same."""
        numbers = [each.seq for each in left]
        at = clock.now().isoformat()
        self._pruned.append(Pruned(at, min(numbers), max(numbers), len(left)))
        del self._pruned[:-REMEMBERED]
        try:
            write_whole(self._directory / _PRUNED, _PRUNINGS.dump_json(self._pruned))
        except OSError as error:
            log.warning("not noted which pictures were removed", error=str(error))


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def write_whole(path: Path, data: bytes) -> None:
    """Have `data` on the disk under `path`, whole or not at all."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
            os.fsync(file)
        finally:
            os.close(file)
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """Have the names in `directory` on the disk."""
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
