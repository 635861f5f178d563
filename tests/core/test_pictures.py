"""A reject names the picture in which the camera saw it, and a lost picture is an event."""

import json

import pytest

from edge_agent.core.body import EventError, from_body, to_body
from edge_agent.core.events import Event, Reason, Rejected
from edge_agent.core.events import PictureLost as PictureLostEvent
from edge_agent.core.inputs import Counter, PictureLost, Read
from edge_agent.core.names import ItemNumber, StationName
from tests.core.world import BENCH, INFEED, SPACING_US, World, plan, text

ONE, TWO = "1f" * 32, "2f" * 32


def see(world: World, seen: str | None, picture: str, station: StationName = BENCH) -> None:
    world.now_us += 1_000
    world.give(Read(world.instant(), station, world.now_us, seen, picture=picture))


def rejects(world: World) -> list[tuple[Reason, str | None]]:
    return [(e.reason, e.picture) for e in world.past.events if isinstance(e, Rejected)]


def test_each_reject_by_hand_names_its_picture_whatever_the_reason() -> None:
    world = World(plan(5))
    see(world, None, ONE)
    see(world, "rubbish", TWO)
    see(world, text("unit", 1), ONE)
    see(world, text("unit", 1), TWO)
    assert rejects(world) == [
        (Reason.UNREAD, ONE),
        (Reason.MALFORMED, TWO),
        (Reason.ALREADY_PACKED, TWO),
    ]


def test_a_no_read_that_the_camera_answered_names_its_picture_and_silence_has_none() -> None:
    world = World(plan(5))
    world.count(0)
    world.now_us += SPACING_US
    world.count(0)
    world.count(1)
    world.now_us += 5_000
    see(world, None, ONE, INFEED)
    world.now_us += SPACING_US
    world.count(2)
    for _ in range(9):
        world.tick()
    assert rejects(world) == [(Reason.UNREAD, ONE), (Reason.UNREAD, None)]


def test_every_item_that_a_read_may_belong_to_names_its_picture() -> None:
    world = World(plan(5))
    world.count(0)
    world.now_us += SPACING_US
    world.count(0)
    # Two triggers within one poll, and a read somewhere between: as after a pause.
    since_us = world.now_us
    world.now_us += 2 * SPACING_US
    at = world.instant()
    item = ItemNumber(2)
    world.give(Counter(at, INFEED, item, at.mono_us - 200, since_us, world.boot))
    world.give(Read(at, INFEED, since_us, text("unit", 1), picture=ONE))
    world.count(2)
    clashes = [
        e for e in world.past.events if isinstance(e, Rejected) and e.reason is Reason.AMBIGUOUS
    ]
    assert [clash.item for clash in clashes] == [1, 2]
    assert {clash.picture for clash in clashes} == {ONE}


def test_an_answer_without_an_item_names_its_picture() -> None:
    world = World(plan(5))
    see(world, text("unit", 1), ONE, INFEED)
    assert rejects(world) == [(Reason.AMBIGUOUS, ONE)]


def test_what_is_accepted_names_no_picture() -> None:
    world = World(plan(5))
    see(world, text("unit", 1), ONE)
    assert world.kinds() == ["commissioned", "packed"]
    assert not any("picture" in to_body(event) for event in world.past.events)


def test_a_lost_picture_is_an_event_and_changes_nothing_else() -> None:
    world = World(plan(5))
    see(world, None, ONE)
    before = world.line.state.to_json()
    effects = world.give(PictureLost(world.instant(), BENCH, ONE, "the disk is full"))
    after = world.line.state.to_json()
    assert effects == []
    event = world.past.events[-1]
    assert isinstance(event, PictureLostEvent)
    assert (event.station, event.picture, event.why) == (BENCH, ONE, "the disk is full")
    assert after.pop("tally") == {**before.pop("tally"), "picture_lost": 1}
    assert after == before


def test_a_reject_without_a_picture_is_written_as_it_always_was() -> None:
    body = (
        '{"kind":"rejected","at":"2026-11-21T08:00:00.000Z","station":"bench",'
        '"reason":"UNREAD","detail":"the scanner read nothing","item":7}'
    )
    event: Event = from_body(body)
    assert isinstance(event, Rejected)
    assert event.picture is None
    assert to_body(event) == body


@pytest.mark.parametrize("picture", ["", "1F" * 32, "1f" * 31, 7, None, "1f" * 32 + "\n"])
def test_what_is_no_hash_is_no_picture(picture: object) -> None:
    body = {"kind": "picture_lost", "at": "x", "station": "s", "picture": picture, "why": "w"}
    with pytest.raises(EventError, match=r"picture_lost.picture is .*, expected 64 hexadecimal"):
        from_body(json.dumps(body))
