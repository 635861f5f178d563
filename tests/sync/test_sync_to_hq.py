"""The whole way: a ledger file, one pass after another, and HQ as a process of its own."""

import signal

from rig import AGENT, Hq, Line, packing


def test_hq_holds_the_lines_journal_and_tree(line: Line, hq: Hq) -> None:
    line.write(packing(40))

    report = line.sync(batch_events=17)

    assert None is report.error
    assert report.behind == 0
    assert line.rows() == hq.events()
    assert line.tree() == [
        (n["key"], n["level"], n["state"], n["inside"], n["holds"]) for n in hq.tree()
    ]


def test_a_pass_with_nothing_new_sends_nothing(line: Line, hq: Hq) -> None:
    line.write(packing(3))
    line.sync()

    assert line.sync().sent_events == 0


def test_hq_killed_between_batches_resumes_where_it_stood(line: Line, hq: Hq) -> None:
    line.write(packing(20))
    line.sync()
    line.write(packing(20, first=21))
    hq.end(signal.SIGKILL)

    report = line.sync()

    assert report.retry
    hq.start()
    assert None is line.sync().error
    assert line.rows() == hq.events()
    assert line.rows()[-1][0] == hq.get(f"/agents/{AGENT}")["cursor"]
