"""What to configure, from what was seen."""

import math
from collections import Counter
from dataclasses import dataclass

from edge_agent.camera.symbols import Format, Symbol
from edge_agent.camera.tune.looking import Looks, Trial, plan_of, trial
from edge_agent.camera_config import Camera, Region

STRAIGHT_DEG = 10.0
WHOLE = 0.8
"""A region of so much of the frame saves nothing."""
HEADROOM = 2.0
"""The budget is so many times the p99 that was measured: the line's PC does other things too."""
LEAST_BUDGET_MS = 20
"""A code that is worse than those which were seen needs more rungs."""
MARGIN_MS = 10
"""For the socket, the decoder's queue, and a busy moment."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Values for the camera's section, each with its why."""

    trial: Trial
    formats: dict[Format, int]
    budget_ms: int
    deadline_ms: int
    reasons: dict[str, str]

    def apply(self, section: dict[str, object]) -> dict[str, object]:
        """A copy of the camera's section with what is proposed."""
        plan, region = self.trial.plan, self.trial.region
        decode = {
            **_table(section.get("decode")),
            "formats": [form.value for form in plan.formats],
            "rotated": plan.rotated,
            "inverted": plan.inverted,
            "budget_ms": self.budget_ms,
        }
        if region is None:
            decode.pop("region", None)
        else:
            decode["region"] = region.model_dump()
        return {**section, "deadline_ms": self.deadline_ms, "decode": decode}


def propose(camera: Camera, looks: Looks, interval_us: float | None) -> Proposal | None:
    """None if no code was seen. `interval_us` is the time between two frames, if that is known."""
    formats = _formats(looks)
    if not formats:
        return None
    symbols = [symbol for symbol in looks.symbols if symbol.format in formats]
    sizes = {(look.width, look.height) for look in looks.frames}
    region = _region(symbols, *sizes.pop()) if len(sizes) == 1 else None
    straight = all(abs(_angle_deg(symbol)) <= STRAIGHT_DEG for symbol in symbols)
    best = _best_trial(camera, looks, tuple(formats), region, straight)
    budget_ms = _up(max(best.p99_us * HEADROOM / 1_000, LEAST_BUDGET_MS), 5)
    waiting_ms, waiting_why = _waiting_ms(camera, interval_us)
    evidence_ms = max(each.elapsed_us for each in looks.evidence) / 1_000
    deadline_ms = _up(waiting_ms + budget_ms + evidence_ms + MARGIN_MS, 10)
    p99 = f"p99 of {best.frames} pictures was {best.p99_us / 1_000:.1f} ms"
    return Proposal(
        trial=best,
        formats=formats,
        budget_ms=min(budget_ms, 10_000),
        deadline_ms=min(deadline_ms, 60_000),
        reasons={
            "formats": ", ".join(f"{form} {count}" for form, count in formats.items()),
            "region": "where the codes were, with a margin",
            "rotated": "all lay straight" if not best.plan.rotated else "codes were turned",
            "inverted": "some are light on dark" if best.plan.inverted else "none is needed",
            "budget_ms": p99,
            "deadline_ms": f"{waiting_why}budget, {evidence_ms:.0f} ms for the picture, and margin",
        },
    )


def _formats(looks: Looks) -> dict[Format, int]:
    """Of those that are configured, what was seen; what else was seen, if that is none. With the
    number of codes, the most frequent first."""
    codes = Counter(s.format for look in looks.frames for s in look.symbols + look.doubted)
    return dict(codes.most_common()) or looks.others


def _region(symbols: list[Symbol], width: int, height: int) -> Region | None:
    """All codes with half the largest one's size around; None where that is nearly all."""
    points = [point for symbol in symbols for point in symbol.corners]
    sides = [
        math.dist(symbol.corners[i], symbol.corners[i - 1]) for symbol in symbols for i in (0, 1)
    ]
    margin = max(16.0, max(sides) / 2)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top = max(0, int(min(xs) - margin)), max(0, int(min(ys) - margin))
    right, bottom = min(width, int(max(xs) + margin) + 1), min(height, int(max(ys) + margin) + 1)
    if (right - left) * (bottom - top) > WHOLE * width * height:
        return None
    return Region(x=left, y=top, width=max(8, right - left), height=max(8, bottom - top))


def _angle_deg(symbol: Symbol) -> float:
    (x0, y0), (x1, y1) = symbol.corners[:2]
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def _best_trial(
    camera: Camera,
    looks: Looks,
    formats: tuple[Format, ...],
    region: Region | None,
    straight: bool,
) -> Trial:
    """The flags that lose the fewest codes and take the fewest tries; of equal ones the cheapest.
    One turned code in all the pictures is enough to tell that codes may be turned."""
    trials = [
        trial(looks, camera, plan_of(camera, formats, rotated=rotated, inverted=inverted), region)
        for rotated in ((False, True) if straight else (True,))
        for inverted in (False, True)
    ]
    return min(trials, key=lambda each: (each.lost, each.climbed))


def _waiting_ms(camera: Camera, interval_us: float | None) -> tuple[float, str]:
    """How long the pictures that an answer needs may take to come."""
    pictures = camera.layer.frames if camera.layer else 1
    # A camera that triggers itself starts the clock with its first picture.
    waits = pictures if camera.trigger == "line" else pictures - 1
    if not waits or interval_us is None:
        return 0, ""
    each_ms = interval_us / 1_000
    return waits * each_ms, f"frames ({waits} x {each_ms:.0f} ms), "


def _up(value: float, step: int) -> int:
    return math.ceil(value / step) * step


def _table(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}
