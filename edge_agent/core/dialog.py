"""The table of what people may ask of a station: who may, and what they scan after it."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

from edge_agent.core.codes import Code, CodeKind
from edge_agent.core.commands import DECOMMISSION_REASONS, Command
from edge_agent.core.inputs import Press
from edge_agent.core.names import Instant
from edge_agent.core.people import Permission, Person, Role
from edge_agent.core.saying import Saying, say


@dataclass(frozen=True, slots=True)
class Procedure:
    """`scans` are the words that ask for each scan after the command; `choices` the arguments that
    it may have, `choose` what asks for one where it has none. A procedure that `repeats` takes one
    thing after another, until it is left."""

    permission: Permission
    scans: tuple[Saying, ...] = ()
    choose: Saying | None = None
    choices: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a station waits for, step `step` of `steps`, from 1. `choices` are shown as buttons;
    `argument` is what the command was given, as a reason or an order."""

    command: Command | None
    saying: Saying
    step: int
    steps: int
    choices: tuple[tuple[Command, str], ...] = ()
    argument: str = ""


_CONTAINER = say("scan the container, or a thing in it")

PROCEDURES: Mapping[Command, Procedure] = {
    Command.CLOSE: Procedure(Permission.PACK),
    Command.PARK: Procedure(Permission.PACK),
    Command.RESUME: Procedure(Permission.PACK, (_CONTAINER,)),
    Command.UNDO: Procedure(Permission.REWORK),
    Command.REMOVE: Procedure(Permission.REWORK, (say("scan the thing to take out"),)),
    Command.REPLACE: Procedure(
        Permission.REWORK, (say("scan the damaged thing"), say("scan the new thing"))
    ),
    Command.ADD: Procedure(Permission.REWORK, (_CONTAINER, say("scan what is added"))),
    Command.EMPTY: Procedure(Permission.REWORK, (_CONTAINER,)),
    Command.SPLIT: Procedure(
        Permission.REWORK,
        (
            say("scan the first thing that goes into a container of its own"),
            say("scan the code of the new container"),
        ),
    ),
    Command.MERGE: Procedure(
        Permission.REWORK,
        (say("scan the container to be emptied"), say("scan the container that takes it all")),
    ),
    Command.MOVE: Procedure(
        Permission.REWORK,
        (say("scan the thing to move"), say("scan where it goes: the container, or a thing in it")),
    ),
    Command.UNPACK: Procedure(
        Permission.REWORK, (say("scan each thing to take out, then CANCEL"),), repeats=True
    ),
    Command.DECOMMISSION: Procedure(
        Permission.DECOMMISSION,
        (say("scan what is out of use for ever"),),
        choose=say("choose the reason"),
        choices=DECOMMISSION_REASONS,
    ),
    Command.SAMPLE: Procedure(Permission.SAMPLE, (say("scan the thing to inspect"),)),
    Command.RETURN: Procedure(Permission.SAMPLE, (say("scan the thing to give back"),)),
    Command.REPRINT: Procedure(Permission.REPRINT, (_CONTAINER,)),
    Command.REOPEN: Procedure(Permission.REWORK, (_CONTAINER,)),
    Command.ORDER: Procedure(
        Permission.CHANGE_ORDER, choose=say("choose the order, or scan its number")
    ),
    Command.RELEASE: Procedure(Permission.RELEASE),
}
"""CONFIRM, CANCEL and SIGN_OUT are no procedures: everybody may, at any time."""


@dataclass(slots=True)
class Begun:
    """A command that was asked for and is not done. `needs` is what a badge is awaited for, and
    `asked` whether one was; `confirms`: CONFIRM is awaited. `about` is what it was asked for
    (core.deeds.about)."""

    press: Press
    procedure: Procedure
    since_us: int
    needs: Permission | None = None
    asked: bool = False
    confirms: bool = False
    approver: Person | None = None
    scanned: list[Code] = field(default_factory=list)
    about: str = ""

    @property
    def chooses(self) -> bool:
        """Whether its argument is awaited."""
        return self.procedure.choose is not None and not self.press.argument

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "press": astuple(self.press),
            "since_us": self.since_us,
            "needs": self.needs,
            "asked": self.asked,
            "confirms": self.confirms,
            "approver": self.approver and astuple(self.approver),
            "scanned": [astuple(code) for code in self.scanned],
            "about": self.about,
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Begun":
        """What `to_json` wrote."""
        press, approver = press_from(saved["press"]), None
        if saved["approver"] is not None:
            number, name, role, language = saved["approver"]
            approver = Person(number, name, Role(role), language)
        return cls(
            press,
            PROCEDURES[press.command],
            saved["since_us"],
            saved["needs"] and Permission(saved["needs"]),
            saved["asked"],
            saved["confirms"],
            approver,
            [
                Code(key, level, CodeKind(kind), *others)
                for key, level, kind, *others in saved["scanned"]
            ],
            saved["about"],
        )


def press_from(saved: list[Any]) -> Press:
    """The press that was saved as plain JSON values."""
    at, station, command, argument = saved
    return Press(Instant(*at), station, Command(command), argument)
