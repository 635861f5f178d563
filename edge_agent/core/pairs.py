"""An item's two codes at a gate: whether its answers make one identity."""

from dataclasses import dataclass

from edge_agent.core.codes import Code
from edge_agent.core.events import Commissioned, Reason
from edge_agent.core.inputs import Read
from edge_agent.core.places import AGAIN
from edge_agent.core.record import Record, printable
from edge_agent.core.saying import say
from edge_agent.core.verify import Objection


@dataclass(frozen=True, slots=True)
class Paired:
    """Both codes are there, and nothing speaks against them so far. `read` is that of `code`."""

    read: Read
    code: Code
    second: Code


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Why the item may not pass: what speaks against `read`."""

    read: Read
    objection: Objection
    code: Code | None = None


Found = tuple[Read, Code]


def paired(record: Record, reads: tuple[Read, ...]) -> Paired | Unpaired:
    """What the answers to one item are, two or one, in any order. A fault of one code goes before
    the lack of the other, and a lack before what speaks against the two together."""
    firsts, seconds, faults = _by_kind(record, reads)
    if len(firsts) > 1 or len(seconds) > 1:
        return _two_of_a_kind(*max(firsts, seconds, key=len))
    if fault := next((f for f in faults if f.objection.reason is not Reason.UNREAD), None):
        return fault
    first, second = next(iter(firsts), None), next(iter(seconds), None)
    if fault := _fault_of(record, first, second):
        return fault
    if first is not None and second is not None:
        return _together(record, first, second)
    half = first or second
    return faults[0] if half is None else _half(record, *half, is_second=first is None)


def _by_kind(
    record: Record, reads: tuple[Read, ...]
) -> tuple[list[Found], list[Found], list[Unpaired]]:
    """Things' own codes, second codes, and what is no code."""
    firsts, seconds, faults = list[Found](), list[Found](), list[Unpaired]()
    for read in reads:
        if read.defect is None and (second := record.second(read.text)):
            seconds.append((read, second))
            continue
        code, objection = record.parse(read)
        if code is not None:
            firsts.append((read, code))
        elif objection is not None:
            faults.append(Unpaired(read, objection))
    return firsts, seconds, faults


def _two_of_a_kind(one: Found, other: Found) -> Unpaired:
    said = say(
        "{one} and {other} were read: which is the item's cannot be told",
        one=printable(one[0].text) or "",
        other=printable(other[0].text) or "",
    )
    return Unpaired(other[0], Objection(Reason.AMBIGUOUS, said))


def _fault_of(record: Record, first: Found | None, second: Found | None) -> Unpaired | None:
    """What speaks against one of the codes, whatever the other is."""
    if first is not None:
        read, code = first
        if objection := record.verify(code, read.station) or made_just_now(record, code):
            return Unpaired(read, objection, code)
    if second is not None:
        read, code = second
        if objection := _used(record, code, first[1] if first else None):
            return Unpaired(read, objection, code)
    return None


def _half(record: Record, read: Read, code: Code, *, is_second: bool) -> Unpaired:
    """One of the two was not read: which."""
    pair = record.plan.level(code.level).pair
    if is_second or pair is None:
        said = say("the product's own code was not read")
    else:
        said = say("the {name} was not read", name=pair.name)
    return Unpaired(read, Objection(Reason.UNPAIRED, said), code)


def _together(record: Record, first: Found, second: Found) -> Paired | Unpaired:
    """Each is good by itself. Where the thing is known, it comes again, and has its second code."""
    read, code = first
    known = record.history.find(code.key)
    if known is not None and record.history.find(second[1].key) is None:
        said = say("{code} is known already, without this second code", code=code.key)
        return Unpaired(read, Objection(Reason.UNPAIRED, said, known.first), code)
    return Paired(read, code, second[1])


def _used(record: Record, second: Code, code: Code | None) -> Objection | None:
    """Why `second` may not be that of `code`, or of what was not read. What was bound before and
    never left the line comes again with both its codes."""
    known = record.history.find(second.key)
    if known is None:
        return made_just_now(record, second)
    if code is None and known.state in AGAIN:
        return None
    if code is not None and known.key == code.key:
        return None
    said = say("it is on {code} already", code=known.key)
    return Objection(Reason.DUPLICATE, said, known.first)


def made_just_now(record: Record, code: Code) -> Objection | None:
    """Whether `code` was bound by the decision that is being made, and so is not in the history
    yet: several items may be looked at in one."""
    for event in record.decision.events:
        if isinstance(event, Commissioned) and code.key in (event.key, event.also):
            said = say("first seen at {station} on {at}", station=event.station, at=event.at)
            return Objection(Reason.DUPLICATE, said)
    return None
