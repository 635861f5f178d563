"""What a camera role tells of pictures that it could not keep."""

import re
from collections.abc import Callable
from typing import Any

from edge_agent import clock
from edge_agent.core.inputs import PictureLost
from edge_agent.core.names import StationName
from edge_agent.core.record import LinePlan
from edge_agent.line.engine import Engine
from edge_agent.line.release import decided

WHY_LIMIT = 500
"""Characters of the reason that are kept."""


def lose_picture(
    question: dict[str, Any], plan: LinePlan, engine: Engine, turn: Callable[[], None]
) -> dict[str, Any]:
    """Record that the `picture` (SHA-256, hex) of a reject at `station` is not kept, and `why`.
    `turn` has the engine decide at once, so that the answer is the truth."""
    station, picture, why = (question.get(key) for key in ("station", "picture", "why"))
    if not isinstance(station, str) or station not in plan.stations:
        return {"error": f"station is {station!r}, expected one of {', '.join(plan.stations)}"}
    if not isinstance(picture, str) or not re.fullmatch("[0-9a-f]{64}", picture):
        return {"error": f"picture is {picture!r:.80}, expected a SHA-256 in hexadecimal"}
    if not isinstance(why, str) or not why:
        return {"error": f"why is {why!r:.80}, expected a reason"}
    lost = PictureLost(clock.now(), StationName(station), picture, why[:WHY_LIMIT])
    if not engine.offer(lost):
        return {"error": "the queue is full; try again"}
    if not decided(engine, turn):
        return {"error": "the loss could not be recorded; see status"}
    return {"recorded": picture}
