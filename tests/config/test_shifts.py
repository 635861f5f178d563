"""A shift ends at its time by the wall's clock, also where the clocks change and nothing runs."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import Armed, Ejected, Reason, Rejected
from edge_agent.core.names import ItemNumber, StationName, format_utc
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.shifts import Shifts
from tests.line.conftest import LineProcess, TcpScanner, bench_config, scanner

__all__ = ["scanner"]  # fixtures

HOUR_US = 3_600_000_000
TWO = Shifts(["08:00", "20:00"], "Asia/Shanghai")


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-11-22T08:00:00+08:00", "2026-11-22/08:00"),
        ("2026-11-22T19:59:59+08:00", "2026-11-22/08:00"),
        ("2026-11-22T20:00:00+08:00", "2026-11-22/20:00"),
        ("2026-11-23T07:59:59+08:00", "2026-11-22/20:00"),
        ("2026-11-22T00:00:00+00:00", "2026-11-22/08:00"),
    ],
)
def test_a_shift_has_the_name_of_its_beginning(moment: str, name: str) -> None:
    shift = TWO.at(us(moment))
    assert shift is not None
    assert shift.name == name


def test_a_shift_has_ended_when_the_next_begins_and_not_before() -> None:
    since = "2026-11-22T03:00:00.000Z"
    assert TWO.ended(since, us("2026-11-22T19:59:59+08:00")) is None
    assert TWO.ended(since, us("2026-11-22T20:00:00+08:00")) == "2026-11-22/08:00"
    assert TWO.ended(since, us("2026-11-29T20:00:00+08:00")) == "2026-11-22/08:00"


def test_a_clock_set_back_ends_no_shift() -> None:
    assert TWO.ended("2026-11-22T12:00:00.000Z", us("2026-11-22T11:59:00+00:00")) is None


def test_without_shifts_or_before_the_first_item_nothing_ends() -> None:
    assert Shifts([], "Asia/Shanghai").ended("2026-11-22T00:00:00.000Z", us("2030-01-01")) is None
    assert TWO.ended(None, us("2030-01-01")) is None


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 11), ("2026-10-25", 13), ("2026-06-01", 12)]
)
def test_a_night_in_which_the_clocks_change_is_an_hour_shorter_or_longer(
    day: str, hours: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    night = Shifts(["08:00", "20:00"], zone.key).at(us(f"{day}T00:30:00+01:00"))
    assert night is not None
    assert night.ends_us - night.begins_us == hours * HOUR_US


@given(
    st.integers(us("2026-01-01T00:00:00+00:00"), us("2027-12-31T00:00:00+00:00")),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Africa/Cairo", "Asia/Beirut"]),
    st.sets(st.sampled_from(["00:00", "02:30", "03:00", "08:00", "20:00", "23:30"]), min_size=1),
)
def test_every_moment_is_in_one_shift_and_the_next_follows_at_its_end(
    moment_us: int, zone: str, starts: set[str]
) -> None:
    shifts = Shifts(sorted(starts), zone)
    shift = shifts.at(moment_us)
    assert shift is not None
    assert shift.begins_us <= moment_us < shift.ends_us
    assert shifts.at(shift.begins_us) == shifts.at(shift.ends_us - 1) == shift
    following = shifts.at(shift.ends_us)
    assert following is not None
    assert following.begins_us == shift.ends_us
    assert shifts.ended(format_utc(shift.begins_us), shift.ends_us) == shift.name


def test_a_shift_that_ended_while_nothing_ran_ends_at_the_next_start(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    path = tmp_path / "bench.toml"
    keys = 'shifts = ["06:00"]\ntime_zone = "Europe/Berlin"\norder = "4711"'
    path.write_text(bench_config(tmp_path, scanner, line_keys=keys))
    line = LineProcess(path, tmp_path / "line.log")
    create_ledger(line.config.ledger_path)
    ledger = Ledger(line.config.ledger_path)
    station, at, item = StationName("infeed"), "2020-02-03T04:30:00.000Z", ItemNumber(1)
    unread = Reason.UNREAD
    with ledger.transaction():
        ledger.append(
            [
                Armed(at=at, station=station, last_item=ItemNumber(0), boot=1, detail=""),
                Rejected(at=at, station=station, reason=unread, detail="", item=item),
                Ejected(at=at, station=station, item=item, key=None, reason=unread),
            ]
        )
    ledger.close()
    for _ in range(2):
        line.start()
        line.wait_until(lambda status: status["seq"] == 5)
        line.stop()
    order, ended = line.events()[3:]
    assert (order["kind"], order["order"], order["station"]) == ("order_changed", "4711", "bench")
    assert (ended["shift"], ended["differences"]) == ("2020-02-02/06:00", 0)
    assert ended["counts"]["confirmed"] == ended["counts"]["rejects.UNREAD"] == 1
