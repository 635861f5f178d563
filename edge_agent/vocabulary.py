"""The closed sets of the core in people's words: reasons with their remedies, commands, states.

Everything here is marked for the catalogues and is translated where it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Condition, Reason
from edge_agent.core.people import Role
from edge_agent.words import N_, Words, words

if TYPE_CHECKING:
    from edge_agent.config import LineConfig


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was refused, in one or two words, and what to do now."""

    word: str
    remedy: str


REASONS: Mapping[Reason, Trouble] = {
    Reason.UNREAD: Trouble(N_("No code read"), N_("Clean or turn the code, then scan it again.")),
    Reason.MALFORMED: Trouble(
        N_("Unknown code"), N_("Scan the product's own code, not another one beside it.")
    ),
    Reason.WRONG_LEVEL: Trouble(
        N_("Wrong packaging level"), N_("Scan what is due at this station.")
    ),
    Reason.WRONG_PRODUCT: Trouble(
        N_("Wrong product"), N_("Take it out: it does not belong to this order.")
    ),
    Reason.NOT_ISSUED: Trouble(
        N_("Code was not issued"), N_("Put it into the reject box and tell a supervisor.")
    ),
    Reason.DUPLICATE: Trouble(
        N_("Duplicate code"), N_("Put this one into the reject box: its code is used already.")
    ),
    Reason.ALREADY_PACKED: Trouble(
        N_("Already packed"), N_("Take it out, or find its container at the rework station.")
    ),
    Reason.INCOMPLETE: Trouble(
        N_("Not full yet"), N_("Fill it first, or close it with a supervisor's badge.")
    ),
    Reason.OVERFULL: Trouble(
        N_("No room"), N_("Close the full containers first, then scan this again.")
    ),
    Reason.AMBIGUOUS: Trouble(N_("Not certain which one"), N_("Scan it again, one thing alone.")),
    Reason.LATE: Trouble(N_("Too late for the gate"), N_("Put it on the belt again.")),
    Reason.STOPPED: Trouble(
        N_("Line stopped"), N_("Mend the cause, then a supervisor releases the line.")
    ),
    Reason.WRONG_BATCH: Trouble(
        N_("Wrong batch"), N_("Take it out: it is of another batch than the order.")
    ),
    Reason.MIXED: Trouble(
        N_("Different products"), N_("Take it out: only one product and batch in a container.")
    ),
    Reason.WRONG_LABEL: Trouble(
        N_("Wrong label"), N_("Stop: labels may be shifted. Compare each label with its container.")
    ),
    Reason.UNPAIRED: Trouble(
        N_("One of two codes is missing"),
        N_("See that both codes can be read; scan both, or put it on the belt again."),
    ),
    Reason.DECOMMISSIONED: Trouble(
        N_("Taken out of use"), N_("Put it into the reject box: its code is void for ever.")
    ),
    Reason.SAMPLED: Trouble(
        N_("Taken as a sample"), N_("Return the sample first, or give it back to the laboratory.")
    ),
    Reason.NOT_SIGNED_IN: Trouble(N_("Nobody is signed in"), N_("Scan your badge first.")),
    Reason.NOT_ALLOWED: Trouble(N_("Not allowed"), N_("Ask a supervisor to scan the badge.")),
    Reason.REFUSED: Trouble(N_("Cannot be done"), N_("Read why, then try again.")),
}


@dataclass(frozen=True, slots=True)
class Button:
    """A command as a button; `icon` is a name in static/icons.js. `hint` says what comes next."""

    label: str
    hint: str
    icon: str


