"""The page of reports in a browser: charts by day and in the dark, another shift, paper."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect

from edge_agent.config_file import load_line
from edge_agent.core.people import Role
from edge_agent.words import words
from tests.hmi.conftest import LARGE, SMALL
from tests.hmi.office_browser import SUPERVISOR, Office, fresh
from tests.hmi.office_rig import STAFF
from tests.hmi.test_looks import CONTRAST, ISSUES, SCREENSHOTS, TARGET_PX
from tests.reports.ledgers import busy_shift, later, order, write

__all__ = ["fresh"]
DAY = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
SHIFT = f"{DAY}/00:00"
"""The line has no shifts: it is reported by the day."""
EVIL = "<img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    workspace = tmp_path_factory.mktemp("reports")
    rig = Office(workspace, browser)
    begin = f"{DAY}T00:00:00.000Z"
    events = [*busy_shift(begin, hours=6, spacing_s=20)]
    events += [order("4712", later(begin, 7 * 3600), 6000, batch=EVIL)]
    write(load_line(str(workspace / "line.toml")), events)
    yield rig
    rig.close()


def opened(office: Office, size: tuple[int, int] = SMALL, language: str = "en") -> Page:
    page = office.opened(SUPERVISOR, "/reports", size, language)
    page.locator(".report").wait_for(timeout=30_000)
    return page


def choose(page: Page, kind: str, name: str, language: str = "en") -> None:
    page.get_by_role("button", name=words(language)(kind), exact=True).click()
    page.locator(".sheet .tile", has_text=name).click()
    page.locator(".report h2", has_text=name.partition("/")[0]).first.wait_for(timeout=30_000)


def test_it_begins_with_the_running_shift_and_says_that_it_is_not_finished(office: Office) -> None:
    page = opened(office)
    expect(page.locator(".report .remark").first).to_contain_text("not finished")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, "day"), (LARGE, "dark"), (SMALL, "dark")])
def test_a_chosen_shift_is_shown_with_charts_that_can_be_read(
    office: Office, size: tuple[int, int], theme: str
) -> None:
    page = opened(office, size, "zh_CN")
    page.context.add_cookies([{"name": "theme", "value": theme, "url": office.url}])
    page.reload()
    page.locator(".report").wait_for(timeout=30_000)
    choose(page, "Shift", SHIFT, "zh_CN")
    assert page.locator(".report svg").count() >= 4
    said = page.locator(".report svg text").all_text_contents()
    assert words("zh_CN")("Duplicate code") in said
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = f"reports-{size[0]}-{theme}.png"
    page.screenshot(path=SCREENSHOTS / name, full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page is wider than the screen"
    issues = ISSUES.replace('".live"', '".office"')
    found = page.evaluate(issues, {"contrast": CONTRAST, "target": TARGET_PX})
    # A report scrolls; its charts' words are judged on the ground that is painted under them.
    assert [each for each in found if "scrolls" not in each and ": text." not in each] == []
    assert svg_contrast(page) == []


def svg_contrast(page: Page) -> list[str]:
    """Words of the charts that cannot be read on their ground, as the browser paints them."""
    found: list[str] = page.evaluate(
        """() => {
          const luminance = (text) => {
            const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
              .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const faults = [];
          for (const text of document.querySelectorAll(".report svg text")) {
            const box = text.getBoundingClientRect();
            const under = [...text.ownerSVGElement.querySelectorAll("rect")].filter((each) => {
              const r = each.getBoundingClientRect();
              return r.left <= box.left && r.right >= box.right && r.top <= box.top + 2
                && r.bottom >= box.bottom - 2;
            }).pop();
            const ground = under ? getComputedStyle(under).fill
              : getComputedStyle(text.closest("section")).backgroundColor;
            const [a, b] = [luminance(getComputedStyle(text).fill), luminance(ground)]
              .sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) faults.push(text.textContent);
          }
          return faults;
        }"""
    )
    return found


def test_an_order_is_shown_and_a_name_is_never_markup(office: Office) -> None:
    page = opened(office)
    choose(page, "Order", "4712")
    expect(page.locator(".report dd", has_text=EVIL)).to_be_visible()
    assert page.locator(".report img").count() == 0
    assert page.title() != "owned"


def test_the_paper_is_fetched_once_and_says_the_same(office: Office, tmp_path: Path) -> None:
    page = opened(office)
    choose(page, "Shift", SHIFT)
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name="As paper (PDF)").click()
    file = tmp_path / "report.pdf"
    download.value.save_as(file)
    assert download.value.suggested_filename.startswith(f"report-line-1-{DAY}")
    with pypdfium2.PdfDocument(file) as document:
        text = document[0].get_textpage().get_text_bounded()
    good = page.locator(".report .number b").first.inner_text()
    assert good in text
    assert page.request.get(download.value.url).status == 404


def test_who_may_not_see_reports_is_led_to_the_sign_in(office: Office) -> None:
    page = office.browser()
    page.goto(f"{office.url}/reports")
    assert "/sign-in" in page.url
    page.locator(".tile", has_text=STAFF[Role.OPERATOR].name).wait_for()
