"""The spreadsheet export: every event once, nothing that a spreadsheet would run."""

import csv
import io

import pytest

from edge_agent.core.events import Event, Reason, Rejected, Sighting
from edge_agent.core.names import CodeKey, Seq, StationName
from sync.csv_export import COLUMNS, lines
from tests.sync.rig import AT, every_kind, packing


def read_back(*events: Event) -> list[dict[str, str]]:
    text = "".join(lines((seq, bytes([seq]) * 32, event) for seq, event in enumerate(events, 1)))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def rejected(text: str, first: Sighting | None = None) -> Rejected:
    return Rejected(at=AT, station=StationName("s"), reason=Reason.MALFORMED, detail="no code",
                    text=text, first=first)  # fmt: skip


def test_every_event_is_one_line_under_one_header() -> None:
    found = read_back(*packing(8))

    assert tuple(found[0]) == COLUMNS
    assert [row["kind"] for row in found] == [event.kind for event in packing(8)]
    assert [row["seq"] for row in found] == [str(n) for n in range(1, len(found) + 1)]
    assert found[0]["hash"] == "01" * 32


def test_children_and_the_first_sighting_are_readable() -> None:
    closed = next(row for row in read_back(*packing(4)) if row["kind"] == "closed")
    first = Sighting(Seq(7), AT, StationName("s"))

    assert len(closed["children"].split()) == 4
    assert read_back(rejected("x", first))[0]["first"] == "7"


def test_each_member_of_every_kind_has_its_column() -> None:
    found = {row["kind"]: row for row in read_back(*every_kind())}

    assert found["shift_ended"]["counts"] == "passes=5"
    assert found["conditions_changed"]["on"] == "air-low bin-full"
    assert (found["released"]["by"], found["released"]["why"]) == ("Li Wei", "bin emptied")
    assert (found["stray"]["where"], found["stray"]["count"]) == ("gate", "2")
    assert found["stopped"]["cause"] == "bin-full"
    assert found["order_changed"]["order"] == "4711"
    assert found["picture_lost"]["why"] == "the disk is full"
    assert found["picture_lost"]["picture"] == found["rejected"]["picture"] == "5e" * 32


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_starts_a_formula(start: str) -> None:
    [row] = read_back(rejected(start + 'cmd|" /C calc"!A0'))

    assert row["text"] == "'" + start + 'cmd|" /C calc"!A0'


def test_commas_quotes_and_line_breaks_stay_inside_their_cell() -> None:
    nasty = 'a,"b"\r\nc;d'

    assert read_back(rejected(nasty))[0]["text"] == nasty


def test_a_key_with_a_formula_in_front_is_made_safe_too() -> None:
    event = Rejected(at=AT, station=StationName("s"), reason=Reason.MALFORMED, detail="=1+1",
                     key=CodeKey("@SUM(A1)"))  # fmt: skip
    [row] = read_back(event)

    assert (row["key"], row["detail"]) == ("'@SUM(A1)", "'=1+1")
