"""Orders and products in the browser: made, changed, ended, begun; by gloves or by keyboard."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from edge_agent.core.people import Role
from edge_agent.core.saying import say
from edge_agent.hmi.checks import order_faults, product_faults
from tests.hmi import scenes
from tests.hmi.conftest import LARGE, SMALL
from tests.hmi.office_browser import SUPERVISOR, Office, fresh, office
from tests.hmi.test_sign_in import too_small

__all__ = ["fresh", "office"]
ORDER = {"id": "WO-9", "gtin": scenes.GTIN, "batch": "B9", "made": "2026-11-22",
         "expiry": "2028-11-22", "target": "100"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({}, set()),
        ({"batch": "", "made": "", "expiry": "", "target": ""}, set()),
        ({"id": ""}, {"id"}),
        ({"id": "a b"}, {"id"}),
        ({"id": "工单"}, {"id"}),
        ({"id": "x" * 41}, {"id"}),
        ({"id": "taken"}, {"id"}),
        ({"gtin": ""}, {"gtin"}),
        ({"batch": "x" * 21}, {"batch"}),
        ({"batch": "a b"}, {"batch"}),
        ({"made": "2026-02-30"}, {"made"}),
        ({"made": "20261122"}, {"made"}),
        ({"expiry": "2026-11-21"}, {"expiry"}),
        ({"expiry": "2026-11-22"}, set()),
        ({"target": "0"}, {"target"}),
        ({"target": "-5"}, {"target"}),
        ({"target": "٣"}, {"target"}),
        ({"target": "1" * 10}, {"target"}),
    ],
)
def test_an_order_is_checked_and_every_fault_is_told(
    change: dict[str, str], faulty: set[str]
) -> None:
    assert set(order_faults(ORDER | change, frozenset({"taken"}))) == faulty


def test_all_faults_are_told_at_once() -> None:
    assert set(order_faults({"target": "x", "made": "y"}, frozenset())) == {
        "id", "gtin", "target", "made",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("gtin", "name", "faulty"),
    [
        ("06971234567802", "白酒", set()),
        ("06971234567803", "白酒", {"gtin"}),
        ("6971234567802", "白酒", {"gtin"}),
        ("06971234567802", " ", {"name"}),
        ("06971234567802", "👩‍🏭🍶", set()),
        ("06971234567802", "x" * 201, {"name"}),
        ("06971234567802", "a\nb", {"name"}),
    ],
)
def test_a_product_is_checked(gtin: str, name: str, faulty: set[str]) -> None:
    assert set(product_faults({"gtin": gtin, "name": name}, frozenset())) == faulty


@pytest.fixture
def page(office: Office) -> Page:
    page = office.opened(SUPERVISOR, "/orders")
    page.locator(".row-card").first.wait_for()
    return page


def pad(page: Page, field: str, keys: str) -> None:
    """Enter `keys` with the keys on the screen."""
    page.locator(".field", has=page.locator(f"#field-{field}")).locator(".pad-open").click()
    sheet = page.locator(".sheet.over")
    for key in keys:
        sheet.get_by_role("button", name=key, exact=True).click()
    sheet.locator(".key.go").click()
    sheet.wait_for(state="detached")


def test_an_order_is_made_without_a_keyboard(office: Office, page: Page) -> None:
    page.get_by_role("button", name="New order").click()
    pad(page, "id", "WO-7")
    pad(page, "batch", "B7")
    pad(page, "target", "480")
    pad(page, "made", "20261122")
    pad(page, "expiry", "20281122")
    assert page.locator("#field-gtin").inner_text() == "清香型白酒 52度 500ml"
    page.locator(".form .button.go").click()

    expect(page.locator(".row-card", has_text="WO-7")).to_contain_text("0 / 480")
    expect(page.locator(".told.good")).to_be_visible()
    (asked,) = office.line.asked
    assert asked == {
        "command": "edit", "subject": "order", "id": "WO-7", "by": "su", "why": "new",
        "approved_by": None,
        "new": {"gtin": scenes.GTIN, "batch": "B7", "target": "480", "made": "2026-11-22",
                "expiry": "2028-11-22", "ended": ""},
    }  # fmt: skip


def test_faults_stand_beside_their_fields_and_nothing_is_asked(office: Office, page: Page) -> None:
    page.get_by_role("button", name="New order").click()
    page.locator("#field-batch").fill("a b")
    page.locator(".form .button.go").click()

    expect(page.locator(".fault")).to_have_count(2)
    assert office.line.asked == []
    assert page.locator("#field-batch").input_value() == "a b", "what was typed stays"


def test_a_change_tells_why(office: Office, page: Page) -> None:
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="Change").click()
    page.locator("#field-batch").fill("NEW1")
    page.locator("#field-why").click()
    page.locator(".sheet.over .tile", has_text="A mistake is corrected").click()
    page.locator(".form .button.go").click()

    expect(row).to_contain_text("NEW1")
    assert office.line.asked[0]["why"] == "A mistake is corrected"
    assert office.line.asked[0]["new"]["batch"] == "NEW1"


def test_an_order_is_ended_and_not_offered_again(office: Office, page: Page) -> None:
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="End").click()
    page.locator(".form .button.go").click()

    expect(row).to_contain_text("Ended")
    expect(row.get_by_role("button")).to_have_count(0)
    assert office.line.asked[0]["new"]["ended"] == "yes"


def test_a_change_over_says_what_will_happen_before_it_does(office: Office, page: Page) -> None:
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="Start").click()

    told = page.locator(".consequences")
    expect(told).to_contain_text("At packing the 箱 with 14 of 24 is put aside.")
    expect(told).to_contain_text("At inline 3 on the belt are rejected")
    assert office.line.asked == []

    page.locator(".sheet .button.go").click()

    expect(row).to_contain_text("The line works on it")
    assert office.line.asked == [
        {"command": "order", "order": "WO-20261122-04", "by": "su", "approved_by": None}
    ]


def test_a_double_tap_is_one(office: Office, page: Page) -> None:
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="Start").dblclick()
    page.locator(".sheet .button.go").dblclick(timeout=5_000)

    expect(row).to_contain_text("The line works on it")
    assert len(office.line.asked) == 1


def test_what_the_line_refuses_is_told(office: Office, page: Page) -> None:
    office.line.refusal = say("the line is halted: nothing is recorded")
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="Start").click()
    page.locator(".sheet .button.go").click()

    expect(page.locator(".told.bad")).to_contain_text("the line is halted")


def test_who_may_no_more_is_refused_at_the_action(office: Office, page: Page) -> None:
    account = office.line.people.get(SUPERVISOR.id)
    assert account is not None
    row = page.locator(".row-card", has_text="WO-20261122-04")
    row.get_by_role("button", name="Start").click()
    expect(page.locator(".sheet")).to_be_visible()
    fewer = replace(account, person=replace(account.person, role=Role.OPERATOR))
    with office.line.people.saving(fewer):
        pass
    try:
        page.locator(".sheet .button.go").click()
        expect(page.locator(".told.bad")).to_contain_text("You may not do this")
    finally:
        with office.line.people.saving(account):
            pass

    assert office.line.asked == []


def test_two_tabs_show_the_same(office: Office, page: Page) -> None:
    other = page.context.new_page()
    other.goto(f"{office.url}/orders")
    page.locator(".row-card", has_text="-04").get_by_role("button", name="Start").click()
    page.locator(".sheet .button.go").click()

    expect(other.locator(".row-card.current")).to_contain_text("WO-20261122-04")


def test_a_line_that_is_away_is_no_list(office: Office, page: Page) -> None:
    office.line.stop()
    try:
        expect(page.locator(".told.bad")).to_contain_text("No connection")
        expect(page.locator(".row-card")).to_have_count(0)
    finally:
        office.line.start()
    expect(page.locator(".row-card")).to_have_count(2)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("path", ["/orders", "/products", "/people"])
def test_pages_fit_and_are_large_enough_for_gloves(
    office: Office, size: tuple[int, int], path: str
) -> None:
    products = tuple(
        replace(scenes.line().products[0], gtin=f"{n:014}", name=name)
        for n, name in enumerate(scenes.TROUBLESOME)
    )
    office.line.show(replace(scenes.line(), products=products))
    page = office.opened(SUPERVISOR, path, size)
    page.locator(".row-card").first.wait_for()

    assert too_small(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert page.evaluate("window.pwned") is None


def test_a_product_is_added(office: Office) -> None:
    page = office.opened(SUPERVISOR, "/products")
    page.get_by_role("button", name="New product").click()
    pad(page, "gtin", "06971234567819")
    page.locator("#field-name").fill("مشروب <b>x</b> 🍶")
    page.locator(".form .button.go").click()

    expect(page.locator(".row-card", has_text="06971234567819")).to_contain_text("<b>x</b> 🍶")
    assert office.line.asked[0]["new"] == {"name": "مشروب <b>x</b> 🍶"}
