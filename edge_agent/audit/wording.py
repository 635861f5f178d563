"""An act in somebody's language, as the page and the exports show it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from edge_agent.audit.acts import Act, Change
from edge_agent.core.commands import Command
from edge_agent.core.events import Place, StopCause
from edge_agent.core.names import PersonId
from edge_agent.core.people import Role
from edge_agent.core.states import State
from edge_agent.vocabulary import COMMANDS, ROLES
from edge_agent.words import N_, Words

CHANGES = 50
"""Changes of one act that are shown one by one on a page or on paper."""
_FIELDS: Mapping[str, str] = {
    "name": N_("name"),
    "full name": N_("full name"),
    "role": N_("role"),
    "language": N_("language"),
    "badge": N_("badge"),
    "pin": N_("PIN"),
    "gtin": N_("product"),
    "batch": N_("batch"),
    "made": N_("made on"),
    "expiry": N_("expiry"),
    "target": N_("target"),
    "ended": N_("ended"),
    "revoked": N_("revoked"),
}
_STATES: Mapping[State, str] = {
    State.ON_BELT: N_("on the belt"),
    State.ACTIVE: N_("free"),
    State.PACKED: N_("packed"),
    State.EJECTED: N_("ejected"),
    State.TAKEN_OFF: N_("taken off the belt"),
    State.UNTRACKED: N_("unknown"),
    State.SAMPLED: N_("taken as a sample"),
    State.DECOMMISSIONED: N_("taken out of use"),
}
CAUSES: Mapping[StopCause, str] = {
    StopCause.REJECTS_IN_A_ROW: N_("many rejects in a row"),
    StopCause.REJECTS_OF_LAST: N_("many rejects"),
    StopCause.BIN_FULL: N_("the reject bin is full"),
    StopCause.AIR_LOW: N_("the air pressure is low"),
    StopCause.GUARD_OPEN: N_("the guard is open"),
    StopCause.UNCONFIRMED: N_("a reject was not seen in the bin"),
    StopCause.UNASKED: N_("something good was ejected"),
    StopCause.APPEARED: N_("something appeared at the gate"),
    StopCause.TAKEN_OFF: N_("an item was taken off the belt"),
    StopCause.ESCAPED: N_("an item passed without leave"),
    StopCause.UNTRACKED: N_("nobody knows what became of an item"),
    StopCause.DIFFERENCE: N_("the counts do not agree"),
    StopCause.CHANGE_OVER: N_("change-over to another order"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """`names` are people by their id."""

    t: Words
    zone: ZoneInfo
    names: Mapping[PersonId, str]

    def when(self, act: Act) -> str:
        return self.local(act.at)

    def local(self, at: str) -> str:
        """By the line's clock on the wall, with its offset from UTC."""
        return datetime.fromisoformat(at).astimezone(self.zone).isoformat(" ", "seconds")

    def who(self, act: Act) -> str:
        both = [self.person(each) for each in (act.who, act.approved_by) if each]
        return " + ".join(both) or "—"

    def person(self, person: str) -> str:
        name = self.names.get(PersonId(person), "")
        return f"{name} ({person})" if name and name != person else person

    def what(self, act: Act) -> str:
        return self.t(act.what.text, **{n: self._given(n, v) for n, v in act.what.given.items()})

    def why(self, act: Act) -> str:
        return " · ".join(map(self.t.recorded, act.why))

    def place(self, act: Act) -> str:
        return self.t.title(act.station)

    def changes(self, act: Act, limit: int = CHANGES) -> list[tuple[str, str, str]]:
        """Name, old, new of each; beyond `limit` they are only counted."""
        shown = [
            (self._name(change), self._value(change, change.old), self._value(change, change.new))
            for change in act.changes[:limit]
        ]
        if more := len(act.changes) - len(shown):
            shown.append((self.t("and {count} more", count=more), "", ""))
        return shown

    def _name(self, change: Change) -> str:
        if isinstance(change.old, Place):
            return change.name
        return self.t(_FIELDS[change.name]) if change.name in _FIELDS else change.name

    def _value(self, change: Change, value: str | Place) -> str:
        if isinstance(value, Place):
            state = self.t(_STATES[value.state])
            if value.inside is None:
                return state
            inside = value.parent or value.inside
            return self.t("{state} in {container}", state=state, container=inside)
        if change.name == "role" and value in set(Role):
            return self.t(ROLES[Role(value)])
        return value

    def _given(self, name: str, value: str | int) -> str | int:
        if name == "operation" and value in set(Command):
            return self.t(COMMANDS[Command(value)].label)
        if name == "cause" and value in set(StopCause):
            return self.t(CAUSES[StopCause(value)])
        if name == "id" and isinstance(value, str):
            return self.person(value)
        return self.t.title(str(value)) if name in ("level", "printer") else value
