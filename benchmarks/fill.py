"""A ledger that already holds many codes, made quickly but row for row a valid one."""

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from edge_agent.core.chain import GENESIS, link
from edge_agent.ledger.journal import create_ledger
from edge_agent.sqlite import Connection, connect

GTIN = "06971234567802"
AT = "2026-01-01T00:00:00.000Z"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"
_COMMIT_ROWS = 200_000
_FILL_CACHE_MIB = 6_000


def serial(number: int) -> str:
    """The `number`th serial: 12 characters, scattered as a printer's serials are."""
    value = int.from_bytes(blake2b(number.to_bytes(8, "big"), digest_size=8).digest(), "big")
    text = ""
    for _ in range(12):
        value, digit = divmod(value, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text


def key(number: int) -> str:
    return f"01{GTIN}21{serial(number)}"


def filled_ledger(path: Path, codes: int) -> None:
    """Make `path` a ledger of codes 0 to `codes` - 1, each commissioned. Kept if it is there."""
    done = path.with_name(path.name + ".complete")
    if done.exists():
        return
    for old in path.parent.glob(path.name + "*"):
        old.unlink()
    create_ledger(path)
    connection = connect(path, cache_mib=_FILL_CACHE_MIB)
    # Nobody else sees the file until it is complete; a crash begins anew.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    for first in range(0, codes, _COMMIT_ROWS):
        _fill(connection, first, min(first + _COMMIT_ROWS, codes))
    state = {
        "belts": {},
        "filling": {},
        "next_container": 1,
        "last_closed": {},
        "tally": {"commissioned": codes},
    }
    connection.execute("INSERT INTO snapshot VALUES (1, ?, ?)", (codes, json.dumps(state)))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    done.touch()


def _fill(connection: Connection, first: int, end: int) -> None:
    row = connection.execute("SELECT hash FROM journal WHERE seq = ?", (first,)).fetchone()
    before = row[0] if row else GENESIS
    keys = [key(number) for number in range(first, end)]

    def journal() -> Iterator[tuple[int, str, bytes]]:
        nonlocal before
        for seq, text in enumerate(keys, first + 1):
            body = (
                f'{{"kind":"commissioned","at":"{AT}","station":"bench","key":"{text}",'
                f'"level":"unit","text":"{text}","gtin":"{GTIN}","serial":"{text[18:]}"}}'
            )
            before = link(before, seq, body)
            yield seq, body, before

    connection.execute("BEGIN")
    connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", journal())
    connection.executemany(
        "INSERT INTO node (key, level, state, first_seq, last_seq) "
        "VALUES (?1, 'unit', 'active', ?2, ?2)",
        ((text, seq) for seq, text in enumerate(keys, first + 1)),
    )
    connection.execute("COMMIT")
