"""The ledger on real files: what it keeps, what it refuses, what `verify` finds."""

import itertools
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlite_utils import Database

from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    Move,
    Packed,
    Place,
    Reason,
    Rejected,
    Reworked,
    Sighting,
)
from edge_agent.core.names import CodeKey, ContainerId, LevelName, Seq, StationName
from edge_agent.core.states import ContainerState, State
from edge_agent.ledger.errors import (
    LedgerBusyError,
    LedgerDamagedError,
    LedgerError,
    LedgerExistsError,
    LedgerMissingError,
    LedgerTooNewError,
)
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.verify import verify
from edge_agent.sqlite import SqliteTooOldError, connect, refuse_wal_reset_bug

AT, STATION = "2026-11-21T08:00:00.000Z", StationName("bench")
UNIT, CASE = LevelName("unit"), LevelName("case")


def commissioned(key: str, level: LevelName = UNIT) -> Event:
    return Commissioned(at=AT, station=STATION, key=CodeKey(key), level=level, text=key)


def packed(key: str, container: int) -> Event:
    return Packed(
        at=AT,
        station=STATION,
        key=CodeKey(key),
        level=UNIT,
        container=ContainerId(container),
        container_level=CASE,
    )


def closed(key: str, container: int, children: tuple[str, ...]) -> Event:
    return Closed(
        at=AT,
        station=STATION,
        key=CodeKey(key),
        level=CASE,
        container=ContainerId(container),
        children=tuple(map(CodeKey, children)),
    )


STORY = [
    commissioned("a"),
    packed("a", 1),
    commissioned("b"),
    packed("b", 1),
    Rejected(
        at=AT,
        station=STATION,
        reason=Reason.DUPLICATE,
        detail="seen",
        key=CodeKey("a"),
        first=Sighting(Seq(1), AT, STATION),
    ),
    commissioned("C1", CASE),
    closed("C1", 1, ("a", "b")),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    create_ledger(path)
    return path


def write(path: Path, events: list[Event]) -> None:
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append(events)
    ledger.close()


def tamper(path: Path, statement: str) -> None:
    connection = connect(path)
    connection.execute(statement)
    connection.close()


def test_the_tree_is_there_with_the_journal(path: Path) -> None:
    write(path, STORY)
    with LedgerReader(path) as ledger:
        node = ledger.node("a")
        assert node is not None
        assert (node.state, node.inside, node.first_seq) == (State.PACKED, 1, 1)
        assert [child.key for child in ledger.children(1)] == ["a", "b"]
        assert ledger.container(1).key == "C1"  # type: ignore[union-attr]
        assert [row.seq for row in ledger.concerning("a")] == [1, 2, 5, 7]
    verdict = verify(path)
    assert (verdict.fault, verdict.events, verdict.nodes, verdict.containers) == (None, 7, 3, 1)


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(RuntimeError), ledger.transaction():
        ledger.append(STORY)
        raise RuntimeError
    assert ledger.head[0] == 0
    with ledger.transaction():
        ledger.append(STORY[:1])
    ledger.close()
    assert verify(path).fault is None


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE journal SET body = replace(body, 'bench', 'BENCH') WHERE seq = 3",
            "journal row 3",
        ),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 5", "journal row 5"),
        ("DELETE FROM journal WHERE seq = 2", "journal row 3: expected sequence number 2"),
        ("UPDATE node SET inside = 9 WHERE key = 'b'", "node row 3"),
        ("DELETE FROM node WHERE key = 'a'", "node row 2"),
        ("UPDATE container SET key = 'X' WHERE id = 1", "container row 1"),
    ],
)
def test_verify_names_the_first_wrong_row(path: Path, statement: str, said: str) -> None:
    write(path, STORY)
    tamper(path, statement)
    fault = verify(path).fault
    assert fault is not None
    assert fault.startswith(said)


def test_a_missing_ledger_is_never_made_silently(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissingError, match="ledger init"):
        Ledger(tmp_path / "ledger.db")
    assert not (tmp_path / "ledger.db").exists()


def test_an_existing_ledger_is_never_made_anew(path: Path) -> None:
    write(path, STORY)
    with pytest.raises(LedgerExistsError):
        create_ledger(path)
    assert verify(path).events == 7


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.5, 0.9])
def test_a_ledger_cut_off_is_refused_with_the_way_to_restore_it(path: Path, keep: float) -> None:
    write(path, [commissioned(f"{n:050}") for n in range(2_000)])
    os.truncate(path, int(path.stat().st_size * keep))
    before = path.read_bytes()
    for opener in (Ledger, lambda p: list(LedgerReader(p).walk())):
        with pytest.raises(LedgerError) as refused:
            opener(path)
        assert "restore the last backup" in str(refused.value)
    assert path.read_bytes() == before


