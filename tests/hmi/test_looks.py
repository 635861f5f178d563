"""Every live page at both sizes, by day and in the dark, as an operator meets it.

The pictures are kept in build/screenshots; look at them after a change.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from edge_agent.core.effects import Tone
from edge_agent.core.events import Reason
from edge_agent.core.saying import say
from edge_agent.views import LineView
from tests.hmi import scenes
from tests.hmi.conftest import LARGE, SMALL, HmiProcess, Opener, visit
from tests.hmi.fake_line import FakeLine

SCREENSHOTS = Path(__file__).parents[2] / "build/screenshots"
CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, level AA."""
TARGET_PX = 64
ISSUES = (Path(__file__).parent / "looks.js").read_text()

SCENES: dict[str, tuple[str, LineView]] = {
    "overview": (
        "/",
        scenes.line(scenes.station("inline", gate=scenes.STOPPED, last=scenes.duplicate(31))),
    ),
    "inline": ("/station/inline", scenes.line()),
    "inline-stopped": (
        "/station/inline",
        scenes.line(scenes.station("inline", gate=scenes.STOPPED, last=scenes.duplicate(31))),
    ),
    "inline-refused": (
        "/station/inline",
        scenes.line(scenes.station("inline", gate=scenes.REFUSED)),
    ),
    "packing": ("/station/packing", scenes.line()),
    "packing-bad": (
        "/station/packing",
        scenes.line(scenes.station("packing", last=scenes.duplicate(31))),
    ),
    "packing-full": ("/station/packing", scenes.line(scenes.full("packing"))),
    "packing-asks": ("/station/packing", scenes.line(scenes.asking("packing"))),
    "packing-chooses": ("/station/packing", scenes.line(scenes.choosing("packing"))),
    "packing-culprits": ("/station/packing", scenes.line(scenes.refused("packing"))),
    "packing-deaf": ("/station/packing", scenes.deaf("packing")),
    "inline-deaf": ("/station/inline", scenes.deaf("inline")),
    "packing-empty": ("/station/packing", scenes.resting("packing")),
    "pallet": ("/station/pallet", scenes.line()),
    "layer": ("/station/layer", scenes.line()),
    "rework": ("/station/rework", scenes.line(scenes.inquiry("rework"))),
    "rework-open": (
        "/station/rework",
        scenes.line(
            scenes.station(
                "rework",
                last=scenes.read(31, Tone.ASK, say("the label is printed: scan it")),
                boxes=(scenes.case(14, label="printed"),),
                parked=(scenes.case(3, number=9),),
            )
        ),
    ),
    "rework-asks": ("/station/rework", scenes.line(scenes.choosing("rework"))),
    "supervisor": ("/station/supervisor", scenes.line()),
    "halted": ("/station/packing", scenes.line(halted=scenes.HALTED)),
}
SHEETS = {"more": '[data-command="MORE"]', "orders": '.buttons [data-command="ORDER"]'}


def judge(page: Page, name: str) -> list[str]:
    """Keep a picture of what is shown, and find what an operator could not read or touch."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    issues: list[str] = page.evaluate(ISSUES, {"contrast": CONTRAST, "target": TARGET_PX})
    return issues


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [
        (SMALL, "day", "zh_CN"),
        (SMALL, "dark", "en"),
        (LARGE, "day", "zh_TW"),
        (LARGE, "dark", "zh_CN"),
    ],
)
def test_all_is_read_and_touched_without_scrolling(
    opened: Opener,
    hmi: HmiProcess,
    line: FakeLine,
    size: tuple[int, int],
    theme: str,
    language: str,
) -> None:
    page, shown, found = opened("/", size, theme, language), "/", {}
    for number, (scene, (path, view)) in enumerate(SCENES.items()):
        line.show(replace(view, seq=number))
        if path != shown:
            visit(page, hmi.url + path, theme, language)
            shown = path
        page.locator(f'.live[data-seq="{number}"]').wait_for()
        found[scene] = judge(page, f"{scene}-{size[0]}-{theme}-{language}")
    assert {scene: issues for scene, issues in found.items() if issues} == {}


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_sheet_is_read_and_touched(opened: Opener, sheet: str, language: str) -> None:
    page = opened("/station/packing", SMALL, "day", language)
    page.click(SHEETS[sheet])
    page.wait_for_selector(".sheet")
    assert judge(page, f"sheet-{sheet}-{language}") == []


@pytest.mark.parametrize("name", range(len(scenes.TROUBLESOME)))
def test_no_name_breaks_the_page_or_becomes_code(opened: Opener, line: FakeLine, name: int) -> None:
    line.show(scenes.named(scenes.TROUBLESOME[name]))
    for work in ("packing", ""):
        page = opened(f"/station/{work}" if work else "/", owner="p1")
        assert judge(page, f"names-{work or 'overview'}-{name}") == []
        assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_cover_of_a_page_without_its_line_is_read(
    opened: Opener, line: FakeLine, language: str
) -> None:
    page = opened("/station/packing", SMALL, "day", language)
    line.stop()
    page.locator(".away").wait_for()
    assert judge(page, f"away-{language}") == []


@pytest.mark.parametrize("language", ["zh_CN", "zh_TW", "en"])
def test_every_reason_fits_with_its_remedy(opened: Opener, line: FakeLine, language: str) -> None:
    page = opened("/station/inline", SMALL, "day", language)
    found = {}
    for number, reason in enumerate(Reason, start=100):
        last = replace(scenes.duplicate(number), reason=reason)
        line.show(scenes.line(scenes.station("inline", last=last, gate=scenes.STOPPED), seq=number))
        page.locator(f'.live[data-seq="{number}"]').wait_for()
        found[reason] = judge(page, f"reason-{reason}-{language}")
    assert {reason: issues for reason, issues in found.items() if issues} == {}
