"""Who works at which station: signing in and out, and whose leave a command needs."""

from edge_agent.core.events import SignedIn, SignedOut, SignInRefused
from edge_agent.core.inputs import Badge
from edge_agent.core.names import Instant, StationName
from edge_agent.core.people import PERMISSIONS, Permission, Person, Role
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say


def sign_in(record: Record, given: Badge, person: Person) -> bool:
    """`person` works at the station from now on, and nobody else; whether that is news."""
    if record.at_work(given.station) == person.id:
        return False
    sign_out(record, given.at, given.station, "another")
    record.emit(
        SignedIn(
            at=given.at.isoformat(),
            station=given.station,
            person=person.id,
            name=person.name,
            role=person.role,
            how=given.how,
            language=person.language or None,
        )
    )
    return True


def sign_out(record: Record, at: Instant, station: StationName, why: str) -> Person | None:
    """Nobody works at the station from now on; who did. `why` as in SignedOut."""
    person = record.state.signed_in.get(station)
    if person is not None:
        record.emit(SignedOut(at=at.isoformat(), station=station, person=person.id, why=why))
    return person


def refuse(record: Record, given: Badge, saying: Saying) -> None:
    """The badge or PIN is not accepted, for what it was shown."""
    record.emit(
        SignInRefused(
            at=given.at.isoformat(),
            station=given.station,
            person=given.person.id if given.person else None,
            how=given.how,
            why=str(saying),
        )
    )


def may_alone(record: Record, station: StationName, permission: Permission) -> bool:
    """Whether who works at the station may do it without anybody else's leave. Where nobody has to
    sign in, everybody may do what operators may."""
    person = record.state.signed_in.get(station)
    if permission in record.plan.people.four_eyes:
        return False
    return person.may(permission) if person else permission in PERMISSIONS[Role.OPERATOR]


def objection(
    record: Record, station: StationName, permission: Permission, approver: Person
) -> Saying | None:
    """Why `approver` cannot give leave to who works at the station; None if they can."""
    if not approver.may(permission):
        return say("{name} may not do this: show another badge", name=approver.name)
    if permission not in record.plan.people.four_eyes:
        return None
    if record.at_work(station) in (None, approver.id):
        return say("a second person must agree, not {name}", name=approver.name)
    return None
