"""The written form of events: one for each, and nothing else is taken for one."""

import json
from typing import Any

import pytest

from edge_agent.core.body import EventError, from_body, to_body
from edge_agent.core.events import KINDS
from tests.sync.rig import every_kind

AT = {"at": "2026-11-22T08:00:00.000Z", "station": "infeed"}


def test_every_kind_is_read_as_it_was_written() -> None:
    events = every_kind()
    assert {event.kind for event in events} == set(KINDS)
    assert [from_body(to_body(event)) for event in events] == events


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"kind": "teleported"}, "kind is 'teleported', expected one of armed"),
        ({"kind": "shift_ended", "shift": 8}, "shift_ended.shift is 8, expected text"),
        ({"kind": "shift_ended", "counts": {"passes": -1}}, "counts is {'passes': -1}, expected"),
        ({"kind": "shift_ended", "counts": [1]}, "expected numbers by name"),
        ({"kind": "shift_ended", "differences": True}, "expected a whole number"),
        ({"kind": "stopped", "cause": "mood"}, "'mood' is not a valid StopCause"),
        ({"kind": "conditions_changed", "on": "air-low"}, "expected a list of conditions"),
        ({"kind": "conditions_changed", "on": ["rain"]}, "'rain' is not a valid Condition"),
        ({"kind": "released", "by": "Li Wei"}, "why"),
        ({"kind": "released", "by": "x", "why": "x", "mood": "x"}, "unknown members mood"),
    ],
)
def test_what_is_no_event_is_refused_with_the_member_that_is_wrong(
    members: dict[str, Any], said: str
) -> None:
    with pytest.raises(EventError) as refused:
        from_body(json.dumps(AT | members))
    assert said in str(refused.value)
