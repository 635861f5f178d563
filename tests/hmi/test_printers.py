"""Printers and labels: how each job ended, a label once more, and the technician's test label."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from edge_agent.core.events import Event, LabelFailed, LabelPrinted, LabelQueued, LabelVerified
from edge_agent.core.names import CodeKey, ContainerId, JobId, LevelName, StationName
from edge_agent.core.people import Role
from edge_agent.hmi.jobs import JOBS, latest
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from tests.hmi.office_browser import Office, fresh, office
from tests.hmi.office_rig import STAFF
from tests.hmi.test_sign_in import too_small

__all__ = ["fresh", "office"]
AT, BENCH = "2026-11-22T08:00:00.000Z", StationName("packing")


def queued(job: int) -> Event:
    return LabelQueued(
        at=AT, station=BENCH, job=JobId(job), printer="zebra", template="case",
        level=LevelName("case"), container=ContainerId(job), key=CodeKey(f"sscc-{job}"), fields={},
        copy=1,
    )  # fmt: skip


DAY: tuple[Event, ...] = (
    *(queued(job) for job in (1, 2, 3, 4)),
    LabelPrinted(at=AT, station=BENCH, job=JobId(1)),
    LabelVerified(at=AT, station=BENCH, job=JobId(1), key=CodeKey("sscc-1")),
    LabelPrinted(at=AT, station=BENCH, job=JobId(2)),
    LabelFailed(at=AT, station=BENCH, job=JobId(3), detail="media out"),
)


def fill(path: Path, events: tuple[Event, ...]) -> None:
    create_ledger(path)
    ledger = Ledger(path)
    with ledger.transaction():
        ledger.append(events)
    ledger.close()


def test_each_job_is_told_as_it_ended_the_newest_first(tmp_path: Path) -> None:
    fill(tmp_path / "ledger.db", DAY)

    with LedgerReader(tmp_path / "ledger.db") as ledger:
        found = [(each.job, each.fate, each.detail) for each in latest(ledger)]

    assert found == [
        (4, "queued", ""), (3, "failed", "media out"), (2, "printed", ""), (1, "verified", ""),
    ]  # fmt: skip


def test_only_the_newest_jobs_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "ledger.db", tuple(queued(job) for job in range(1, JOBS + 6)))

    with LedgerReader(tmp_path / "ledger.db") as ledger:
        assert [each.job for each in latest(ledger)] == list(range(JOBS + 5, 5, -1))


@pytest.fixture(scope="module")
def printed(office: Office) -> Office:
    fill(office.line._path.parent.parent / "data/line-1/ledger.db", DAY)
    return office


def open_page(rig: Office, role: Role) -> Page:
    page = rig.opened(STAFF[role], "/printers")
    page.locator(".row-card", has_text="sscc-3").wait_for()
    return page


def test_an_operator_has_a_label_printed_again_but_tests_no_printer(printed: Office) -> None:
    page = open_page(printed, Role.OPERATOR)
    failed = page.locator(".row-card", has_text="sscc-3")
    expect(failed).to_contain_text("media out")
    expect(page.get_by_role("button", name="Test label")).to_have_count(0)

    failed.get_by_role("button", name="Reprint").click()

    expect(page.locator(".told.good")).to_contain_text("sscc-3")
    assert printed.line.asked == [
        {"command": "reprint", "station": "packing", "key": "sscc-3", "by": "op",
         "why": "asked for at the office"}
    ]  # fmt: skip
    assert too_small(page) == []


def test_a_technician_tests_a_printer(printed: Office) -> None:
    page = open_page(printed, Role.TECHNICIAN)

    page.get_by_role("button", name="Test label").click()

    expect(page.locator(".told.good")).to_be_visible()
    assert printed.line.asked == [{"command": "test-label", "printer": "标签机", "by": "te"}]
