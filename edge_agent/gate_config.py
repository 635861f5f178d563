"""The section ``[stations.gate]``: how a reject gate is reached, timed, watched and stopped.

In `verdict` mode a PLC runs the gate's program and `map` says where its words are; in `pulse` mode
the line PC runs it over the remote I/O that `io` describes. `belt` is the program's parameters in
either case (docs/plc.md says how they are measured).
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from drivers.gate.map import GateMap
from drivers.gate.parameters import Parameters
from drivers.gate.points import Point
from drivers.protocols import Table
from edge_agent.core.events import StopCause
from edge_agent.section import Name, Section

Steps = Annotated[int, Field(ge=1, le=1_000_000)]


class Belt(Section):
    """From the trigger to the gate. A step is a millisecond of the belt running at constant speed,
    or a count of the encoder."""

    step: Literal["time", "encoder"] = "time"
    fastest_steps_per_s: Steps = 1_000
    """Where steps are counts: the fastest that the belt ever runs."""
    travel_steps: Steps
    """From the trigger to the gate's eye; without an eye, to where the gate must be set."""
    hold_steps: Steps
    """How long the gate stays open for one item."""
    bounce_steps: Steps
    """An edge of an eye so soon after another is the same thing: shorter than any item."""
    spacing_steps: Steps
    """Two items closer than this are both rejected."""
    tolerance_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """How much sooner or later an item may come to the gate's eye; 0: there is no eye there."""
    decide_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """From the gate's eye to where the gate must be set."""
    confirm_from_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    confirm_until_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """When, after an item came to the gate, the eject sensor may see it; 0: there is no sensor."""
    eject_bounce_ms: Annotated[int, Field(ge=0, le=60_000)] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = []
        needed = self.decide_steps + self.hold_steps + 2 * self.tolerance_steps
        if self.spacing_steps < needed:
            faults.append(
                f"spacing_steps is {self.spacing_steps}, expected at least {needed} (decide_steps "
                "+ hold_steps + 2 tolerance_steps), so that the gate serves one item at a time"
            )
        if self.bounce_steps >= self.spacing_steps:
            faults.append(
                f"bounce_steps is {self.bounce_steps}, expected less than spacing_steps "
                f"{self.spacing_steps}"
            )
        if self.tolerance_steps and self.decide_steps < 2 * self.tolerance_steps:
            faults.append(
                f"decide_steps is {self.decide_steps}, expected at least "
                f"{2 * self.tolerance_steps} (2 tolerance_steps), so that a second thing in the "
                "same place is seen before the first is let through"
            )
        if self.decide_steps and not self.tolerance_steps:
            faults.append("decide_steps belongs to a gate's eye: set tolerance_steps, too")
        if self.step == "encoder" and "fastest_steps_per_s" not in self.model_fields_set:
            faults.append("fastest_steps_per_s is missing: step is 'encoder'")
        if self.step == "time" and self.fastest_steps_per_s != 1_000:
            faults.append("fastest_steps_per_s belongs to step = 'encoder'")
        if self.tolerance_steps >= self.travel_steps:
            faults.append(
                f"tolerance_steps is {self.tolerance_steps}, expected less than travel_steps "
                f"{self.travel_steps}"
            )
        if self.confirm_from_ms > self.confirm_until_ms:
            faults.append(
                f"confirm_from_ms is {self.confirm_from_ms}, expected at most confirm_until_ms "
                f"{self.confirm_until_ms}"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self


class RemoteIo(Section):
    """The points of an I/O station that runs no program. What is not wired is left out."""

    gate: Point
    """Coil: on lets pass. It must fall off by itself when nobody writes (see watchdogs)."""
    run: Point | None = None
    """Coil: the belt may run."""
    trigger: Literal["input", "counter", "scanner"] = "input"
    """What makes an item: the eye's edge, a counter of the I/O station, or the scanner's answer."""
    eye: Point | None = None
    """The trigger's eye (bool) or counter (uint16, uint32)."""
    encoder: Point | None = None
    gate_eye: Point | None = None
    eject_eye: Point | None = None
    bin_full: Point | None = None
    air_low: Point | None = None
    guard_open: Point | None = None
    lag_ms: Annotated[int, Field(ge=0, le=10_000)] = 0
    """From the coil to the gate in its place; commands go out so much earlier, and half the
    measured round trip."""

    @model_validator(mode="after")
    def _wired(self) -> Self:
        faults = []
        if (self.eye is None) is not (self.trigger == "scanner"):
            faults.append(
                f"trigger is {self.trigger!r}: "
                + ("eye is not read then, remove it" if self.eye else "eye is missing")
            )
        for name, point in (("gate", self.gate), ("run", self.run)):
            if point is not None and point.table is not Table.COIL:
                faults.append(f"{name}.table is {point.table.value!r}, expected 'coil'")
        if self.run is not None and self.run == self.gate:
            faults.append(f"run.address is {self.run.address}, expected another coil than gate")
        for name, point in self.inputs().items():
            counts = name == "encoder" or (name == "eye" and self.trigger == "counter")
            if counts is (point.type == "bool"):
                expected = "'uint16' or 'uint32', a count" if counts else "'bool', a contact"
                faults.append(f"{name}.type is {point.type!r}, expected {expected}")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def inputs(self) -> dict[str, Point]:
        """The points that are polled, by name."""
        names = ("eye", "encoder", "gate_eye", "eject_eye", "bin_full", "air_low", "guard_open")
        return {name: point for name in names if (point := getattr(self, name)) is not None}


class Watchdog(Section):
    """A register that says what the outputs do when the link dies. Read before each session; out
    of bounds, the gate is not armed."""

    table: Literal[Table.INPUT, Table.HOLDING] = Table.HOLDING
    address: Annotated[int, Field(ge=0, le=65_535)]
    at_least: Annotated[int, Field(ge=0, le=65_535)] = 1
    at_most: Annotated[int, Field(ge=0, le=65_535)] = 65_535


class Stop(Section):
    """What stops the line until a person releases it."""

    in_a_row: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Rejects in a row; 0: no limit."""
    count: Annotated[int, Field(ge=0, le=1_000)] = 0
    """Rejects among the last `of_last` items; 0: no limit."""
    of_last: Annotated[int, Field(ge=1, le=1_000)] = 100
    on: frozenset[StopCause] = frozenset()

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.count > self.of_last:
            raise ValueError(f"count is {self.count}, expected at most of_last {self.of_last}")
        return self


class Gate(Section):
    """A reject gate. At rest it rejects; it passes an item only for a committed verdict."""

    plc: Name
    mode: Literal["verdict", "pulse"] = "verdict"
    belt: Belt
    map: GateMap = GateMap()
    io: RemoteIo | None = None
    watchdogs: list[Watchdog] = []
    stop: Stop = Stop()
    poll_ms: Annotated[int, Field(ge=1, le=1_000)] = 10
    read_window_ms: Annotated[int, Field(ge=1, le=10_000)] = 25
    """How long after the trigger the scanner's answer may come."""
    min_spacing_ms: Annotated[int, Field(ge=2, le=60_000)] = 45
    """The shortest time between two items that the feeding guarantees."""
    heartbeat_ms: Annotated[int, Field(ge=10, le=1_000)] = 100
    link_timeout_ms: Annotated[int, Field(ge=50, le=5_000)] = 300
    """A heartbeat later than this is a lost link, on either side."""

    @property
    def parameters(self) -> Parameters:
        """What the gate's program is made for."""
        timing = self.belt.model_dump(exclude={"step", "fastest_steps_per_s"})
        return Parameters(slots=self.map.slots, link_timeout_ms=self.link_timeout_ms, **timing)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = []
        # Trigger and read are each known to within one poll.
        needed_ms = self.read_window_ms + 2 * self.poll_ms
        if needed_ms > self.min_spacing_ms:
            faults.append(
                f"min_spacing_ms is {self.min_spacing_ms}, expected at least {needed_ms} "
                "(read_window_ms + 2 poll_ms), so that each answer belongs to one item"
            )
        belt = self.belt
        spacing_ms = belt.spacing_steps * 1_000 // belt.fastest_steps_per_s
        if spacing_ms < self.min_spacing_ms:
            faults.append(
                f"belt.spacing_steps is {belt.spacing_steps}, which is {spacing_ms} ms, expected "
                f"at least min_spacing_ms {self.min_spacing_ms}: the gate keeps out what comes "
                "closer than the agent relies on"
            )
        length = belt.travel_steps + belt.tolerance_steps + belt.decide_steps
        if 2 * (length // belt.spacing_steps + 1) > self.map.slots:
            faults.append(
                f"map.slots is {self.map.slots}, expected at least twice the "
                f"{length // belt.spacing_steps + 1} items that the belt can hold"
            )
        if self.link_timeout_ms < 2 * self.heartbeat_ms:
            faults.append(
                f"link_timeout_ms is {self.link_timeout_ms}, expected at least "
                f"{2 * self.heartbeat_ms} (2 heartbeat_ms), so that one late beat loses no link"
            )
        if self.poll_ms > self.heartbeat_ms:
            faults.append(
                f"poll_ms is {self.poll_ms}, expected at most heartbeat_ms {self.heartbeat_ms}: a "
                "beat goes out with a poll"
            )
        confirm_ms = self.belt.confirm_until_ms - self.belt.confirm_from_ms
        if confirm_ms >= self.min_spacing_ms:
            faults.append(
                f"belt.confirm_until_ms is {confirm_ms} ms after confirm_from_ms, expected less "
                f"than min_spacing_ms {self.min_spacing_ms}: one item's window must not be two's"
            )
        if (self.io is None) is (self.mode == "pulse"):
            faults.append(
                "io is missing: in pulse mode the line PC reads and writes the remote I/O itself"
                if self.io is None
                else "io belongs to mode = 'pulse'"
            )
        if self.mode == "pulse" and not self.watchdogs:
            faults.append(
                "watchdogs is missing: name the register that makes the outputs of the remote I/O "
                "fall off when the link dies, or the gate would hold its last value"
            )
        if self.io and self.belt.step == "encoder" and self.io.encoder is None:
            faults.append("io.encoder is missing: belt.step is 'encoder'")
        if self.io and self.belt.tolerance_steps and self.io.gate_eye is None:
            faults.append("io.gate_eye is missing: belt.tolerance_steps is set")
        if self.io and self.belt.confirm_until_ms and self.io.eject_eye is None:
            faults.append("io.eject_eye is missing: belt.confirm_until_ms is set")
        if faults:
            raise ValueError("; ".join(faults))
        return self
