"""The rules of EPCIS 2.0 and CBV 2.0, one by one, with those that its JSON schema leaves out."""

import json
import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Armed,
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Move,
    Opened,
    Passed,
    Place,
    Reason,
    Rejected,
    Reworked,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, LevelName, StationName
from edge_agent.core.states import State
from sync import epcis
from sync.epcis import Naming
from tests.sync.rig import AT, every_kind, packing

STATION = StationName("in-feed")
UNIT = CodeKey("010690123456789221S1")


def rows(events: list[Event]) -> list[epcis.Row]:
    return [(seq, seq.to_bytes(32), event) for seq, event in enumerate(events, 1)]


def mapped(*events: Event, naming: Naming | None = None) -> list[dict[str, Any]]:
    return list(epcis.events(rows(list(events)), naming or Naming("line-1"), Counter()))


def commissioned(key: str = UNIT, **members: Any) -> Commissioned:
    return Commissioned(
        at=AT, station=STATION, key=CodeKey(key), level=LevelName("unit"), text=key, **members
    )


def test_a_document_is_json_ld_of_version_2() -> None:
    text = "".join(epcis.document(rows(packing(5)), Naming("line-1"), Counter(), AT))

    document = json.loads(text)
    assert document["@context"] == [epcis.CONTEXT]
    assert (document["type"], document["schemaVersion"]) == ("EPCISDocument", "2.0")
    assert document["creationDate"] == AT
    assert document["epcisBody"]["eventList"] == mapped(*packing(5))


def test_every_event_keeps_what_the_standard_demands() -> None:
    for event in mapped(*packing(30)):
        assert event["eventTimeZoneOffset"] == "+00:00"  # "Z" is refused
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["eventTime"])
        assert event["action"] in ("ADD", "OBSERVE", "DELETE")
        assert UUID(event["eventID"]).version == 5
        assert event["bizStep"] in ("commissioning", "inspecting", "packing")
        for place in ("readPoint", "bizLocation"):
            assert event[place]["id"].startswith("urn:uuid:")
        if event["type"] == "AggregationEvent":
            assert event["parentID"].startswith("https://id.gs1.org/00/")
            assert event["childEPCs"]
        else:
            assert event["type"] == "ObjectEvent"
            assert event["epcList"]


def test_commissioning_adds_and_carries_lot_and_expiry() -> None:
    [event] = mapped(commissioned(lot="L1", expiry="270228"))

    assert (event["type"], event["action"]) == ("ObjectEvent", "ADD")
    assert (event["bizStep"], event["disposition"]) == ("commissioning", "active")
    assert event["ilmd"] == {
        "cbvmda:lotNumber": "L1",
        "cbvmda:itemExpirationDate": "2027-02-28",
    }


def test_no_master_data_is_no_ilmd() -> None:
    assert "ilmd" not in mapped(commissioned())[0]


@pytest.mark.parametrize(
    ("event", "disposition"),
    [
        (Passed(at=AT, station=STATION, item=ItemNumber(1), key=UNIT), "conformant"),
        (
            Rejected(at=AT, station=STATION, reason=Reason.NOT_ISSUED, detail="", key=UNIT),
            "non_conformant",
        ),
        (
            Ejected(at=AT, station=STATION, item=ItemNumber(1), key=UNIT, reason=Reason.LATE),
            "non_conformant",
        ),
        (EjectedUnasked(at=AT, station=STATION, item=ItemNumber(1), key=UNIT), "non_conformant"),
        (
            EjectFailed(at=AT, station=STATION, item=ItemNumber(1), key=UNIT, reason=Reason.LATE),
            "unknown",
        ),
        (TakenOff(at=AT, station=STATION, item=ItemNumber(1), key=UNIT), "unknown"),
        (Untracked(at=AT, station=STATION, item=ItemNumber(1), key=UNIT, detail=""), "unknown"),
    ],
)
def test_the_gates_word_is_an_observation_while_inspecting(event: Event, disposition: str) -> None:
    [found] = mapped(event)

    assert (found["action"], found["bizStep"]) == ("OBSERVE", "inspecting")
    assert found["disposition"] == disposition
    assert found["epcList"] == ["https://id.gs1.org/01/06901234567892/21/S1"]


