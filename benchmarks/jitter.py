"""When the gate's coil is written, against when it should be, over real Modbus and in real time;
beside a bare timer that sleeps until as many moments in the same minutes (jitter_timer.py).

Three processes: the I/O station with its belt (jitter_io.py), the agent (jitter_agent.py), the
timer. An item's ideal moments are a fixed time after the station counted it: what the agent sees of
that late, by its polls, counts as error too.
"""

import json
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.child import BenchmarkError, Child
from benchmarks.figures import Figure, Result, percentiles
from benchmarks.jitter_agent import BAD_EVERY, HOLD_MS, TRAVEL_MS

ITEMS = 2_000
A_MINUTE = 2_000
GOAL_MS = 5.0
_START_S = 30


def measure(items: int = ITEMS) -> Result:
    pitch_ms = 60_000 / A_MINUTE
    patience_s = items * pitch_ms / 1_000 + 60
    with tempfile.TemporaryDirectory() as name, ExitStack() as children:
        log = Path(name) / "log"
        io = children.enter_context(Child("benchmarks.jitter_io", log=log))
        port = json.loads(io.line(_START_S))["port"]
        agent = children.enter_context(Child("benchmarks.jitter_agent", str(port), log=log))
        moments, a_second = 2 * items, 2_000 / pitch_ms
        timer = children.enter_context(
            Child("benchmarks.jitter_timer", str(moments), str(a_second), log=log)
        )
        agent.line(_START_S)
        timer.line(_START_S)
        timer.order("")
        io.order(json.dumps({"items": items, "pitch_ms": pitch_ms}))
        seen = json.loads(io.line(patience_s))
        late_ms = json.loads(timer.line(patience_s))
        agent.order("")
        told = json.loads(agent.line(_START_S))
    return _result(seen, told, late_ms)


def _result(seen: dict[str, Any], told: dict[str, Any], timer_ms: Sequence[float]) -> Result:
    things = seen["things"]
    items = _items([eye_s for eye_s, _ in things], told["counted"])
    passed = [fate == "passed" for _, fate in things]
    bad = sum(gone for gone, item in zip(passed, items, strict=True) if not _is_good(item))
    good_out = sum(not gone for gone, item in zip(passed, items, strict=True) if _is_good(item))
    if bad:
        stories = [
            f"item {item}: {_story(eye_s * 1_000, seen['commands'])}"
            for (eye_s, fate), item in zip(things, items, strict=True)
            if fate == "passed" and not _is_good(item)
        ]
        found = f"{bad} of {len(things)} items passed that should have been kept out"
        raise BenchmarkError("\n".join([found, *stories, *told["lost"], str(told["fates"])]))
    opened, shut = _errors_ms(seen)
    if not opened:
        raise BenchmarkError(f"the gate never opened: {told}")
    errors_ms = [abs(each) for each in (*opened, *shut)]
    found, bare = percentiles(errors_ms), percentiles(timer_ms)
    name = f"gate command, off its ideal moment, {A_MINUTE:,} items a minute"
    figures = [
        Figure(f"{name}, p50", "ms", found["p50"], floor=bare["p50"]),
        Figure(f"{name}, p99", "ms", found["p99"], floor=bare["p99"], at_most=GOAL_MS),
        Figure(f"{name}, max", "ms", max(errors_ms), floor=max(timer_ms)),
        Figure("of it early (-) or late, median, to open", "ms", median(opened)),
        Figure("of it early (-) or late, median, to shut", "ms", median(shut)),
        Figure(f"items that passed and should not, of {len(things):,}", "", bad, at_most=0),
        Figure("items that should pass and were kept out", "", good_out),
        Figure("items that came while no session was in force", "", items.count(None)),
        Figure("sessions lost", "", len(told["lost"])),
    ]
    notes = [f"session lost: {why}" for why in told["lost"]]
    notes += [f"{fate}: {count:,}" for fate, count in sorted(told["fates"].items())]
    details = {"opened_ms": opened, "shut_ms": shut, "timer_ms": timer_ms, "fates": told["fates"]}
    return Result(figures, notes, details)


def _items(eyes_s: Sequence[float], counted: Sequence[tuple[int, int, int]]) -> list[int | None]:
    """Each thing's number, as the agent counted them: the new ones are the last that had come."""
    items: list[int | None] = [None] * len(eyes_s)
    for first, last, at_us in counted:
        after = bisect_right(eyes_s, at_us / 1e6)
        for back, item in enumerate(range(last, first - 1, -1), 1):
            items[max(0, after - back)] = item
    return items


def _is_good(item: int | None) -> bool:
    return item is not None and item % BAD_EVERY != 0


def _story(eye_ms: float, commands: Sequence[tuple[float, bool]]) -> str:
    """The last command before the item was in the gate, and the next one."""
    here_ms = eye_ms + TRAVEL_MS + HOLD_MS / 2
    index = bisect_right([at_s * 1_000 for at_s, _ in commands], here_ms)
    return ", ".join(
        f"{'open' if on else 'shut'} {at_s * 1_000 - here_ms:+.1f} ms from when it was in the gate"
        for at_s, on in commands[max(0, index - 1) : index + 1]
    )


def _errors_ms(seen: dict[str, Any]) -> tuple[list[float], list[float]]:
    """How far each command to open, and to shut, was from its ideal moment: that of the item whose
    moment is the nearest."""
    eyes_ms = [eye_s * 1_000 for eye_s, _ in seen["things"]]
    opened, shut = list[float](), list[float]()
    for at_s, on in seen["commands"]:
        came_ms = at_s * 1_000 - TRAVEL_MS - (0 if on else HOLD_MS)
        after = bisect_right(eyes_ms, came_ms)
        error_ms = min(
            (came_ms - eye_ms for eye_ms in eyes_ms[max(0, after - 1) : after + 1]), key=abs
        )
        if at_s * 1_000 > eyes_ms[0]:  # the gate is shut before arming, too
            (opened if on else shut).append(error_ms)
    return opened, shut
