"""The audit trail: who, what, when, old, new, why; and that an export says whether it is whole."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from edge_agent.audit.acts import Act, act_of
from edge_agent.audit.trail import PAGE, Filter, acts, chain, page
from edge_agent.audit.wording import Wording
from edge_agent.core.body import from_body
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Edited,
    Event,
    Move,
    Place,
    Released,
    Reworked,
    SignedIn,
    SignInRefused,
    Subject,
)
from edge_agent.core.names import CodeKey, ContainerId, LevelName, PersonId, StationName
from edge_agent.core.people import Role
from edge_agent.core.states import State
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.schema import ACTS
from edge_agent.sqlite import connect
from edge_agent.words import words
from tests.hmi import scenes
from tests.sync.rig import every_kind

LINE, BENCH = StationName("line-1"), StationName("packing")
LI, WANG = PersonId("li"), PersonId("wang")
ORDER = {"gtin": "06971234567802", "batch": "A1", "target": "100"}


def at(minute: int) -> str:
    return f"2026-11-22T08:{minute:02}:00.000Z"


def commissioned(number: int) -> Event:
    key = f"unit-{number}"
    level = LevelName("unit")
    return Commissioned(at=at(0), station=BENCH, key=CodeKey(key), level=level, text=key)


def signed_in(person: PersonId, name: str, minute: int = 1) -> Event:
    return SignedIn(
        at=at(minute), station=BENCH, person=person, name=name, role=Role.SUPERVISOR, how="pin"
    )


DAY: tuple[Event, ...] = (
    commissioned(1),
    signed_in(LI, "李伟"),
    Edited(at=at(2), station=LINE, subject=Subject.ORDER, id="WO-1", old=None, new=ORDER,
           by=LI, why="new"),
    Edited(at=at(3), station=LINE, subject=Subject.ORDER, id="WO-1", old=ORDER,
           new=ORDER | {"batch": "A2"}, by=LI, why="The plan was changed", approved_by=WANG),
    Reworked(at=at(4), station=BENCH, operation=Command.REMOVE, by=WANG, why="",
             moves=(Move(CodeKey("unit-1"), LevelName("unit"),
                         Place(State.PACKED, ContainerId(7), CodeKey("case-7")),
                         Place(State.ACTIVE)),)),
    Edited(at=at(5), station=LINE, subject=Subject.PERSON, id="wang",
           old={"name": "王", "role": "operator"}, new=None, by=LI, why="The person left"),
    SignInRefused(at=at(6), station=BENCH, person=None, how="badge", why="unknown"),
    Released(at=at(7), station=BENCH, by="=cmd|'/c calc'!A1", why="bin emptied"),
    Edited(at=at(8), station=LINE, subject=Subject.PERSON, id="li", old=None,
           new={"name": "李伟", "role": "supervisor"}, by=None, why="new"),
)  # fmt: skip


Filled = Callable[[tuple[Event, ...]], Path]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "line.toml"
    file.write_text(scenes.CONFIG.format(dir=tmp_path, port=1) + scenes.station_keys())
    return file


@pytest.fixture
def filled(tmp_path: Path) -> Filled:
    """Makes the line's ledger with events."""

    def fill(events: tuple[Event, ...]) -> Path:
        path = tmp_path / "data/line-1/ledger.db"
        create_ledger(path)
        ledger = Ledger(path)
        with ledger.transaction():
            ledger.append(events)
        ledger.close()
        return path

    return fill


