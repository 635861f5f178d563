"""What can be wrong with a ledger. Each message says what was found and the mend."""

from pathlib import Path

from edge_agent.core.saying import say
from edge_agent.sqlite import SqliteError


class LedgerError(Exception):
    """The ledger cannot be used."""


class LedgerMissingError(LedgerError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: there is no ledger. A new line: run `edge-agent ledger init CONFIG`. A line "
            "that has run before: restore the file from its backup (docs/ledger.md); with a new "
            "ledger every product packed so far would pass again."
        )


class LedgerExistsError(LedgerError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: there is a ledger already; it is left as it is.")


class LedgerBusyError(LedgerError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: another process writes this ledger; stop it first.")


class LedgerDamagedError(LedgerError):
    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path}: the ledger is damaged: {found}. Nothing was changed. Move the file aside "
            "together with its -wal and -shm files, restore the last backup, and fetch what HQ "
            "has beyond it (docs/ledger.md)."
        )


class LedgerTooNewError(LedgerError):
    def __init__(self, path: Path, found: list[str]) -> None:
        super().__init__(
            f"{path}: the ledger was written by a newer version of Edge Agent (unknown migrations "
            f"{', '.join(found)}). Install that version again."
        )


class LedgerFullError(LedgerError):
    """The disk has no room for the transaction; it was rolled back and may be tried again."""

    def __init__(self, path: Path) -> None:
        self.saying = say(
            "{path}: no room on the disk; free some, the line goes on", path=str(path)
        )
        super().__init__(str(self.saying))


class LedgerBrokenError(LedgerError):
    """The disk did not confirm a write. What is on it is unknown: stop, and open it anew."""


def from_sqlite(error: SqliteError, path: Path) -> LedgerError:
    """`error` as the class that says whether the writer may go on, and what to mend."""
    code = getattr(error, "sqlite_errorname", "")
    text = str(error)
    if code.startswith("SQLITE_FULL") or "is full" in text:
        return LedgerFullError(path)
    if code.startswith("SQLITE_IOERR") or "disk I/O" in text:
        return LedgerBrokenError(
            f"{path}: {text}; what is on the disk is unknown until the ledger is opened anew"
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "locked" in text:
        return LedgerError(f"{path}: another process holds it ({text}); find and stop that process")
    if code.startswith("SQLITE_READONLY") or "readonly" in text:
        return LedgerError(f"{path}: cannot be written ({text}); is its file system read-only?")
    if code.startswith("SQLITE_CANTOPEN") or "unable to open" in text:
        return LedgerError(f"{path}: cannot be opened ({text}); check its directory's permissions")
    return LedgerDamagedError(path, text)