COMMANDS: Mapping[Command, Button] = {
    Command.CLOSE: Button(N_("Close"), N_("Close the container now"), "close-box"),
    Command.PARK: Button(N_("Put aside"), N_("Go on with it later"), "park"),
    Command.RESUME: Button(N_("Go on"), N_("Scan what was put aside"), "resume"),
    Command.UNDO: Button(N_("Undo"), N_("Take back the last step"), "undo"),
    Command.REMOVE: Button(N_("Take out"), N_("Scan the thing"), "remove"),
    Command.REPLACE: Button(N_("Replace"), N_("Scan the bad one, then the new one"), "replace"),
    Command.ADD: Button(N_("Add"), N_("Scan the container, then what is added"), "add"),
    Command.EMPTY: Button(N_("Empty"), N_("Scan the container"), "empty"),
    Command.SPLIT: Button(N_("Split"), N_("Scan the first thing that moves"), "split"),
    Command.MERGE: Button(N_("Merge"), N_("Scan the source, then the target"), "merge"),
    Command.MOVE: Button(N_("Move"), N_("Scan the thing, then the container"), "move"),
    Command.UNPACK: Button(N_("Unpack"), N_("Scan each thing that comes out"), "unpack"),
    Command.DECOMMISSION: Button(N_("Take out of use"), N_("Choose why, then scan it"), "ban"),
    Command.SAMPLE: Button(N_("Sample"), N_("Scan what goes to the laboratory"), "sample"),
    Command.RETURN: Button(N_("Return sample"), N_("Scan the sample"), "return"),
    Command.REPRINT: Button(N_("Reprint"), N_("Scan the container"), "printer"),
    Command.REOPEN: Button(N_("Reopen"), N_("Scan the closed container"), "reopen"),
    Command.ORDER: Button(N_("Order"), N_("Choose the work order"), "order"),
    Command.RELEASE: Button(N_("Release"), N_("Let the line run again"), "play"),
    Command.CONFIRM: Button(N_("Confirm"), N_("Do it"), "check"),
    Command.CANCEL: Button(N_("Cancel"), N_("Leave what was begun"), "cross"),
    Command.SIGN_OUT: Button(N_("Sign out"), N_("Leave this station"), "leave"),
}

DECOMMISSION: Mapping[str, str] = {
    "damaged": N_("Product damaged"),
    "stolen": N_("Product stolen"),
    "code-damaged": N_("Code damaged"),
    "code-stolen": N_("Code stolen"),
    "unused": N_("Code not used"),
    "other": N_("Another reason"),
}
"""Of core.commands.DECOMMISSION_REASONS."""

TONES: Mapping[Tone, str] = {
    Tone.GOOD: N_("Good"),
    Tone.FULL: N_("Full"),
    Tone.ASK: N_("Please go on"),
    Tone.NOTE: N_("Note"),
    Tone.BAD: N_("Bad"),
}

CONDITIONS: Mapping[str, str] = {
    Condition.BIN_FULL: N_("The reject bin is full"),
    Condition.AIR_LOW: N_("The air pressure is low"),
    Condition.GUARD_OPEN: N_("The guard is open"),
}

COUNTERS: Mapping[str, str] = {
    "accepted": N_("Good"),
    "rejected": N_("Rejected"),
    "closed": N_("Closed"),
}

LEVELS: Mapping[str, str] = {
    "unit": N_("item"),
    "inner": N_("inner box"),
    "case": N_("case"),
    "pallet": N_("pallet"),
}
"""Usual names of levels."""


def titled(language: str, config: "LineConfig") -> Words:
    """The words of `language`, with the titles of the line's things. A level of a usual name is
    called by the catalogue's word for it, unless the line gives it a title."""
    t = words(language)
    usual = {level.name: t(LEVELS[level.name]) for level in config.levels if level.name in LEVELS}
    return t.calling({**usual, **config.titles})


DEVICES: Mapping[str, str] = {
    "scanner": N_("Scanner"),
    "camera": N_("Camera"),
    "plc": N_("PLC"),
    "printer": N_("Printer"),
}

LINKS: Mapping[str, str] = {
    "up": N_("ready"),
    "connecting": N_("connecting"),
    "down": N_("away"),
}

