"""A recording replayed: the same decisions, or a list of those that are not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge_agent.config_file import config_of
from edge_agent.core.effects import Judge
from edge_agent.core.events import Condition
from edge_agent.core.inputs import Input, Outcome, Read
from edge_agent.core.line import Line
from edge_agent.core.record import Decision
from edge_agent.recorder.form import Recorded
from edge_agent.recorder.reader import RecordingError
from edge_agent.recorder.ring import segments
from tests.recorder.rig import BENCH, INFEED, Rig, differing, heads, inputs, raw, replayed, rig

UNITS = st.integers(1, 12).map("unit-{}".format)
CASES = st.integers(1, 5).map("case-{}".format)
ANSWERS = st.one_of(UNITS, UNITS, UNITS, CASES, st.none(), st.text(max_size=4))
STEPS = st.one_of(
    st.tuples(st.just("item"), UNITS),
    st.tuples(st.just("item"), UNITS),
    st.tuples(st.just("late"), UNITS),
    st.tuples(st.just("poll"), st.integers(0, 2)),
    st.tuples(st.just("read"), st.sampled_from([INFEED, BENCH]), ANSWERS),
    st.tuples(st.just("tick")),
    st.tuples(st.just("arm"), st.booleans()),
    st.tuples(st.just("lose")),
    st.tuples(st.just("report"), st.integers(0, 4), st.sampled_from(list(Outcome))),
    st.tuples(st.just("strays")),
    st.tuples(st.just("conditions"), st.sets(st.sampled_from(list(Condition)))),
    st.tuples(st.just("release")),
    st.tuples(st.just("flood"), UNITS),
    st.tuples(st.just("turn")),
)


def perform(line: Rig, step: tuple[object, ...], later_us: int) -> None:
    line.now_us += later_us
    match step:
        case ("item", str(text)):
            line.item_comes(text)
        case ("late", str(text)):
            line.late_answer(text)
        case ("poll", int(items)):
            line.poll(items)
        case ("read", station, text):
            line.read(station, text)
        case ("arm", restarted):
            line.boot += bool(restarted)
            line.arm()
        case ("report", int(back), outcome):
            line.report(back, outcome)
        case ("conditions", on):
            line.conditions(*on)
        case ("flood", str(text)):
            for _ in range(20):
                line.read(INFEED, text)
        case ("turn",):
            line.turn()
        case (str(name),):
            getattr(line, name)()


A_FILE_EACH_TURN = 1_000_000_000


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(STEPS, st.integers(1, 40_000)), min_size=20, max_size=100),
    st.sampled_from([8, A_FILE_EACH_TURN]),
)
# The belt was given up with an item counted that nobody had judged yet; then the PLC restarts.
@example(
    [(("poll", 1), 1), (("flood", "unit-1"), 1), (("item", "unit-2"), 1), (("arm", True), 1)],
    A_FILE_EACH_TURN,
)
def test_a_replay_decides_the_same_from_whichever_file_it_begins(
    steps: list[tuple[tuple[object, ...], int]], parts: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        with rig(Path(directory), 4_000_000 if parts > 8 else 120_000, parts) as line:
            line.arm()
            for step, later_us in steps:
                perform(line, step, later_us)
                line.turn()
        files = segments(line.flight)
        assert not line.recorder.facts()["lost"]
        for path in files:
            assert differing(replayed([path])) == []
        for first in (0, len(files) // 2):
            steps_now = replayed(files[first:])
            assert differing(steps_now) == []
            numbers = [s.line.n for s in inputs(steps_now)]
            assert numbers == list(range(heads(steps_now)[0].n, line.given))
            assert all(head.follows for head in heads(steps_now)[1:])


def recorded_line(directory: Path) -> Rig:
    """Five good units at the gate, one of them read twice; three units and a case by hand."""
    with rig(directory) as line:
        line.arm()
        line.turn()
        for number in (1, 2, 3, 2, 4):
            line.item_comes(f"unit-{number}")
        for text in ("unit-21", "unit-22", "case-1", "unit-23", "case-2"):
            line.now_us += 1_000_000
            line.read(BENCH, text)
            line.turn()
    return line


def test_another_configuration_lists_just_the_decisions_it_would_change(tmp_path: Path) -> None:
    line = recorded_line(tmp_path)
    other = raw()
    other["levels"][0]["codes"][0]["pattern"] = r"(?P<serial>unit-[13-9])"
    steps = replayed(segments(line.flight), config_of(other, Path("other.toml")))
    changed = [s.line.given for s in differing(steps) if isinstance(s.line, Recorded)]
    # Both of unit-2, accepted or not, and what was read by hand, were no units.
    texts = [given.text for given in changed if isinstance(given, Read)]
    assert texts == ["unit-2", "unit-2", "unit-21", "unit-22", "unit-23"]
    assert {e["reason"] for s in differing(steps) for e in s.now_events} == {"MALFORMED"}
    assert len(changed) == len(texts)


def test_a_shorter_window_shows_which_items_it_would_have_cost(tmp_path: Path) -> None:
    line = recorded_line(tmp_path)
    other = raw()
    other["stations"][0]["gate"]["read_window_ms"] = 1
    steps = replayed(segments(line.flight), config_of(other, Path("other.toml")))
    now = {(e["item"], e["reason"]) for s in differing(steps) for e in s.now_events if "item" in e}
    assert now == {(item, "UNREAD") for item in range(101, 106)}


def test_what_the_recording_itself_has_seen_is_known_though_nobody_asked_then(
    tmp_path: Path,
) -> None:
    with rig(tmp_path) as line:
        line.read(BENCH, "unit-1")
        line.turn()
        line.now_us += 10_000
        line.read(BENCH, "unit-1")  # too soon to be asked for: the same scan
        line.turn()
    other = raw()
    other["stations"][1]["reread_ms"] = 0
    steps = replayed(segments(line.flight), config_of(other, Path("other.toml")))
    (step,) = differing(steps)
    assert step.now_events[0]["reason"] == "ALREADY_PACKED"
    assert step.now_events[0]["first"]["seq"] == 1


class Careless(Line):
    """A bug: every third item gets a PASS whatever was read."""

    def decide(self, given: Input) -> Decision:
        decision = super().decide(given)
        decision.effects = [
            Judge(e.station, e.item, None, e.received_us)
            if isinstance(e, Judge) and e.item % 3 == 2
            else e
            for e in decision.effects
        ]
        return decision


def test_a_bug_that_came_into_the_code_since_is_found(tmp_path: Path) -> None:
    line = recorded_line(tmp_path)
    assert differing(replayed(segments(line.flight))) == []
    (step,) = differing(replayed(segments(line.flight), line_type=Careless))
    assert isinstance(step.line, Recorded)
    assert (step.line.effects[0]["item"], step.line.effects[0]["reason"]) == (104, "DUPLICATE")
    assert (step.now_effects[0]["item"], step.now_effects[0]["reason"]) == (104, None)


def test_a_crash_of_todays_code_names_the_input(tmp_path: Path) -> None:
    class Broken(Line):
        def decide(self, given: Input) -> Decision:
            if isinstance(given, Read) and given.text == "case-1":
                raise ZeroDivisionError
            return super().decide(given)

    line = recorded_line(tmp_path)
    with pytest.raises(ZeroDivisionError) as caught:
        replayed(segments(line.flight), line_type=Broken)
    assert "case-1" in caught.value.__notes__[0]


def test_a_configuration_without_a_recorded_station_or_its_gate_is_refused(tmp_path: Path) -> None:
    line = recorded_line(tmp_path)
    other = raw()
    del other["stations"][0]["gate"]
    other["stations"][1]["name"] = "table"
    with pytest.raises(RecordingError) as caught:
        replayed(segments(line.flight), config_of(other, Path("other.toml")))
    assert "station infeed has a gate in the recording" in str(caught.value)
    assert "station bench is in the recording, not in the configuration" in str(caught.value)
