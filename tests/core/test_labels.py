"""Labels: numbers, what became of each label, and whose was scanned."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core import labelling, labels
from edge_agent.core.body import from_body, to_body
from edge_agent.core.codes import CodeKind, Form, parse
from edge_agent.core.commands import Command
from edge_agent.core.effects import Print, Show, Tone
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    LabelQueued,
    LabelVerified,
    Move,
    Opened,
    Packed,
    Place,
    Reworked,
)
from edge_agent.core.inputs import PrinterWord
from edge_agent.core.labels import Fate, LabelPlan, Labels
from edge_agent.core.names import CodeKey, ContainerId, Instant, JobId, LevelName, StationName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.past import Past
from edge_agent.core.record import Decision, LinePlan, Record
from edge_agent.core.saying import Saying
from edge_agent.core.sscc import SsccRange, key_of
from edge_agent.core.state import LineState
from edge_agent.core.states import State

UNIT, CASE, PALLET = LevelName("unit"), LevelName("case"), LevelName("pallet")
BENCH, OTHER = StationName("bench"), StationName("other")
NOW = Instant(1_000_000, 1_000_000)
AT = NOW.isoformat()


class Desk:
    """A line that has nothing but labels."""

    def __init__(self, sscc: SsccRange | None = None, copies: int = 1) -> None:
        case = LabelPlan("case", "zebra", sscc or SsccRange("6971234", 0, 1, 9), copies=copies)
        pallet = LabelPlan("pallet", "zebra", SsccRange("6971234", 1, 1, 9))
        levels = (
            LevelPlan(UNIT),
            LevelPlan(CASE, 2, label=case),
            LevelPlan(PALLET, 2, label=pallet),
        )
        self.past = Past()
        self.record = Record(LinePlan(levels, (), {}), LineState(levels), self.past)
        self.events: list[Event] = []

    @property
    def labels(self) -> Labels:
        return self.record.state.labels

    def _take(self) -> list[Any]:
        decision, self.record.decision = self.record.decision, Decision()
        for event in decision.events:
            # As the ledger would have it.
            assert from_body(to_body(event)) == event
            self.past.append(event)
        self.events += decision.events
        return decision.effects

    def queue(
        self,
        container: int,
        level: LevelName = CASE,
        station: StationName = BENCH,
        key: CodeKey | None = None,
        **fields: str,
    ) -> tuple[JobId | Saying, list[Print]]:
        job = labelling.queue(
            self.record, station, NOW, level, ContainerId(container), fields, None, key
        )
        return job, self._take()

    def say(self, job: JobId, failure: str = "") -> list[Show]:
        labelling.word(self.record, PrinterWord(NOW, BENCH, job, failure))
        return self._take()

    def emit(self, event: Event) -> None:
        self.record.emit(event)
        self._take()

    def pack(
        self, key: CodeKey, level: LevelName, container: int, container_level: LevelName
    ) -> None:
        if self.past.find(key) is None:
            self.emit(Commissioned(at=AT, station=BENCH, key=key, level=level, text=key))
        self.emit(
            Packed(
                at=AT,
                station=BENCH,
                key=key,
                level=level,
                container=ContainerId(container),
                container_level=container_level,
            )
        )

    def close(
        self,
        container: int,
        key: CodeKey,
        children: tuple[str, ...] = (),
        level: LevelName = CASE,
    ) -> None:
        self.emit(Commissioned(at=AT, station=BENCH, key=key, level=level, text=key))
        self.emit(
            Closed(
                at=AT,
                station=BENCH,
                key=key,
                level=level,
                container=ContainerId(container),
                children=tuple(map(CodeKey, children)),
            )
        )

    def repair(self, container: int) -> None:
        """Something is taken out of it."""
        move = Move(
            CodeKey("plain:unit-1"),
            UNIT,
            Place(State.PACKED, ContainerId(container)),
            Place(State.ACTIVE),
        )
        self.emit(
            Reworked(
                at=AT,
                station=BENCH,
                operation=Command.REMOVE,
                by=None,
                why="damaged",
                moves=(move,),
            )
        )

    def reprint(self, key: CodeKey) -> tuple[Saying | None, list[Print]]:
        refusal = labelling.reprint(self.record, BENCH, NOW, key, None, "torn")
        return refusal, self._take()


def printed(desk: Desk, container: int, **where: Any) -> CodeKey:
    """A label is queued and comes out; its code."""
    job, (effect,) = desk.queue(container, **where)
    assert not isinstance(job, Saying)
    desk.say(job)
    return effect.key


# --- numbers -------------------------------------------------------------------------------


@given(st.integers(0, 9), st.integers(4, 12), st.data())
def test_an_sscc_is_read_back_as_its_code(extension: int, digits: int, data: st.DataObject) -> None:
    prefix = data.draw(st.text("0123456789", min_size=digits, max_size=digits))
    number = data.draw(st.integers(0, 10 ** (16 - digits) - 1))
    sscc = SsccRange(prefix, extension, 0, number).sscc(number)
    assert len(sscc) == 18
    form = Form(CASE, CodeKind.GS1, requires=("00",))
    assert parse(f"00{sscc}", [form]).key == key_of(sscc)


def test_the_check_digit_is_that_of_the_gs1_example() -> None:
    # GS1 General Specifications, 7.9.1: 37610425002123456 has check digit 9.
    assert SsccRange("7610425", 3, 0, 999_999_999).sscc(2_123_456) == "376104250021234569"


def test_the_event_has_the_number_before_the_printer_has_the_label() -> None:
    desk = Desk()
    job, (effect,) = desk.queue(1, count="10")
    (queued,) = desk.events
    assert isinstance(queued, LabelQueued)
    assert (queued.job, queued.range, queued.number) == (job, "0 6971234", 1)
    assert (effect.job, effect.key) == (job, queued.key)
    assert effect.fields["sscc"] == queued.key.removeprefix("00")
    assert effect.fields["count"] == "10"
    assert effect.fields["mark"] == ""


def test_a_used_up_range_is_said_and_never_begun_anew() -> None:
    desk = Desk(SsccRange("6971234", 0, 7, 8))
    assert [desk.queue(n)[0] for n in (1, 2)] == [1, 2]
    for _ in range(2):
        refusal, effects = desk.queue(3)
        assert isinstance(refusal, Saying)
        assert "7 to 8 of 6971234" in str(refusal)
        assert not effects
    assert len(desk.events) == 2


def test_a_range_that_was_changed_goes_on_behind_what_was_taken() -> None:
    desk = Desk(SsccRange("6971234", 0, 5, 9))
    desk.queue(1)
    again = Desk(SsccRange("6971234", 0, 1, 99))
    for event in desk.events:
        again.emit(event)
    again.queue(2)
    queued = again.events[-1]
    assert isinstance(queued, LabelQueued)
    assert queued.number == 6


def test_a_number_that_a_label_from_a_roll_had_is_passed_over() -> None:
    desk = Desk()
    used = key_of(SsccRange("6971234", 0, 1, 9).sscc(1))
    desk.close(77, used)
    _, (effect,) = desk.queue(1)
    assert effect.key == key_of(SsccRange("6971234", 0, 1, 9).sscc(2))


def test_each_level_counts_its_own_range() -> None:
    desk = Desk()
    numbers = [desk.queue(1)[1][0].key, desk.queue(2, level=PALLET)[1][0].key]
    assert [key[2] for key in numbers] == ["0", "1"]
    assert desk.labels.next_number == {"0 6971234": 2, "1 6971234": 2}


def test_a_container_that_has_its_code_gets_a_label_with_it() -> None:
    desk = Desk()
    _, (effect,) = desk.queue(1, key=CodeKey("plain:case-1"))
    assert (effect.key, effect.fields["sscc"]) == ("plain:case-1", "")
    assert desk.labels.next_number == {}


def test_a_pallet_counts_its_cases_and_what_lies_in_them() -> None:
    """GS1's (37) counts the trade items that (02) names, not the cases around them."""
    desk = Desk()
    cases = [CodeKey("plain:case-1"), CodeKey("plain:case-2")]
    unit = 0
    for number, case in enumerate(cases, start=1):
        for _ in range(3):
            unit += 1
            desk.pack(CodeKey(f"plain:unit-{unit}"), UNIT, number, CASE)
        desk.close(number, case)
    for case in cases:
        desk.pack(case, CASE, 9, PALLET)
    _, (effect,) = desk.queue(9, level=PALLET, count="2")
    assert (effect.fields["count"], effect.fields["units"]) == ("2", "6")
    desk.say(effect.job)
    desk.labels.jobs.clear()
    desk.close(9, effect.key, tuple(cases), level=PALLET)
    _, (again,) = desk.reprint(effect.key)
    assert (again.fields["count"], again.fields["units"]) == ("2", "6")


