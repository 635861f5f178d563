"""Events that HQ does not take are put aside, shown on both sides, and hold nothing up."""

import json
import shutil
from pathlib import Path

from edge_agent.core.body import to_body
from tests.sync.rig import AGENT, AT, Hq, Line, packing

UNKNOWN = json.dumps({"kind": "teleported", "at": AT, "station": "in-feed"})


def test_one_bad_event_is_found_and_everything_behind_it_flows(line: Line, hq: Hq) -> None:
    line.write(packing(30))
    bad = len(line.rows()) + 1
    line.seed([UNKNOWN])
    line.seed([to_body(event) for event in packing(30, first=31)])

    report = line.sync()

    assert (report.ok, report.behind, report.quarantined_events) == (True, 0, 1)
    assert hq.events() == [row for row in line.rows() if row[0] != bad]
    [there] = hq.get(f"/agents/{AGENT}")["holes"]
    [here] = line.status()["quarantined"]
    assert (there["from_seq"], there["to_seq"]) == (here["from_seq"], here["to_seq"]) == (bad, bad)
    assert "teleported" in there["reason"]
    assert there["reason"] == here["reason"]


def test_several_bad_events_in_one_batch_are_each_found(line: Line, hq: Hq) -> None:
    good = [to_body(event) for event in packing(40)]
    line.seed([UNKNOWN, *good[:7], UNKNOWN, UNKNOWN, *good[7:], UNKNOWN])
    bad = [1, 9, 10, len(good) + 4]

    report = line.sync()

    assert report.ok
    assert [hole["from_seq"] for hole in hq.get(f"/agents/{AGENT}")["holes"]] == bad
    assert hq.events() == [row for row in line.rows() if row[0] not in bad]


def test_a_flood_of_bad_events_is_put_aside_in_whole_batches(line: Line, hq: Hq) -> None:
    line.seed([UNKNOWN] * 1_000)
    line.seed([to_body(event) for event in packing(50)])

    report = line.sync(batch_events=100)

    assert (report.ok, report.behind) == (True, 0)
    holes = hq.get(f"/agents/{AGENT}")["holes"]
    assert len(holes) < 60
    assert line.rows()[-1] == hq.events()[-1]


def test_an_hq_that_learned_takes_what_it_refused_and_mends_its_tree(line: Line, hq: Hq) -> None:
    hq.end()
    hq.start(body_bytes=300)  # too little for a closing, which lists its children
    line.write(packing(200, per_case=8))
    assert line.sync(batch_events=100).quarantined_events > 20
    hq.end()
    hq.start()

    report = line.sync(retry_quarantined=True)

    assert (report.ok, report.quarantined_events) == (True, 0)
    assert hq.get(f"/agents/{AGENT}")["holes"] == []
    line.agrees_with(hq)


def test_what_hq_still_refuses_stays_put_aside_and_the_rest_of_its_run_is_taken(
    line: Line, hq: Hq
) -> None:
    line.seed([UNKNOWN] * 40)
    line.seed([to_body(event) for event in packing(20)])
    line.seed([UNKNOWN])
    line.sync(batch_events=200)
    assert len(hq.events()) < len(packing(20))  # a whole run was put aside

    for _ in range(3):
        assert line.sync(retry_quarantined=True).ok

    assert hq.events() == [row for row in line.rows() if "teleported" not in row[1]]
    assert line.status()["quarantined"]


def test_an_event_over_the_size_cap_is_put_aside_alone(line: Line, hq: Hq) -> None:
    hq.end()
    hq.start(compressed_bytes=2_000)
    line.write(packing(300))
    line.seed([json.dumps({"kind": "resumed", "detail": _incompressible(5_000)})])
    line.seed([to_body(event) for event in packing(10, first=301)])

    report = line.sync()

    assert (report.ok, report.behind, report.quarantined_events) == (True, 0, 1)
    [hole] = hq.get(f"/agents/{AGENT}")["holes"]
    assert "too large" in hole["reason"]


def _incompressible(chars: int) -> str:
    value, text = 1, ""
    while len(text) < chars:
        value = value * 6_364_136_223_846_793_005 % 2**61
        text += f"{value:x}"
    return text[:chars]


def test_an_hq_restored_to_before_a_hole_gets_it_declared_again(
    line: Line, hq: Hq, tmp_path: Path
) -> None:
    line.write(packing(5))
    line.sync()
    hq.end()
    shutil.copytree(hq.data_dir, tmp_path / "backup")
    hq.start()
    line.seed([UNKNOWN, *(to_body(event) for event in packing(5, first=6))])
    line.sync()
    holes = hq.get(f"/agents/{AGENT}")["holes"]
    held = hq.events()
    hq.end()
    shutil.rmtree(hq.data_dir)
    shutil.copytree(tmp_path / "backup", hq.data_dir)
    hq.start()

    report = line.sync(retry_quarantined=True)

    assert (report.ok, report.behind, report.quarantined_events) == (True, 0, 1)
    assert [h["from_seq"] for h in hq.get(f"/agents/{AGENT}")["holes"]] == [holes[0]["from_seq"]]
    assert hq.events() == held
