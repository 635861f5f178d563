"""What the stations count: as it is recorded, and after a restart from the ledger."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_agent.core.events import (
    Closed,
    Commissioned,
    Ejected,
    Event,
    OrderChanged,
    Packed,
    Passed,
    Reason,
    Rejected,
)
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    LevelName,
    StationName,
    format_utc,
    utc_us,
)
from edge_agent.core.packing import LevelPlan
from edge_agent.core.record import GatePlan, LinePlan, StationPlan
from edge_agent.core.verify import Due
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.tallies import tallied
from edge_agent.line.counts import PAGE_KIND, Counts
from edge_agent.shifts import Shifts

UNIT, CASE = LevelName("unit"), LevelName("case")
GATE, BENCH, PALLETS = StationName("gate"), StationName("bench"), StationName("pallets")
MORNING = utc_us("2026-11-22T00:00:00.000Z")
"""08:00 in Shanghai, where a shift begins."""


def station(name: StationName, *levels: LevelName, gate: bool = False) -> StationPlan:
    due = Due(levels, {}, gated=gate)
    return StationPlan(name=name, due=due, reread_us=0, gate=GatePlan(1, 1) if gate else None)


PLAN = LinePlan(
    levels=(LevelPlan(UNIT), LevelPlan(CASE, 2), LevelPlan(LevelName("pallet"), 2)),
    forms=(),
    stations={
        each.name: each
        for each in (
            station(GATE, UNIT, gate=True),
            station(BENCH, UNIT, CASE),
            station(PALLETS, CASE, LevelName("pallet")),
        )
    },
)
SHIFTS = Shifts(["08:00", "20:00"], "Asia/Shanghai")


class Day:
    """Events, each a second after the other."""

    def __init__(self) -> None:
        self.at_us = MORNING
        self.events: list[Event] = []

    def _at(self) -> str:
        self.at_us += 1_000_000
        return format_utc(self.at_us)

    def unit(self, station: StationName, number: int) -> None:
        key = CodeKey(f"unit-{number}")
        item = ItemNumber(number) if station == GATE else None
        self.events.append(
            Commissioned(at=self._at(), station=station, key=key, level=UNIT, text=key, item=item)
        )
        if item is not None:
            self.events.append(Passed(at=self._at(), station=station, item=item, key=key))
        self.events.append(
            Packed(
                at=self._at(), station=station, key=key, level=UNIT, container=ContainerId(1),
                container_level=CASE,
            )
        )  # fmt: skip

    def case(self, station: StationName, number: int) -> None:
        key = CodeKey(f"case-{number}")
        self.events += [
            Commissioned(at=self._at(), station=station, key=key, level=CASE, text=key),
            Closed(
                at=self._at(), station=station, key=key, level=CASE, container=ContainerId(1),
                children=(),
            ),
        ]  # fmt: skip

    def reject(self, station: StationName, reason: Reason) -> None:
        item = ItemNumber(99) if station == GATE else None
        self.events.append(
            Rejected(at=self._at(), station=station, reason=reason, detail="-", item=item)
        )
        if item is not None:
            self.events.append(
                Ejected(at=self._at(), station=station, item=item, key=None, reason=reason)
            )

    def on_the_belt(self, number: int) -> None:
        """A verdict for an item that has not come to the gate, and an item that slipped through."""
        key, item = CodeKey(f"unit-{number}"), ItemNumber(number)
        self.events += [
            Commissioned(at=self._at(), station=GATE, key=key, level=UNIT, text=key, item=item),
            Passed(at=self._at(), station=GATE, item=item, key=None),
        ]

    def order(self, name: str) -> None:
        self.events.append(OrderChanged(at=self._at(), station=StationName("line"), order=name))


@pytest.fixture
def day() -> Day:
    day = Day()
    day.reject(GATE, Reason.UNREAD)
    day.unit(BENCH, 1)
    day.order("4711")
    for number in (2, 3):
        day.unit(BENCH, number)
    day.unit(GATE, 4)
    day.on_the_belt(5)
    day.case(BENCH, 1)
    day.reject(GATE, Reason.DUPLICATE)
    day.reject(BENCH, Reason.UNREAD)
    day.events.append(
        Packed(
            at=day._at(), station=PALLETS, key=CodeKey("case-1"), level=CASE,
            container=ContainerId(2), container_level=LevelName("pallet"),
        )
    )  # fmt: skip
    return day


def of_all(counts: Counts) -> dict[str, tuple[int, ...]]:
    return {name: tuple(counts.at(name).values()) for name in PLAN.stations}


EXPECTED = {GATE: (1, 1, 0), BENCH: (2, 1, 1), PALLETS: (1, 0, 0)}


def test_good_rejected_and_closed_are_counted_since_the_order_and_reasons_since_the_shift(
    day: Day,
) -> None:
    counts = Counts(PLAN, SHIFTS, MORNING)
    for event in day.events:
        counts.take(event)
    assert of_all(counts) == EXPECTED
    assert counts.rejects == {"UNREAD": 2, "DUPLICATE": 1}
    assert counts.shift == "2026-11-22/08:00"


def fill(path: Path, events: Sequence[Event]) -> None:
    create_ledger(path)
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append(events)
    ledger.close()


def test_after_a_restart_the_ledger_gives_the_same_counts(tmp_path: Path, day: Day) -> None:
    path = tmp_path / "ledger.db"
    before = Day()
    before.at_us = MORNING - 3_600_000_000
    before.unit(BENCH, 100)
    before.reject(GATE, Reason.MALFORMED)
    events = [*before.events, *day.events]
    fill(path, events)
    counts = Counts(PLAN, SHIFTS, day.at_us)
    counts.add(tallied(path, counts.since, len(events), PAGE_KIND))
    assert of_all(counts) == EXPECTED
    assert counts.rejects == {"UNREAD": 2, "DUPLICATE": 1}


@pytest.mark.parametrize("until", range(0, 24))
def test_what_was_recorded_before_and_what_is_recorded_now_make_one_count(
    tmp_path: Path, day: Day, until: int
) -> None:
    """Wherever the restart was."""
    path = tmp_path / "ledger.db"
    fill(path, day.events)
    counts = Counts(PLAN, SHIFTS, day.at_us)
    counts.add(tallied(path, counts.since, until, PAGE_KIND))
    for event in day.events[until:]:
        counts.take(event)
    assert of_all(counts) == EXPECTED
    assert counts.rejects == {"UNREAD": 2, "DUPLICATE": 1}


def test_a_new_shift_counts_from_nothing(day: Day) -> None:
    counts = Counts(PLAN, SHIFTS, MORNING)
    for event in day.events:
        counts.take(event)
    counts.look(MORNING + 12 * 3_600_000_000 - 1)
    assert of_all(counts) == EXPECTED
    counts.look(MORNING + 12 * 3_600_000_000)
    assert set(of_all(counts).values()) == {(0, 0, 0)}
    assert counts.rejects == {}
    assert counts.shift == "2026-11-22/20:00"


def test_an_empty_ledger_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    create_ledger(path)
    assert tallied(path, format_utc(MORNING), 0, PAGE_KIND) == []