# --- what became of it ---------------------------------------------------------------------


def test_the_printers_word_is_recorded_once() -> None:
    desk = Desk()
    job, _ = desk.queue(1)
    assert not isinstance(job, Saying)
    desk.say(job)
    desk.say(job, "silent")
    assert [event.kind for event in desk.events] == ["label_queued", "label_printed"]
    assert desk.labels.jobs[job].fate is Fate.PRINTED


def test_a_failed_label_is_told_with_the_fault_and_the_mend() -> None:
    desk = Desk()
    job, _ = desk.queue(1)
    assert not isinstance(job, Saying)
    (show,) = desk.say(job, "media-out")
    assert show.tone is Tone.BAD
    assert "REPRINT" in str(show.saying)
    assert [str(culprit) for culprit in show.culprits] == [str(labels.FAULTS["media-out"])]


def test_a_label_that_failed_is_still_the_right_one_where_it_came_out() -> None:
    desk = Desk()
    job, (effect,) = desk.queue(1)
    assert not isinstance(job, Saying)
    desk.say(job, "broken")
    assert labels.match(desk.labels, CASE, effect.key).is_right


def test_a_reprint_says_the_same_is_counted_and_marked() -> None:
    desk = Desk()
    first, (effect,) = desk.queue(1, product="纸巾")
    refusal, _ = desk.reprint(effect.key)
    assert refusal is not None
    assert "being printed" in str(refusal)
    assert not isinstance(first, Saying)
    desk.say(first, "silent")
    for copy in (2, 3):
        refusal, (again,) = desk.reprint(effect.key)
        assert refusal is None
        assert (again.key, again.copy) == (effect.key, copy)
        assert again.fields["mark"] == f"补打 REPRINT {copy}"
        assert again.fields["product"] == "纸巾"
        queued = desk.events[-1]
        assert isinstance(queued, LabelQueued)
        assert (queued.reprint_of, queued.number, queued.why) == (again.job - 1, None, "torn")
        desk.say(again.job)
    assert desk.labels.jobs[first].fate is Fate.SUPERSEDED
    assert labels.match(desk.labels, CASE, effect.key).is_right