def write_and_die(path: Path, count: int) -> None:
    """Commit `count` events in a process that ends without folding its log."""
    program = (
        "import os; from tests.ledger.test_ledger import *\n"
        f"ledger = Ledger(Path({str(path)!r}))\n"
        f"events = [commissioned(f'x{{n:050}}') for n in range({count})]\n"
        "with ledger.transaction(): ledger.append(events)\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def test_a_ledger_cut_off_beside_a_log_is_refused_too(path: Path) -> None:
    write(path, [commissioned(f"{n:050}") for n in range(2_000)])
    write_and_die(path, 1)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(LedgerDamagedError, match="pages of 4096 bytes are missing"):
        Ledger(path)


def test_a_ledger_cut_off_beside_a_log_without_an_event_is_refused_too(path: Path) -> None:
    write(path, [commissioned(f"{n:050}") for n in range(2_000)])
    write_and_die(path, 0)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(LedgerDamagedError, match="pages of 4096 bytes are missing"):
        Ledger(path)


@pytest.mark.parametrize("by_link", [False, True])
def test_a_commit_makes_no_file_longer(path: Path, by_link: bool) -> None:
    if by_link:
        (link := path.with_name("link.db")).symlink_to(path)
    with closing(Ledger(link if by_link else path)) as ledger:
        before = {each: each.stat().st_size for each in path.parent.iterdir()}
        for n in range(50):
            with ledger.transaction():
                ledger.append([commissioned(f"{n:050}")])
        assert {each: each.stat().st_size for each in path.parent.iterdir()} == before
    assert verify(path).events == 50


def test_a_ledger_beside_the_log_of_a_killed_writer_is_good(path: Path) -> None:
    write_and_die(path, 500)
    Ledger(path).close()
    assert verify(path).events == 500


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(LedgerDamagedError):
        Ledger(path)


def test_a_journal_whose_end_does_not_chain_is_refused_at_once(path: Path) -> None:
    write(path, STORY)
    tamper(path, "UPDATE journal SET body = replace(body, 'bench', 'BENCH') WHERE seq = 6")
    with pytest.raises(LedgerDamagedError, match="event 6 does not follow event 5"):
        Ledger(path)


def test_a_ledger_from_a_newer_version_is_refused(path: Path) -> None:
    connection = connect(path)
    Database(connection)["_sqlite_migrations"].insert(
        {"migration_set": "ledger", "name": "9999_from_the_future", "applied_at": "2030-01-01"}
    )
    connection.close()
    for opener in (Ledger, LedgerReader):
        with pytest.raises(LedgerTooNewError, match="9999_from_the_future"):
            opener(path)


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 51, 2)])
def test_an_sqlite_with_the_wal_reset_bug_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(SqliteTooOldError, match=r"3\.51\.3 or newer"):
        refuse_wal_reset_bug(version)


def test_a_mended_sqlite_is_taken_and_is_the_one_in_use(path: Path) -> None:
    refuse_wal_reset_bug((3, 51, 3))
    (version,) = connect(path).execute("SELECT sqlite_version()").fetchone()
    assert tuple(map(int, version.split("."))) >= (3, 51, 3)


