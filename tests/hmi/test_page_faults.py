"""A fault of a page stays its own; one of the line leaves nothing green that is past."""

import urllib.request
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from edge_agent.views import GateView, StationView
from tests.hmi import scenes
from tests.hmi.conftest import HmiProcess, Opener
from tests.hmi.fake_line import FakeLine

PACKING, INLINE = "/station/packing", "/station/inline"
COVER, WORDS = ".away", "a page cannot be drawn"


def undrawable(name: str) -> StationView:
    """A time that no other time zone has: a fault that no page expects."""
    return scenes.station(name, last=replace(scenes.read(50), at="9999-12-31T23:59:59Z"))


def test_a_page_that_cannot_be_drawn_covers_itself_and_no_other(
    opened: Opener, line: FakeLine, hmi: HmiProcess
) -> None:
    broken, other = opened(PACKING), opened(INLINE)
    line.show(scenes.line(undrawable("packing"), scenes.station("inline", last=scenes.read(51))))
    expect(other.locator('.last[data-n="51"]')).to_be_visible()
    expect(broken.locator(COVER)).to_be_visible()
    expect(other.locator(COVER)).to_have_count(0)
    line.show(scenes.line())
    expect(broken.locator('.last[data-n="31"]')).to_be_visible()
    assert hmi.log().count(WORDS) == 1


def test_a_page_that_no_browser_opened_is_not_drawn(
    opened: Opener, line: FakeLine, hmi: HmiProcess
) -> None:
    told = hmi.log().count(WORDS)
    urllib.request.urlopen(hmi.url + PACKING, timeout=10).close()
    other = opened(INLINE)
    line.show(scenes.line(undrawable("packing"), scenes.station("inline", last=scenes.read(52))))
    expect(other.locator('.last[data-n="52"]')).to_be_visible()
    assert hmi.log().count(WORDS) == told


@pytest.mark.parametrize("gate", [scenes.STOPPED, scenes.REFUSED])
def test_a_gate_that_lets_nothing_through_leaves_no_green_panel(
    opened: Opener, line: FakeLine, gate: GateView
) -> None:
    page = opened(INLINE)
    expect(page.locator(".last.good")).to_be_visible()
    line.show(scenes.line(scenes.station("inline", gate=gate)))
    expect(page.locator(".last.past")).to_be_visible()
    expect(page.locator(".last.good")).to_have_count(0)
    line.show(scenes.line(scenes.station("inline", gate=gate, last=scenes.duplicate(53))))
    expect(page.locator(".last.bad")).to_be_visible()


@pytest.mark.parametrize("path", ["/", PACKING, "/station/layer", "/station/supervisor"])
def test_while_nothing_is_recorded_nothing_is_called_good_in_green(
    opened: Opener, line: FakeLine, path: str
) -> None:
    page = opened(path)
    line.show(scenes.line(halted=scenes.HALTED))
    expect(page.locator(".halted")).to_be_visible()
    expect(page.locator(".last.past, .card-last.past")).not_to_have_count(0)
    expect(page.locator(".last.good, .card-last.good")).to_have_count(0)
    line.show(scenes.line())
    expect(page.locator(".last.good, .card-last.good")).not_to_have_count(0)
