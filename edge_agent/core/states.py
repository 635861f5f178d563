"""What is known of a code, and of a container."""

from enum import StrEnum


class State(StrEnum):
    """What is known of a code."""

    ON_BELT = "on_belt"
    """Accepted, and between scanner and gate."""
    ACTIVE = "active"
    """Commissioned, in no container."""
    PACKED = "packed"
    """In a container."""
    EJECTED = "ejected"
    """Accepted but taken off at the gate; may be presented again."""
    TAKEN_OFF = "taken_off"
    """Accepted, but it vanished from the belt before the gate; may be presented again."""
    UNTRACKED = "untracked"
    """Accepted, and nobody knows whether it passed the gate."""
    SAMPLED = "sampled"
    """Taken for an inspection; may be returned."""
    DECOMMISSIONED = "decommissioned"
    """The code names nothing any more, for ever (CBV: decommissioning, inactive)."""


class ContainerState(StrEnum):
    """What is done with a container."""

    OPEN = "open"
    """Being filled, or full and without its code."""
    PARKED = "parked"
    """Put aside before it was closed: its order is not worked on."""
    CLOSED = "closed"
    """It has its code and takes no more children."""