def test_a_ledger_has_one_writer(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(LedgerBusyError):
        Ledger(path)
    ledger.close()
    Ledger(path).close()


def test_what_a_killed_writer_committed_is_there(path: Path) -> None:
    program = (
        "import sys; from tests.ledger.test_ledger import *\n"
        f"ledger = Ledger(Path({str(path)!r}))\n"
        "for n in itertools.count():\n"
        "    with ledger.transaction(): ledger.append([commissioned(str(n))])\n"
        "    print(n, flush=True)"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    said = [int(line) for line in itertools.islice(writer.stdout, 200)]
    writer.kill()
    said += [int(line) for line in writer.stdout if line.endswith(b"\n")]
    writer.wait()
    writer.stdout.close()
    verdict = verify(path)
    assert verdict.fault is None
    assert said[-1] + 1 <= verdict.events <= said[-1] + 2


class LedgerAgainstModel(RuleBasedStateMachine):
    """Any run of commits, roll-backs and restarts leaves what a plain dictionary says."""

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "ledger.db"
        create_ledger(self.path)
        self.ledger = Ledger(self.path)
        self.model: dict[str, int | None] = {}
        self.seq = 0

    @rule(keys=st.lists(st.text("abcdef", min_size=1, max_size=2), max_size=4), keep=st.booleans())
    def commit(self, keys: list[str], keep: bool) -> None:
        events: list[Event] = []
        model = dict(self.model)
        for key in keys:
            if key not in model:
                events.append(commissioned(key))
                model[key] = None
            elif model[key] is None:
                model[key] = len(key)
                events.append(packed(key, len(key)))
        try:
            with self.ledger.transaction():
                self.ledger.append(events)
                if not keep:
                    raise InterruptedError
        except InterruptedError:
            return
        self.model, self.seq = model, self.seq + len(events)

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(self.path)

    @rule()
    def fold(self) -> None:
        self.ledger.fold_log(busy=False)

    @invariant()
    def same(self) -> None:
        assert self.ledger.head[0] == self.seq
        for key, inside in self.model.items():
            known = self.ledger.find(CodeKey(key))
            assert known is not None
            assert (known.inside[0] if known.inside else None) == inside

    def teardown(self) -> None:
        self.ledger.close()
        assert verify(self.path).fault is None
        self.directory.cleanup()


TestLedgerAgainstModel = LedgerAgainstModel.TestCase
TestLedgerAgainstModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_a_snapshot_of_another_version_is_passed_over(path: Path) -> None:
    write(path, [commissioned("k")])
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append([commissioned("l")])
        ledger.save_snapshot({"form": 1})
    assert ledger.load_snapshot(1) == ({"form": 1}, [])
    assert ledger.load_snapshot(2) == (None, [commissioned("k"), commissioned("l")])
    ledger.close()


def test_a_ledger_from_before_there_were_benches_is_opened_with_its_tree_and_goes_on(
    path: Path,
) -> None:
    write(path, STORY)
    connection = connect(path)
    connection.execute("DELETE FROM _sqlite_migrations WHERE name NOT GLOB '000[12]*'")
    for table, column in (("node", "turn"), ("container", "state")):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("DROP TABLE alias")
    for (index,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB 'journal_*' "
        "AND name NOT IN ('journal_rejected', 'journal_picture')"
    ).fetchall():
        connection.execute(f"DROP INDEX {index}")
    connection.close()

    write(path, [commissioned("c")])

    with LedgerReader(path) as ledger:
        assert [child.key for child in ledger.children(1)] == ["a", "b"]
        container = ledger.container(1)
        assert container is not None and container.state is ContainerState.CLOSED
    assert verify(path).fault is None


def test_children_are_told_in_the_order_of_packing_also_after_a_repair(path: Path) -> None:
    case, inside = ContainerId(1), Place(State.PACKED, ContainerId(1))
    events = [commissioned(key) for key in "zyxw"]
    events += [packed(key, case) for key in "zyx"]
    moves = (
        Move(CodeKey("z"), LevelName("unit"), inside, Place(State.DECOMMISSIONED)),
        Move(CodeKey("w"), LevelName("unit"), Place(State.ACTIVE), inside),
    )
    events.append(
        Reworked(
            at=AT, station=STATION, operation=Command.REPLACE, by=None, why="torn", moves=moves
        )
    )
    write(path, events)
    with closing(Ledger(path)) as ledger:
        found = ledger.container(case)
        assert found is not None and found.children == ("y", "x", "w")
        gone = ledger.find(CodeKey("z"))
        assert gone is not None
        assert (gone.state, gone.inside) == (State.DECOMMISSIONED, None)
    assert verify(path).fault is None


def test_a_thing_is_found_by_its_second_code(path: Path) -> None:
    made = replace(commissioned("a"), also=CodeKey("b"))
    write(path, [made])
    with closing(Ledger(path)) as ledger:
        found = ledger.find(CodeKey("b"))
        assert found is not None and found.key == "a"
        assert ledger.find(CodeKey("c")) is None
    tamper(path, "DELETE FROM alias")
    assert (verify(path).fault or "").startswith("alias row 1")


def test_a_code_that_is_free_again_names_one_container_only(path: Path) -> None:
    write(path, [*STORY, commissioned("b2"), packed("b2", 2), closed("C1", 2, ("b2",))])
    with LedgerReader(path) as ledger:
        assert [(each.id, each.key) for each in ledger.containers()] == [(1, None), (2, "C1")]
    assert verify(path).fault is None


def test_a_second_code_names_its_thing_also_when_the_ledger_is_opened_again(path: Path) -> None:
    made = replace(commissioned("a"), also=CodeKey("b"))
    for _ in range(2):
        ledger = Ledger(path)
        known = ledger.find(CodeKey("b"))
        if known is None:
            with ledger.transaction():
                ledger.append([made])
                known = ledger.find(CodeKey("b"))
        assert known is not None
        assert known.key == "a"
        ledger.close()