def test_a_container_that_was_opened_again_gets_a_marked_label_and_waits_for_it() -> None:
    desk = Desk()
    key = printed(desk, 1)
    desk.close(1, key)
    desk.emit(
        Opened(
            at=AT,
            station=BENCH,
            key=key,
            level=CASE,
            container=ContainerId(1),
            bench=BENCH,
            reopened=True,
            children=(),
        )
    )
    assert desk.labels.expected(CASE) is None
    refusal, _ = desk.reprint(key)
    assert refusal is not None
    assert "when it is closed" in str(refusal)
    job, (effect,) = desk.queue(1, key=key)
    assert (effect.copy, effect.fields["mark"]) == (2, "补打 REPRINT 2")
    assert not isinstance(job, Saying)
    desk.say(job)
    due = desk.labels.expected(CASE)
    assert due is not None
    assert (due.id, due.key) == (job, key)


def test_a_label_that_nobody_waits_for_any_more_is_still_recorded() -> None:
    desk = Desk()
    job, (effect,) = desk.queue(1)
    assert not isinstance(job, Saying)
    desk.repair(1)
    assert [each.id for each in desk.labels.under_way()] == [job]
    assert not desk.say(job, "silent")
    assert desk.events[-1].kind == "label_failed"
    assert desk.labels.under_way() == []
    assert not labels.match(desk.labels, CASE, effect.key).is_right


