"""Accounts: whatever the events, the sums agree or the items that break them are named."""

import json
import re
from dataclasses import asdict, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.core.accounts import Accounts
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    OrderChanged,
    Packed,
    Passed,
    Reason,
    Rejected,
    ShiftEnded,
    StopCause,
    Stopped,
    Stray,
    TakenOff,
    Untracked,
)
from edge_agent.core.inputs import GateReport, OrderStart, Outcome, ShiftEnd
from edge_agent.core.interlock import StopPlan
from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, LevelName, StationName
from edge_agent.core.reconcile import KEPT, RING, Account
from edge_agent.core.record import LinePlan
from tests.core.world import INFEED, SPACING_US, World, plan, text

AT, LATER = "2026-11-22T08:00:00.000Z", "2026-11-22T08:01:00.000Z"
CASE = ContainerId(1)


def key(number: int) -> CodeKey:
    return CodeKey(f"code {number}")


def armed(boot: int = 1, last_item: int = 0) -> Armed:
    return Armed(at=AT, station=INFEED, last_item=ItemNumber(last_item), boot=boot, detail="")


def packed(number: int) -> Packed:
    return Packed(
        at=AT,
        station=INFEED,
        key=key(number),
        level=LevelName("unit"),
        container=CASE,
        container_level=LevelName("case"),
    )


def happened(letter: str, number: int) -> list[Event]:
    """What one letter of an item's story stands for."""
    item, code = ItemNumber(number), key(number)
    at, station, late = AT, INFEED, Reason.LATE
    match letter:
        case "A":
            level = LevelName("unit")
            return [Commissioned(at=at, station=station, key=code, level=level, text="", item=item)]
        case "R":
            reason = Reason.UNREAD
            return [Rejected(at=at, station=station, reason=reason, detail="", item=item)]
        case "P":
            return [Passed(at=at, station=station, item=item, key=code), packed(number)]
        case "p":
            return [Passed(at=at, station=station, item=item, key=code)]
        case "X":
            return [Passed(at=at, station=station, item=item, key=None)]
        case "E":
            return [Ejected(at=at, station=station, item=item, key=None, reason=late)]
        case "F":
            return [EjectFailed(at=at, station=station, item=item, key=None, reason=late)]
        case "U":
            return [EjectedUnasked(at=at, station=station, item=item, key=code)]
        case "T":
            return [TakenOff(at=at, station=station, item=item, key=None)]
        case _:
            return [Untracked(at=at, station=station, item=item, key=None, detail="")]


def begun() -> Account:
    accounts = Accounts(packs=True)
    accounts.apply(armed())
    return accounts.open[INFEED]


def account_of(story: list[tuple[str, int]]) -> Account:
    account = begun()
    for letter, number in story:
        for event in happened(letter, number):
            account.apply(event)
    return account


def named(account: Account, at: str = LATER) -> set[int]:
    """The items that an account says do not agree, by number or by code."""
    return {
        int(found.item if found.item is not None else str(found.code).split()[1])
        for found in account.differences(at)
    }


def broken(story: list[tuple[str, int]]) -> set[int]:
    """The same, said in another way: the items whose own story is not a sound one."""
    own = {number: "".join(letter for letter, n in story if n == number) for _, number in story}
    overtook = max((n for n, each in own.items() if re.match("[AR]+[PpXEFU]", each)), default=0)
    return {
        number
        for number in range(1, max(own, default=0) + 1)
        if not re.fullmatch("[AR]*AP|[AR]+[ET]", each := own.get(number, ""))
        and (number < overtook if re.fullmatch("[AR]*", each) else True)
    }


STORIES = st.lists(st.tuples(st.sampled_from("AARRPPpXEFUTN"), st.integers(1, 6)), max_size=25)


@given(STORIES)
@example([("A", 1), ("R", 1), ("N", 1), ("X", 1)])
def test_in_any_order_of_events_exactly_the_items_that_break_the_account_are_named(
    story: list[tuple[str, int]],
) -> None:
    account = account_of(story)
    assert named(account) == broken(story)


@given(STORIES)
@example([("A", 1), ("R", 1), ("N", 1), ("X", 1)])
def test_the_sums_agree_or_something_is_named(story: list[tuple[str, int]]) -> None:
    account = account_of(story)
    n = account.totals(LATER)
    items, ejects, passes, contained = account.laws(LATER)
    assert items.left - items.right == n["ejected_unasked"] + n["untracked"] + n["lost"]
    assert ejects.left - ejects.right == n["not_confirmed"] + n["escaped"]
    assert contained.left == contained.right
    agree = all(law.left == law.right for law in (items, ejects, passes, contained))
    assert agree or account.difference_count(LATER) > 0
    assert n["rejects"] == sum(number for name, number in n.items() if name.startswith("rejects."))


