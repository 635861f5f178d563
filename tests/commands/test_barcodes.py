"""`edge-agent barcodes` and badges: every code on the paper is read back."""

import stat
from pathlib import Path

import pytest
from pyzbar import pyzbar

from edge_agent.barcodes import badge_sheet, groups
from edge_agent.config import LineConfig
from edge_agent.config_file import load_line
from edge_agent.core.commands import (
    DECOMMISSION_REASONS,
    BadgeScan,
    Command,
    CommandScan,
    control,
)
from edge_agent.core.names import OrderId, PersonId
from edge_agent.core.people import Person, Role
from edge_agent.people.secrets import new_badge
from edge_agent.reports.directory import Directory, Order
from edge_agent.reports.paper import PaperError
from edge_agent.words import LANGUAGES, words
from tests.commands.test_commands import run
from tests.reports.ledgers import line_of, order, write
from tests.reports.pdfs import codes, pictures, texts

AT = "2026-11-22T00:00:00.000Z"
LONG = "X" * 40


def printed(config: LineConfig, *orders: Order) -> set[CommandScan]:
    directory = Directory(orders={each.id: each for each in orders})
    cards = [card for group in groups(config, directory, words("en")) for card in group.cards]
    scans = [control(card.text) for card in cards]
    assert len(set(scans)) == len(cards), "a card comes twice, or asks for nothing"
    return {scan for scan in scans if isinstance(scan, CommandScan)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_barcode_is_read_back_from_the_paper(tmp_path: Path, language: str) -> None:
    config = line_of(tmp_path)
    write(config, [order("4711", AT, 9000), order(LONG, AT), order("4713", AT, ended="yes")])
    pdf = tmp_path / "barcodes.pdf"
    done = run("barcodes", str(tmp_path / "one.toml"), "--pdf", str(pdf), "--language", language)
    assert done.returncode == 0, done.stderr
    found = {control(text) for text in codes(pdf)}
    known = (Order(OrderId("4711")), Order(OrderId(LONG)))
    assert found == printed(config, *known)
    assert {scan.argument for scan in found if isinstance(scan, CommandScan)} >= {
        "4711", LONG, "damaged", "code-stolen",
    }  # fmt: skip
    assert words(language)("Replace") in "".join(texts(pdf))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_bar_code_is_read_back_and_what_cannot_be_one_is_named(
    tmp_path: Path, language: str
) -> None:
    """By zbar, which has no part in making them, in red light, as a laser scanner sees them."""
    config = line_of(tmp_path)
    write(config, [order("4711", AT), order(LONG, AT), order("工单-5", AT), order("A" * 30, AT)])
    pdf, path = tmp_path / "barcodes.pdf", str(tmp_path / "one.toml")
    options = ("--symbology", "code128", "--language", language)
    done = run("barcodes", path, "--pdf", str(pdf), *options)
    assert done.returncode == 1
    assert f"EA:ORDER:{LONG}, EA:ORDER:工单-5;" in done.stderr
    red = [page.getchannel("R").point(lambda v: 255 * (v > 127)) for page in pictures(pdf, dpi=200)]
    code128 = [pyzbar.ZBarSymbol.CODE128]
    read = [found for page in red for found in pyzbar.decode(page, symbols=code128)]
    scans = {control(each.data.decode()) for each in read}
    known = (Order(OrderId("4711")), Order(OrderId("A" * 30)))
    assert scans == printed(config, *known)
    assert f"{pdf}: {len(scans)} barcodes" in done.stdout
    assert {CommandScan(Command.DECOMMISSION, each) for each in DECOMMISSION_REASONS} <= scans
    assert CommandScan(Command.CONFIRM) in scans
    shown = texts(pdf)
    assert words(language)("Replace") in "".join(shown)
    assert all(
        words(language)("Page {number} of {count}", number=n, count=len(shown)) in page
        for n, page in enumerate(shown, 1)
    )


def test_a_symbology_that_is_none_is_named(tmp_path: Path) -> None:
    line_of(tmp_path)
    options = ("--pdf", str(tmp_path / "x.pdf"), "--symbology", "ean13")
    done = run("barcodes", str(tmp_path / "one.toml"), *options)
    assert done.returncode == 2
    assert "--symbology is 'ean13', expected one of qr, code128" in done.stderr


def test_only_what_fits_the_stations_is_printed(tmp_path: Path) -> None:
    commands = {scan.command for scan in printed(line_of(tmp_path))}
    assert commands == set(Command) - {Command.ORDER}
    bench = {scan.command for scan in printed(load_line("line_configs/bench.toml"))}
    assert Command.REMOVE in bench
    unfit = {Command.RELEASE, Command.REPRINT, Command.CLOSE, Command.CONFIRM, Command.ORDER}
    assert not bench & unfit


def test_an_order_from_the_configuration_is_not_to_be_chosen(tmp_path: Path) -> None:
    config = line_of(tmp_path, 'order = "4711"')
    scans = printed(config, Order(OrderId("4712")))
    assert Command.ORDER not in {scan.command for scan in scans}


def test_a_badge_is_read_back_and_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    secret, pdf = new_badge(), tmp_path / "badge.pdf"
    person = Person(PersonId("p-7"), "王小明 " + "长" * 60, Role.OPERATOR)
    badge_sheet(person, secret, pdf, "zh_CN")
    (text,) = codes(pdf)
    assert control(text) == BadgeScan(secret)
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    shown = "".join(texts(pdf))
    assert "王小明" in shown
    assert "p-7" in shown
    assert secret not in shown
    with pytest.raises(PaperError, match="File exists"):
        badge_sheet(person, secret, pdf, "zh_CN")


def test_a_font_that_is_none_is_named_with_its_mend(tmp_path: Path) -> None:
    config = line_of(tmp_path)
    write(config, [])
    path = tmp_path / "one.toml"
    path.write_text(
        path.read_text("utf-8").replace("[hmi]", '[hmi]\nfont = "/nowhere.ttf"'), "utf-8"
    )
    done = run("barcodes", str(path), "--pdf", str(tmp_path / "x.pdf"))
    assert done.returncode == 1
    assert "hmi.font is /nowhere.ttf" in done.stderr
    assert "fonts-wqy-microhei" in done.stderr
