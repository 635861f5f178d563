"""When the gate's program must be scanned though no input has changed.

It looks into the program's own state: each wait that a scan may end is one line here. That none is
missing is what the test against a scan every cycle is for.
"""

from drivers.gate.block import _AWAITED, _SIGHTED, GateBlock

_DWORD = 1 << 32
_SOON = 1


def due_steps(block: GateBlock, position: int) -> int | None:
    """How many steps the belt may go on from `position`, the last scan's; None: any."""
    parameters = block.parameters
    waits = []
    if block.gate_open:
        waits.append(parameters.hold_steps - (position - block._opened_at) % _DWORD)
    if block._next_at_gate <= block._items:
        track = block._tracks[block._next_at_gate % parameters.slots]
        tolerance = parameters.tolerance_steps
        last = parameters.travel_steps + (tolerance + 1 if tolerance else 0)
        waits.append(last - (position - track.position) % _DWORD)
    if parameters.tolerance_steps:
        before = block._tracks[(block._next_at_gate - 1) % parameters.slots]
        if before.phase == _SIGHTED:
            waits.append(parameters.decide_steps - (position - block._sighted_at) % _DWORD)
        if block._stranger == _SIGHTED:
            waits.append(parameters.decide_steps - (position - block._stranger_at) % _DWORD)
    return max(_SOON, min(waits)) if waits else None


def due_ms(block: GateBlock, now_ms: int) -> int | None:
    """How many milliseconds may go by from `now_ms`, the last scan's; None: any."""
    parameters = block.parameters
    waits = []
    if block._heard:
        waits.append(parameters.link_timeout_ms + 1 - (now_ms - block._beat_ms) % _DWORD)
    if block._testing:
        waits.append(parameters.link_timeout_ms + 1 - (now_ms - block._test_ms) % _DWORD)
    if block._next_to_settle < block._next_at_gate:
        track = block._tracks[block._next_to_settle % parameters.slots]
        if track.phase == _AWAITED:
            age_ms = (now_ms - track.at_gate_ms) % _DWORD
            waits.append(parameters.confirm_until_ms + 1 - age_ms)
    return max(_SOON, min(waits)) if waits else None