@given(STORIES, st.integers(0, 25))
def test_a_shift_that_ends_in_the_middle_changes_no_total_and_hides_no_item(
    story: list[tuple[str, int]], end: int
) -> None:
    whole, first = account_of(story), account_of(story[:end])
    second = first.successor(AT, "2026-11-22/08:00")
    for letter, number in story[end:]:
        for event in happened(letter, number):
            second.apply(event)
    assert second.counts.carried_over == first.totals(AT)["on_belt"]
    told = {d.item for d in first.differences(AT)} | {d.item for d in second.differences(LATER)}
    assert named(whole) <= {int(item) for item in told if item is not None} | named(second)
    for name, number in asdict(whole.counts).items():
        if name not in ("carried_over", "in_open_before"):
            assert number == getattr(first.counts, name) + getattr(second.counts, name), name


@given(STORIES)
def test_a_snapshot_holds_the_whole_account(story: list[tuple[str, int]]) -> None:
    account = account_of(story)
    saved = json.loads(json.dumps(account.to_json()))
    assert Account.from_json(saved, packs=True) == account


def clean(count: int) -> list[tuple[str, int]]:
    return [(letter, number) for number in range(1, count + 1) for letter in "AP"]


def test_each_event_that_is_missing_is_told_by_its_item() -> None:
    whole = [(n, event) for letter, n in clean(30) for event in happened(letter, n)]
    lost = [3 * 5 + 1, 3 * 11, 3 * 20 + 2]  # a passing, a verdict, a packing
    account = begun()
    for index, (_, event) in enumerate(whole):
        if index not in lost:
            account.apply(event)
    assert named(account) == {whole[index][0] for index in lost} == {6, 12, 21}
    found = {(d.item, d.found) for d in account.differences(LATER)}
    assert (6, "accepted, then nothing, and later items had the gate's word") in found
    assert (12, "passed, with no verdict or a second time") in found
    assert (21, "passed, then nothing") in found


def test_an_item_on_a_belt_that_stands_still_is_no_difference_however_long() -> None:
    account = account_of([*clean(3), ("A", 4), ("R", 5)])
    assert account.differences("2027-01-01T00:00:00.000Z") == []
    assert account.totals(LATER)["on_belt"] == 2


def test_a_neighbours_word_may_come_first_but_not_for_ever() -> None:
    account = account_of([("A", 1), ("A", 2), ("P", 2)])
    assert named(account, AT) == set()
    assert named(account, LATER) == {1}
    assert account.totals(LATER)["lost"] == 1
    assert account.successor(LATER).counts.carried_over == 0


def test_what_nobody_watched_is_rejected_and_what_no_plc_remembers_is_lost() -> None:
    account = begun()
    account.apply(
        BeltUnknown(
            at=AT,
            station=INFEED,
            first_item=ItemNumber(1),
            last_item=ItemNumber(RING + 2),
            detail="",
        )
    )
    n = account.totals(AT)
    assert (n["triggers"], n["on_belt"], n["lost"]) == (RING + 2, RING, 2)
    assert named(account, AT) == {1, 2}
    # The gate's session asks for them all the same, and hears that the PLC no longer knows.
    account.apply(happened("N", 1)[0])
    assert account.difference_count(AT) == 2


def test_what_a_restart_of_the_plc_swallowed_is_named() -> None:
    account = account_of([*clean(2), ("A", 4), ("N", 4)])
    account.apply(armed(boot=2, last_item=65_536))
    assert named(account, AT) == {3, 4}
    for event in (*happened("A", 65_537), *happened("P", 65_537)):
        account.apply(event)
    assert named(account, LATER) == {3, 4}


def test_items_from_before_the_first_account_are_nobodys() -> None:
    accounts = Accounts(packs=True)
    accounts.apply(armed(last_item=7))
    account = accounts.open[INFEED]
    account.apply(happened("E", 7)[0])
    assert account.differences(LATER) == []


def test_more_differences_than_are_kept_are_counted() -> None:
    account = account_of([pair for n in range(1, KEPT + 11) for pair in (("R", n), ("X", n))])
    assert len(account.differences(LATER)) == KEPT
    assert account.difference_count(LATER) == KEPT + 10


def test_a_child_that_its_containers_closing_does_not_list_is_named() -> None:
    account = account_of(clean(3))
    account.apply(
        Closed(
            at=AT,
            station=StationName("bench"),
            key=CodeKey("case"),
            level=LevelName("case"),
            container=CASE,
            children=(key(1), key(3)),
        )
    )
    assert named(account) == {2}
    assert account.totals(LATER)["in_closed"] == 2


def test_things_that_are_no_items_are_shown_and_in_no_sum() -> None:
    account = account_of(clean(1))
    account.apply(Stray(at=AT, station=INFEED, where="bin", count=3))
    assert account.totals(AT)["strays"] == 3
    assert all(law.left == law.right for law in account.laws(AT))


# --- in the core ---------------------------------------------------------------------------


def line(*on: StopCause) -> World:
    usual = plan(2)
    station = usual.stations[INFEED]
    assert station.gate is not None
    gate = replace(station.gate, stop=StopPlan(on=frozenset(on)))
    stations = {**usual.stations, INFEED: replace(station, gate=gate)}
    return World(LinePlan(usual.levels, usual.forms, stations))


