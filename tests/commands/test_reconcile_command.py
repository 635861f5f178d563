"""`edge-agent reconcile` over real ledgers, as a person runs it."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.core.events import Event, Passed, Rejected
from edge_agent.core.inputs import OrderStart, Outcome, ShiftEnd
from edge_agent.core.names import StationName
from edge_agent.ledger.journal import Ledger, create_ledger
from tests.commands.test_commands import run
from tests.core.world import World, plan, text

CONFIG = """
[line]
name = "one"
data_dir = "{dir}"
{keys}
[[levels]]
name = "unit"
codes = [{{ kind = "plain", pattern = 'unit-(?P<serial>\\d+)' }}]
[[levels]]
name = "level1"
capacity = 3
codes = [{{ kind = "plain", pattern = 'level1-(?P<serial>\\d+)' }}]
[devices.hand]
kind = "scanner"
url = "tcp://127.0.0.1:1"
suffix = "\\r"
[[stations]]
name = "bench"
scanner = "hand"
reads = ["unit"]
"""
EARLY, LATE = "1970-01-01/08:00", "1970-01-01/20:00"
"""In Shanghai; the world's clock begins at 08:00."""


def pack(world: World, numbers: Iterable[int]) -> None:
    """Items pass the gate and are packed in threes; each seventh is unread and ejected."""
    for number in numbers:
        unread = number % 7 == 0
        world.item(number, None if unread else text("unit", number))
        world.gate(number, Outcome.EJECTED if unread else Outcome.PASSED)
        if any(len(each.children) == 3 for each in world.line.state.packing.filling["level1"]):
            world.scan(text("level1", number))


@pytest.fixture
def day() -> World:
    """Two shifts and two orders of 30 items each; the order changes in the middle of a shift."""
    world, line = World(plan(3)), StationName("one")
    world.give(OrderStart(world.instant(), line, "4711"))
    pack(world, range(1, 31))
    world.now_us = 12 * 3_600_000_000  # 20:00 in Shanghai
    world.give(ShiftEnd(world.instant(), EARLY))
    pack(world, range(31, 41))
    world.give(OrderStart(world.instant(), line, "4712"))
    pack(world, range(41, 61))
    return world


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def write(events: Iterable[Event], keys: str = 'shifts = ["08:00", "20:00"]') -> str:
        path = tmp_path / "one.toml"
        path.write_text(CONFIG.format(dir=tmp_path, keys=keys))
        create_ledger(tmp_path / "one" / "ledger.db")
        ledger = Ledger(tmp_path / "one" / "ledger.db")
        with ledger.transaction():
            ledger.append(list(events))
        ledger.close()
        return str(path)

    return write


def accounts(*arguments: str) -> list[dict[str, Any]]:
    done = run("reconcile", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return list(json.loads(done.stdout))


def test_a_ledger_in_which_all_agrees_ends_with_0_and_shows_its_sums(
    day: World, write: Callable[..., str]
) -> None:
    shown = run("reconcile", write(day.past.events, keys=""))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "60 = 60  triggers + carried over" in shown.stdout
    assert "52 = 52  passes = packed" in shown.stdout
    assert "8 = 8  rejects = confirmed ejects" in shown.stdout


def test_a_ledger_that_lost_events_is_told_item_by_item(
    day: World, write: Callable[..., str]
) -> None:
    def is_lost(event: Event) -> bool:
        """The passing of item 5, the verdict on item 14, the packing of item 50's code."""
        return (
            (isinstance(event, Passed) and event.item == 5)
            or (isinstance(event, Rejected) and event.item == 14)
            or (event.kind == "packed" and getattr(event, "key", "") == "plain:unit-50")
        )

    events = [event for event in day.past.events if not is_lost(event)]
    assert len(events) == len(day.past.events) - 3
    shown = run("reconcile", write(events, keys=""))
    assert shown.returncode == 1
    lines = [line for line in shown.stdout.splitlines() if line.startswith("infeed: item")]
    assert lines == [
        "infeed: item 5, code plain:unit-5: found packed; expected passed before it was packed",
        "infeed: item 14, code -: found ejected, with no verdict or a second time; "
        "expected a verdict, then the gate's word once",
        "infeed: item 5, code plain:unit-5: found accepted, then nothing, and later items had the "
        "gate's word; expected the gate's word on it",
        "infeed: item 50, code plain:unit-50: found passed, then nothing; expected packed",
    ]


def test_the_open_shift_is_the_default_and_an_ended_one_is_found_by_its_name(
    day: World, write: Callable[..., str]
) -> None:
    config = write(day.past.events)
    (now,) = accounts(config)
    (early,) = accounts(config, "--shift", EARLY)
    assert (now["is_open"], now["totals"]["triggers"], now["name"]) == (True, 30, LATE)
    assert (early["is_open"], early["totals"]["triggers"], early["name"]) == (False, 30, EARLY)
    (written,) = [event for event in day.past.events if event.kind == "shift_ended"]
    assert early["totals"] == written.counts  # type: ignore[attr-defined]


def test_an_order_and_a_time_have_accounts_of_their_own(
    day: World, write: Callable[..., str]
) -> None:
    config = write(day.past.events)
    assert [each["totals"]["triggers"] for each in accounts(config, "--order", "4711")] == [40]
    assert [each["totals"]["triggers"] for each in accounts(config, "--order", "4712")] == [20]
    (of_20,) = (e.at for e in day.past.events if isinstance(e, Passed) and e.item == 20)
    (before,), (after,) = accounts(config, "--to", of_20), accounts(config, "--from", of_20)
    assert (before["totals"]["triggers"], before["totals"]["passes"]) == (20, 17)
    assert (after["totals"]["triggers"], after["totals"]["carried_over"]) == (40, 1)
    assert before["agrees"] and after["agrees"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shift", "x"), f"--shift is 'x', which the ledger does not know; its latest: {EARLY}"),
        (("--order", "x"), "--order is 'x', which the ledger does not know; its latest: 4711"),
        (("--from", "soon"), "--from is 'soon', expected a time such as"),
        (("--order", "x", "--to", "2026-01-01"), "give one of --shift, --order"),
    ],
)
def test_a_question_that_cannot_be_answered_ends_with_2_and_says_why(
    day: World, write: Callable[..., str], arguments: tuple[str, ...], said: str
) -> None:
    refused = run("reconcile", write(day.past.events), *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr


def test_a_line_whose_gates_were_never_in_touch_has_no_account(write: Callable[..., str]) -> None:
    shown = run("reconcile", write([]))
    assert shown.returncode == 0
    assert "there is no account" in shown.stdout
