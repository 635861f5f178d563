"""A gate as people see it, and how a person lets a stopped line run again."""

from collections.abc import Callable, Mapping
from typing import Any

from edge_agent import clock
from edge_agent.core.events import StopCause
from edge_agent.core.inputs import Release
from edge_agent.core.names import StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.saying import Saying, say
from edge_agent.core.state import Belt
from edge_agent.line.engine import Engine
from edge_agent.line.gate_link import GateLink
from edge_agent.views import GateView

TEXT_LIMIT = 200
"""Characters of a name or a reason."""
STOPPED: Mapping[StopCause, Saying] = {
    StopCause.REJECTS_IN_A_ROW: say("too many rejects in a row"),
    StopCause.REJECTS_OF_LAST: say("too many rejects among the last products"),
    StopCause.BIN_FULL: say("the reject bin is full"),
    StopCause.AIR_LOW: say("the air pressure is too low"),
    StopCause.GUARD_OPEN: say("a guard is open"),
    StopCause.UNCONFIRMED: say("a rejected product did not reach the bin: look for it"),
    StopCause.UNASKED: say("something lies in the bin that was not rejected"),
    StopCause.APPEARED: say("something came to the gate that was never scanned"),
    StopCause.TAKEN_OFF: say("a product vanished before the gate"),
    StopCause.ESCAPED: say("a product went through the gate without leave: look for it"),
    StopCause.UNTRACKED: say("nobody knows what became of a product"),
    StopCause.DIFFERENCE: say("the counts of the shift do not agree"),
    StopCause.CHANGE_OVER: say("change-over: clear the belt, then release the line"),
}
"""Why a gate is stopped, as its screen says it."""
NO_SESSION = say("there is no session with the PLC yet")


def gate_facts(gate: GateLink, belt: Belt | None, *, is_watched: bool) -> dict[str, Any]:
    """The gate's part of the role's status, as JSON values. `belt` is None before the first
    contact with its PLC; `is_watched`, whether the engine ties its reads: without that, nothing may
    pass, though the PLC has a session."""
    stop = belt.interlock.stop if belt else None
    return {
        "armed": gate.session.is_armed and is_watched,
        "refusal": str(gate.refusal) if gate.refusal else None,
        "stopped": f"{stop[0].value}: {stop[1]}" if stop else None,
        "conditions": sorted(belt.interlock.conditions) if belt else [],
        "pending": len(belt.pending) if belt else 0,
    }


def gate_view(gate: GateLink, belt: Belt | None, *, is_watched: bool) -> GateView:
    """The same, as the screens show it."""
    facts = gate_facts(gate, belt, is_watched=is_watched)
    stop = belt.interlock.stop if belt else None
    return GateView(
        armed=facts["armed"],
        refusal=None if facts["armed"] else gate.refusal or NO_SESSION,
        stopped=STOPPED[stop[0]] if stop else None,
        conditions=tuple(facts["conditions"]),
        pending=facts["pending"],
    )


def release(
    question: dict[str, Any], plan: LinePlan, engine: Engine, turn: Callable[[], None]
) -> dict[str, Any]:
    """Let a stopped station run: `by` and `reason` are recorded; `station` may be left out where
    only one is stopped. `turn` has the engine decide at once, so that the answer is the truth."""
    by, reason = (str(question.get(key) or "").strip() for key in ("by", "reason"))
    if not by or not reason:
        return {"error": "expected by (a person's name) and reason; both are recorded"}
    if max(len(by), len(reason)) > TEXT_LIMIT:
        return {"error": f"expected by and reason of at most {TEXT_LIMIT} characters"}
    name, refusal = _chosen(question.get("station"), plan, engine)
    if name is None:
        return {"error": refusal}
    stop = engine.state.belts[name].interlock.stop
    if not engine.offer(Release(clock.now(), name, by, reason)):
        return {"error": "the queue is full; try again"}
    if not decided(engine, turn) or engine.state.belts[name].interlock.stop:
        return {"error": "the release could not be recorded; see status"}
    return {"released": name, "stop": list(stop or ())}


def decided(engine: Engine, turn: Callable[[], None]) -> bool:
    """Have all that waits decided. Whether the last of it was recorded: a state that could not be
    written down is no answer."""
    seq = engine.last_seq
    while waiting := engine.queued:
        seq = engine.last_seq
        turn()
        if engine.queued >= waiting:
            return False
    return engine.last_seq > seq


def _chosen(asked: object, plan: LinePlan, engine: Engine) -> tuple[StationName | None, str]:
    """The one station that is meant and may be released, or None and why there is none."""
    gated = [name for name, station in plan.stations.items() if station.gate]
    if asked is not None and asked not in gated:
        return None, f"station is {asked!r}, expected one that has a gate: {', '.join(gated)}"
    belts = engine.state.belts
    stopped = [name for name, belt in belts.items() if belt.interlock.stop]
    chosen = [name for name in stopped if asked in (None, name)]
    if not chosen:
        return None, "no station is stopped" if asked is None else f"station {asked} is not stopped"
    if len(chosen) > 1:
        return None, f"station is missing: {', '.join(chosen)} are stopped"
    (name,) = chosen
    gate = plan.stations[name].gate
    if gate and (still := belts[name].interlock.still_on(gate.stop)):
        found = ", ".join(each.value for each in still)
        return None, f"station {name} cannot be released while a contact reports {found}"
    return name, ""
