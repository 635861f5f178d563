"""The desk: what people ask of a station, step by step (core.dialog has the table).

A command is begun, may need a second person's badge, awaits its scans, and is done; or it is left:
after ASIDE_US without a scan, at CANCEL, when somebody else signs in or out, or for another
command. What is begun is forgotten at a restart: nothing is recorded before all is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from edge_agent.core import attendance, deeds
from edge_agent.core.codes import Code
from edge_agent.core.commands import Command, is_control
from edge_agent.core.deeds import Deed
from edge_agent.core.dialog import PROCEDURES, Begun, Prompt, press_from
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Badge, Press, Read, Release
from edge_agent.core.names import Instant, PersonId, StationName
from edge_agent.core.people import Permission, Person
from edge_agent.core.places import leave
from edge_agent.core.record import Record, printable
from edge_agent.core.rework.task import Scanned
from edge_agent.core.rework.words import whereabouts
from edge_agent.core.saying import Saying, say

ASIDE_US = 60_000_000
"""A command that is begun is left when nothing was scanned for so long."""
DOUBLE_TAP_US = 400_000
"""The same button, or the same command barcode, again within this time is one."""


@dataclass(slots=True)
class _Station:
    """What the desk remembers of one station."""

    begun: Begun | None = None
    pressed: Press | None = None
    shown: Show | None = None
    active_us: int | None = None


class Desk:
    """The commands of every station. `release` lets a stopped gate run (core.gates)."""

    def __init__(self, record: Record, release: Callable[[Release], None]) -> None:
        self._record = record
        self._release = release
        self._stations = {name: _Station() for name in record.plan.stations}
        self.refused = 0
        """Commands that could not be done, or not then."""

    # --- what people do --------------------------------------------------------------------

    def press(self, given: Press) -> None:
        """A command barcode was scanned, or a button pressed."""
        mine = self._stations[given.station]
        earlier, mine.pressed = mine.pressed, given
        mine.active_us = given.at.mono_us
        if earlier is not None and _is_double_tap(earlier, given):
            shown = mine.shown or Show(given.station, Tone.NOTE, say("the same again"), 0)
            self._show(replace(shown, received_us=given.at.mono_us))
            return
        if given.command is Command.CONFIRM and mine.begun is not None and mine.begun.confirms:
            mine.begun.confirms = False
            self._go_on(given, mine.begun)
            return
        held = self._record.held.get(given.station)
        if given.command is Command.CLOSE and held is not None:
            mine.begun = None
            self._begin(given)
            return
        begun = self._drop(given.station)
        match given.command:
            case Command.CANCEL:
                left = say("left") if begun or held else say("there is nothing to leave")
                self._say(given, Tone.NOTE, left)
            case Command.SIGN_OUT:
                self._sign_out(given)
            case Command.CONFIRM:
                self._refuse(given, say("there is nothing to confirm"))
            case _:
                self._begin(given)

    def close(self, read: Read) -> None:
        """The code of the container at hand was scanned: the same as CLOSE. But where it is not
        full it may have been scanned too early: that is asked."""
        self._begin(Press(read.at, read.station, Command.CLOSE), confirm=True)

    def badge(self, given: Badge) -> None:
        """Somebody signs in, or gives leave to what was begun."""
        if given.station not in self._stations:  # in the office, where nobody works at a station
            attendance.refuse(self._record, given, Saying(given.refusal))
            return
        mine = self._stations[given.station]
        mine.active_us = given.at.mono_us
        person, begun = given.person, mine.begun
        if person is None or given.refusal:  # a revoked badge is known, and worth nothing
            self._refuse_badge(given, Saying(given.refusal))
        elif begun is None or begun.needs is None:
            if attendance.sign_in(self._record, given, person):
                self._drop(given.station)
            self._say(given, Tone.GOOD, say("{name} is signed in", name=person.name))
        elif refusal := attendance.objection(self._record, given.station, begun.needs, person):
            begun.since_us = given.at.mono_us
            self._refuse_badge(given, refusal)
        else:
            begun.approver, begun.needs = person, None
            self._go_on(given, begun)

    def read(self, read: Read) -> bool:
        """A code was scanned by hand. Whether it was taken for what is begun."""
        mine = self._stations[read.station]
        mine.active_us = read.at.mono_us
        begun = mine.begun
        if is_control(read.text or ""):
            self._refuse(read, say("this is no command: print the command barcodes anew"))
            return True
        if begun is None:
            return False
        begun.since_us = read.at.mono_us
        if begun.press.command is Command.CLOSE:
            mine.begun = None  # packing goes on
            return False
        if begun.needs is not None:
            self._refuse(read, say("a badge is awaited: show it, or scan CANCEL"))
        elif begun.chooses and begun.procedure.choices:
            self._refuse(read, say("choose the reason first, or scan CANCEL"))
        elif begun.chooses:
            self._begin(replace(begun.press, at=read.at, argument=(read.text or "").strip()))
        elif code := self._code(read):
            begun.scanned.append(code)
            self._go_on(read, begun)
        return True

    def inquire(self, read: Read) -> None:
        """A code was scanned by hand while nothing is begun: say what it is."""
        code = self._code(read)
        if code is None:
            return
        known = self._record.history.find(code.key)
        if known is None:
            saying = say("{code} was never seen on this line", code=code.key)
            self._say(read, Tone.NOTE, saying)
            return
        saying, more = whereabouts(known), tuple[Saying, ...]()
        held = None if known.holds is None else self._record.history.container(known.holds)
        if held is not None:
            count = len(held.children)
            more = (say("the {level} holds {count}", level=held.level, count=count),)
        self._show(
            Show(read.station, Tone.NOTE, saying, read.at.mono_us, key=known.key, culprits=more)
        )

    def tick(self, at: Instant) -> None:
        """Time passed: what was begun long ago is left, and who is away is signed out."""
        idle_us = self._record.plan.people.idle_us
        for station, mine in self._stations.items():
            if mine.active_us is None:
                mine.active_us = at.mono_us
            if mine.begun is not None and at.mono_us - mine.begun.since_us >= ASIDE_US:
                self._drop(station)
                left = say("left: nothing was scanned for {seconds} s", seconds=60)
                self._show(Show(station, Tone.NOTE, left, at.mono_us))
            if at.mono_us - mine.active_us >= idle_us and self._leave(at, station, "idle"):
                away = say("signed out: nobody did anything here")
                self._show(Show(station, Tone.NOTE, away, at.mono_us))

    def edited(self, at: Instant, person: PersonId, new: Mapping[str, str] | None) -> None:
        """`person` is as `new` from now on, or not any more (None). Who may not work here any more,
        or not in that role, is signed out everywhere; what they gave leave to is left."""
        role = (new or {}).get("role")
        for station, mine in self._stations.items():
            here = self._record.state.signed_in.get(station)
            if here is not None and here.id == person and here.role != role:
                self._leave(at, station, "revoked")
            approver = mine.begun.approver if mine.begun else None
            if approver is not None and approver.id == person and approver.role != role:
                self._drop(station)

    def prompt(self, station: StationName) -> Prompt | None:
        """What `station` waits for; None at rest."""
        begun = self._stations[station].begun
        return None if begun is None else self._prompt(begun)

    def to_json(self) -> dict[str, Any]:
        """What is begun, as plain JSON values."""
        return {
            name: {
                "begun": mine.begun and mine.begun.to_json(),
                "pressed": mine.pressed and astuple(mine.pressed),
                "active_us": mine.active_us,
            }
            for name, mine in self._stations.items()
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on with what `to_json` wrote, as far as the stations are configured."""
        for name, mine in self._stations.items():
            station = saved.get(name)
            if station is None:
                continue
            mine.begun = station["begun"] and Begun.from_json(station["begun"])
            mine.pressed = station["pressed"] and press_from(station["pressed"])
            mine.active_us = station["active_us"]

    # --- the dialog ------------------------------------------------------------------------

    def _begin(self, given: Press, *, confirm: bool = False) -> None:
        procedure, people = PROCEDURES[given.command], self._record.plan.people
        begun = Begun(given, procedure, given.at.mono_us)
        if procedure.choices and given.argument not in ("", *procedure.choices):
            self._refuse(given, say("{reason} is no reason on the list", reason=given.argument))
            return
        needed = deeds.permission(self._record, given)
        nobody = self._record.at_work(given.station) is None
        if nobody and (people.required or needed in people.four_eyes):
            saying = say("nobody is signed in: show your badge first")
            self._refuse(given, saying, Reason.NOT_SIGNED_IN)
            return
        if not begun.chooses:
            if refusal := deeds.not_now(self._record, given):
                self._refuse(given, refusal)
                return
            begun.about = deeds.about(self._record, given)
            if not attendance.may_alone(self._record, given.station, needed):
                begun.needs, begun.asked = needed, True
            elif confirm and needed is Permission.CLOSE_PARTIAL:
                begun.confirms = True
        self._go_on(given, begun)

    def _go_on(self, given: Press | Badge | Read, begun: Begun) -> None:
        """Ask for what is still awaited, or do what was asked."""
        mine = self._stations[given.station]
        mine.begun, begun.since_us = begun, given.at.mono_us
        if prompt := self._prompt(begun):
            self._say(given, Tone.ASK, prompt.saying)
            return
        if not begun.procedure.repeats:
            mine.begun = None
        if refusal := self._is_past(begun):
            self._drop(given.station)
            self._refuse(given, refusal)
            return
        # What is known of them now: others work on the line, too.
        find = self._record.history.find
        scanned = tuple(Scanned(code, find(code.key)) for code in begun.scanned)
        begun.scanned = []
        person = self._record.state.signed_in.get(given.station)
        deed = Deed(replace(begun.press, at=given.at), person, begun.approver, scanned)
        outcome = deeds.do(self._record, deed, self._release)
        is_bad = outcome.tone is Tone.BAD
        self.refused += is_bad
        self._show(
            Show(
                given.station,
                outcome.tone,
                outcome.saying,
                given.at.mono_us,
                reason=Reason.REFUSED if is_bad else None,
                key=outcome.key,
                text=printable(given.text) if isinstance(given, Read) else None,
                culprits=outcome.culprits,
            )
        )

    def _is_past(self, begun: Begun) -> Saying | None:
        """Why what was begun makes no sense any more; None if it still does."""
        if refusal := deeds.not_now(self._record, begun.press):
            return refusal
        if begun.about == deeds.about(self._record, begun.press):
            return None
        return say("it is not as it was when you asked: look, and ask again")

    def _prompt(self, begun: Begun) -> Prompt | None:
        """What is awaited next; None if all is there."""
        procedure, command, argument = begun.procedure, begun.press.command, begun.press.argument
        scans = procedure.scans
        done, total = len(begun.scanned), len(scans) + begun.asked
        if begun.chooses and procedure.choose is not None:
            choices = procedure.choices or self._open_orders()
            offered = tuple((command, each) for each in choices)
            return Prompt(command, procedure.choose, 1, total + 1, offered)
        if begun.needs is not None:
            asks = say("show the badge of somebody who may do this")
            return Prompt(command, asks, 1, total, argument=argument)
        if begun.confirms:
            asks = say("it is not full: CONFIRM closes it, or go on packing")
            return Prompt(command, asks, 1, 1, ((Command.CONFIRM, ""),))
        if done == len(scans) or self._gets_label(begun):
            return None
        return Prompt(command, scans[done], done + begun.asked + 1, total, argument=argument)

    def _gets_label(self, begun: Begun) -> bool:
        """A container of its own needs no code from people where its label is made here."""
        if begun.press.command is not Command.SPLIT or not begun.scanned:
            return False
        above = self._record.state.packing.parent_of(begun.scanned[0].level)
        return above is not None and above.numbers_here

    def _open_orders(self) -> tuple[str, ...]:
        orders = self._record.state.orders
        return tuple(name for name, order in orders.items() if not order.get("ended"))

    def _code(self, read: Read) -> Code | None:
        """The code that was read; where it is none, that is said."""
        code = self._record.second(read.text)
        if code is None:
            code, objection = self._record.parse(read)
            if objection is not None:
                self._refuse(read, objection.detail, objection.reason)
        return code

    # --- people ----------------------------------------------------------------------------

    def _sign_out(self, given: Press) -> None:
        person = self._leave(given.at, given.station, "command")
        if person is None:
            self._refuse(given, say("nobody is signed in here"))
        else:
            self._say(given, Tone.GOOD, say("{name} is signed out", name=person.name))

    def _drop(self, station: StationName) -> Begun | None:
        """Leave what is begun, and a code that waited for it or for its thing's other one."""
        mine = self._stations[station]
        begun, mine.begun = mine.begun, None
        leave(self._record, self._record.held.pop(station, None))
        return begun

    def _leave(self, at: Instant, station: StationName, why: str) -> Person | None:
        self._drop(station)
        return attendance.sign_out(self._record, at, station, why)

    def _refuse_badge(self, given: Badge, saying: Saying) -> None:
        attendance.refuse(self._record, given, saying)
        self._say(given, Tone.BAD, saying, Reason.NOT_ALLOWED)

    # --- words -----------------------------------------------------------------------------

    def _refuse(
        self, given: Press | Badge | Read, saying: Saying, reason: Reason = Reason.REFUSED
    ) -> None:
        self.refused += 1
        self._say(given, Tone.BAD, saying, reason)

    def _say(
        self,
        given: Press | Badge | Read,
        tone: Tone,
        saying: Saying,
        reason: Reason | None = None,
    ) -> None:
        text = printable(given.text) if isinstance(given, Read) else None
        self._show(Show(given.station, tone, saying, given.at.mono_us, reason, text=text))

    def _show(self, show: Show) -> None:
        self._stations[show.station].shown = show
        self._record.decision.effects.append(show)


def _is_double_tap(earlier: Press, given: Press) -> bool:
    same = (earlier.command, earlier.argument) == (given.command, given.argument)
    return same and given.at.mono_us - earlier.at.mono_us < DOUBLE_TAP_US
