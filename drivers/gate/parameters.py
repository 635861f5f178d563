"""What the gate's program is made for, and what it is given at each scan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the technician measures. The defaults switch the optional sensors off."""

    slots: int
    """Length of both rings; a power of two up to 512."""
    travel_steps: int
    """From the trigger to the gate's eye; without an eye, to where the gate must be set."""
    hold_steps: int
    """How long the gate stays open for one item."""
    bounce_steps: int
    """An edge so soon after another is the same thing: shorter than any item."""
    spacing_steps: int
    """Two items closer than this are both rejected."""
    tolerance_steps: int = 0
    """How much sooner or later an item may come to the gate's eye; 0: there is no eye there."""
    decide_steps: int = 0
    """From the gate's eye to where the gate must be set; at least twice the tolerance, so that a
    second thing in the same place is seen before the first is let through."""
    confirm_from_ms: int = 0
    confirm_until_ms: int = 0
    """When, after an item came to the gate, the eject sensor may see it; 0: there is no sensor.
    The window must be shorter than the time between two items."""
    eject_bounce_ms: int = 0
    """An edge of the eject sensor so soon after another is the same thing."""
    link_timeout_ms: int = 300
    """A heartbeat later than this is a lost link."""


@dataclass(slots=True)
class Sensors:
    """The PLC's inputs as they are now."""

    eye: bool = False
    gate_eye: bool = False
    eject_eye: bool = False
    bin_full: bool = False
    air_low: bool = False
    guard_open: bool = False