def run(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", "audit", str(config), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def told(act: Act, language: str = "en") -> str:
    wording = Wording(words(language), ZoneInfo("Asia/Shanghai"), {LI: "李伟", WANG: "王"})
    changes = "; ".join(f"{name}: {old} → {new}" for name, old, new in wording.changes(act))
    said = f"{wording.when(act)} {wording.who(act)} {wording.what(act)}"
    return " | ".join(filter(None, (said, changes, wording.why(act))))


def test_each_act_says_who_what_when_old_new_and_why(filled: Filled) -> None:
    with LedgerReader(filled(DAY)) as ledger:
        found = [told(act) for act in acts(ledger, Filter())]

    assert found == [
        "2026-11-22 16:01:00+08:00 李伟 (li) signed in with a PIN",
        "2026-11-22 16:02:00+08:00 李伟 (li) made order WO-1"
        " | batch:  → A1; product:  → 06971234567802; target:  → 100 | new",
        "2026-11-22 16:03:00+08:00 李伟 (li) + 王 (wang) changed order WO-1"
        " | batch: A1 → A2 | The plan was changed",
        "2026-11-22 16:04:00+08:00 王 (wang) took a thing out of its container"
        " | unit-1: packed in case-7 → free",
        "2026-11-22 16:05:00+08:00 李伟 (li) revoked person 王 (wang) | The person left",
        "2026-11-22 16:06:00+08:00 — was refused with a badge | unknown",
        "2026-11-22 16:07:00+08:00 =cmd|'/c calc'!A1 released the stopped line | bin emptied",
        "2026-11-22 16:08:00+08:00 — added person 李伟 (li)"
        " | full name:  → 李伟; role:  → Supervisor | new",
    ]


def test_it_reads_chinese(filled: Filled) -> None:
    with LedgerReader(filled(DAY)) as ledger:
        changed = told(list(acts(ledger, Filter()))[2], "zh_CN")

    assert "WO-1" in changed
    assert "changed" not in changed
    assert "batch" not in changed


def test_the_lines_things_are_called_by_their_titles() -> None:
    t = words("zh_CN").calling({"packing": "一号台", "case": "箱"})
    closed = Closed(at=at(1), station=BENCH, level=LevelName("case"), container=ContainerId(1),
                    key=CodeKey("case-1"), children=(), by=LI)  # fmt: skip
    act = act_of(1, closed)
    assert act is not None
    wording = Wording(t, ZoneInfo("Asia/Shanghai"), {})
    assert wording.place(act) == "一号台"
    assert wording.what(act) == "封好了箱 case-1，共 0 件"


def test_every_act_of_every_kind_is_found_by_the_index_and_no_other_event_is(
    filled: Filled,
) -> None:
    events = tuple(every_kind())
    path = filled(events)
    connection = connect(path, read_only=True)
    rows = connection.execute(f"SELECT seq, body FROM journal WHERE {ACTS}").fetchall()
    connection.close()

    shown = [act_of(seq, from_body(body)) for seq, body in rows]

    assert None not in shown
    people = {"edited", "signed_in", "signed_out", "sign_in_refused", "reworked", "released"}
    assert people <= {act.kind for act in shown if act}
    assert "packed" not in {act.kind for act in shown if act}


def test_a_page_of_many_events_is_read_from_the_index(filled: Filled) -> None:
    path = filled(DAY)
    connection = connect(path, read_only=True)
    query = f"SELECT seq FROM journal WHERE {ACTS} AND seq < 9 ORDER BY seq DESC LIMIT 5"
    plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    connection.close()

    assert "journal_acts" in str(plan)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(person="li"), [2, 3, 4, 6, 9]),
        (Filter(person="wang"), [4, 5, 6]),
        (Filter(kinds=("edited",)), [3, 4, 6, 9]),
        (Filter(since=at(5)), [6, 7, 8, 9]),
        (Filter(until=at(3)), [2, 3]),
        (Filter(person="li", kinds=("edited",), since=at(3), until=at(5)), [4]),
        (Filter(person="' OR 1=1 --"), []),
    ],
)
def test_acts_are_found_by_person_kind_and_time(
    filled: Filled, wanted: Filter, found: list[int]
) -> None:
    with LedgerReader(filled(DAY)) as ledger:
        assert [act.seq for act in acts(ledger, wanted)] == found


def test_pages_follow_each_other_without_gap_or_repeat(filled: Filled) -> None:
    many = tuple(signed_in(LI, "李伟") for _ in range(2 * PAGE + 3))
    with LedgerReader(filled((*many, *map(commissioned, range(50))))) as ledger:
        seen: list[int] = []
        while found := page(ledger, Filter(), seen[-1] if seen else None):
            assert len(found) <= PAGE
            seen += [act.seq for act in found]

    assert seen == list(range(2 * PAGE + 3, 0, -1))


def test_who_closes_each_case_is_told_but_no_machine(filled: Filled) -> None:
    def closed(number: int, by: PersonId | None) -> Event:
        return Closed(at=at(1), station=BENCH, key=CodeKey(f"case-{number}"),
                      level=LevelName("case"), container=ContainerId(number),
                      children=(), by=by)  # fmt: skip

    with LedgerReader(filled((closed(1, None), closed(2, LI)))) as ledger:
        assert [act.seq for act in acts(ledger, Filter())] == [2]


