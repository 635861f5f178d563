"""What a person may ask of a station, by a command barcode or a button, and how that is written.

A command barcode says ``EA:REMOVE``, or with an argument ``EA:DECOMMISSION:damaged``; an order's
says ``EA:ORDER:4711``; a badge says ``EA:BADGE:`` and a secret. No code of a product begins so.
"""

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "EA:"
LIMIT = 200
"""Characters of a control text."""


class Command(StrEnum):
    CLOSE = "CLOSE"
    """Close the container that is being filled, full or not."""
    PARK = "PARK"
    """Put the container that is being filled aside."""
    RESUME = "RESUME"
    """Go on with a container that was put aside: then scan a thing in it, or its code."""
    UNDO = "UNDO"
    """Take back the last thing done at this station."""
    REMOVE = "REMOVE"
    """Take a thing out of its container: then scan it."""
    REPLACE = "REPLACE"
    """Then scan the damaged thing, then the new one."""
    ADD = "ADD"
    """Put more into a closed container: then scan it, or a thing in it, then what is added."""
    EMPTY = "EMPTY"
    """Take everything out of a container: then scan it, or a thing in it."""
    SPLIT = "SPLIT"
    """Then scan a thing: it and what was packed after it go into a container of their own."""
    MERGE = "MERGE"
    """Then scan a container, then the one into which its things go."""
    MOVE = "MOVE"
    """Then scan a thing, then the container into which it goes."""
    UNPACK = "UNPACK"
    """Take out every thing that is scanned, until another command; its container is inferred."""
    DECOMMISSION = "DECOMMISSION"
    """The argument is one of `DECOMMISSION_REASONS`. Then scan the thing."""
    SAMPLE = "SAMPLE"
    """Take a thing for an inspection: then scan it."""
    RETURN = "RETURN"
    """Give a sample back: then scan it."""
    REPRINT = "REPRINT"
    """Print a label once more: then scan the container, or a thing in it."""
    REOPEN = "REOPEN"
    """Fill a closed container further: then scan it, or a thing in it."""
    ORDER = "ORDER"
    """Work on another order; the argument is its number."""
    RELEASE = "RELEASE"
    """Let the stopped gate of this station run again."""
    CONFIRM = "CONFIRM"
    """Yes, close it though it is not full."""
    CANCEL = "CANCEL"
    """Leave what was begun."""
    SIGN_OUT = "SIGN_OUT"


DECOMMISSION_REASONS = ("damaged", "stolen", "code-damaged", "code-stolen", "unused", "other")
"""After EU 2018/574, annex II: why an identifier is deactivated."""


@dataclass(frozen=True, slots=True)
class CommandScan:
    command: Command
    argument: str = ""

    @property
    def text(self) -> str:
        """As the barcode says it."""
        return f"{PREFIX}{self.command}" + (f":{self.argument}" if self.argument else "")


@dataclass(frozen=True, slots=True)
class BadgeScan:
    """`secret` is what the badge says. It must not be logged or stored as it is."""

    secret: str


def control(text: str) -> CommandScan | BadgeScan | None:
    """What a scanned text asks for; None if it is no control text, or an unknown one."""
    if not text.startswith(PREFIX) or len(text) > LIMIT:
        return None
    name, _, argument = text.removeprefix(PREFIX).partition(":")
    if name == "BADGE" and argument:
        return BadgeScan(argument)
    return CommandScan(Command(name), argument) if name in Command.__members__ else None


def is_control(text: str) -> bool:
    """Whether `text` is meant for the station, known or not: it is no product's code."""
    return text.startswith(PREFIX)