def end_shift(world: World, shift: str = "2026-11-22/08:00") -> list[ShiftEnded]:
    before = len(world.past.events)
    world.now_us += 60_000_000
    world.give(ShiftEnd(world.instant(), shift))
    return [event for event in world.past.events[before:] if isinstance(event, ShiftEnded)]


STEPS = st.lists(
    st.sampled_from(["good", "unread", "two at once", "link", "plc", "agent", "shift", *Outcome]),
    max_size=40,
)


@given(STEPS)
@example(["two at once", "good", "plc", "good"])
@example(["good", "link", "good", Outcome.PASSED, "shift"])
@example(["two at once", "good", Outcome.PASSED, Outcome.PASSED, "shift"])
def test_what_the_core_itself_records_leaves_no_difference_but_the_fates_that_are_one(
    steps: list[str],
) -> None:
    world, swallowed, items = line(), set[int](), 0
    world.count(0)
    for number, step in enumerate(steps):
        world.tick(SPACING_US)  # windows close before the next thing happens
        belt = world.line.state.belts[INFEED]
        match step:
            case Outcome():
                if belt.pending:
                    world.gate(min(belt.pending), step)
            case "good" | "unread":
                items += 1
                world.count(items - 1)
                world.count(items)
                world.read_item(text("unit", number) if step == "good" else None)
                world.now_us += SPACING_US
            case "two at once":
                items += 2
                world.count(items - 2)
                world.count(items)
            case "link":
                world.lose_link()
                items += 1
                world.count(items)
            case "plc":
                swallowed |= belt.skipped
                items = (belt.last_item // 65_536 + 1) * 65_536
                world.count(items, restarted=True)
            case "agent":
                world.restart()
            case _:
                end_shift(world, f"shift {number}")
    for item in sorted(world.line.state.belts[INFEED].pending):
        world.gate(item, Outcome.EJECTED)
    accounts, told = Accounts(packs=True), set()
    for event in world.past.events:
        if isinstance(event, ShiftEnded):
            found = accounts.open[INFEED].differences(event.at)
            assert event.differences == len(found)
            told |= {each.item for each in found}
        accounts.apply(event)
    last = accounts.open[INFEED]
    told |= {each.item for each in last.differences(world.instant().isoformat())}
    assert told == swallowed | {
        event.item
        for event in world.past.events
        if isinstance(event, EjectFailed | EjectedUnasked | Untracked)
        or (isinstance(event, Passed) and event.key is None)
    }
    assert accounts.to_json() == world.line.state.accounts.to_json()


def test_the_end_of_a_shift_writes_its_account_and_carries_the_belt_over() -> None:
    world = line(StopCause.DIFFERENCE)
    world.item(1, text("unit", 1))
    world.gate(1, Outcome.PASSED)
    world.item(2, None)
    world.item(3, text("unit", 3))
    world.gate(2, Outcome.EJECTED)
    (ended,) = end_shift(world)
    assert ended.differences == 0
    assert (ended.counts["triggers"], ended.counts["passes"], ended.counts["on_belt"]) == (3, 1, 1)
    assert ended.counts["rejects.UNREAD"] == ended.counts["confirmed"] == 1
    world.restart()
    world.gate(3, Outcome.PASSED)
    world.scan(text("level1", 1))
    (ended,) = end_shift(world, "2026-11-22/20:00")
    assert (ended.counts["carried_over"], ended.counts["triggers"]) == (1, 0)
    assert (ended.counts["in_open_before"], ended.counts["in_closed"]) == (1, 2)
    assert not any(isinstance(event, Stopped) for event in world.past.events)


def test_a_shift_ends_once_however_often_it_is_said() -> None:
    world = line()
    world.count(0)
    assert len(end_shift(world)) == 1
    assert end_shift(world) == []


@pytest.mark.parametrize("on", [(), (StopCause.DIFFERENCE,)])
def test_a_shift_that_does_not_agree_holds_the_station_where_it_is_so_configured(
    on: tuple[StopCause, ...],
) -> None:
    world = line(*on)
    world.item(1, None)
    world.give(GateReport(world.instant(), INFEED, ItemNumber(1), Outcome.UNCONFIRMED))
    (ended,) = end_shift(world)
    assert ended.differences == 1
    stops = [event for event in world.past.events if isinstance(event, Stopped)]
    assert [stop.cause for stop in stops] == list(on)
    assert all("2026-11-22/08:00" in stop.detail for stop in stops)


def test_an_order_is_recorded_when_it_is_another_than_before() -> None:
    world = line()
    for order in ("", "4711", "4711", "4712"):
        world.give(OrderStart(world.instant(), StationName("line-1"), order))
    world.restart()
    orders = [event.order for event in world.past.events if isinstance(event, OrderChanged)]
    assert orders == ["4711", "4712"]
    assert world.line.state.order == "4712"
