"""A whole shift at the benches, with scanner and badge alone: nobody touches a keyboard."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from drivers.sim.bench.goods import Goods
from drivers.sim.codes import OTHER_PRODUCT
from edge_agent.core.events import (
    Reason,
)
from tests.e2e.shift_rig import hall
from tests.e2e.staff import BATCH, NAMES, NEXT_BATCH, Shift, staffed


@pytest.fixture(params=["zh_CN", "en"])
async def shift(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shift]:
    language: str = request.param
    async with hall(tmp_path, {'language = "zh_CN"': f'language = "{language}"'}) as made:
        yield await staffed(made, language)


async def test_a_shift_from_badge_to_badge_without_a_keyboard(shift: Shift) -> None:
    await sign_in_and_choose_the_order(shift)
    first, second = await two_cases_whose_labels_are_swapped(shift)
    third = await a_case_with_repairs_that_is_closed_before_it_is_full(shift)
    await a_pallet(shift, [first, second, third])
    await change_over(shift)
    await sign_out(shift)


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
    await shift.badge("bench-1", "li", "good")
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
