"""The words that agent and PLC share. docs/gate.md, the agent, the ST program and the simulated
plant all take them from here.

Four blocks: what the PLC shows (`STATUS`, and the ring of outcomes) and what the agent tells it
(`COMMANDS`, and the ring of verdicts). All are unsigned 16-bit words, but the position. Item
numbers are shown modulo 65,536; item *n* has slot *n* mod `slots` of both rings.
"""

from enum import IntEnum, IntFlag

WORD = 65_536


class Status(IntEnum):
    """Offsets in the status block, written by the PLC."""

    IDENTITY = 0
    """`identity(slots)`: which program and layout this is; the agent arms no other."""
    START = 1
    """Another number than at the start before: everything was counted anew."""
    HEARTBEAT = 2
    """Counts up while the PLC's program runs."""
    SESSION = 3
    """The agent's session that is in force; 0: none, everything is rejected."""
    ITEMS = 4
    """Items that passed the trigger."""
    SETTLED = 5
    """Outcomes that were written."""
    FLAGS = 6
    """See `Flag`."""
    PASSES = 7
    """Items for which the gate was opened."""
    REJECTS = 8
    """Items that came to the gate and for which it stayed shut."""
    CONFIRMED = 9
    """Rejects that the eject sensor saw (all, where there is no sensor)."""
    TAKEN_OFF = 10
    """Items that never came to the gate's eye."""
    APPEARED = 11
    """Things that came to the gate's eye and were no item: rejected."""
    UNASKED = 12
    """Things that the eject sensor saw and that can be no item."""
    VOID_UNTIL = 13
    """The last item that was on the belt when the session began, or the link was lost: all up to
    it are rejected whatever was said of them."""
    POSITION = 14
    """Two words, high word first: encoder counts, or milliseconds of the belt running."""

    ESCAPED = 16
    """Of the things that appeared at the gate, those that the eject sensor has not seen: they may
    have gone on with the good ones."""


STATUS_WORDS = 17


class Flag(IntFlag):
    """Bits of the word FLAGS."""

    BIN_FULL = 1
    AIR_LOW = 2
    GUARD_OPEN = 4
    GATE_OPEN = 8
    """The output: the gate lets pass."""
    RUN = 16
    """The output: the belt may run."""
    EYE = 32
    GATE_EYE = 64
    EJECT_EYE = 128


class Command(IntEnum):
    """Offsets in the command block, written by the agent in one request."""

    SESSION = 0
    """Any number but 0 and that of the session before."""
    HEARTBEAT = 1
    """Another number at each beat."""
    CONTROL = 2
    """Bit 0: the belt may run. Bit 1: a technician opens the gate; taken on an empty belt only, and
    for no longer than a link may be silent."""


COMMAND_WORDS = 3
MAY_RUN = 1
TEST = 2
"""Taken when the bit comes on, in a session, and while no item is under way; then the gate is open
until the bit goes off, an item comes, the session ends, or the link's time-out has passed."""

OUTCOME_WORDS = 2
"""A slot of the outcome ring: item, outcome."""
VERDICT_WORDS = 3
"""A slot of the verdict ring: item, verdict, sequence. The sequence is the PLC's start number as
the agent knows it, and the last of the three: a verdict torn in two, or given for the item of the
same number after another start, is none."""


class Word(IntEnum):
    """Verdicts."""

    NONE = 0
    PASS = 1
    REJECT = 2


class Fate(IntEnum):
    """Low byte of an outcome: what became of the item."""

    UNDER_WAY = 0
    PASSED = 1
    EJECTED = 2
    """Kept out, and seen by the eject sensor if there is one."""
    UNCONFIRMED = 3
    """Kept out by the gate, but the eject sensor has not seen it; or the gate was shut on it before
    its time."""
    TAKEN_OFF = 4
    """It never came to the gate's eye."""
    UNASKED = 5
    """The gate was open for it, and yet the eject sensor saw it."""
    PASSING = 6
    """Under way, and the gate was opened for it: no new session can call it back."""


class Cause(IntEnum):
    """High byte of an outcome: why an item was kept out."""

    TOLD = 0
    """The verdict says so."""
    NO_VERDICT = 1
    """No fresh PASS had come in time."""
    CLOSE = 2
    """It came too close to another thing: which is which cannot be told."""
    VOID = 3
    """It was on the belt when a session began, or the link was lost."""
    DOUBT = 4
    """It was on the belt when a thing vanished from it, or one appeared."""
    STOPPED = 5
    """The agent had stopped the line."""


LAYOUT_VERSION = 1


def identity(slots: int) -> int:
    """The word IDENTITY: 0x4500, plus 16 times the layout's version, plus log2 of `slots`."""
    return 0x4500 + 16 * LAYOUT_VERSION + slots.bit_length() - 1
