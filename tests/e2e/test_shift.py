"""A whole shift at the benches, with scanner and badge alone: nobody touches a keyboard."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from drivers.sim.bench.goods import Goods
from drivers.sim.codes import OTHER_PRODUCT
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Closed,
    LabelQueued,
    LabelVerified,
    Packed,
    Reason,
    Reworked,
)
from edge_agent.core.names import CodeKey
from edge_agent.vocabulary import REASONS
from tests.e2e.shift_rig import hall, in_language
from tests.e2e.staff import BATCH, NAMES, NEXT_BATCH, Shift, staffed


@pytest.fixture(params=["zh_CN", "en"])
async def shift(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shift]:
    language: str = request.param
    async with hall(tmp_path, in_language(language)) as made:
        yield await staffed(made, language)


async def test_a_shift_from_badge_to_badge_without_a_keyboard(shift: Shift) -> None:
    await sign_in_and_choose_the_order(shift)
    first, second = await two_cases_whose_labels_are_swapped(shift)
    third = await a_case_with_repairs_that_is_closed_before_it_is_full(shift)
    await a_pallet(shift, [first, second, third])
    await change_over(shift)
    await read_the_report(shift)
    await sign_out(shift)
    what_is_kept_agrees(shift, [first, second, third])
    no_secret_is_kept(shift)


async def sign_in_and_choose_the_order(shift: Shift) -> None:
    bottle = Goods(BATCH, first=900).bottle()
    await shift.scan("bench-1", bottle.text, "bad", Reason.NOT_SIGNED_IN)
    for station, person in (("bench-1", "wang"), ("bench-2", "zhao")):
        await shift.badge(station, person, "good")
    await expect(shift.screens["bench-1"].who).to_have_text(NAMES[shift.language]["wang"])
    await shift.ask("bench-1", "ORDER:4711", "ask")
    await shift.badge("bench-1", "li", "good")
    await expect(shift.screens["bench-1"].who).to_have_text(NAMES[shift.language]["wang"])
    for station in ("bench-1", "bench-2"):
        await expect(shift.screens[station].order).to_contain_text("香雪花露水 500ml")
        await expect(shift.screens[station].order).to_contain_text(BATCH)


async def two_cases_whose_labels_are_swapped(shift: Shift) -> tuple[str, str]:
    """At two benches at once. Each takes the other's label first. The labels' codes."""
    bottles, count = Goods(BATCH).bottles(3), shift.screens["bench-1"].count
    await shift.scan("bench-1", bottles[0].text, "good")
    await expect(count).to_have_text("1 / 3")
    await shift.scan("bench-1", bottles[1].text, "good")
    # The trigger pulled twice is one scan. After a command the same code is meant anew.
    await shift.scan("bench-1", bottles[1].text, "note")
    await shift.ask("bench-1", "CANCEL", "note")
    await shift.scan("bench-1", bottles[0].text, "bad", Reason.ALREADY_PACKED)
    foreign = Goods(BATCH, OTHER_PRODUCT).bottle()
    await shift.scan("bench-1", foreign.text, "bad", Reason.WRONG_PRODUCT)
    late = Goods("L2610Z").bottle()
    await shift.scan("bench-1", late.text, "bad", Reason.WRONG_BATCH)
    await expect(count).to_have_text("2 / 3")
    await shift.scan("bench-1", bottles[2].text, "full")
    first = await shift.hall.next_label()
    await shift.fill("bench-2", Goods(BATCH, first=50))
    second = await shift.hall.next_label()

    shifted = await shift.scan("bench-1", second, "bad", Reason.WRONG_LABEL)
    assert first[2:] in shifted.text or any(first[2:] in each for each in shifted.culprits)
    await shift.scan("bench-1", first, "full")
    await shift.scan("bench-2", second, "full")
    return first, second


async def a_case_with_repairs_that_is_closed_before_it_is_full(shift: Shift) -> str:
    """A damaged product is replaced, one is packed by mistake, one is taken out again."""
    one, two, three, fresh = Goods(BATCH, first=100).bottles(4)
    count = shift.screens["bench-1"].count
    await shift.scan("bench-1", one.text, "good")
    await shift.ask("bench-1", "REPLACE", "ask")
    await shift.scan("bench-1", one.text, "ask")
    await shift.scan("bench-1", fresh.text, "good")
    await expect(count).to_have_text("1 / 3")
    await shift.scan("bench-1", two.text, "good")
    await shift.ask("bench-1", "UNDO", "good")
    await expect(count).to_have_text("1 / 3")
    await shift.scan("bench-1", three.text, "good")
    await shift.ask("bench-1", "REMOVE", "ask")
    await shift.scan("bench-1", three.text, "good")
    await expect(count).to_have_text("1 / 3")
    # A second pull of the trigger does not pack it again; meant anew, it may be.
    await shift.scan("bench-1", three.text, "note")
    await shift.ask("bench-1", "CANCEL", "note")
    await shift.scan("bench-1", three.text, "good")
    await shift.ask("bench-1", "CLOSE", "ask")
    await shift.badge("bench-1", "li", "full")
    label = await shift.hall.next_label()
    await shift.scan("bench-1", label, "full")
    return label


async def a_pallet(shift: Shift, cases: list[str]) -> None:
    await shift.badge("pallet", "zhao", "good")
    for case, tone in zip(cases, ("good", "good", "full"), strict=True):
        await shift.scan("pallet", case, tone)
    label = await shift.hall.next_label()
    await shift.scan("pallet", label, "full")


async def change_over(shift: Shift) -> None:
    """What was begun is put aside; a product of the old order is now a wrong one."""
    begun, stray = Goods(BATCH, first=500).bottles(2)
    await shift.scan("bench-1", begun.text, "good")
    await shift.ask("bench-2", "ORDER:4712", "ask")
    await shift.badge("bench-2", "li", "good")
    await expect(shift.screens["bench-1"].order).to_contain_text("香雪洗手液 250ml")
    await shift.scan("bench-1", stray.text, "bad", Reason.WRONG_PRODUCT)
    await shift.scan("bench-1", Goods(NEXT_BATCH, OTHER_PRODUCT).bottle().text, "good")


async def sign_out(shift: Shift) -> None:
    await shift.ask("bench-1", "SIGN_OUT", "good")
    await expect(shift.screens["bench-1"].who).to_have_text(shift.t("Nobody"))


async def read_the_report(shift: Shift) -> None:
    """The supervisor shows a badge at the rework table, whose screen asks who is there."""
    page, address = shift.screens["rework"].page, shift.hall.address
    await page.goto(f"{address}/sign-in?station=rework&then=/reports")
    await page.locator(".tiles, .none").first.wait_for()
    shift.hall.scanners["rework"].show_badge(shift.hall.badges["li"])
    await page.wait_for_url("**/reports")
    report = page.locator(".shown-report")
    await expect(report.locator("svg").first).to_be_visible(timeout=30_000)
    for reason in (Reason.WRONG_BATCH, Reason.WRONG_PRODUCT, Reason.WRONG_LABEL):
        await expect(report).to_contain_text(shift.t(REASONS[reason].word))


def what_is_kept_agrees(shift: Shift, cases: list[str]) -> None:
    """The ledger has what was done at the benches, by whom; each number was printed once."""
    events = shift.hall.events()
    closed = {event.key: event for event in events if isinstance(event, Closed)}
    assert [len(closed[CodeKey(case)].children) for case in cases] == [3, 3, 2]
    (pallet,) = closed.keys() - {CodeKey(case) for case in cases}
    assert closed[pallet].children == tuple(cases)
    assert closed[CodeKey(cases[2])].approved_by == "li"
    queued = [event for event in events if isinstance(event, LabelQueued)]
    verified = [event.key for event in events if isinstance(event, LabelVerified)]
    assert [event.key for event in queued] == [*cases, pallet]
    assert sorted(verified) == sorted(closed)
    assert [event.copy for event in queued] == [1] * 4
    assert {event.by for event in events if isinstance(event, Packed)} == {"wang", "zhao"}
    assert [event.operation for event in events if isinstance(event, Reworked)] == [
        Command.REPLACE,
        Command.UNDO,
        Command.REMOVE,
    ]
    config = str(shift.hall.config_path)
    checked = subprocess.run(
        [sys.executable, "-m", "edge_agent", "ledger", "verify", config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def no_secret_is_kept(shift: Shift) -> None:
    """What a badge says is in no file, log or page that the roles have written."""
    root = shift.hall.config_path.parent
    written = [path for path in root.rglob("*") if path.is_file()]
    assert {"ledger.db", "people.db", "line.log", "hmi.log"} <= {path.name for path in written}
    for path in written:
        data = path.read_bytes()
        assert not any(badge.encode() in data for badge in shift.hall.badges.values()), path
