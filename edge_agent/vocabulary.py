"""The closed sets of the core in people's words: reasons with their remedies, commands, states.

Everything here is marked for the catalogues and is translated where it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.core.commands import Command
from edge_agent.core.effects import Tone
from edge_agent.core.events import Condition, Reason
from edge_agent.core.people import Role
from edge_agent.words import N_


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
        N_("Second code is missing"), N_("Scan both codes of the same thing, one after the other.")
    ),
    Reason.DECOMMISSIONED: Trouble(
        N_("Taken out of use"), N_("Put it into the reject box: its code is void for ever.")
    ),
    Reason.SAMPLED: Trouble(
        N_("Taken as a sample"), N_("Return the sample first, or give it back to the laboratory.")
    ),
    Reason.NOT_SIGNED_IN: Trouble(N_("Nobody is signed in"), N_("Scan your badge first.")),
    Reason.NOT_ALLOWED: Trouble(N_("Not allowed"), N_("Ask a supervisor to scan the badge.")),
    Reason.REFUSED: Trouble(N_("Cannot be done"), N_("Read what is wrong below, then try again.")),
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
    "printed": N_("Stick the label on and scan it"),
    "failed": N_("The label failed: reprint it"),
}

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
