"""The last operations of a station after a restart: from the ledger, in bounded time, off the scan
path, and never as a new read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.config_file import load_config
from edge_agent.core.commands import Command
from edge_agent.core.containers import GOOD
from edge_agent.core.effects import Tone
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    LabelFailed,
    LabelQueued,
    Packed,
    Parked,
    Reason,
    Rejected,
    Reworked,
    ReworkRefused,
    Sighting,
    SignedIn,
    SignedOut,
    SignInRefused,
)
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    JobId,
    LevelName,
    PersonId,
    Seq,
    StationName,
    format_utc,
    utc_us,
)
from edge_agent.core.packing import LevelPlan
from edge_agent.core.people import Role
from edge_agent.core.record import GatePlan, LinePlan, StationPlan
from edge_agent.core.verify import Due
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.line import earlier as module
from edge_agent.line.earlier import earlier
from edge_agent.line.views import OPERATIONS
from edge_agent.views import LastRead
from tests.line.conftest import unit
from tests.line.test_stations_role import Hall, at
from tests.line.test_views import LINE as BENCHES
from tests.line.test_views import Shop

UNIT, CASE = LevelName("unit"), LevelName("case")
GATE, BENCH = StationName("gate"), StationName("bench")
MORNING = utc_us("2026-11-22T00:00:00.000Z")
LI = PersonId("li")


def plan(**stations: bool) -> LinePlan:
    """Stations by name, and whether each has a gate."""
    return LinePlan(
        levels=(LevelPlan(UNIT), LevelPlan(CASE, 2)),
        forms=(),
        stations={
            StationName(name): StationPlan(
                StationName(name), Due((UNIT,), {}, gated=gate), 0, GatePlan(1, 1) if gate else None
            )
            for name, gate in stations.items()
        },
    )


def moment(second: int) -> str:
    return format_utc(MORNING + second * 1_000_000)


def scan(station: StationName, second: int, item: int | None = None) -> list[Event]:
    key = CodeKey(f"unit-{second}")
    return [
        Commissioned(
            at=moment(second), station=station, key=key, level=UNIT, text=key,
            item=None if item is None else ItemNumber(item),
        ),
        Packed(
            at=moment(second if item is None else second + 1), station=station, key=key, level=UNIT,
            container=ContainerId(1), container_level=CASE,
        ),
    ]  # fmt: skip


def reject(station: StationName, second: int, reason: Reason = Reason.UNREAD) -> Rejected:
    return Rejected(at=moment(second), station=station, reason=reason, detail=f"why {reason}")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create_ledger(tmp_path / "ledger.db")
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        yield ledger


def told(
    ledger: Ledger, path: Path, events: list[Event], **stations: bool
) -> dict[str, list[LastRead]]:
    with ledger.transaction():
        ledger.append(events)
    found = earlier(path / "ledger.db", ledger.head[0], plan(**stations), OPERATIONS)
    return {str(name): operations for name, operations in found.items()}


def test_each_operation_says_what_its_events_know(ledger: Ledger, tmp_path: Path) -> None:
    first = Sighting(Seq(1), moment(1), BENCH)
    job = JobId(1)
    label = LabelQueued(
        at=moment(5), station=BENCH, job=job, printer="p", template="case", level=CASE,
        container=ContainerId(1), key=CodeKey("sscc-1"), fields={}, copy=1,
    )  # fmt: skip
    events: list[Event] = [
        SignedIn(
            at=moment(0), station=BENCH, person=LI, name="Li", role=Role.OPERATOR, how="badge"
        ),
        *scan(BENCH, 1),
        Rejected(
            at=moment(2), station=BENCH, reason=Reason.DUPLICATE, detail="seen before",
            key=CodeKey("unit-1"), text="unit-1 as read", first=first,
        ),
        Reworked(at=moment(3), station=BENCH, operation=Command.REMOVE, by=LI, why="", moves=()),
        ReworkRefused(
            at=moment(4), station=BENCH, operation=Command.MERGE, by=LI, culprits=("one", "two")
        ),
        # One scan fills the case: its label is asked for.
        *(event for event in scan(BENCH, 5)), label,
        LabelFailed(at=moment(6), station=BENCH, job=job, detail="the printer is away"),
        Commissioned(
            at=moment(7), station=BENCH, key=CodeKey("sscc-1"), level=CASE, text="sscc-1"
        ),
        Closed(
            at=moment(7), station=BENCH, key=CodeKey("sscc-1"), level=CASE,
            container=ContainerId(1), children=(),
        ),
        Parked(
            at=moment(8), station=BENCH, level=CASE, container=ContainerId(2), parked=True,
            bench=BENCH, by=LI,
        ),
        SignInRefused(at=moment(9), station=BENCH, person=None, how="badge", why="not valid"),
        SignedOut(at=moment(10), station=BENCH, person=LI, why="command"),
    ]  # fmt: skip
    found = told(ledger, tmp_path, events, bench=False)["bench"]
    assert [(each.at, each.tone, str(each.saying), each.reason, each.key) for each in found] == [
        (moment(10), Tone.GOOD, "signed out", None, None),
        (moment(9), Tone.BAD, "not valid", Reason.NOT_ALLOWED, None),
        (moment(8), Tone.GOOD, "put aside", None, None),
        (moment(7), Tone.FULL, "the case is closed", None, "sscc-1"),
        (moment(6), Tone.BAD, "the printer is away", Reason.REFUSED, None),
        (moment(5), Tone.FULL, "the label is printed: it closes the case", None, "sscc-1"),
        (moment(4), Tone.BAD, "one; two", Reason.REFUSED, None),
        (moment(3), Tone.GOOD, "Take out", None, None),
        (moment(2), Tone.BAD, "seen before", Reason.DUPLICATE, "unit-1"),
        (moment(1), Tone.GOOD, "good", None, "unit-1"),
        (moment(0), Tone.GOOD, "Li is signed in", None, None),
    ]
    assert (found[8].first, found[8].text) == (first, "unit-1 as read")
    numbers = [each.n for each in found]
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_thing_at_a_gate_is_told_once_when_it_was_read(ledger: Ledger, tmp_path: Path) -> None:
    events = [event for second in (1, 5) for event in scan(GATE, second, item=second)]
    found = told(ledger, tmp_path, [*events, reject(GATE, 9)], gate=True)["gate"]
    assert [each.at for each in found] == [moment(9), moment(5), moment(1)]


def test_a_layer_is_one_operation_and_its_first_refused_code_says_why(
    ledger: Ledger, tmp_path: Path
) -> None:
    packed = [event for _ in range(48) for event in scan(BENCH, 1)]
    refused = [reject(BENCH, 2, reason) for reason in (Reason.DUPLICATE, Reason.UNREAD)]
    found = told(ledger, tmp_path, [*packed, *refused], bench=False)["bench"]
    assert [(each.tone, each.reason) for each in found] == [
        (Tone.BAD, Reason.DUPLICATE),
        (Tone.GOOD, None),
    ]


def test_two_acts_of_one_millisecond_are_two_operations(ledger: Ledger, tmp_path: Path) -> None:
    first, second = scan(BENCH, 1), [replace(event, act=2) for event in scan(BENCH, 1)]
    found = told(ledger, tmp_path, [*first, *second], bench=False)["bench"]
    assert [each.n for each in found] == [4, 2]


def test_the_last_twenty_of_each_station_are_told_and_no_more_events_than_the_bound_are_read(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [reject(GATE, second) for second in range(30)]
    new = [reject(BENCH, 100 + second) for second in range(700)]
    found = told(ledger, tmp_path, [*old, *new], gate=True, bench=False)
    assert [each.at for each in found["gate"]] == [moment(s) for s in range(29, 9, -1)]
    assert [each.at for each in found["bench"]] == [moment(s) for s in range(799, 779, -1)]
    monkeypatch.setattr(module, "LOOK_BACK", 700)
    found = told(ledger, tmp_path, [], gate=True, bench=False)
    assert (len(found["gate"]), len(found["bench"])) == (0, 20)


def test_an_event_of_a_station_that_is_no_more_is_passed_over(
    ledger: Ledger, tmp_path: Path
) -> None:
    found = told(ledger, tmp_path, [reject(GATE, 1), reject(BENCH, 2)], bench=False)
    assert {name: len(each) for name, each in found.items()} == {"bench": 1}


def test_what_is_scanned_before_they_are_told_stays_in_front_and_the_list_stays_short(
    tmp_path: Path,
) -> None:
    path = tmp_path / "benches.toml"
    path.write_text(BENCHES.format(dir=tmp_path))
    shop = Shop(load_config(path))
    shop.scan("one", "nonsense-1", "nonsense-2")
    past = [LastRead(-n, moment(0), Tone.GOOD, GOOD) for n in range(OPERATIONS)]
    shop.views.told_earlier({StationName("one"): past})
    one = shop.views.line().stations[0]
    assert one.last is not None
    assert [each.n for each in one.operations] == [2, 1, *(-n for n in range(OPERATIONS - 2))]
    assert one.last.n == 2
    shop.ledger.close()


def test_a_restarted_line_lists_what_was_done_before_and_claims_no_read(tmp_path: Path) -> None:
    with closing(Hall(tmp_path, required=False)) as hall:
        with hall.watching() as watcher:
            hall.bench.send(unit(1).encode() + b"\n")
            watcher.until(lambda v: at(v).counters["accepted"] == 1)
            hall.bench.send(b"nonsense\n")
            before = at(watcher.until(lambda v: at(v).counters["rejected"] == 1))
        assert hall.line.stop() == 0
        hall.start()
        with hall.watching() as watcher:
            view = at(watcher.until(lambda v: len(at(v).operations) == 2))
            assert view.last is None
            for is_now, was in zip(view.operations, before.operations, strict=True):
                assert (is_now.at, is_now.tone, is_now.key) == (was.at, was.tone, was.key)
                assert (is_now.reason, is_now.first) == (was.reason, was.first)
            hall.bench.send(unit(2).encode() + b"\n")
            view = at(watcher.until(lambda v: at(v).last))
            assert [each.key for each in view.operations] == [unit(2), None, unit(1)]
            assert view.last is not None
            assert view.last.n > max(each.n for each in view.operations[1:])
