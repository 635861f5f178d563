"""Which events a report is about: found by number, told in the line's own time."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_agent.config import LineConfig
from edge_agent.core.events import Event, OrderChanged, Reason
from edge_agent.ledger.reader import LedgerReader
from edge_agent.reports.make import collect
from edge_agent.reports.period import last_before, latest_shifts
from edge_agent.reports.reading import ReportError
from edge_agent.reports.sheet import columns
from tests.reports.ledgers import LINE, ejecting, later, line_of, order, passing, write

MORNING = "2026-11-22T00:00:00.000Z"  # 08:00 in Shanghai
NOON_AFTER = "2026-11-23T04:00:00.000Z"


def things(*ats: str) -> list[Event]:
    return [event for number, at in enumerate(ats, 1) for event in passing(at, number)]


def changed(at: str, name: str) -> OrderChanged:
    return OrderChanged(at=at, station=LINE, order=name)


def accepted(config: LineConfig, shift: str = "", name: str = "", now: str = NOON_AFTER) -> int:
    return collect(config, shift, name, now).facts.accepted_total


def test_a_moment_is_found_in_a_ledger_as_by_reading_it_whole(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    seconds = [0, 0, 1, 4, 4, 4, 9, 30]
    ats = [later(MORNING, each) for each in seconds]
    write(config, [passing(at, number)[0] for number, at in enumerate(ats, 1)])
    with LedgerReader(config.ledger_path) as ledger:
        for each in range(-1, 33):
            moment = later(MORNING, each)
            assert last_before(ledger, moment) == sum(at < moment for at in ats)


def test_a_shift_has_what_happened_from_its_beginning_on_and_before_the_next(
    tmp_path: Path,
) -> None:
    config = line_of(tmp_path)
    evening = later(MORNING, 12 * 3600)
    write(config, things(later(MORNING, -0.001), MORNING, later(evening, -0.001), evening))
    assert accepted(config, "2026-11-22/08:00") == 2
    assert accepted(config, "2026-11-22/20:00") == 1


def test_a_shift_across_midnight_is_one_with_its_hours_in_order(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    night = later(MORNING, 12 * 3600)
    write(config, things(later(night, 60), later(night, 3.5 * 3600), later(night, 11 * 3600)))
    sheet = collect(config, "2026-11-22/20:00", "", NOON_AFTER)
    hours = columns(sheet)
    assert hours.labels[:5] == ("20:00", "21:00", "22:00", "23:00", "00:00")
    assert hours.sums(sheet.facts.accepted) == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert sheet.local.range(sheet.period.since, sheet.period.until) == (
        "2026-11-22 20:00 \N{EN DASH} 2026-11-23 08:00"
    )


def test_where_the_clocks_are_put_back_the_hour_that_comes_twice_is_two(tmp_path: Path) -> None:
    config = line_of(tmp_path, 'shifts = ["06:00", "22:00"]', "Europe/Berlin")
    night = "2026-10-24T20:00:00.000Z"
    write(config, things(later(night, 4.5 * 3600), later(night, 5.5 * 3600)))
    sheet = collect(config, "2026-10-24/22:00", "", "2026-10-26T00:00:00.000Z")
    hours = columns(sheet)
    assert hours.labels[4:7] == ("02:00", "02:00", "03:00")
    assert hours.sums(sheet.facts.accepted)[4:6] == [1, 1]
    assert len(hours.labels) == 9  # eight by the clock


def test_a_line_without_shifts_is_reported_by_the_day(tmp_path: Path) -> None:
    config = line_of(tmp_path, "")
    write(config, things(MORNING, later(MORNING, 15.9 * 3600), later(MORNING, 16 * 3600)))
    assert accepted(config, "2026-11-22/00:00") == 2


def test_an_order_has_all_its_times_and_no_others(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    h = [later(MORNING, hour * 3600) for hour in range(5)]
    first, second, third = things(*h[:3])[:2], things(*h[:3])[2:4], things(*h[:4])[6:]
    write(
        config,
        [order("A", MORNING, 10), changed(h[0], "A"), *first, changed(h[1], "B"), *second,
         *ejecting(h[1], 9, Reason.UNREAD), changed(h[2], "A"), *third, changed(h[4], "")],
    )  # fmt: skip
    sheet = collect(config, "", "A", NOON_AFTER)
    assert (sheet.facts.accepted_total, sheet.facts.rejected_total) == (2, 0)
    assert [(span.since, span.until) for span in sheet.period.spans] == [(h[0], h[1]), (h[2], h[4])]
    assert not sheet.period.is_open
    assert collect(config, "", "B", NOON_AFTER).facts.rejected_total == 1


def refusal(config: LineConfig, shift: str = "", name: str = "", now: str = NOON_AFTER) -> str:
    with pytest.raises(ReportError) as raised:
        collect(config, shift, name, now)
    return str(raised.value)


@pytest.mark.parametrize(
    ("shift", "name", "words"),
    [
        ("2026-11-22/09:00", "", ["2026-11-22/09:00", "08:00, 20:00", "2026-11-22/08:00"]),
        ("2026-13-45/08:00", "", ["2026-13-45/08:00", "08:00, 20:00"]),
        ("yesterday", "", ["yesterday", "08:00, 20:00"]),
        ("2031-01-01/08:00", "", ["2031-01-01/08:00", "has not begun"]),
        ("2020-01-01/08:00", "", ["nothing is known", "begins at 2026-11-22"]),
        ("", "4799", ["4799", "not known", "the latest: 4711"]),
        ("", "4712", ["4712", "not worked on yet"]),
    ],
)
def test_what_cannot_be_reported_is_told_with_what_can(
    tmp_path: Path, shift: str, name: str, words: Sequence[str]
) -> None:
    config = line_of(tmp_path)
    write(config, [order("4712", MORNING), changed(MORNING, "4711"), *things(MORNING)])
    said = refusal(config, shift, name)
    assert [word for word in words if word not in said] == []


def test_an_empty_ledger_and_none_at_all_are_told(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    assert "there is no ledger" in refusal(config)
    write(config, [])
    assert "the ledger is empty" in refusal(config)


def test_the_latest_shifts_are_those_the_ledger_can_know(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    write(config, things(MORNING))
    with LedgerReader(config.ledger_path) as ledger:
        found = latest_shifts(config, ledger, NOON_AFTER, 10)
        assert found == ["2026-11-23/08:00", "2026-11-22/20:00", "2026-11-22/08:00"]
        assert latest_shifts(config, ledger, NOON_AFTER, 2) == found[:2]
