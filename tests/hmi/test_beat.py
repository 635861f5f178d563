"""A page of the office that hears nothing more shows nothing but that."""

import signal

import pytest
from playwright.sync_api import expect

from tests.hmi.office_browser import SUPERVISOR, Office, fresh, office

__all__ = ["fresh", "office"]


@pytest.mark.parametrize("path", ["/orders", "/sign-in"])
def test_a_page_whose_server_hangs_is_covered_and_comes_back(office: Office, path: str) -> None:
    page = office.opened(SUPERVISOR, path, language="zh_CN")
    page.locator(".office-bar").wait_for()
    office.hmi.process.send_signal(signal.SIGSTOP)
    try:
        expect(page.locator(".away")).to_contain_text("连接已断开", timeout=10_000)
        corner = page.evaluate("document.elementFromPoint(5, 5).className")
    finally:
        office.hmi.process.send_signal(signal.SIGCONT)
    assert corner == "away"
    expect(page.locator(".away")).to_have_count(0, timeout=20_000)
    expect(page.locator(".office-bar")).to_be_visible()
