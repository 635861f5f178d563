"""Events that name a picture, found among many."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from edge_agent.core.events import Event, PictureLost, Reason, Rejected
from edge_agent.core.names import StationName
from edge_agent.ledger import schema
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.verify import verify
from edge_agent.sqlite import connect

AT, STATION = "2026-11-22T08:00:00.000Z", StationName("bench")
ONE, TWO = "1f" * 32, "2f" * 32
INDEX = "journal_picture"


def rejected(picture: str | None, text: str | None = None) -> Event:
    return Rejected(
        at=AT, station=STATION, reason=Reason.MALFORMED, detail="?", text=text, picture=picture
    )


def lost(picture: str) -> Event:
    return PictureLost(at=AT, station=STATION, picture=picture, why="the disk is full")


def append(path: Path, *events: Event) -> None:
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append(events)
    ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    create_ledger(path)
    sly = f'","picture":"{ONE}","text":"'
    append(path, rejected(None), rejected(ONE), rejected(None, sly), rejected(TWO), lost(ONE))
    return path


def test_the_events_of_a_picture_are_found_and_no_text_is_taken_for_one(path: Path) -> None:
    with LedgerReader(path) as ledger:
        assert [row.seq for row in ledger.of_picture(ONE)] == [2, 5]
        assert [row.seq for row in ledger.of_picture("3f" * 32)] == []
        assert [row.seq for row in ledger.pictured()] == [2, 4, 5]
    connection = connect(path, read_only=True)
    steps = connection.execute(
        "EXPLAIN QUERY PLAN SELECT seq FROM journal "
        "WHERE instr(body, '\"picture\":\"') AND body ->> '$.picture' = ?",
        (ONE,),
    ).fetchall()
    connection.close()
    assert INDEX in steps[0][3]


def test_a_ledger_from_before_there_were_pictures_is_read_as_it_is_and_then_goes_on(
    path: Path,
) -> None:
    connection = connect(path)
    connection.execute(f"DROP INDEX {INDEX}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0002%'")
    connection.close()
    with LedgerReader(path) as ledger:
        assert [row.seq for row in ledger.pictured()] == [2, 4, 5]
    append(path, rejected(TWO))
    with LedgerReader(path) as ledger:
        assert [row.seq for row in ledger.of_picture(TWO)] == [4, 6]
    assert verify(path).fault is None
    connection = connect(path, read_only=True)
    applied = [each.name for each in schema.migrations.applied(Database(connection))]
    connection.close()
    assert "0002_events_of_a_picture" in applied
