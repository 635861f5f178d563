"""No English sentence on a Chinese page, live or of the office."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from drivers.gate.registers import Status, identity
from drivers.protocols import PlcError
from edge_agent.config_file import load_line
from edge_agent.core import codes, labels
from edge_agent.core.codes import CodeKind, Form
from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import (
    Event,
    LabelFailed,
    LabelQueued,
    Reason,
    Resumed,
    ReworkRefused,
    SignInRefused,
    StopCause,
    Stopped,
)
from edge_agent.core.interlock import CONTACTS
from edge_agent.core.names import CodeKey, ContainerId, JobId, LevelName, PersonId, StationName
from edge_agent.core.people import Role
from edge_agent.core.saying import Saying, say
from edge_agent.hmi.office import SIGHTS
from edge_agent.hmi.screen import overview_screen, station_screen
from edge_agent.ledger.errors import LedgerFullError
from edge_agent.line import devices
from edge_agent.line.gate_session import refused_identity
from edge_agent.line.gate_words import failed
from edge_agent.line.release import NO_SESSION, STOPPED
from edge_agent.views import DeviceView, GateView, LineView, from_json, to_json
from edge_agent.vocabulary import FAULTS
from edge_agent.words import catalogue_path, words
from tests.hmi import scenes
from tests.hmi.office_browser import Office, fresh
from tests.hmi.office_rig import SECOND, STAFF
from tests.hmi.test_looks import SCENES
from tests.reports.ledgers import busy_shift, write

__all__ = ["fresh"]
CHINESE = ("zh_CN", "zh_TW")
ZONE = ZoneInfo("Asia/Shanghai")
ENGLISH = re.compile(r"(?<![\w.:/-])[A-Za-z]{2,}(?:'[a-z]+)?(?:[ ,;]+[a-z]{2,}(?:'[a-z]+)?)+")
"""Two Latin words in a row, the second without a capital."""
NAMES = re.compile(r"`[^`]*`|edge-agent report CONFIG --check|holding \d+")
"""What may stand in a sentence of any language: commands, and the tables of Modbus."""
AT, BENCH, LINE = "2026-11-22T08:00:00.000Z", StationName("packing"), StationName("line-1")


def english(text: str) -> list[str]:
    return ENGLISH.findall(NAMES.sub("", text))


def test_a_run_of_english_is_found_and_names_codes_and_numbers_are_none() -> None:
    assert english("产线没有执行：the line is halted")
    assert english("It could not be made: 原因")
    fine = "PLC 有应答；GS1 Digital Link 01069712 SN-42 tcp://10.0.0.4:9100 `edge-agent status` ZPL"
    assert english(f"{fine} WO-20261122-03 bin-full 12 ms, 3 mm Zebra ZT411 Alt+029") == []


@pytest.mark.parametrize("language", CHINESE)
def test_no_translation_has_english_in_it(language: str) -> None:
    t, source = words(language), catalogue_path("en").read_text()
    assert t.knows("Close") and "封装" not in source
    found = {text: english(said) for text, said in t._texts.items() if english(said)}
    assert found == {}


# --- live pages --------------------------------------------------------------------------------

FORMS = (
    Form(LevelName("unit"), CodeKind.GS1, ("01", "21")),
    Form(LevelName("case"), CodeKind.GS1, ("00",), pattern=re.compile(r"000\d{17}")),
    Form(LevelName("unit"), CodeKind.DIGITAL_LINK, ("01", "21")),
)
NO_CODES = (
    "",
    "4006381333931",
    "0106971234567802",
    "010697123456780321A1",
    "0106971234567802\x1d\x1d21A1",
    "中文",
    "00095212340000000128",
    "https://example.org/",
    "https://example.org/01/09521234543213",
    "hello world",
)
TOLD = tuple(text for text in FAULTS if "{" not in text)
"""What drivers and cameras say as it is."""


def parsers() -> Iterator[str]:
    for text in NO_CODES:
        try:
            codes.parse(text, FORMS)
        except codes.CodeError as error:
            yield str(error)


def status() -> list[int]:
    words_ = [0] * len(Status)
    words_[Status.IDENTITY] = identity(64) ^ 1
    return words_


REFUSALS: tuple[Saying | None, ...] = (
    NO_SESSION,
    refused_identity(status(), 64),
    failed(PlcError("plc gate: read input registers 102 to 103: found exception 2, expected 2")),
    say(
        "watchdog registers are out of their bounds: {registers}; the outputs would hold their "
        "last value when the link dies: set them in the device",
        registers="holding 10 = 0 (1-300)",
    ),
    say(
        "coil {address} (the gate) reads on though it was just written off; is it forced, or does "
        "another client write it?",
        address=4,
    ),
)
FOUND = (
    *parsers(),
    *TOLD,
    "23 of 24 codes read; not read: r1c2, r3c4; double: 'A1'",
    "nothing read in 3 frames; no decoder is free, nobody knows why",
    "no frame came within 500 ms: the camera says something in English",
    "the read may belong to item 3 or one counted before",
    "key 86 is no character of the US layout: set the scanner's keyboard to US English, and its "
    "control characters to Alt and keypad",
)


def views() -> Iterator[LineView]:
    """Every scene; and each refusal, halt, fault and stop that there can be."""
    yield from (view for _, view in SCENES.values())
    yield from (scenes.line(scenes.duplicate_at(work, 5)) for work in scenes.WORKS)
    for refusal in REFUSALS:
        gate = GateView(False, refusal, None, (), 0)
        yield scenes.line(scenes.station("inline", gate=gate))
    for stopped in STOPPED.values():
        gate = GateView(True, None, stopped, ("bin-full", "air-low", "guard-open"), 2)
        yield scenes.line(scenes.station("inline", gate=gate))
    yield scenes.line(halted=LedgerFullError(Path("/var/lib/edge-agent/ledger.db")).saying)
    faults = [*devices.FAULTS.values(), *labels.FAULTS.values()]
    yield scenes.line(devices=tuple(DeviceView("zebra", "printer", "down", f) for f in faults))
    for n, found in enumerate(FOUND):
        saying = say("{fault}", fault=found)
        for reason in (Reason.MALFORMED, Reason.UNREAD):
            last = scenes.read(n, Tone.BAD, saying, reason=reason, culprits=(saying,))
            yield scenes.line(scenes.station("packing", last=last, operations=(last,)))
    still_on = "; ".join(map(str, CONTACTS.values()))
    last = scenes.read(9, Tone.BAD, say("first mend: {cause}", cause=still_on))
    yield scenes.line(scenes.station("inline", last=last))
    for reason in Reason:
        cause = say("the line is stopped: {cause}", cause="5 rejects in a row")
        last = replace(scenes.duplicate(3), reason=reason, saying=cause)
        yield scenes.line(scenes.station("inline", last=last))


def shown(plain: Any) -> Iterable[str]:
    """Every text that a screen is given."""
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict):
        for value in plain.values():
            yield from shown(value)
    elif isinstance(plain, list | tuple):
        for value in plain:
            yield from shown(value)


@pytest.mark.parametrize("language", CHINESE)
def test_no_live_page_says_anything_in_english(language: str) -> None:
    t, found = words(language), []
    for sent in views():
        view = from_json(to_json(sent))
        screens = [station_screen(view, station, t, ZONE) for station in view.stations]
        for screen in (*screens, overview_screen(view, {}, t, ZONE)):
            found += [text for text in shown(screen) if english(text)]
    assert found == []


def test_what_a_parser_or_a_camera_found_is_said_as_far_as_there_are_words() -> None:
    t = words("zh_CN")

    def told(found: str) -> str:
        return t.saying(say("{fault}", fault=found))

    assert (
        told("23 of 24 codes read; not read: r1c2; gone wrong") == "读到 23/24 个码；未读到：r1c2"
    )
    assert told("as unit (gs1): has (01), lacks (21)") == "按unit（gs1）读：有 (01)，缺 (21)"
    assert told("nobody foresaw this") == ""
    assert words("en").saying(say("{fault}", fault="nobody foresaw this")) == "nobody foresaw this"


def test_the_ledgers_english_is_known_again_and_what_people_typed_stays() -> None:
    t = words("zh_CN").calling({"bench-1": "一号台"})
    said = str(say("{container} is being filled at {bench}: put it aside there first",
                   container="case 7", bench="bench-1"))  # fmt: skip
    assert t.recorded(said) == "case 7 正在 一号台 装：请先在那里暂存"
    assert t.recorded("5 rejects in a row") == "连续剔除 5 件"
    assert t.recorded("cleaned the nozzle") == "cleaned the nozzle"


# --- the office --------------------------------------------------------------------------------

EVENTS: tuple[Event, ...] = (
    *(
        Stopped(at=AT, station=BENCH, cause=cause, detail=detail)
        for cause, detail in (
            (StopCause.REJECTS_IN_A_ROW, "5 rejects in a row"),
            (StopCause.REJECTS_OF_LAST, "6 rejects among the last 20 items"),
            (StopCause.BIN_FULL, "the reject bin is full"),
            (StopCause.UNCONFIRMED, "item 4 was rejected, but the eject sensor has not seen it"),
            (StopCause.CHANGE_OVER, "3 things of order WO-1 are on the belt: clear it"),
        )
    ),
    Resumed(at=AT, station=LINE, refused_reads=3,
            detail=str(LedgerFullError(Path("/var/ledger.db")))),
    ReworkRefused(at=AT, station=BENCH, operation=Command.MERGE, by=PersonId("su"), culprits=(
        str(say("{code} is in use already: scan a new one", code="A1")),
        str(say("{container} holds {count} of {capacity}: {more} more do not fit",
                container="C1", count=3, capacity=4, more=2)),
    )),
    SignInRefused(at=AT, station=BENCH, person=None, how="badge",
                  why="nobody has this badge: ask a supervisor for a new one"),
    LabelQueued(at=AT, station=BENCH, job=JobId(1), printer="zebra", template="case",
                level=LevelName("case"), container=ContainerId(1), key=CodeKey("sscc-1"),
                fields={}, copy=2, by=PersonId("su"), why="asked for at the station"),
    LabelFailed(at=AT, station=BENCH, job=JobId(1),
                detail="the label cannot be drawn: template case makes 70000 bytes"),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    workspace = tmp_path_factory.mktemp("chinese")
    rig = Office(workspace, browser)
    write(load_line(str(workspace / "line.toml")), [*busy_shift(AT, hours=1), *EVENTS])
    yield rig
    rig.close()


def in_view(page: Page) -> list[str]:
    text: str = page.inner_text("body")
    for person in (*STAFF.values(), SECOND):
        text = text.replace(person.name, "")
    return [line for line in text.splitlines() if english(line)]


@pytest.mark.parametrize("path", ["/sign-in", *(sight.path for sight in SIGHTS)])
def test_no_page_of_the_office_says_anything_in_english(office: Office, path: str) -> None:
    sight = next((each for each in SIGHTS if each.path == path), None)
    faults = [*devices.FAULTS.values(), *labels.FAULTS.values()]
    office.line.show(
        scenes.line(devices=tuple(DeviceView("zebra", "printer", "down", f) for f in faults))
    )
    roles = (Role.SUPERVISOR, Role.AUDITOR, Role.TECHNICIAN)
    if sight is None:
        page = office.browser(language="zh_CN")
        page.goto(office.url + path)
        page.locator(".tile").first.wait_for()
    else:
        person = next(STAFF[r] for r in roles if any(STAFF[r].may(n) for n in sight.needs))
        page = office.opened(person, path, language="zh_CN")
        page.locator(".row-card, .act, .report").first.wait_for(timeout=30_000)
    assert in_view(page) == []


def test_what_the_line_refuses_is_said_in_chinese(office: Office) -> None:
    page = office.opened(STAFF[Role.SUPERVISOR], "/orders", language="zh_CN")
    office.line.refusal = say("another person must agree")
    page.get_by_role("button", name="开始", exact=True).first.click()
    page.locator(".sheet .button.go").click()
    page.get_by_text("产线没有执行：需要另一个人同意").wait_for()


def test_what_cannot_be_reported_is_said_in_chinese(office: Office) -> None:
    page = office.opened(STAFF[Role.SUPERVISOR], "/reports", language="zh_CN")
    page.locator(".report").wait_for(timeout=30_000)
    ledger = office.line._path.parent.parent / "data/line-1/ledger.db"
    ledger.rename(ledger.with_suffix(".gone"))
    try:
        page.reload()
        page.get_by_text("无法生成：无法读取台账").wait_for(timeout=30_000)
        assert in_view(page) == []
    finally:
        ledger.with_suffix(".gone").rename(ledger)
