"""One page's fault stays its own: the others go on, and it comes back by itself."""

import urllib.request
from dataclasses import replace

from playwright.sync_api import expect

from edge_agent.views import StationView
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
