"""However the journal is cut into batches, HQ ends with the same journal and the same tree."""

import itertools
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from edge_agent.core.body import to_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.sqlite import connect
from sync.hq import schema
from sync.hq.intake import declare, receive
from sync.wire import Acked, Batch, Conflict, Gap, Hole, MalformedError
from tests.sync.rig import AGENT, AT, at_a_bench, packing

# A repair changes several codes at once, parking one container and no code.
BODIES = [to_body(event) for event in (*packing(26), *at_a_bench())]
HASHES = [GENESIS]
for _seq, _body in enumerate(BODIES, 1):
    HASHES.append(link(HASHES[-1], _seq, _body))
END = len(BODIES)


def batch(from_seq: int, to_seq: int) -> Batch:
    return Batch(
        AGENT, from_seq, HASHES[from_seq - 1], HASHES[to_seq], BODIES[from_seq - 1 : to_seq]
    )


def hole(from_seq: int, to_seq: int) -> Hole:
    return Hole(
        agent=AGENT,
        from_seq=from_seq,
        to_seq=to_seq,
        before=HASHES[from_seq - 1].hex(),
        head=HASHES[to_seq].hex(),
        reason="no reason",
    )


@contextmanager
def headquarters() -> Iterator[Database]:
    with TemporaryDirectory() as directory, closing(connect(Path(directory) / "hq.db")) as file:
        db = Database(file)
        schema.migrations.apply(db)
        yield db


def contents(db: Database) -> dict[str, Any]:
    """Everything but when and in which batches it came."""
    nodes, containers = (
        [{**row, "events": sorted(row["events"].split(","))} for row in db[table].rows]
        for table in ("node", "container")
    )
    tables = ("journal", "alias", "rejection", "tally", "hole", "alarm")
    agent = [(row["name"], row["cursor"], row["head"]) for row in db["agent"].rows]
    tree = {"agent": agent, "node": nodes, "container": containers}
    return tree | {name: list(db[name].rows) for name in tables}


with headquarters() as _db:
    receive(_db, batch(1, END), AT)
    WHOLE = contents(_db)

cuts = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 40)), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(cuts)
def test_any_cut_with_repeats_and_overlaps_gives_the_same(steps: list[tuple[int, int]]) -> None:
    """Each step goes back some events, and sends some."""
    with headquarters() as db:
        cursor = 0
        for back, length in [*steps, (0, END), (END, END)]:
            start = max(0, cursor - back)
            end = min(END, start + length)
            if end > start:
                assert receive(db, batch(start + 1, end), AT) == Acked(acked=end)
                cursor = max(cursor, end)
        if cursor < END:
            receive(db, batch(cursor + 1, END), AT)

        assert contents(db) == WHOLE


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, END - 1), min_size=2, max_size=10, unique=True).map(sorted),
    st.lists(st.booleans(), min_size=11, max_size=11),
    st.randoms(use_true_random=False),
)
def test_holes_filled_in_any_order_give_the_same(
    edges: list[int], is_hole: list[bool], random: Any
) -> None:
    runs = [(a + 1, b) for a, b in zip([0, *edges], [*edges, END], strict=True)]
    holes = []
    with headquarters() as db:
        for (start, end), aside in zip(runs, is_hole, strict=False):
            if aside:
                assert declare(db, hole(start, end), AT) == Acked(acked=end)
                holes.append((start, end))
            else:
                assert receive(db, batch(start, end), AT) == Acked(acked=end)
        assert len(contents(db)["hole"]) == len(holes)
        while holes:
            start, end = holes.pop(random.randrange(len(holes)))
            middle = random.randint(start, end)
            # The hole before may still be open: its end is known by its declared hash.
            assert receive(db, batch(start, middle), AT) == Acked(acked=middle)
            if middle < end:
                assert receive(db, batch(middle + 1, end), AT) == Acked(acked=end)

        assert contents(db) == WHOLE


def test_a_batch_may_fill_several_holes_and_go_beyond() -> None:
    with headquarters() as db:
        receive(db, batch(1, 10), AT)
        declare(db, hole(11, 14), AT)
        receive(db, batch(15, 20), AT)
        declare(db, hole(21, 30), AT)

        assert receive(db, batch(5, END), AT) == Acked(acked=END)

        assert contents(db) == WHOLE


def test_killed_at_any_statement_hq_has_the_batch_whole_or_not_at_all(tmp_path: Path) -> None:
    """SIGKILL before the 1st, 2nd, ... statement of taking a batch, until one gets through."""
    with headquarters() as db:
        receive(db, batch(1, 12), AT)
        whole = contents(db)
    for statement in itertools.count(1):
        path = tmp_path / f"{statement}.db"
        with closing(connect(path)) as file:
            schema.migrations.apply(Database(file))
        child = os.fork()
        if child == 0:
            _receive_and_die(path, statement)
        _, status = os.waitpid(child, 0)
        with closing(connect(path)) as file:
            db = Database(file)
            survived = os.WIFEXITED(status)
            assert contents(db) == whole if survived else db["journal"].count in (0, 12)
            assert receive(db, batch(1, 12), AT) == Acked(acked=12)
            assert contents(db) == whole
        if survived:
            break

    assert statement > 30


