"""People, the audit trail and papers in the browser; and what needs a second person."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from edge_agent.core.commands import BadgeScan, control
from edge_agent.core.names import PersonId
from edge_agent.core.people import Role
from edge_agent.hmi.checks import person_faults
from edge_agent.hmi.sessions import COOKIE
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.people.secrets import badge_digest, is_pin
from tests.hmi.office_browser import SUPERVISOR, Office, fresh, office, press
from tests.hmi.office_rig import PIN, SECOND, STAFF
from tests.hmi.test_audit import DAY
from tests.hmi.test_sign_in import too_small

__all__ = ["fresh", "office"]
AUDITOR = STAFF[Role.AUDITOR]


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({}, set()),
        ({"id": "李"}, {"id"}),
        ({"id": "a b"}, {"id"}),
        ({"id": "taken"}, {"id"}),
        ({"name": ""}, {"name"}),
        ({"name": "x" * 201}, {"name"}),
        ({"name": "a\u202eb"}, {"name"}),
        ({"name": "مریم 👩"}, set()),
        ({"role": ""}, {"role"}),
    ],
)
def test_a_person_is_checked(change: dict[str, str], faulty: set[str]) -> None:
    values = {"id": "p-9", "name": "王芳", "role": "operator", "language": ""} | change

    assert set(person_faults(values, frozenset({"taken"}))) == faulty


@pytest.fixture
def page(office: Office) -> Page:
    page = office.opened(SUPERVISOR, "/people")
    page.locator(".row-card").first.wait_for()
    return page


def add(page: Page, name: str, number: str) -> None:
    page.get_by_role("button", name="New person").click()
    page.locator("#field-name").fill(name)
    page.locator("#field-id").fill(number)
    page.locator("#field-role").click()
    page.locator(".sheet.over .tile", has_text="Operator").click()
    page.locator(".form .button.go").click()
    page.locator(".sheet").wait_for(state="detached")


def test_a_person_is_added_with_a_role(office: Office, page: Page) -> None:
    add(page, "新人 <i>x</i>", "n-1")

    expect(page.locator(".row-card", has_text="新人 <i>x</i>")).to_contain_text("No badge")
    assert office.line.asked[0]["new"] == {
        "name": "新人 <i>x</i>",
        "role": "operator",
        "language": "",
    }


def test_a_new_badge_is_shown_once_and_scans(office: Office, page: Page, tmp_path: Path) -> None:
    add(page, "Badge Bearer", "n-2")
    bearer = page.locator(".row-card", has_text="Badge Bearer")
    bearer.get_by_role("button", name="Badge", exact=True).click()
    page.locator(".form .button.go").click()
    page.locator(".badge-card").wait_for()
    page.locator(".badge-card img").screenshot(path=tmp_path / "badge.png")

    picture = numpy.asarray(Image.open(tmp_path / "badge.png").convert("L"))
    (code,) = zxingcpp.read_barcodes(picture)

    scan = control(code.text)
    account = office.line.people.get(PersonId("n-2"))
    assert isinstance(scan, BadgeScan)
    assert account is not None
    assert account.badge_digest == badge_digest(scan.secret)
    assert scan.secret not in str(office.line.asked), "the secret goes nowhere"
    page.reload()
    page.locator(".row-card").first.wait_for()
    assert "data:image" not in page.content()


def test_a_pin_is_entered_twice_and_only_its_hash_goes_on(office: Office, page: Page) -> None:
    add(page, "Pin Bearer", "n-3")
    page.locator(".row-card", has_text="Pin Bearer").get_by_role("button", name="PIN").click()
    page.locator(".form .button.go").click()
    expect(page.locator(".pad-heading")).to_contain_text("new PIN")
    press(page, "8642")
    expect(page.locator(".pad-heading")).to_contain_text("once more")
    press(page, "8642")
    expect(page.locator(".told.good")).to_contain_text("has a new PIN")

    account = office.line.people.get(PersonId("n-3"))
    assert account is not None
    assert account.pin_hash is not None
    assert is_pin("8642", account.pin_hash)
    assert "8642" not in str(office.line.asked)


def test_two_different_pins_are_none(office: Office, page: Page) -> None:
    page.locator(".row-card", has_text=SUPERVISOR.name).get_by_role("button", name="PIN").click()
    page.locator(".form .button.go").click()
    expect(page.locator(".pad-heading")).to_contain_text("new PIN")
    press(page, "8642")
    expect(page.locator(".pad-heading")).to_contain_text("once more")
    press(page, "8643")

    expect(page.locator(".told.bad")).to_contain_text("not the same")
    assert office.line.asked == []


def test_a_person_is_revoked_and_cannot_be_changed_again(office: Office, page: Page) -> None:
    add(page, "Leaver", "n-4")
    leaver = page.locator(".row-card", has_text="Leaver")
    leaver.get_by_role("button", name="Revoke").click()
    page.locator(".form .button.go").click()

    expect(leaver).to_contain_text("Revoked")
    expect(leaver.get_by_role("button")).to_have_count(0)
    assert office.line.asked[-1]["new"] is None


# --- four eyes -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    rig = Office(tmp_path_factory.mktemp("strict"), browser, four_eyes='"edit-orders"')
    yield rig
    rig.close()


def test_where_two_must_agree_nothing_happens_before_the_second_pin(strict: Office) -> None:
    page = strict.browser()
    strict.enter(page, SUPERVISOR, "/orders")
    ended = page.locator(".row-card", has_text="WO-20261122-04")
    ended.get_by_role("button", name="End").click()
    page.locator(".form .button.go").click()
    tiles = page.locator(".sheet .tile")
    tiles.first.wait_for()
    assert strict.line.asked == []
    assert tiles.locator(".name").all_inner_texts() == [SECOND.name], "nobody agrees with himself"

    tiles.first.click()
    press(page, "1111")
    expect(page.locator(".told.bad")).to_contain_text("wrong")
    assert strict.line.asked == []
    press(page, PIN)

    expect(ended).to_contain_text("Ended")
    (asked,) = strict.line.asked
    assert (asked["by"], asked["approved_by"]) == (SUPERVISOR.id, SECOND.id)


# --- the audit trail -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audited(office: Office) -> Office:
    path = office.line._path.parent.parent / "data/line-1/ledger.db"
    create_ledger(path)
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append(DAY)
    ledger.close()
    return office


@pytest.fixture
def trail(audited: Office) -> Page:
    page = audited.opened(AUDITOR, "/audit")
    page.locator(".act").first.wait_for()
    return page


def test_an_auditor_reads_who_did_what_old_new_and_why(trail: Page) -> None:
    act = trail.locator(".act", has_text="changed order WO-1")

    expect(act).to_contain_text("李伟 (li) + wang")
    expect(act).to_contain_text("A1")
    expect(act.locator("s")).to_have_text("A1")
    expect(act.locator("b")).to_have_text("A2")
    expect(act).to_contain_text("Why: The plan was changed")
    assert too_small(trail) == []


def test_the_trail_is_filtered(trail: Page) -> None:
    before = trail.locator(".act").count()
    trail.get_by_role("button", name="Filter").click()
    trail.locator("#field-kind").click()
    trail.locator(".sheet.over .tile", has_text="Repairs").click()
    trail.locator(".form .button.go").click()
    trail.locator(".sheet").wait_for(state="detached")

    expect(trail.locator(".act")).to_have_count(1)
    assert before > 1


@pytest.mark.parametrize(("button", "begins"), [("CSV", b"\xef\xbb\xbfevent"), ("PDF", b"%PDF")])
def test_the_trail_is_exported_once_and_to_its_browser_alone(
    trail: Page, audited: Office, button: str, begins: bytes
) -> None:
    with trail.expect_download(timeout=60_000) as coming:
        trail.get_by_role("button", name=re.compile(button)).click()
    found = Path(coming.value.path()).read_bytes()

    assert found.startswith(begins)
    cookies = {
        c["name"]: c["value"] for c in trail.context.cookies() if c["name"].startswith(COOKIE)
    }
    with httpx.Client(cookies=cookies) as again, httpx.Client() as stranger:
        assert again.get(coming.value.url).status_code == 404
        assert stranger.get(coming.value.url).status_code == 404
    assert audited.line.asked == []
