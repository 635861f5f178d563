"""What a screen says of a view, without a browser."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.saying import say
from edge_agent.hmi.identity import parts
from edge_agent.hmi.screen import overview_screen, station_screen
from edge_agent.hmi.throughput import EVERY_US, Throughput
from edge_agent.views import Box, Prompt, StationView, from_json, to_json
from edge_agent.words import words
from tests.hmi import scenes

ZONE = ZoneInfo("Asia/Shanghai")
EN = words("en")


def screen(station: StationView) -> dict[str, object]:
    view = from_json(to_json(scenes.line(station)))
    shown = next(each for each in view.stations if each.name == station.name)
    return station_screen(view, shown, EN, ZONE)


def test_the_lowest_container_that_is_being_filled_is_the_large_one() -> None:
    pallet = Box(1, "托盘", 4, 2, ("1", "2"))
    full, filling = scenes.case(24, number=2), scenes.case(3, number=3)
    shown = screen(scenes.station("packing", boxes=(pallet, full, filling)))
    assert shown["box"]["id"] == 3
    assert [each["id"] for each in shown["waiting"]] == [1, 2]


def test_a_full_container_is_shown_where_no_other_is_open() -> None:
    shown = screen(scenes.station("packing", boxes=(scenes.case(24, number=5),)))
    assert (shown["box"]["id"], shown["box"]["full"], shown["waiting"]) == (5, True, [])


def test_the_layer_being_filled_is_counted_from_one_and_never_beyond_the_last() -> None:
    def layer(count: int) -> object:
        box = Box(1, "托盘", 40, count, (), 8)
        return screen(scenes.station("pallet", boxes=(box,)))["box"]["layer"]

    assert layer(0) == "Layer 1 of 5"
    assert layer(8) == "Layer 2 of 5"
    assert layer(40) == "Layer 5 of 5"


def test_a_label_is_not_said_to_be_printed_while_its_printer_is_away() -> None:
    view = scenes.line(scenes.station("packing", boxes=(scenes.case(24, label="printing"),)))
    words = []
    for link, fault in (("up", None), ("down", None), ("up", say("too many labels"))):
        devices = tuple(
            replace(each, link=link, fault=fault) if each.role == "printer" else each
            for each in view.devices
        )
        now = replace(view, devices=devices)
        words.append(station_screen(now, now.stations[1], EN, ZONE)["box"]["label_text"])
    assert words[0] == "The label is being printed"
    assert words[1] == words[2] == "The label waits: look at the printer"


def test_who_gives_leave_is_told_for_what() -> None:
    ask = say("show the badge of somebody who may do this")
    prompt = Prompt(Command.DECOMMISSION, ask, 1, 2, argument="damaged")
    shown = screen(scenes.station("rework", prompt=prompt))["prompt"]
    assert shown["what"] == "Take out of use: Product damaged"


def test_times_are_the_lines_own() -> None:
    last = screen(scenes.station("packing", last=scenes.duplicate(31)))["last"]
    assert last["time"] == "09:15:31"
    assert last["first"] == "First scanned 11-22 08:58:02 at packing"


def test_what_was_done_on_another_day_is_told_with_its_day() -> None:
    done = tuple(
        replace(scenes.read(n), at=at)
        for n, at in enumerate(("2026-11-21T16:00:00.000Z", "2026-11-21T15:59:59.999Z"))
    )
    shown = screen(scenes.station("packing", operations=done))["operations"]
    assert [each["time"] for each in shown] == ["00:00:00", "11-21 23:59"]


def test_where_it_was_first_scanned_is_said_once() -> None:
    last = scenes.duplicate(31)
    assert last.first is not None
    saying = say("first seen at {station} on {at}", station="packing", at=last.first.at)
    told = screen(scenes.station("packing", last=replace(last, saying=saying)))["last"]
    assert told["text"] == "First seen at packing on 11-22 08:58:02"
    assert told["first"] is None


def test_ended_orders_are_not_offered() -> None:
    view = scenes.line()
    ended = replace(view, orders=(replace(view.orders[0], ended=True), view.orders[1]))
    shown = station_screen(ended, ended.stations[1], EN, ZONE)
    assert [each["id"] for each in shown["orders"]] == ["WO-20261122-04"]


def test_the_most_frequent_rejects_come_first() -> None:
    view = scenes.line(rejects={"UNREAD": 2, "DUPLICATE": 4, "LATE": 0, "NEW_ONE": 1})
    shown = overview_screen(view, {}, EN, ZONE)["rejects"]
    assert [(each["label"], each["n"]) for each in shown] == [
        ("Duplicate code", 4), ("No code read", 2), ("NEW_ONE", 1),
    ]  # fmt: skip


def test_what_a_station_makes_in_a_minute_begins_anew_with_the_shift() -> None:
    now_us = 0
    throughput = Throughput(lambda: now_us)
    assert throughput.per_minute() == {}
    throughput.add({"packing": 100})
    assert throughput.per_minute() == {"packing": None}
    now_us = 30_000_000
    throughput.add({"packing": 130})
    assert throughput.per_minute() == {"packing": 60}
    now_us += EVERY_US
    throughput.add({"packing": 2})
    assert throughput.per_minute() == {"packing": None}


def test_a_code_is_shown_by_its_identifiers_and_the_serial_stands_last_and_whole() -> None:
    key = "010952123454321321FXCZKDM3OL"
    shown = [["01", "09521234543213"], ["21", "FXCZKDM3OL"]]
    assert parts(rf"{key}\x1d10B1\x1d17281121", key) == shown
    assert parts("https://example.org/01/9521234543213/21/FXCZKDM3OL", key) == shown
    assert parts("00095212340000000129", "") == [["00", "095212340000000129"]]
    assert parts(r"no\x1dcode", "") == [["", "no code"]]
    assert parts("", "plain:A-1") == [["", "A-1"]]
    assert parts("", "") == []


def test_things_are_called_by_their_titles_and_codes_by_their_serials() -> None:
    t = EN.calling({"packing": "Bench 1", "case": "carton", "扫码枪-1": "Gun", "Ann": "Bea"})
    saying = say(
        "first seen at {station} on {at}, lies in {container}",
        station="packing",
        at="2026-11-22T00:58:02Z",
        container="00095212340000000129",
    )
    last = scenes.read(31, Tone.BAD, saying, culprits=(say("{name} is signed in", name="Ann"),))
    view = scenes.line(scenes.station("packing", last=last, boxes=(Box(1, "case", 4, 0, ()),)))
    shown = station_screen(view, view.stations[1], t, ZONE)
    assert shown["last"]["text"] == (
        "First seen at Bench 1 on 11-22 08:58:02, lies in 095212340000000129"
    )
    assert shown["last"]["culprits"] == ["Ann is signed in"]
    assert shown["box"]["level"] == "Carton"
    assert shown["lamps"][0]["title"] == "Gun"
    assert overview_screen(view, {}, t, ZONE)["stations"][1]["title"] == "Bench 1"


def test_good_is_said_once_and_the_list_says_of_what() -> None:
    shown = screen(scenes.station("packing", last=scenes.read(31)))
    assert (shown["last"]["word"], shown["last"]["text"]) == ("Good", "")
    assert shown["operations"][1]["text"] == "A00000000029"