def test_a_closed_container_is_one_aggregation_of_all_its_children() -> None:
    aggregations = [e for e in mapped(*packing(12)) if e["type"] == "AggregationEvent"]

    assert [len(event["childEPCs"]) for event in aggregations] == [4, 4, 4, 3]
    assert {(e["action"], e["bizStep"], e["disposition"]) for e in aggregations} == {
        ("ADD", "packing", "in_progress")
    }
    assert aggregations[-1]["childEPCs"] == [event["parentID"] for event in aggregations[:-1]]


def test_a_duplicate_says_nothing_bad_of_the_good_thing_that_has_the_code() -> None:
    left_out: Counter[str] = Counter()
    duplicate = Rejected(at=AT, station=STATION, reason=Reason.DUPLICATE, detail="seen", key=UNIT)
    assert list(epcis.events(rows([duplicate]), Naming("line-1"), left_out)) == []
    assert left_out.total() == 1


def test_mapped_and_left_out_add_up_to_what_was_given() -> None:
    events = [
        *packing(30),
        Armed(at=AT, station=STATION, last_item=ItemNumber(0), boot=1, detail="first contact"),
        Rejected(at=AT, station=STATION, reason=Reason.UNREAD, detail="no read"),
        Passed(at=AT, station=STATION, item=ItemNumber(9), key=None),
    ]
    left_out: Counter[str] = Counter()

    found = list(epcis.events(rows(events), Naming("line-1"), left_out))

    assert len(found) + left_out.total() == len(events)
    assert left_out == {
        "packed, told by its container's closing": 34,
        "packed, container not closed within the range": 3,
        "armed, names no object": 1,
        "rejected, the scan and not the thing": 5,
        "passed, names no object": 1,
    }


PARTS_OF_REPAIRS = 6
"""Of `every_kind`: replaced is taken out, put in, and out of use; sampled is two; returned one."""


def test_a_repair_of_a_closed_case_takes_out_and_puts_in_by_parent() -> None:
    one, two, new = (CodeKey(f"010690123456789221B{number}") for number in (1, 2, 3))
    case = CodeKey("00669012340000009008")
    inside = Place(State.PACKED, ContainerId(900), case)
    moves = (
        Move(one, LevelName("unit"), inside, Place(State.DECOMMISSIONED)),
        Move(two, LevelName("unit"), inside, Place(State.SAMPLED)),
        Move(new, LevelName("unit"), Place(State.ACTIVE), inside),
    )
    repair = Reworked(
        at=AT, station=STATION, operation=Command.REPLACE, by=None, why="torn", moves=moves
    )

    out, into, ended, sampled = mapped(repair)

    naming = Naming("line-1")
    assert (out["type"], out["action"], out["bizStep"]) == (
        "AggregationEvent", "DELETE", "unpacking",
    )  # fmt: skip
    assert (out["parentID"], out["childEPCs"]) == (
        naming.thing(case), [naming.thing(one), naming.thing(two)],
    )  # fmt: skip
    assert (into["action"], into["childEPCs"]) == ("ADD", [naming.thing(new)])
    assert (ended["action"], ended["bizStep"], ended["disposition"], ended["epcList"]) == (
        "DELETE", "decommissioning", "inactive", [naming.thing(one)],
    )  # fmt: skip
    assert (sampled["action"], sampled["bizStep"], sampled["epcList"]) == (
        "OBSERVE", "inspecting", [naming.thing(two)],
    )  # fmt: skip


