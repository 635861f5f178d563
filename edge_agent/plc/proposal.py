"""What the measured firings say of the gate, and what to write into its configuration."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_agent.gate_config import Gate
from edge_agent.plc.firing import Firing

LEAST_MARGIN_MS = 5
ENOUGH = 5
"""Firings below which nothing is proposed."""


@dataclass(frozen=True, slots=True)
class Spread:
    """When a sensor saw the gate, in milliseconds from the command's arrival."""

    seen: int
    missing: int
    median: float
    p5: float
    p95: float
    longest: float

    @property
    def width(self) -> float:
        """From the quick to the slowest: what the belt's timing must bear."""
        return self.longest - self.p5


@dataclass(frozen=True, slots=True)
class Findings:
    """`spreads` by sensor, None for one that saw nothing at all; `doubt_ms` is how exactly it
    could be measured. `proposed` are lines of the configuration, each with its why; `warnings`
    what must be mended, `notes` what could not be told."""

    spreads: dict[str, Spread | None]
    doubt_ms: float
    proposed: list[tuple[str, str]]
    warnings: list[str]
    notes: list[str]


def spread(times_ms: Sequence[float], fired: int) -> Spread | None:
    """None if nothing was seen."""
    if not times_ms:
        return None
    missing = fired - len(times_ms)
    if len(times_ms) == 1:
        (only,) = times_ms
        return Spread(1, missing, only, only, only, only)
    cuts = statistics.quantiles(times_ms, n=20, method="inclusive")
    return Spread(
        len(times_ms), missing, statistics.median(times_ms), cuts[0], cuts[18], max(times_ms)
    )


def findings(gate: Gate, sensors: Sequence[str], firings: Sequence[Firing]) -> Findings:
    """What `firings` say. A sensor that saw nothing at all does not look at the gate itself."""
    times = {
        name: [each.seen_ms[name] for each in firings if name in each.seen_ms] for name in sensors
    }
    spreads = {name: spread(seen, len(firings)) for name, seen in times.items()}
    doubt_ms = statistics.median(each.doubt_ms for each in firings)
    found = Findings(spreads, doubt_ms, [], [], [])
    for name, each in spreads.items():
        if each is not None and each.missing:
            found.warnings.append(
                f"{name} missed {each.missing} of {len(firings)}: the gate did not move each time, "
                "or the sensor does not see it well"
            )
    # The sensor at the chute sees the gate when it has done its work; the one before it, earlier.
    physical = [name for name in ("eject_eye", "gate_eye") if spreads.get(name)]
    if not physical:
        found.notes.append(
            "no sensor saw the gate move, so nothing is proposed. For the test, wire an end switch "
            "of the gate's cylinder to the input of eject_eye, or let the gate move something "
            "before that eye"
        )
    elif len(firings) < ENOUGH:
        found.notes.append(f"nothing is proposed from fewer than {ENOUGH} firings")
    else:
        _propose(gate, found, times, physical[0], firings)
    return found


def _propose(
    gate: Gate,
    found: Findings,
    times: dict[str, list[float]],
    sensor: str,
    firings: Sequence[Firing],
) -> None:
    lag = spread(_lags_ms(sensor, firings), len(firings))
    if lag is None:
        found.notes.append(f"{sensor} and gate_open were never seen together; fire again")
        return
    steps_per_ms = gate.belt.fastest_steps_per_s / 1_000
    lag_ms = math.ceil(lag.median)
    if gate.io is not None:
        found.proposed.append((f"io.lag_ms = {lag_ms}", f"median until {sensor}"))
    else:
        where = "decide_steps" if gate.belt.tolerance_steps else "travel_steps"
        early = math.ceil(lag.longest * steps_per_ms)
        found.proposed.append(
            (
                f"belt.{where} = as measured, less {early}",
                f"the gate is in its place up to {lag.longest:.0f} ms after the output, "
                f"{early} steps at the fastest belt",
            )
        )
    hold = math.ceil((lag.width + found.doubt_ms) * steps_per_ms)
    found.proposed.append(
        (
            f"belt.hold_steps = as measured, and {hold} more",
            f"the gate comes within {lag.width:.1f} ms, measured to ± {found.doubt_ms:.1f} ms",
        )
    )
    found.warnings.extend(_too_wide(gate, lag))
    if sensor == "eject_eye":
        _propose_window(gate, found, lag)


def _lags_ms(sensor: str, firings: Sequence[Firing]) -> list[float]:
    """From the output to the sensor: where the PLC shows its output, the way there is known."""
    shows_output = any("gate_open" in each.seen_ms for each in firings)
    return [
        each.seen_ms[sensor] - (each.seen_ms["gate_open"] if shows_output else 0.0)
        for each in firings
        if sensor in each.seen_ms and (not shows_output or "gate_open" in each.seen_ms)
    ]


def _too_wide(gate: Gate, lag: Spread) -> Iterator[str]:
    """The gate serves one item after the other: what it is late must fit between them."""
    belt = gate.belt
    free = belt.spacing_steps - belt.hold_steps - 2 * belt.tolerance_steps
    free_ms = free * 1_000 / belt.fastest_steps_per_s
    if lag.width > free_ms:
        yield (
            f"the spread (p5 to max) is {lag.width:.1f} ms, but belt.spacing_steps leaves "
            f"{free_ms:.1f} ms between two items: the gate may still move when the next one is "
            "there. Mend the gate (pressure, valve, mechanics), or feed farther apart"
        )


def _propose_window(gate: Gate, found: Findings, lag: Spread) -> None:
    margin_ms = max(lag.p95 - lag.p5, found.doubt_ms, LEAST_MARGIN_MS)
    from_ms = max(0, math.floor(lag.p5 - margin_ms))
    until_ms = math.ceil(lag.longest + margin_ms)
    why = f"p5 and max of eject_eye, with {margin_ms:.0f} ms margin"
    found.proposed.append((f"belt.confirm_from_ms = {from_ms}", why))
    found.proposed.append((f"belt.confirm_until_ms = {until_ms}", why))
    found.notes.append(
        "the confirm window is that of the gate's own movement; a product takes its time in the "
        "chute: look at one with plc watch"
    )
    if until_ms - from_ms >= gate.min_spacing_ms:
        found.warnings.append(
            f"the confirm window is {until_ms - from_ms} ms, expected less than min_spacing_ms "
            f"{gate.min_spacing_ms}: an eject could be another item's. Mend the gate, or feed "
            "farther apart"
        )
