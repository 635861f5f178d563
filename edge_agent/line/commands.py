"""What the pages ask of the line on its control socket::

    {"command": "press", "station": ..., "press": "REMOVE", "argument": ""}
    {"command": "sign-in", "station": ..., "person": id}        the pages have verified the PIN
    {"command": "wrong-pin", "station": ... or "", "person": id}
    {"command": "sign-out", "station": ...}
    {"command": "edit", "subject": "order", "id": ..., "new": {name: text} or null,
     "by": id, "approved_by": id or null, "why": ...}
         of a product or a person, what ``new`` leaves out stays
    {"command": "order", "order": ..., "by": id, "approved_by": id or null}
    {"command": "reprint", "station": ..., "key": ..., "by": id, "why": ...}
    {"command": "test-label", "printer": ..., "by": id}
    {"command": "people"}

Each is decided and recorded before it is answered. The answer is ``{"shown": LastRead or null,
"recorded": number of events}``: what became of it, in the words that the station's screen shows.
A refusal by the line's rules is such an answer, with the tone ``bad``; ``{"error": text,
"sayings": ...}`` means that the question was wrong, or that nothing could be decided.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from edge_agent import clock
from edge_agent.control import Handler, refusal
from edge_agent.core.commands import LIMIT, Command
from edge_agent.core.effects import Show
from edge_agent.core.events import Subject
from edge_agent.core.inputs import Edit, Input, OrderStart, Press, Reprint, Sample
from edge_agent.core.names import CodeKey, Instant, LevelName, PersonId, StationName
from edge_agent.core.people import Permission
from edge_agent.core.saying import SaidError, say
from edge_agent.line.engine import Engine
from edge_agent.line.sign_in import SignIn
from edge_agent.line.staff import Staff
from edge_agent.views import LastRead

VALUES = 30
"""Values of a product, an order or a person."""
VALUE_LIMIT = 500
"""Characters of each, and of why it was changed."""
ID_LIMIT = 80

_NEEDS = {
    Subject.PRODUCT: Permission.EDIT_ORDERS,
    Subject.ORDER: Permission.EDIT_ORDERS,
    Subject.PERSON: Permission.EDIT_PEOPLE,
}
_LAST_READ = TypeAdapter(LastRead)


class AskError(SaidError):
    """The question cannot be asked so. It is said what was found and what is expected."""


class Commands:
    """`turn` has the engine decide at once; `sample` is what tests a printer. Tell `heard` of all
    that is shown."""

    def __init__(
        self,
        line: StationName,
        stations: Collection[StationName],
        engine: Engine,
        staff: Staff,
        sign_in: SignIn,
        turn: Callable[[], None],
        sample: Callable[[str], tuple[LevelName, dict[str, str]] | None],
    ) -> None:
        self._line = line
        self._stations = stations
        self._engine = engine
        self._staff = staff
        self._sign_in = sign_in
        self._turn = turn
        self._sample = sample
        self._heard: list[tuple[int, LastRead]] | None = None

    def handlers(self) -> dict[str, Handler]:
        """By the names of the commands."""

        def answering(ask: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
            async def handler(question: dict[str, Any]) -> dict[str, Any]:
                try:
                    return ask(question)
                except SaidError as error:
                    return refusal(error)

            return handler

        return {
            "press": answering(self._press),
            "sign-in": answering(self._pin),
            "wrong-pin": answering(self._wrong_pin),
            "sign-out": answering(self._sign_out),
            "edit": answering(self._edit),
            "order": answering(self._order),
            "reprint": answering(self._reprint),
            "test-label": answering(self._test_label),
            "people": answering(self._people),
        }

    def heard(self, said: Show, last: LastRead) -> None:
        """`said` was shown."""
        if self._heard is not None:
            self._heard.append((said.received_us, last))

    def _press(self, question: dict[str, Any]) -> dict[str, Any]:
        station, argument = self._station(question), question.get("argument", "")
        name = question.get("press")
        if not isinstance(name, str) or name not in Command.__members__:
            raise _wrong("press", name, ", ".join(Command))
        given = Press(clock.now(), station, Command(name), _text("argument", argument, LIMIT))
        return self._decide(given, given.at)

    def _pin(self, question: dict[str, Any]) -> dict[str, Any]:
        station, person = self._station(question), _person(question)
        given = self._sign_in.pin(clock.now(), station, person)
        return self._decide(given, given.at)

    def _wrong_pin(self, question: dict[str, Any]) -> dict[str, Any]:
        """It is recorded; without a station it was in the office."""
        place = self._station(question) if question.get("station") else self._line
        given = self._sign_in.wrong_pin(clock.now(), place, _person(question))
        return self._decide(given, given.at)

    def _sign_out(self, question: dict[str, Any]) -> dict[str, Any]:
        given = Press(clock.now(), self._station(question), Command.SIGN_OUT)
        return self._decide(given, given.at)

    def _reprint(self, question: dict[str, Any]) -> dict[str, Any]:
        """A label once more: as ``REPRINT`` at a station, by who is at no station."""
        station, (by, _) = self._station(question), self._authors(question, Permission.REPRINT)
        key = _text("key", question.get("key"), LIMIT, filled=True)
        why = _text("why", question.get("why"), VALUE_LIMIT, filled=True)
        given = Reprint(clock.now(), station, CodeKey(key), by, why)
        return self._decide(given, given.at)

    def _test_label(self, question: dict[str, Any]) -> dict[str, Any]:
        by, _ = self._authors(question, Permission.SERVICE)
        printer = _text("printer", question.get("printer"), ID_LIMIT)
        sample = self._sample(printer)
        if sample is None:
            raise AskError(say("no level has its label printed on {printer}", printer=printer))
        given = Sample(clock.now(), self._line, *sample, by)
        return self._decide(given, given.at)

    def _people(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"people": self._staff.listed()}

    def _edit(self, question: dict[str, Any]) -> dict[str, Any]:
        found = question.get("subject")
        if found not in list(Subject):
            raise _wrong("subject", found, ", ".join(Subject))
        subject = Subject(found)
        by, approver = self._authors(question, _NEEDS[subject])
        number = _text("id", question.get("id"), ID_LIMIT, filled=True)
        new = _values(question.get("new"))
        if subject is Subject.PRODUCT and new is not None:
            # Labels may ask for more of a product than a page shows.
            new = {**self._engine.state.products.get(number, {}), **new}
        given = Edit(
            clock.now(),
            self._line,
            subject,
            number,
            new,
            by,
            _text("why", question.get("why"), VALUE_LIMIT, filled=True),
            approver,
        )
        if subject is not Subject.PERSON:
            return self._decide(given, given.at)
        account, old, new = self._staff.edited(given.id, given.new, given.at)
        with self._staff.saving(account):
            answer = self._decide(replace(given, old=old, new=new), given.at)
            if not answer["recorded"]:
                raise AskError(say("nothing was changed: the line does not take it"))
        return answer

    def _order(self, question: dict[str, Any]) -> dict[str, Any]:
        """Another order is worked on: as ``ORDER`` at a station, by who is at no station."""
        by, approver = self._authors(question, Permission.CHANGE_ORDER)
        order = _text("order", question.get("order"), ID_LIMIT, filled=True)
        given = OrderStart(clock.now(), self._line, order, by, approver)
        return self._decide(given, given.at)

    def _authors(
        self, question: dict[str, Any], permission: Permission
    ) -> tuple[PersonId | None, PersonId | None]:
        """Who asks for it, and who agrees. Raises AskError unless they may."""
        people: list[PersonId | None] = []
        for what in ("by", "approved_by"):
            person = question.get(what)
            if person is not None and not isinstance(person, str):
                raise _wrong(what, person, "id")
            people.append(PersonId(person) if person else None)
        by, approver = people
        if objection := self._staff.objection(permission, by, approver):
            raise AskError(objection)
        return by, approver

    def _station(self, question: dict[str, Any]) -> StationName:
        station = question.get("station")
        if not isinstance(station, str) or station not in self._stations:
            raise _wrong("station", station, ", ".join(self._stations))
        return StationName(station)

    def _decide(self, given: Input, at: Instant) -> dict[str, Any]:
        """Have all that waits decided and recorded, and then `given`, in a turn of its own: so what
        the ledger and the screen got then is of `given`."""
        engine = self._engine
        self._settle()
        if engine.halted is not None:
            self._turn()  # the line may go on now: that is no answer to `given`
            self._settle()
        seq = engine.last_seq
        self._heard = []
        try:
            engine.offer(given)
            self._settle()
            mine = [last for received_us, last in self._heard if received_us == at.mono_us]
        finally:
            self._heard = None
        if engine.halted is not None:
            raise AskError(say("the line is halted: nothing is recorded"), engine.halted)
        shown = _LAST_READ.dump_python(mine[-1], mode="json") if mine else None
        return {"shown": shown, "recorded": engine.last_seq - seq}

    def _settle(self) -> None:
        """Have all that waits decided."""
        while waiting := self._engine.queued:
            self._turn()
            if self._engine.queued >= waiting:
                raise AskError(say("the line has failed; see its log"))


def _wrong(what: str, found: object, expected: str) -> AskError:
    """No page asks so."""
    return AskError(
        say("{name} is {found}, expected {expected}",
            name=what, found=f"{found!r:.80}", expected=expected)
    )  # fmt: skip


def _person(question: dict[str, Any]) -> PersonId:
    person = question.get("person")
    if not isinstance(person, str):
        raise _wrong("person", person, "id")
    return PersonId(_text("person", person, ID_LIMIT, filled=True))


def _values(new: object) -> dict[str, str] | None:
    if new is None:
        return None
    if not isinstance(new, dict) or len(new) > VALUES:
        raise _wrong("new", new, f"object, ≤ {VALUES}")
    return {
        _text("a name in new", name, ID_LIMIT, filled=True): _text(f"new.{name}", text, VALUE_LIMIT)
        for name, text in new.items()
    }


def _text(what: str, given: object, limit: int, *, filled: bool = False) -> str:
    """`given`, if it is a text that may be stored and shown: of any script, on one line."""
    if not isinstance(given, str):
        raise _wrong(what, given, "text")
    if len(given) > limit:
        raise AskError(
            say("{name} has {count} characters: at most {limit}",
                name=what, count=len(given), limit=limit)
        )  # fmt: skip
    if filled and not given.strip():
        raise AskError(say("{name} is missing", name=what))
    if any(each < " " or each == "\x7f" or "\ud800" <= each <= "\udfff" for each in given):
        raise AskError(
            say("{name} has control characters: {found}", name=what, found=f"{given!r:.80}")
        )
    return given
