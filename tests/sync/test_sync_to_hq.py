"""The whole way: a ledger file, one pass after another, and HQ as a process of its own."""

import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.sqlite import connect
from tests.sync.rig import AGENT, Hq, HqProcess, Line, every_kind, packing


@pytest.fixture
def hq(tmp_path: Path) -> Iterator[HqProcess]:
    server = HqProcess(tmp_path / "hq")
    server.start()
    yield server
    server.end()


def test_hq_holds_the_lines_journal_and_tree(line: Line, hq: Hq) -> None:
    line.write(packing(40))

    report = line.sync(batch_events=17)

    assert (report.error, report.behind) == (None, 0)
    line.agrees_with(hq)


def test_hq_holds_every_kind_of_event_and_the_same_tree(line: Line, hq: Hq) -> None:
    line.write(every_kind())

    assert line.sync(batch_events=3).behind == 0
    line.agrees_with(hq)


def test_a_pass_with_nothing_new_sends_nothing(line: Line, hq: Hq) -> None:
    line.write(packing(3))
    line.sync()

    assert line.sync().sent_events == 0


def test_what_was_packed_before_is_closed_and_named_in_a_later_batch(line: Line, hq: Hq) -> None:
    for first in (1, 4, 7, 10):
        line.write(packing(3, first=first))
        line.sync(batch_events=2)

    line.agrees_with(hq)


@pytest.mark.parametrize("killed_after", [1, 3, 6])
def test_hq_killed_while_it_receives_agrees_after_resuming(
    line: Line, hq: HqProcess, killed_after: int
) -> None:
    line.write(packing(400))
    seen = threading.Event()

    def kill() -> None:
        while hq.count_batches() < killed_after:
            pass
        hq.end(signal.SIGKILL)
        seen.set()

    killer = threading.Thread(target=kill)
    killer.start()
    report = line.sync(batch_events=25)
    killer.join()

    assert seen.is_set()
    assert report.retry
    assert report.behind > 0
    hq.start()
    assert line.sync().ok
    line.agrees_with(hq)


def test_a_lost_sync_db_is_made_anew_from_what_hq_says(line: Line, hq: Hq) -> None:
    line.write(packing(20))
    line.sync()
    line.outbox_path.unlink()

    report = line.sync()

    assert (report.ok, report.sent_events, report.behind) == (True, 0, 0)


def test_an_hq_restored_from_an_older_backup_is_sent_what_it_lacks(
    line: Line, hq: Hq, tmp_path: Path
) -> None:
    line.write(packing(10))
    line.sync()
    hq.end()
    shutil.copytree(hq.data_dir, tmp_path / "backup")
    hq.start()
    line.write(packing(10, first=11))
    line.sync()
    hq.end()
    shutil.rmtree(hq.data_dir)
    shutil.copytree(tmp_path / "backup", hq.data_dir)
    hq.start()

    assert line.sync().ok
    line.agrees_with(hq)


def test_a_ledger_restored_from_a_backup_raises_an_alarm_and_sends_nothing(
    line: Line, hq: Hq, tmp_path: Path
) -> None:
    line.write(packing(5))
    shutil.copy(line.ledger_path, tmp_path / "backup.db")
    line.write(packing(5, first=6))
    line.sync()
    held = hq.events()
    _restore(tmp_path / "backup.db", line.ledger_path)

    behind = line.sync()
    line.write(packing(9, first=20))
    diverged = line.sync()

    assert (behind.alarm, diverged.alarm) == (True, True)
    assert "restored from a backup or replaced" in str(line.status()["alarm"])
    assert held == hq.events()


def test_a_replaced_ledger_is_noticed_even_without_sync_db(
    line: Line, hq: Hq, tmp_path: Path
) -> None:
    line.write(packing(5))
    line.sync()
    held = hq.events()
    other = Line(tmp_path, hq.url, hq.token)
    other.write(packing(5, first=100))

    report = other.sync()

    assert (report.alarm, report.sent_events) == (True, 0)
    assert held == hq.events()


def test_the_alarm_ends_when_ledger_and_hq_agree_again(line: Line, hq: Hq, tmp_path: Path) -> None:
    line.write(packing(2))
    shutil.copy(line.ledger_path, tmp_path / "old.db")
    line.write(packing(2, first=3))
    line.sync()
    shutil.copy(line.ledger_path, tmp_path / "new.db")
    _restore(tmp_path / "old.db", line.ledger_path)
    assert line.sync().alarm

    _restore(tmp_path / "new.db", line.ledger_path)

    assert line.sync().ok
    assert None is line.status()["alarm"]


def test_a_body_that_was_altered_on_the_disk_is_put_aside_and_named(line: Line, hq: Hq) -> None:
    line.write(packing(30))
    connection = connect(line.ledger_path)
    connection.execute(
        "UPDATE journal SET body = replace(body, 'in-feed', 'out-feed') WHERE seq = 40"
    )
    connection.close()

    report = line.sync()

    assert (report.ok, report.quarantined_events) == (True, 1)
    [hole] = hq.get(f"/agents/{AGENT}")["holes"]
    assert (hole["from_seq"], hole["to_seq"]) == (40, 40)
    assert "hash of event 40" in hole["reason"]


def _restore(backup: Path, ledger: Path) -> None:
    for suffix in ("-wal", "-shm"):
        ledger.with_name(ledger.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, ledger)
