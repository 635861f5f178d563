"""A page in a real browser against a line that says what the test wants."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from edge_agent.core.effects import Tone
from edge_agent.core.saying import say
from edge_agent.views import AWAY_S
from tests.hmi import scenes
from tests.hmi.conftest import HmiProcess, Opener
from tests.hmi.fake_line import FakeLine

PACKING = "/station/packing"
COVER = ".away"


def shows(page: Page, number: int) -> None:
    expect(page.locator(f'.last[data-n="{number}"]')).to_be_visible()


def test_a_scan_is_on_the_screen_without_a_reload(opened: Opener, line: FakeLine) -> None:
    page = opened(PACKING)
    line.show(scenes.line(scenes.duplicate_at("packing", 77)))
    shows(page, 77)
    panel = page.locator(".last")
    expect(panel).to_have_class(re.compile("bad"))
    expect(panel).to_contain_text("重码")
    expect(panel).to_contain_text("复检箱")
    expect(panel).to_contain_text("首次扫描：11-22 08:58:02，packing")


def test_a_line_that_dies_leaves_nothing_green_and_comes_back_by_itself(
    opened: Opener, line: FakeLine
) -> None:
    page = opened(PACKING)
    line.stop()
    expect(page.locator(COVER)).to_be_visible()
    expect(page.locator(".last, .box, .counters, .buttons")).to_have_count(0)
    line.show(scenes.line(scenes.station("packing", last=scenes.read(90))))
    line.start()
    shows(page, 90)
    expect(page.locator(COVER)).to_have_count(0)


def test_a_line_that_hangs_leaves_nothing_green(opened: Opener, line: FakeLine) -> None:
    page = opened(PACKING)
    line.silence(True)
    expect(page.locator(COVER)).to_be_visible()
    line.silence(False)
    shows(page, 31)


@pytest.mark.parametrize("work", ["packing", "rework", "layer"])
def test_a_station_whose_scanner_is_away_shows_nothing_green(
    opened: Opener, line: FakeLine, work: str
) -> None:
    line.show(scenes.line())
    page = opened(f"/station/{work}")
    expect(page.locator(".last.good")).to_be_visible()
    line.show(scenes.deaf(work))
    expect(page.locator(".last.past")).to_be_visible()
    expect(page.locator(".gate.refused")).to_contain_text(f"hand-{work}")
    expect(page.locator(".last.good, .last.full")).to_have_count(0)
    # Of more devices than there is room for, those that are away are seen.
    expect(page.locator(".lamp.down")).to_have_count(1)


def test_without_the_hmi_the_browser_covers_the_page_itself(
    opened: Opener, line: FakeLine, hmi: HmiProcess
) -> None:
    page = opened(PACKING)
    hmi.kill()
    expect(page.locator(COVER)).to_be_visible(timeout=(AWAY_S + 2) * 1_000)
    expect(page.locator(".last")).to_have_count(0)
    line.show(scenes.line(scenes.station("packing", last=scenes.read(91))))
    hmi.start()
    page.locator('.last[data-n="91"]').wait_for(timeout=20_000)


def test_a_button_reaches_the_line_once_however_often_it_is_touched(
    opened: Opener, line: FakeLine
) -> None:
    page = opened(PACKING)
    page.locator('[data-command="UNDO"]').dblclick()
    page.locator('[data-command="REPRINT"]').click()
    pressed = [line.presses.get(timeout=10) for _ in range(2)]
    assert [each["press"] for each in pressed] == ["UNDO", "REPRINT"]
    assert line.presses.empty()
    assert pressed[0] == {
        "command": "press", "station": "packing", "press": "UNDO", "argument": "",
    }  # fmt: skip


def test_what_needs_an_argument_asks_for_it_first(opened: Opener, line: FakeLine) -> None:
    page = opened(PACKING)
    page.locator('[data-command="ORDER"]').click()
    page.locator(".order-tile").nth(1).click()
    assert line.presses.get(timeout=10)["argument"] == "WO-20261122-04"
    page.locator('[data-command="MORE"]').click()
    page.locator('.sheet [data-command="DECOMMISSION"]').click()
    page.get_by_text("码损坏").click()
    pressed = line.presses.get(timeout=10)
    assert (pressed["press"], pressed["argument"]) == ("DECOMMISSION", "code-damaged")
    assert line.presses.empty()


def test_every_repair_is_two_touches_away(opened: Opener, line: FakeLine) -> None:
    page = opened(PACKING)
    for command in ("REMOVE", "REPLACE", "ADD", "EMPTY", "SPLIT", "MERGE", "MOVE", "UNPACK"):
        page.locator('[data-command="MORE"]').click()
        page.locator(f'.sheet [data-command="{command}"]').click()
        assert line.presses.get(timeout=10)["press"] == command
        expect(page.locator(".sheet")).to_have_count(0)


def test_what_is_asked_is_shown_with_its_step_and_a_way_out(opened: Opener, line: FakeLine) -> None:
    line.show(scenes.line(scenes.asking("packing")))
    page = opened(PACKING, language="en")
    expect(page.locator(".prompt-step")).to_have_text("ReplaceStep 1 of 2")
    page.get_by_role("button", name="Cancel").click()
    assert line.presses.get(timeout=10)["press"] == "CANCEL"


def test_what_is_to_be_chosen_is_offered_in_words(opened: Opener, line: FakeLine) -> None:
    line.show(scenes.line(scenes.choosing("packing")))
    page = opened(PACKING)
    page.get_by_role("button", name="码被盗").click()
    pressed = line.presses.get(timeout=10)
    assert (pressed["press"], pressed["argument"]) == ("DECOMMISSION", "code-stolen")


def test_a_refusal_of_the_line_is_said(opened: Opener, line: FakeLine) -> None:
    line.refusal = say("the line is halted: nothing is recorded")
    page = opened(PACKING)
    page.locator('[data-command="UNDO"]').click()
    expect(page.locator(".told")).to_have_text("产线没有执行：产线已中止记录")


def test_a_stopped_gate_is_released_by_a_button(opened: Opener, line: FakeLine) -> None:
    line.show(scenes.line(scenes.station("inline", gate=scenes.STOPPED)))
    page = opened("/station/inline")
    expect(page.locator(".gate")).to_contain_text("已停线")
    expect(page.locator(".gate")).to_contain_text("剔除箱已满")
    page.locator(".gate .release").click()
    assert line.presses.get(timeout=10)["press"] == "RELEASE"


def test_two_tabs_show_the_same_and_back_does_no_harm(opened: Opener, line: FakeLine) -> None:
    first, second = opened(PACKING), opened(PACKING)
    line.show(scenes.line(scenes.station("packing", last=scenes.read(60))))
    shows(first, 60)
    shows(second, 60)
    first.locator(".home").click()
    expect(first.locator(".stations")).to_be_visible()
    first.go_back()
    line.show(scenes.line(scenes.station("packing", last=scenes.read(61))))
    shows(first, 61)
    shows(second, 61)
    assert line.presses.empty()


def test_the_language_is_the_persons_until_another_is_chosen(
    opened: Opener, line: FakeLine
) -> None:
    page = opened(PACKING, owner="somebody-else", language="en")
    expect(page.locator(".last-word")).to_have_text("合格")
    page.locator(".tap.settings").click()
    page.get_by_text("English").click()
    expect(page.locator(".last-word")).to_have_text("Good")
    line.show(scenes.line(scenes.station("packing", signed_in=scenes.LI)))
    expect(page.locator(".last-word")).to_have_text("合格")


def test_day_and_dark_are_kept(opened: Opener) -> None:
    page = opened(PACKING)
    page.get_by_text("日间").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    page.locator(".last").wait_for()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_each_tone_sounds_once_the_screen_was_touched(opened: Opener, line: FakeLine) -> None:
    page = opened(PACKING)
    page.locator(".last").click()
    expect(page.locator(".is-mute")).to_have_count(0)
    for number, tone in enumerate(Tone, start=40):
        line.show(scenes.line(scenes.station("packing", last=scenes.read(number, tone))))
        shows(page, number)
        assert page.evaluate("document.documentElement.dataset.sounded") == f"{tone} {number}"


def test_after_a_restart_of_the_line_the_list_is_silent_and_the_next_read_sounds(
    opened: Opener, line: FakeLine
) -> None:
    """Its numbers may begin where they began before."""
    page = opened(PACKING)
    page.locator(".last").click()
    sounded = "document.documentElement.dataset.sounded"
    read = scenes.read(41)
    line.show(scenes.line(scenes.station("packing", last=read, operations=(read,))))
    shows(page, 41)
    assert page.evaluate(sounded) == "good 41"
    page.evaluate("delete document.documentElement.dataset.sounded")
    line.show(scenes.line(scenes.station("packing", last=None, operations=(read,))))
    expect(page.locator(".last.none")).to_be_visible()
    expect(page.locator(".operations li")).to_have_count(1)
    assert page.evaluate(sounded) is None
    line.show(scenes.line(scenes.station("packing", last=read, operations=(read,))))
    shows(page, 41)
    assert page.evaluate(sounded) == "good 41"


def test_a_screen_that_nobody_touched_says_that_it_is_silent(
    browser: Browser, hmi: HmiProcess
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(hmi.url + PACKING)
    # Playwright's own questions count as a touch; this one does not.
    session = context.new_cdp_session(page)
    until = time.monotonic() + 10
    text = ""
    while not text and time.monotonic() < until:
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": "document.querySelector('.is-mute')?.title",
                "userGesture": False,
            },
        )
        text = answer["result"].get("value", "")
    assert text == "声音未开启，请点一下屏幕"
    context.close()


def test_only_the_lines_own_screen_has_buttons(browser: Browser, hmi: HmiProcess) -> None:
    context = browser.new_context(extra_http_headers={"X-Forwarded-For": "192.0.2.7"})
    page = context.new_page()
    page.goto(hmi.url + PACKING)
    expect(page.locator(".last")).to_be_visible()
    expect(page.locator(".buttons button")).to_have_count(0)
    context.close()


@pytest.fixture
def complaints(browser: Browser) -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


@pytest.mark.parametrize("path", ["/", *(f"/station/{work}" for work in scenes.WORKS)])
def test_no_page_wants_anything_from_elsewhere_or_breaks_its_policy(
    browser: Browser, hmi: HmiProcess, line: FakeLine, complaints: list[str], path: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            request.url.startswith((hmi.url, hmi.url.replace("http", "ws"), "data:"))
            or complaints.append(request.url)
        ),
    )
    response = page.goto(hmi.url + path)
    assert response is not None
    assert "unsafe" not in response.headers["content-security-policy"]
    page.locator(".bar-top").wait_for()
    context.close()
    if path == "/station/layer":  # the camera role does not run: there is no picture
        complaints[:] = [each for each in complaints if "404" not in each]


def test_ten_screens_take_less_than_150_mb(opened: Opener, line: FakeLine, hmi: HmiProcess) -> None:
    import psutil

    pages = [opened(PACKING if index % 2 else "/") for index in range(10)]
    for number in range(200, 212):
        box = scenes.case(number % 24)
        line.show(scenes.line(scenes.station("packing", last=scenes.read(number), boxes=(box,))))
        shows(pages[1], number)
    assert psutil.Process(hmi.process.pid).memory_info().rss < 150 << 20


def test_a_name_that_is_not_known_is_not_found(opened: Opener, hmi: HmiProcess) -> None:
    page = opened("/")
    response = page.goto(f"{hmi.url}/station/%3Cscript%3Ealert(1)%3C/script%3E")
    assert response is not None and response.status == 404


def test_a_culprit_is_shown_in_words(opened: Opener, line: FakeLine) -> None:
    line.show(scenes.line(scenes.refused("packing")))
    page = opened(PACKING)
    expect(page.locator(".culprits li")).to_have_count(3)
    expect(page.locator(".culprits")).to_contain_text("已永久作废")


def test_a_sentence_no_catalogue_knows_is_shown_in_english(opened: Opener, line: FakeLine) -> None:
    line.show(
        scenes.line(scenes.station("packing", last=scenes.read(31, saying=say("zzz {n}", n=1))))
    )
    expect(opened(PACKING).locator(".last-text")).to_have_text("Zzz 1")
