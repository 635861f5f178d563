"""What a person must be told at once: which events are alarms, how loud, and in which words."""

import logging
from typing import Any

from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    ConditionsChanged,
    Disarmed,
    EjectedUnasked,
    EjectFailed,
    Event,
    PictureLost,
    Released,
    ShiftEnded,
    Stopped,
    Stray,
    TakenOff,
    Untracked,
)

_CRITICAL = (Stopped, EjectFailed)
_ERROR = (Disarmed, EjectedUnasked, Stray, Untracked)
_WARNING = (BeltUnknown, TakenOff, ConditionsChanged, Released, PictureLost)
_SAID = {
    Stopped: ("cause", "detail"),
    EjectFailed: ("item", "reason"),
    EjectedUnasked: ("item",),
    Stray: ("where", "count"),
    Untracked: ("item", "detail"),
    TakenOff: ("item",),
    Disarmed: ("detail",),
    Armed: ("last_item", "detail"),
    BeltUnknown: ("first_item", "last_item", "detail"),
    ConditionsChanged: ("on",),
    Released: ("by", "why"),
    PictureLost: ("picture", "why"),
    ShiftEnded: ("shift", "differences"),
}
"""Never a code: some are worth money."""


def alarm_of(event: Event) -> tuple[int, dict[str, Any]] | None:
    """The level of the log, and what is said beside kind and station; None: no alarm."""
    names = _SAID.get(type(event))
    if names is None:
        return None
    said = {name: getattr(event, name) for name in names}
    if isinstance(event, _CRITICAL):
        return logging.CRITICAL, said
    if isinstance(event, _ERROR) or (isinstance(event, ShiftEnded) and event.differences):
        return logging.ERROR, said
    if isinstance(event, _WARNING):
        return logging.WARNING, said
    return logging.INFO, said
