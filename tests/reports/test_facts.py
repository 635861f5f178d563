"""What a report counts, from events whose sums are known."""

from dataclasses import fields
from pathlib import Path

from edge_agent.config import LineConfig
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Armed,
    Closed,
    Commissioned,
    Disarmed,
    Event,
    LabelPrinted,
    Opened,
    Passed,
    Reason,
    Rejected,
    StopCause,
)
from edge_agent.core.laws import Counts, laws_of
from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, JobId, PersonId
from edge_agent.core.people import Role
from edge_agent.reports.facts import DISTINCT, OUT_OF_TOUCH, Facts
from edge_agent.reports.make import collect
from edge_agent.reports.sheet import Sheet, seconds
from edge_agent.reports.vocabulary import COUNTS, LAWS, STOPS
from tests.reports.ledgers import (
    BENCH,
    CASE,
    INFEED,
    UNIT,
    busy_shift,
    ejecting,
    ended,
    later,
    line_of,
    passing,
    released,
    repaired,
    signed_in,
    stopped,
    write,
)
from tests.sync.rig import every_kind

MORNING = "2026-11-22T00:00:00.000Z"
EVENING = later(MORNING, 12 * 3600)
SHIFT = "2026-11-22/08:00"


def at(hours: float) -> str:
    return later(MORNING, hours * 3600)


def of(
    tmp_path: Path, events: list[Event], now: str = at(13), config: LineConfig | None = None
) -> Sheet:
    config = config or line_of(tmp_path)
    write(config, events)
    return collect(config, SHIFT, "", now)


def test_a_gate_counts_what_it_did_and_a_bench_what_it_refused(tmp_path: Path) -> None:
    refused = Rejected(at=at(2), station=BENCH, reason=Reason.DUPLICATE, detail="")
    escaped = Passed(at=at(3), station=INFEED, item=ItemNumber(9), key=None)
    loose = Commissioned(at=at(3), station=BENCH, key=CodeKey("k"), level=UNIT, text="k")
    facts = of(
        tmp_path,
        [*passing(at(1), 1), *ejecting(at(1), 2, Reason.UNREAD),
         *ejecting(at(1), 3, Reason.DUPLICATE), refused, escaped, loose],
    ).facts  # fmt: skip
    assert (facts.accepted_total, facts.rejected_total, facts.refused_total) == (2, 2, 1)
    assert facts.by_reason() == {Reason.DUPLICATE: (1, 1), Reason.UNREAD: (1, 0)}
    assert facts.escaped == 1


def test_a_case_that_was_opened_again_is_not_closed_twice(tmp_path: Path) -> None:
    key, case = CodeKey("(00)1"), ContainerId(1)
    closed = Closed(at=at(1), station=BENCH, key=key, level=CASE, container=case, children=())
    opened = Opened(
        at=at(1), station=BENCH, key=key, level=CASE, container=case, bench=BENCH, reopened=True,
        children=(),
    )  # fmt: skip
    assert of(tmp_path, [closed, opened, closed]).facts.closed[CASE] == 1


def test_stops_are_told_with_cause_and_length_also_over_both_ends(tmp_path: Path) -> None:
    sheet = of(
        tmp_path,
        [stopped(at(-0.5), StopCause.AIR_LOW), released(at(0.25)),
         stopped(at(2), StopCause.BIN_FULL), *passing(at(2.1), 1), released(at(2.5)),
         Disarmed(at=at(4), station=INFEED, detail=""),
         Armed(at=at(4.1), station=INFEED, last_item=ItemNumber(1), boot=1, detail=""),
         stopped(at(11), StopCause.ESCAPED), released(at(12.5))],
    )  # fmt: skip
    assert [(stop.cause, seconds(sheet, stop)) for stop in sheet.facts.stops] == [
        (StopCause.AIR_LOW, 900),
        (StopCause.BIN_FULL, 1800),
        (OUT_OF_TOUCH, 360),
        (StopCause.ESCAPED, 3600),
    ]
    assert sheet.facts.stops[0].since == "" == sheet.facts.stops[-1].until