def _receive_and_die(path: Path, statement: int) -> None:
    connection = connect(path)
    db = Database(connection)
    left = itertools.count(statement - 1, -1)

    def count_down(_: str) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connection.set_trace_callback(count_down)
    receive(db, batch(1, 12), AT)
    os._exit(0)


def test_a_gap_names_the_event_that_is_wanted_and_stores_nothing() -> None:
    with headquarters() as db:
        assert receive(db, batch(3, 4), AT) == Gap(wants=1)
        receive(db, batch(1, 5), AT)
        assert receive(db, batch(7, 8), AT) == Gap(wants=6)
        assert db["journal"].count == 5


def test_a_start_inside_a_hole_is_a_gap_at_the_holes_start() -> None:
    with headquarters() as db:
        receive(db, batch(1, 5), AT)
        declare(db, hole(6, 12), AT)

        assert receive(db, batch(8, 20), AT) == Gap(wants=6)


def test_other_content_is_a_conflict_that_is_kept_and_changes_nothing() -> None:
    with headquarters() as db:
        receive(db, batch(1, 10), AT)
        before = contents(db)
        forged = Batch(AGENT, 8, HASHES[7], link(HASHES[7], 8, BODIES[0]), [BODIES[0]])

        answers = [receive(db, forged, AT) for _ in range(3)]

        assert answers == [Conflict(at=8)] * 3
        [alarm] = contents(db).pop("alarm")
        assert (alarm["seq"], alarm["times"]) == (8, 3)
        assert {**contents(db), "alarm": []} == before


def test_a_batch_that_continues_another_history_is_a_conflict() -> None:
    with headquarters() as db:
        receive(db, batch(1, 10), AT)
        other = bytes(31) + b"\1"
        foreign = Batch(AGENT, 11, other, link(other, 11, BODIES[10]), [BODIES[10]])

        assert receive(db, foreign, AT) == Conflict(at=10)


def test_rows_that_do_not_lead_to_a_holes_declared_hash_are_a_conflict() -> None:
    with headquarters() as db:
        declare(db, hole(1, 2), AT)
        head = link(link(GENESIS, 1, BODIES[0]), 2, BODIES[5])

        assert receive(db, Batch(AGENT, 1, GENESIS, head, [BODIES[0], BODIES[5]]), AT) == Conflict(
            at=2
        )


def test_a_hole_declared_again_stays_one_and_one_over_stored_events_is_not_made() -> None:
    with headquarters() as db:
        receive(db, batch(1, 10), AT)
        declare(db, hole(11, 12), AT)

        assert declare(db, hole(11, 12), AT) == Acked(acked=12)
        assert declare(db, hole(4, 5), AT) == Acked(acked=5)
        assert declare(db, hole(10, 12), AT) == Conflict(at=10)
        assert declare(db, hole(15, 16), AT) == Gap(wants=13)
        assert [(h["from_seq"], h["to_seq"]) for h in db["hole"].rows] == [(11, 12)]


def test_a_hole_may_be_narrowed_from_its_start() -> None:
    with headquarters() as db:
        declare(db, hole(1, 12), AT)
        receive(db, batch(1, 4), AT)

        assert declare(db, hole(5, 5), AT) == Acked(acked=5)
        assert receive(db, batch(6, END), AT) == Acked(acked=END)

        assert [(h["from_seq"], h["to_seq"]) for h in db["hole"].rows] == [(5, 5)]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "recursion"),
        ('{"kind":"teleported"}', "teleported"),
        (f'{{"kind":"armed","at":"{AT}","station":"s","last_item":1,"boot":1}}', "detail"),
        (
            f'{{"kind":"armed","at":"{AT}","station":"s","detail":"\\ud800","last_item":1,"boot":1}}',
            "half",
        ),
        (BODIES[2].replace('"container":3', f'"container":{2**63}'), "container"),
    ],
)
def test_what_is_no_event_is_named_and_nothing_of_its_batch_is_stored(body: str, what: str) -> None:
    bodies = [BODIES[0], body, body]
    value = GENESIS
    for seq, each in enumerate(bodies, 1):
        value = link(value, seq, each)
    with headquarters() as db:
        with pytest.raises(MalformedError, match=what) as refused:
            receive(db, Batch(AGENT, 1, GENESIS, value, bodies), AT)

        assert [fault.split(":")[0] for fault in refused.value.faults] == ["event 2", "event 3"]
        assert [db[name].count for name in ("journal", "node", "agent")] == [0, 0, 0]


def test_two_agents_with_the_same_codes_do_not_touch_each_other() -> None:
    with headquarters() as db:
        receive(db, batch(1, END), AT)
        other = batch(1, 10)
        receive(db, Batch("line-2", 1, other.before, other.head, other.bodies), AT)

        assert db["journal"].count_where("agent_id = 1") == END
        assert db["journal"].count_where("agent_id = 2") == 10


def test_the_standard_librarys_sqlite_is_not_what_writes() -> None:
    with headquarters() as db:
        assert not isinstance(db.conn, sqlite3.Connection)