LABELS: Mapping[str, str] = {
    "printing": N_("The label is being printed"),
    "held-up": N_("The label waits: look at the printer"),
    "printed": N_("Stick the label on and scan it"),
    "failed": N_("The label failed: reprint it"),
}

FAULTS: tuple[str, ...] = (
    N_("asked for at the station"),
    N_("no answer from the scanner"),
    N_("a command or a badge, expected a product's code: commands are for the hand scanner"),
    N_("longer than max_bytes = {limit} without its end"),
    N_("not UTF-8 at byte {position}"),
    N_("no AIM symbology identifier, expected one such as ]d2 first"),
    N_("nothing after the symbology identifier {found}"),
    N_("keys were lost: this PC was too busy to take them"),
    N_("longer than {limit} characters without an Enter"),
    N_("no Enter came after it: set the scanner to send one after each code"),
    N_("Alt and key {key}, expected Alt and keypad digits"),
    N_(
        "key {key} is no character of the US layout: set the scanner's keyboard to US English, and "
        "its control characters to Alt and keypad"
    ),
    N_("Alt+{number}, expected Alt+000 to Alt+127"),
    N_("the text is empty"),
    N_("character {position} is U+{hex}, expected printable ASCII or FNC1"),
    N_("as {level} ({kind}): {fault}"),
    N_("{text} is a URL; this line reads {kinds}"),
    N_("{text} is no URL; this line reads {kinds}"),
    N_("has {found}, lacks {missing}"),
    N_("({ai}) has {count} characters, expected {expected}"),
    N_("({ai}) is both {one} and {other}"),
    N_("({ai}) is {found}, expected 1 to 20 characters of GS1 set 82"),
    N_("{code} does not match {pattern}"),
    N_("GTIN is {found}, expected {count} digits"),
    N_("SSCC is {found}, expected {count} digits"),
    N_("GTIN {number} ends in {digit}, its check digit should be {due}"),
    N_("SSCC {number} ends in {digit}, its check digit should be {due}"),
    N_("two FNC1 follow each other, expected an element between them"),
    N_("is no GS1 element string: {fault}"),
    N_("is no GS1 Digital Link: {fault}"),
    N_("the read may belong to {fault}"),
    N_("item {item} was read as another code before"),
    N_("item {item} was read as two codes before"),
    N_("it may be the late answer to item {item}"),
    N_("{found} of {expected} codes read"),
    N_("{found} of {expected} codes read in 1 frame"),
    N_("{found} of {expected} codes read in {frames} frames"),
    N_("{found} codes in view where {expected} are expected: another thing's? set region"),
    N_("{found} codes in view where 1 is expected: another thing's? set region"),
    N_("nothing read in 1 frame"),
    N_("nothing read in {frames} frames"),
    N_("seen, but not sure: {codes}"),
    N_("too many to tell their places"),
    N_("which places are missing cannot be told"),
    N_("not read: {places}"),
    N_("double: {places}"),
    N_("doubtful: {places}"),
    N_("{count} outside the grid: {codes}"),
    N_("in one place in two frames: {codes}"),
    N_("no frame came within {limit} ms"),
    N_("no frame came within {limit} ms: {fault}"),
    N_("decoding took longer than {limit} ms"),
    N_("another trigger came before a frame"),
    N_("the camera sent the same picture again"),
    N_("more than {count} triggers at the same time"),
)
"""What drivers, cameras and the parser of codes write in English: see Words.recorded."""

ROLES: Mapping[Role, str] = {
    Role.OPERATOR: N_("Operator"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.TECHNICIAN: N_("Technician"),
    Role.AUDITOR: N_("Auditor"),
}

WORKS: Mapping[str, str] = {
    "inline": N_("Inline gate"),
    "packing": N_("Packing bench"),
    "pallet": N_("Pallet"),
    "layer": N_("Camera layer"),
    "rework": N_("Rework"),
    "supervisor": N_("Supervisor"),
}
"""Of station_config.Work."""
