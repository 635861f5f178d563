"""When the gate's program must be scanned for the clock's sake, though no input has changed.

It looks into the program's own state: each wait in milliseconds that a scan may end is one line
here (`GateBlock.next_due` has those in steps). That none is missing is what the test against a scan
every cycle is for.
"""

from drivers.gate.block import _AWAITED, GateBlock

_DWORD = 1 << 32


def next_due_ms(block: GateBlock, now_ms: int) -> int | None:
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
    if block._stranger == _AWAITED and parameters.confirm_until_ms:
        age_ms = (now_ms - block._stranger_ms) % _DWORD
        waits.append(parameters.confirm_until_ms + 1 - age_ms)
    return max(1, min(waits)) if waits else None