def test_of_a_case_that_is_open_again_only_its_closing_tells_what_is_in_it() -> None:
    one, two = (CodeKey(f"010690123456789221B{number}") for number in (1, 2))
    case, here = CodeKey("00669012340000009008"), {"at": AT, "station": STATION}
    opened = Opened(
        **here, key=case, level=LevelName("case"), container=ContainerId(900), bench=STATION,
        reopened=True, children=(one, two),
    )  # fmt: skip
    inside = Place(State.PACKED, ContainerId(900), case)
    removed = Reworked(
        **here, operation=Command.REMOVE, by=None, why="wet",
        moves=(Move(one, LevelName("unit"), inside, Place(State.ACTIVE)),),
    )  # fmt: skip
    closed = Closed(
        **here, key=case, level=LevelName("case"), container=ContainerId(900), children=(two,)
    )
    actions = [(e["action"], len(e["childEPCs"])) for e in mapped(opened, removed, closed)]
    assert actions == [("DELETE", 2), ("ADD", 1)]


def test_of_every_kind_what_names_no_object_is_left_out_and_counted_by_kind() -> None:
    left_out: Counter[str] = Counter()

    found = list(epcis.events(rows(every_kind()), Naming("line-1"), left_out))

    repairs = sum(isinstance(event, Reworked) for event in every_kind())
    assert len({each["eventID"] for each in found}) == len(found)
    assert len(found) + left_out.total() == len(every_kind()) + PARTS_OF_REPAIRS - repairs
    assert {kind.removesuffix(", names no object") for kind in left_out if "names" in kind} == {
        "armed", "belt_unknown", "conditions_changed", "disarmed", "edited", "label_failed",
        "label_printed", "label_queued", "label_verified", "order_changed", "parked",
        "picture_lost", "released", "resumed", "rework_refused", "shift_ended", "sign_in_refused",
        "signed_in", "signed_out", "stopped", "stray", "taken_off",
    }  # fmt: skip


def test_an_event_has_the_same_identity_in_every_export_and_another_on_another_line() -> None:
    once, again = (mapped(*packing(9))[3]["eventID"] for _ in range(2))
    elsewhere = mapped(*packing(9), naming=Naming("line-2"))[3]["eventID"]

    assert once == again
    assert once != elsewhere
    assert len({event["eventID"] for event in mapped(*packing(40))}) == len(mapped(*packing(40)))


@pytest.mark.parametrize(
    ("key", "uri"),
    [
        ("0106901234567892" + "21A/B+%&=?", "https://id.gs1.org/01/06901234567892/21/A%2FB%2B%25%26%3D%3F"),
        ("00069012340000000012", "https://id.gs1.org/00/069012340000000012"),
        ("url:https://t.example.cn/a?b", "https://own.example/obj/url%3Ahttps%3A%2F%2Ft.example.cn%2Fa%3Fb"),
        ("plain:IN1", "https://own.example/obj/plain%3AIN1"),
        ("0106901234567892", "https://own.example/obj/0106901234567892"),
    ],
)  # fmt: skip
def test_a_key_is_named_by_a_uri_that_the_standard_permits(key: str, uri: str) -> None:
    assert Naming("line-1", "https://own.example/").thing(key) == uri


def test_without_an_own_prefix_other_codes_are_uuid_urns_the_same_on_every_line() -> None:
    names = [Naming(agent).thing("plain:IN1") for agent in ("line-1", "line-2")]

    assert names[0] == names[1]
    assert UUID(names[0]).version == 5


@pytest.mark.parametrize(
    ("expiry", "date"),
    [
        ("270200", "2027-02-28"),
        ("280200", "2028-02-29"),
        ("760101", "2076-01-01"),
        ("770101", "1977-01-01"),
        ("990615", "1999-06-15"),
        ("271301", None),
        ("270230", None),
        ("27022", None),
        ("²70101", None),
    ],
)
def test_expiry_follows_gs1_in_century_and_last_day(expiry: str, date: str | None) -> None:
    left_out: Counter[str] = Counter()

    [event] = epcis.events(rows([commissioned(expiry=expiry)]), Naming("line-1"), left_out)

    assert event.get("ilmd", {}).get("cbvmda:itemExpirationDate") == date
    assert left_out.total() == (date is None)
