"""The recorder beside a line that goes on whatever happens to it."""

from pathlib import Path

import pytest

from edge_agent.core.names import StationName
from edge_agent.recorder.flight import RETRY_US, WAITING_LIMIT
from edge_agent.recorder.form import Recorded, Refused, Words
from edge_agent.recorder.reader import RecordingError, Torn, lines
from edge_agent.recorder.ring import segments
from tests.recorder.rig import BENCH, Rig, differing, heads, inputs, replayed, rig


def scan(line: Rig, number: int) -> None:
    line.now_us += 300_000
    line.read(BENCH, f"unit-{number}")
    line.turn()


def test_what_a_slow_disk_cannot_take_is_counted_and_the_recording_goes_on_after_the_gap(
    tmp_path: Path,
) -> None:
    with rig(tmp_path) as line:
        scan(line, 1)
        for _ in range(WAITING_LIMIT + 100):  # nothing is written meanwhile
            line.tick()
            line.engine.turn()
        lost = line.recorder.facts()["lost"]
        assert 0 < lost <= 101
        while line.recorder.facts()["waiting"]:
            line.recorder.write()
        line.tick()
        line.turn()  # lost, too; but from now on there is room
        scan(line, 2)
    steps = replayed(segments(line.flight))
    first, second = heads(steps)
    assert (second.lost, second.follows, second.why) == (lost + 1, False, "the disk is too slow")
    assert first.lost == 0
    assert line.given == len(inputs(steps)) + second.lost
    assert differing(steps) == []


def test_a_disk_that_fails_stops_the_recorder_which_begins_anew_when_it_can(
    tmp_path: Path,
) -> None:
    with rig(tmp_path) as line:
        line.flight.write_text("a file where the directory must be")
        scan(line, 1)
        while line.recorder.facts()["stopped"] is None:
            line.recorder.write()
        assert "File exists" in line.recorder.facts()["stopped"]
        scan(line, 2)
        assert line.engine.state.tally["commissioned"] == 2
        line.flight.unlink()
        scan(line, 3)
        assert not line.flight.exists()  # not tried again at once
        line.now_us += RETRY_US
        scan(line, 4)
        scan(line, 5)
        while line.recorder.facts()["stopped"]:
            line.recorder.write()
    steps = replayed(segments(line.flight))
    (head,) = heads(steps)
    assert head.lost == line.given - 1 + 1  # all but the last scan; and the first head
    assert [s.line.given.text for s in inputs(steps)] == ["unit-5"]  # type: ignore[union-attr]
    assert differing(steps) == []


def test_what_the_recorder_cannot_write_down_stops_it_and_not_the_line(tmp_path: Path) -> None:
    with rig(tmp_path) as line:
        scan(line, 1)
        line.recorder.words(BENCH, "status", (object(),))  # type: ignore[arg-type]
        while not line.recorder.facts()["stopped"]:
            line.recorder.write()
        assert "unable to serialize" in line.recorder.facts()["stopped"].lower()
        scan(line, 2)
        assert line.recorder.facts()["stopped"]
        assert line.engine.state.tally["commissioned"] == 2
        line.now_us += RETRY_US
        scan(line, 3)
        scan(line, 4)
    *_, head = heads(steps := replayed(segments(line.flight)))
    assert head.lost > 0
    assert differing(steps) == []


def test_a_halted_line_is_recorded_as_one_and_the_replay_goes_on_where_it_resumed(
    tmp_path: Path,
) -> None:
    with rig(tmp_path) as line:
        scan(line, 1)
        line.allow_ledger_pages(1)
        number = 2
        while line.engine.facts()["halted"] is None:
            scan(line, number)
            number += 1
            assert number < 1_000, "the ledger never filled"
        line.allow_ledger_pages(1_000_000)
        scan(line, 1)  # refused, too: it is not time to look whether there is room
        line.now_us += RETRY_US
        scan(line, number)
        scan(line, 1)
    steps = replayed(segments(line.flight))
    _, halted, resumed = heads(steps)
    assert halted.why.startswith("the line halted: ")
    assert resumed.why == "the line resumed"
    assert not halted.follows
    assert not resumed.follows
    refused = [s.line.given.text for s in steps if isinstance(s.line, Refused)]  # type: ignore[union-attr]
    assert refused == [f"unit-{number - 1}", "unit-1"]
    assert differing(steps) == []
    decided = inputs(steps)
    assert decided[-1].now_events[0]["reason"] == "ALREADY_PACKED"
    assert len(decided) == line.given - len(refused)


def test_a_file_without_its_end_is_replayed_to_there_and_said_so(tmp_path: Path) -> None:
    with rig(tmp_path) as line:
        for number in range(3):
            scan(line, number)
    (path,) = segments(line.flight)
    whole = path.read_bytes()
    for cut in (1, 40, 400):
        path.write_bytes(whole[:-cut])
        steps = replayed([path])
        (torn,) = (s.line for s in steps if isinstance(s.line, Torn))
        assert torn.size < 2_000
        assert len(inputs(steps)) == 2
        assert differing(steps) == []


def test_a_line_that_is_wrong_in_the_middle_is_refused_by_file_and_number(tmp_path: Path) -> None:
    with rig(tmp_path) as line:
        for number in range(3):
            scan(line, number)
    (path,) = segments(line.flight)
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:2], b"garbage\n", *rows[2:]]))
    with pytest.raises(RecordingError, match=r"flight-00000001\.jsonl:3: is no line"):
        replayed([path])
    path.write_bytes(b"".join(rows[1:]))
    with pytest.raises(RecordingError, match=r":1: expected a head"):
        list(lines(path))


def test_inputs_on_which_the_line_failed_are_kept_for_whoever_looks_for_the_reason(
    tmp_path: Path,
) -> None:
    line = Rig(tmp_path, 4_000_000, 8)
    scan(line, 1)
    line.read(BENCH, "unit-2")
    line.read(StationName("nowhere"), "unit-3")
    with pytest.raises(KeyError):
        line.turn()
    line.close()
    undecided = [each for each in lines(segments(line.flight)[0]) if isinstance(each, Refused)]
    assert [each.given.text for each in undecided] == ["unit-2", "unit-3"]  # type: ignore[union-attr]


def test_words_stand_after_the_decision_they_follow_from(tmp_path: Path) -> None:
    with rig(tmp_path) as line:
        line.arm()
        line.item_comes("unit-1")
    judged = [
        "words" if isinstance(each, Words) else "decision"
        for each in lines(segments(line.flight)[0])
        if isinstance(each, Words)
        or (isinstance(each, Recorded) and any(e["effect"] == "Judge" for e in each.effects))
    ]
    assert judged == ["decision", "words"]


def test_each_start_makes_a_file_of_its_own(tmp_path: Path) -> None:
    with rig(tmp_path) as line:
        scan(line, 1)
    (tmp_path / "ledger.db").unlink()
    with rig(tmp_path) as line:
        scan(line, 1)
    steps = replayed(segments(line.flight))
    assert [(head.why, head.follows) for head in heads(steps)] == [("start", False)] * 2
    assert differing(steps) == []
