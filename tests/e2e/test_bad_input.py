"""What goes wrong at the benches, by people, printers and browsers: the screen says so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from drivers.sim.bench.goods import Goods, printed_label
from drivers.sim.codes import PRODUCT
from edge_agent.core.events import Closed, LabelFailed, LabelQueued, Reason, Reworked
from edge_agent.vocabulary import REASONS
from tests.e2e.shift_rig import Hall, Screen, Seen, hall

pytestmark = pytest.mark.asyncio(loop_scope="module")
GOODS = Goods("L2611A")
CASE_LABEL = """
[levels.label]
template = "case"
printer = "zebra"
sscc = { prefix = "9521234", extension = 0, first = 1, last = 99999999 }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def benches(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    """English, and nobody has to sign in, so that each test can begin anywhere."""
    root = tmp_path_factory.mktemp("hall")
    changes = {'language = "zh_CN"': 'language = "en"', "required = true": "required = false"}
    async with hall(root, changes) as made:
        await made.add_person("li", "Li Qiang", "supervisor", None)
        yield made


async def scan(made: Hall, screen: Screen, station: str, text: str) -> Seen:
    return await screen.after(lambda: made.scanners[station].scan(text))


async def full_case(made: Hall, screen: Screen, station: str) -> str:
    """Fill a case at `station`. A product in it, whose code names the case before its label."""
    bottles = GOODS.bottles(3)
    seen = [await scan(made, screen, station, bottle.text) for bottle in bottles]
    assert [each.tone for each in seen[:2]] == ["good", "good"]
    # A printer that dies at once is told at once: the newest word stands.
    assert seen[2].tone == "full" or await screen.page.locator(".box-label.failed").is_visible()
    return bottles[0].text


async def test_a_command_that_cannot_be_done_now_is_refused_with_words_and_no_event(
    benches: Hall,
) -> None:
    screen = await benches.screen("bench-2")
    before = len(benches.events())
    for command in ("EA:CLOSE", "EA:CONFIRM", "EA:SIGN_OUT", "EA:RELEASE", "EA:NO_SUCH_THING"):
        seen = await scan(benches, screen, "bench-2", command)
        assert seen.tone == "bad" and seen.text, command
    assert len(benches.events()) == before


async def test_a_revoked_badge_says_so_and_its_owner_is_signed_out_everywhere(
    benches: Hall,
) -> None:
    await benches.add_person("zhao", "Zhao Min", "operator", "li")
    screen = await benches.screen("rework")
    assert (
        await scan(benches, screen, "rework", f"EA:BADGE:{benches.badges['zhao']}")
    ).tone == "good"
    await expect(screen.who).to_have_text("Zhao Min")
    await benches.edit("person", "zhao", None, "li", "left the company")
    await expect(screen.who).to_have_text("Nobody")
    seen = await scan(benches, screen, "rework", f"EA:BADGE:{benches.badges['zhao']}")
    assert seen.tone == "bad", seen
    assert "not valid any more" in seen.text, seen
    stranger = await scan(benches, screen, "rework", "EA:BADGE:NOBODYHASTHIS")
    assert stranger.tone == "bad"
    assert "NOBODYHASTHIS" not in await screen.page.content()


async def test_a_scan_while_the_printer_has_a_fault_is_packed_and_the_label_comes_with_the_roll(
    benches: Hall,
) -> None:
    screen = await benches.screen("bench-1")
    benches.printer.labels_left = 0
    one = await full_case(benches, screen, "bench-1")
    await expect(screen.page.locator(".lamp.down, .lamp.connecting")).to_contain_text("标签机")
    seen = await scan(benches, screen, "bench-1", GOODS.bottle().text)
    assert seen.tone in ("good", "bad")
    benches.printer.new_roll()
    label = await benches.take_label(screen, "bench-1", one)
    assert (await scan(benches, screen, "bench-1", label)).tone == "full"


async def test_a_printer_that_dies_in_the_middle_of_a_label_is_never_asked_twice_by_itself(
    benches: Hall,
) -> None:
    screen = await benches.screen("bench-1")
    benches.printer.die_after(400)
    one = await full_case(benches, screen, "bench-1")
    await expect(screen.page.locator(".box-label.failed")).to_be_visible()
    printed = len(benches.printer.labels)
    await benches.printer.start()
    await expect(screen.page.locator(".lamp.up", has_text="标签机")).to_be_visible(timeout=10_000)
    assert len(benches.printer.labels) == printed
    label = await benches.take_label(screen, "bench-1", one)
    assert (await scan(benches, screen, "bench-1", label)).tone == "full"
    events = benches.events()
    failed = next(each.job for each in reversed(events) if isinstance(each, LabelFailed))
    again = next(each for each in reversed(events) if isinstance(each, LabelQueued))
    assert (again.reprint_of, again.copy, again.key) == (failed, 2, label)


async def rested(made: Hall, station: str) -> Screen:
    """The screen of `station`, at which nothing is being filled: what was is put aside."""
    screen = await made.screen(station)
    await scan(made, screen, station, "EA:PARK")
    await expect(screen.page.locator("section.box.none")).to_be_visible()
    return screen


async def test_two_taps_on_one_button_are_one(benches: Hall) -> None:
    screen = await rested(benches, "bench-2")
    for bottle in GOODS.bottles(2):
        await scan(benches, screen, "bench-2", bottle.text)
    await expect(screen.count).to_have_text("2 / 3")
    await screen.page.locator('[data-command="UNDO"]').dblclick()
    await expect(screen.count).to_have_text("1 / 3")
    # One more thing is decided after both taps: the second did nothing.
    await scan(benches, screen, "bench-2", GOODS.bottle().text)
    await expect(screen.count).to_have_text("2 / 3")
    assert sum(isinstance(each, Reworked) for each in benches.events()) == 1


async def test_back_and_forward_in_the_browser_show_the_line_as_it_is_now(benches: Hall) -> None:
    screen = await rested(benches, "bench-2")
    await screen.page.goto(f"{benches.address}/")
    await screen.page.locator(".card").first.wait_for()
    benches.scanners["bench-2"].scan(GOODS.bottle().text)
    await screen.page.go_back()
    await expect(screen.count).to_have_text("1 / 3")
    await screen.page.go_forward()
    await screen.page.locator(".card").first.wait_for()
    await screen.page.go_back()
    await screen.page.locator('[data-command="UNDO"]').click()
    await expect(screen.page.locator("section.box.none")).to_be_visible()


async def test_two_tabs_of_one_station_say_the_same(benches: Hall) -> None:
    one = await rested(benches, "bench-2")
    other = await benches.screen("bench-2", context=one.page.context)
    await scan(benches, one, "bench-2", GOODS.bottle().text)
    await expect(other.count).to_have_text("1 / 3")
    await other.page.locator('[data-command="UNDO"]').click()
    await expect(one.page.locator("section.box.none")).to_be_visible()
    assert await one.seen() == await other.seen()


@pytest.mark.parametrize(
    "name",
    [
        "N" * 200,
        "产品" * 100,
        "عطر الزهور 500 مل \u202eabc",
        "Soap 🧼👩🏽‍🔬 e\u0301" + "\u0301" * 20,
        "<img src=x onerror=alert(1)>{0}%s",
    ],
    ids=["200-latin", "200-han", "right-to-left", "emoji", "markup"],
)
async def test_any_name_is_shown_as_it_is_and_breaks_no_page(benches: Hall, name: str) -> None:
    await benches.edit("product", PRODUCT, {"name": name}, "li")
    order = f"N-{len(benches.events())}"
    new = {"gtin": PRODUCT, "batch": "", "made": "", "expiry": "", "target": "9", "ended": ""}
    await benches.edit("order", order, new, "li")
    await benches.add_person(f"p{len(benches.events())}", name, "operator", "li")
    person = list(benches.badges)[-1]
    screen = await benches.screen("pallet")
    await scan(benches, screen, "pallet", f"EA:ORDER:{order}")
    await scan(benches, screen, "pallet", f"EA:BADGE:{benches.badges['li']}")
    await scan(benches, screen, "pallet", f"EA:BADGE:{benches.badges[person]}")
    await expect(screen.order.locator(".product")).to_have_text(name)
    await expect(screen.who).to_have_text(name)
    wide, high = await screen.page.evaluate(
        "[document.documentElement.scrollWidth - innerWidth, "
        "document.documentElement.scrollHeight - innerHeight]"
    )
    assert (wide, high) == (0, 0)


async def test_a_container_code_that_another_station_used_is_refused_with_where(
    tmp_path: Path,
) -> None:
    """Pre-printed codes: both benches have a full case, and one label comes twice from the roll."""
    changes = {
        CASE_LABEL: "",
        'language = "zh_CN"': 'language = "en"',
        "required = true": "required = false",
    }
    async with hall(tmp_path, changes) as made:
        code = printed_label(0, 1)
        for station in ("bench-1", "bench-2"):
            screen = await made.screen(station)
            await full_case(made, screen, station)
            seen = await scan(made, screen, station, code)
            if station == "bench-1":
                assert seen.tone == "full"
            else:
                assert seen.tone == "bad"
                assert seen.word == REASONS[Reason.DUPLICATE].word
                first = screen.page.locator(".last-first")
                await expect(first).to_contain_text("1 号装箱台")
        assert sum(isinstance(each, Closed) for each in made.events()) == 1
