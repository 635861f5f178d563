"""The PDF of a report: what it says in each language, and that it can be checked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.config import LineConfig
from edge_agent.core.events import Event, OrderChanged
from edge_agent.core.people import Role
from edge_agent.ledger.reader import LedgerReader
from edge_agent.reports.make import collect, holds
from edge_agent.reports.paper import write_pdf
from edge_agent.reports.reading import ReportError
from edge_agent.reports.report import report
from edge_agent.reports.sections import Report
from edge_agent.words import LANGUAGES, words
from tests.commands.test_commands import run
from tests.reports.ledgers import (
    BENCH,
    LINE,
    OPERATOR,
    busy_shift,
    ended,
    later,
    line_of,
    order,
    passing,
    signed_in,
    write,
)
from tests.reports.pdfs import texts

MORNING = "2026-11-22T00:00:00.000Z"
EVENING = later(MORNING, 12 * 3600)
SHIFT = "2026-11-22/08:00"
EN = words("en")


@pytest.fixture
def day(tmp_path: Path) -> LineConfig:
    config = line_of(tmp_path)
    write(
        config, [*busy_shift(MORNING, hours=3, spacing_s=8), ended(later(EVENING, 0.01), SHIFT, 2)]
    )
    return config


def said(config: LineConfig, now: str = later(EVENING, 60), shift: str = SHIFT) -> Report:
    return report(collect(config, shift, "", now), EN)


def paper(found: Report, path: Path, config: LineConfig, language: str = "en") -> str:
    write_pdf(found, path, config.hmi.font, words(language))
    return "\n".join(texts(path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_written_in_each_language(
    tmp_path: Path, day: LineConfig, language: str
) -> None:
    pdf, t = tmp_path / "shift.pdf", words(language)
    config = str(tmp_path / "one.toml")
    done = run("report", config, "--shift", SHIFT, "--pdf", str(pdf), "--language", language)
    assert done.returncode == 0, done.stderr
    pages = texts(pdf)
    for number, page in enumerate(pages, 1):
        assert t("Page {number} of {count}", number=number, count=len(pages)) in page
    whole = "".join(pages)
    titles = (
        "Shift report",
        "Throughput",
        "Rejects by reason",
        "Stops",
        "Reconciliation",
        "Rework",
    )
    assert [title for title in titles if t(title) not in whole] == []
    assert "深圳二厂" in whole
    assert "白葡萄酒 750 ml" in whole


def test_the_same_events_give_the_same_paper(tmp_path: Path, day: LineConfig) -> None:
    one, two = tmp_path / "1.pdf", tmp_path / "2.pdf"
    paper(said(day), one, day)
    paper(said(day, now=later(EVENING, 3600)), two, day)
    assert one.read_bytes() == two.read_bytes()


def test_a_printed_report_is_checked_by_the_event_on_each_page(
    tmp_path: Path, day: LineConfig
) -> None:
    found = said(day)
    with LedgerReader(day.ledger_path) as ledger:
        (row,) = ledger.rows(found.seq - 1, 1)
    assert row.hash.hex() == found.hash
    pdf, config = tmp_path / "shift.pdf", str(tmp_path / "one.toml")
    paper(found, pdf, day)
    assert all(f"Event {found.seq:,}, hash {found.hash[:16]}" in page for page in texts(pdf))

    done = run("report", config, "--check", f"{found.seq}:{found.hash}")
    assert done.returncode == 0, done.stderr
    for given in (found.hash[:16], f"{found.hash[:8]} {found.hash[8:16]}…"):
        assert "has this hash" in holds(day, f"{found.seq}:{given}")
    other = found.hash[:-1] + ("0" if found.hash[-1] != "0" else "1")
    for given in (f"{found.seq}:{other}", f"{found.seq - 1}:{found.hash}", f"999999:{found.hash}"):
        with pytest.raises(ReportError, match="the ledger has"):
            holds(day, given)
    with pytest.raises(ReportError, match="at least 16 digits"):
        holds(day, f"{found.seq}:12")


def test_a_shift_that_runs_says_that_it_is_not_finished(tmp_path: Path, day: LineConfig) -> None:
    found = said(day, now=later(MORNING, 4 * 3600), shift="")
    shown = paper(found, tmp_path / "x.pdf", day)
    assert "This shift is not finished. The report shows it as of 2026-11-22 12:00." in shown
    assert "Counts are compared when the shift ends." in shown
    assert not said(day).remarks


def test_an_empty_shift_says_so(tmp_path: Path, day: LineConfig) -> None:
    found = said(day, now=later(EVENING, 20 * 3600), shift="2026-11-22/20:00")
    assert found.remarks == ("Nothing was recorded in this time.",)
    shown = paper(found, tmp_path / "x.pdf", day)
    assert "Nothing was rejected." in shown
    assert "nobody compared them" in shown


def test_an_order_that_nobody_entered_is_reported_without_invention(tmp_path: Path) -> None:
    config = line_of(tmp_path, 'order = "4799"')
    events: list[Event] = [*busy_shift(MORNING, hours=0.2)]
    write(config, [event for event in events if event.kind != "edited"])
    found = report(collect(config, "", "4711", EVENING), EN)
    assert "Nobody has entered what this order is" in found.remarks[-1]
    assert dict(found.about)["Product"] == "\N{EN DASH}"


def test_names_of_any_length_and_script_stay_on_the_paper(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    name, batch = "很长的产品名" * 33, "B" * 200
    things: list[Event] = [
        order("שלום 🍷", MORNING, 5, batch=batch),
        signed_in(MORNING, BENCH, OPERATOR, "عامل 👷", Role.OPERATOR),
        order("4711", MORNING, gtin=name, batch=batch),
        OrderChanged(at=MORNING, station=LINE, order="4711"),
        *passing(later(MORNING, 5), 1),
    ]
    write(config, things)
    shown = paper(said(config), tmp_path / "x.pdf", config)
    assert "".join(shown.split()).count("很长的产品名") == 33


def test_what_goes_wrong_is_told(tmp_path: Path, day: LineConfig) -> None:
    config = str(tmp_path / "one.toml")
    for arguments, code, words_ in (
        ([], 2, "give --pdf FILE"),
        (["--pdf", "x.pdf", "--shift", SHIFT, "--order", "4711"], 2, "at most one"),
        (["--pdf", "x.pdf", "--language", "de"], 2, "zh_CN, zh_TW, en"),
        (["--pdf", str(tmp_path / "no" / "x.pdf"), "--shift", SHIFT], 2, "cannot be written"),
        (["--pdf", "x.pdf", "--order", "4799"], 2, "the latest: 4712, 4711"),
    ):
        done = CliRunner().invoke(app, ["report", config, *arguments])
        assert done.exit_code == code, arguments
        assert words_ in done.stderr