def test_the_table_has_every_act_and_ends_with_the_proof(
    config: Path, filled: Filled, tmp_path: Path
) -> None:
    filled(DAY)
    with LedgerReader(tmp_path / "data/line-1/ledger.db") as ledger:
        head = ledger.head()[1].hex()

    done = run(config, "--csv", str(tmp_path / "a.csv"), "--language", "en")

    rows = list(csv.DictReader(io.StringIO(table(tmp_path / "a.csv"), newline="")))
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["event"] for row in rows] == ["2", "3", "4", "5", "6", "7", "8", "9", "9"]
    assert rows[2] | {"local": "", "at": ""} == {
        "event": "4", "at": "", "local": "", "station": "line-1", "kind": "edited", "who": "li",
        "approved_by": "wang", "what": "changed order WO-1", "old": "batch: A1", "new": "batch: A2",
        "why": "The plan was changed",
    }  # fmt: skip
    assert f"all 9 events is whole; the last of them has the hash {head}." in rows[-1]["what"]
    assert head in done.stdout


def test_a_spreadsheet_runs_nothing_of_it(config: Path, filled: Filled, tmp_path: Path) -> None:
    filled(DAY)
    run(config, "--csv", str(tmp_path / "a.csv"))

    rows = list(csv.reader(io.StringIO(table(tmp_path / "a.csv"), newline="")))

    assert any("calc" in cell for row in rows for cell in row)
    assert not [c for row in rows for c in row if c.lstrip(" ").startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("paper", [False, True])
def test_an_export_of_a_changed_ledger_says_where_it_is_broken(
    config: Path, filled: Filled, tmp_path: Path, paper: bool
) -> None:
    path = filled(DAY)
    connection = connect(path)
    connection.execute("UPDATE journal SET body = replace(body, 'A2', 'A3') WHERE seq = 4")
    connection.close()
    file = tmp_path / ("a.pdf" if paper else "a.csv")

    done = run(config, "--pdf" if paper else "--csv", str(file), "--language", "en")

    said = text_of(file) if paper else file.read_text(encoding="utf-8-sig")
    assert done.returncode == 1
    assert "BROKEN: row 4" in done.stdout
    assert "BROKEN: row 4" in " ".join(said.split())


def test_a_row_that_was_taken_out_is_noticed(filled: Filled) -> None:
    path = filled(DAY)
    connection = connect(path)
    connection.execute("DELETE FROM journal WHERE seq = 5")
    connection.close()

    with LedgerReader(path) as ledger:
        found = chain(ledger)

    assert found.events == 4
    assert str(found.fault) == "row 6: expected number 5"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_paper_has_every_act_and_the_whole_proof(
    config: Path, filled: Filled, tmp_path: Path, language: str
) -> None:
    filled(DAY)
    with LedgerReader(tmp_path / "data/line-1/ledger.db") as ledger:
        head = ledger.head()[1].hex()

    done = run(config, "--pdf", str(tmp_path / "a.pdf"), "--language", language)

    said = "".join(text_of(tmp_path / "a.pdf").split())
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("李伟(li)", "A1→A2", "WO-1", "case-7", "binemptied", head):
        assert part in said


def test_a_name_of_200_characters_and_of_any_script_fits_on_paper(
    config: Path, filled: Filled, tmp_path: Path
) -> None:
    names = ("超长名称" * 50, "W" * 200, "مریم <b>123</b> אבג", "&amp;</para>")
    filled(tuple(
        Edited(at=at(1), station=LINE, subject=Subject.PERSON, id=f"p{n}", old={"name": name},
               new={"name": name + "!"}, by=PersonId(f"p{n}"), why=name)
        for n, name in enumerate(names)
    ))  # fmt: skip

    assert run(config, "--pdf", str(tmp_path / "a.pdf")).returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give --csv FILE or --pdf FILE"),
        (("--csv", "{dir}/a.csv", "--pdf", "{dir}/a.pdf"), "give --csv FILE or --pdf FILE"),
        (("--csv", "{dir}/a.csv", "--from", "noon"), "--from is 'noon'"),
        (("--csv", "{dir}/none/a.csv"), "cannot be written"),
        (("--pdf", "{dir}/none/a.pdf"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    config: Path, filled: Filled, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    filled(DAY)

    done = run(config, *(each.format(dir=tmp_path) for each in options))

    assert done.returncode == 2
    assert said in done.stderr


def table(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig")


def text_of(pdf: Path) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