def test_a_shift_has_its_own_account_though_it_is_closed_after_its_end(tmp_path: Path) -> None:
    before, own = ended(at(0), "2026-11-21/20:00", 5), ended(at(12), SHIFT, 2)
    sheet = of(tmp_path, [before, *passing(at(1), 1), own, *passing(at(12.1), 2)])
    assert [(each.shift, each.differences) for each in sheet.facts.accounts] == [(SHIFT, 2)]


def test_repairs_are_counted_by_who_and_codes_that_ended_by_why(tmp_path: Path) -> None:
    key, one, two = CodeKey("k"), PersonId("p1"), PersonId("p2")
    facts = of(
        tmp_path,
        [repaired(at(1), Command.UNDO, one, key), repaired(at(1), Command.UNDO, one, key),
         repaired(at(1), Command.DECOMMISSION, two, key, "stolen")],
    ).facts  # fmt: skip
    assert facts.reworks == {(Command.UNDO, one): 2, (Command.DECOMMISSION, two): 1}
    assert facts.decommissioned == {"stolen": 1}


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    facts = of(tmp_path, [*passing(at(2), 1), *passing(at(1), 2)], config=config).facts
    assert facts.clock_set_back == at(1)
    other = tmp_path / "other"
    other.mkdir()
    assert not of(other, [*passing(at(1), 1), *passing(at(2), 2)]).facts.clock_set_back


def test_however_many_people_there_are_memory_is_bounded() -> None:
    facts = Facts(UNIT)
    for number in range(DISTINCT + 50):
        person = PersonId(f"p{number}")
        facts.apply(signed_in(MORNING, BENCH, person, "x", Role.OPERATOR))
        facts.apply(repaired(MORNING, Command.UNDO, person, CodeKey("k")))
        facts.apply(stopped(MORNING, StopCause.AIR_LOW))
        facts.apply(released(MORNING))
    assert len(facts.people) == DISTINCT
    assert len(facts.reworks) == DISTINCT + 1
    assert facts.reworks.total() == DISTINCT + 50
    assert len(facts.stops) + facts.stops_unlisted == DISTINCT + 50


def test_a_whole_shift_adds_up(tmp_path: Path) -> None:
    events = list(busy_shift(MORNING, hours=2))
    facts = of(tmp_path, [*events, ended(EVENING, SHIFT)]).facts
    kinds = [event.kind for event in events]
    assert facts.accepted_total == kinds.count("passed") == sum(facts.by_order.values())
    assert facts.rejected_total == kinds.count("ejected")
    assert facts.packed[UNIT] == kinds.count("packed")
    assert facts.closed[CASE] == kinds.count("closed")
    assert facts.labels.queued + facts.labels.reprints == kinds.count("label_queued")
    assert len(facts.stops) == kinds.count("stopped") + kinds.count("disarmed")


def test_every_law_and_every_count_of_an_account_has_words() -> None:
    counts = ended(EVENING, SHIFT).counts
    assert {law.name for law in laws_of(counts, packs=True)} == LAWS.keys()
    kept = {field.name for field in fields(Counts)} | {"on_belt", "in_open"}
    assert kept == COUNTS.keys()
    assert {*StopCause, OUT_OF_TOUCH, ""} == STOPS.keys()


def test_an_item_of_which_the_gate_has_not_spoken_is_not_good_yet_but_no_nothing_either(
    tmp_path: Path,
) -> None:
    judged, _ = passing(at(1), 1)
    tricky = Commissioned(
        at=at(2), station=BENCH, key=CodeKey("k"), level=UNIT, text='"item":7', serial='"item":'
    )
    facts = of(tmp_path, [judged]).facts
    assert (facts.accepted_total, facts.events) == (0, 1)
    other = tmp_path / "other"
    other.mkdir()
    assert of(other, [judged, tricky]).facts.accepted_total == 1


def test_a_sample_that_tests_a_printer_is_no_label() -> None:
    facts = Facts(UNIT)
    for event in every_kind():
        facts.apply(event)
    assert (facts.labels.queued, facts.labels.reprints) == (1, 1)
    assert (facts.labels.printed, facts.labels.failed) == (1, 1)
    facts.apply(LabelPrinted(at=EVENING, station=BENCH, job=JobId(3)))
    assert facts.labels.printed == 1