def test_copies_say_that_they_are_copies() -> None:
    desk = Desk(copies=2)
    _, effects = desk.queue(1)
    assert [(effect.copy, effect.fields["mark"]) for effect in effects] == [
        (1, ""),
        (2, "副本 COPY 2"),
    ]
    assert len({effect.key for effect in effects}) == 1


def test_a_label_that_is_not_remembered_says_what_the_ledger_knows() -> None:
    desk = Desk()
    key = printed(desk, 1)
    desk.close(1, key)
    desk.labels.jobs.clear()
    refusal, (again,) = desk.reprint(key)
    assert refusal is None
    assert (again.key, again.template, again.copy) == (key, "case", 2)
    assert again.fields["mark"] == "补打 REPRINT 2"
    desk.say(again.job)
    assert desk.labels.expected(CASE) is None, "its container is closed"


def test_what_never_had_a_label_has_no_reprint() -> None:
    desk = Desk()
    refusal, effects = desk.reprint(CodeKey("plain:nothing"))
    assert refusal is not None
    assert "plain:nothing" in str(refusal)
    assert not effects


# --- whose label was scanned ---------------------------------------------------------------


def test_labels_that_are_one_off_are_known_by_the_first_of_them() -> None:
    """The printer printed the label before once more: it lies on the next container."""
    desk = Desk()
    first = printed(desk, 1)
    desk.emit(LabelVerified(at=AT, station=BENCH, job=JobId(1), key=first))
    desk.close(1, first)
    second, third = printed(desk, 2), printed(desk, 3)
    match = labels.match(desk.labels, CASE, first, BENCH)
    assert not match.is_right
    assert match.job is not None
    assert match.due is not None
    assert (match.job.container, match.due.container) == (1, 2)
    assert match.due.key == second
    shifted = labels.match(desk.labels, CASE, third, BENCH)
    assert shifted.job is not None
    assert (shifted.is_right, shifted.job.container) == (False, 3)
    assert labels.match(desk.labels, CASE, second, BENCH).is_right


def test_each_bench_waits_for_its_own_label() -> None:
    desk = Desk()
    mine, others = printed(desk, 1), printed(desk, 2, station=OTHER)
    assert labels.match(desk.labels, CASE, others, OTHER).is_right
    assert not labels.match(desk.labels, CASE, mine, OTHER).is_right
    due = desk.labels.expected(CASE)
    assert due is not None
    assert due.key == mine


def test_a_code_that_is_on_no_label_matches_none() -> None:
    desk = Desk()
    printed(desk, 1)
    match = labels.match(desk.labels, CASE, CodeKey("plain:case-9"))
    assert match.job is None
    assert not match.is_right


def test_a_label_counts_no_more_when_its_container_was_repaired() -> None:
    desk = Desk()
    key = printed(desk, 1)
    desk.repair(1)
    assert desk.labels.of(ContainerId(1)) is None
    assert desk.labels.expected(CASE) is None
    assert not labels.match(desk.labels, CASE, key).is_right


# --- memory --------------------------------------------------------------------------------


def test_a_state_read_back_is_the_same() -> None:
    desk = Desk(copies=2)
    printed_key = desk.queue(1, product="x")[1][0].key
    desk.close(1, printed_key)
    desk.queue(2)
    saved = desk.labels.to_json()
    assert Labels.from_json(saved).to_json() == saved
    folded = Labels()
    for event in desk.events:
        folded.apply(event)
    assert folded.to_json() == saved


def test_only_so_many_labels_of_closed_containers_are_remembered() -> None:
    desk = Desk(SsccRange("6971234", 0, 1, 9_999))
    waiting = printed(desk, 9_999)
    for container in range(1, labels.KEPT + 50):
        desk.close(container, printed(desk, container))
    assert len(desk.labels.jobs) == labels.KEPT + 1
    assert labels.match(desk.labels, CASE, waiting).is_right


@pytest.mark.parametrize("failure", ["", "silent"])
def test_a_label_under_way_is_known_until_the_printer_has_spoken(failure: str) -> None:
    desk = Desk()
    job, _ = desk.queue(1)
    assert [each.id for each in desk.labels.under_way()] == [job]
    assert not isinstance(job, Saying)
    desk.say(job, failure)
    assert desk.labels.under_way() == []
