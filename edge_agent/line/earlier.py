"""What was done at each station before the line was started, as the ledger's events tell it.

An event says less than was said then: not how full a container was, nor what a repair did to each
code. What was no event (a question, a note, a command that nobody knows) is not told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.core.body import from_body
from edge_agent.core.containers import GOOD
from edge_agent.core.effects import Tone
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    LabelFailed,
    LabelQueued,
    Opened,
    Packed,
    Parked,
    Reason,
    Rejected,
    Released,
    Reworked,
    ReworkRefused,
    SignedIn,
    SignedOut,
    SignInRefused,
)
from edge_agent.core.names import StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.saying import Saying, say
from edge_agent.ledger.reader import JournalRow, LedgerReader
from edge_agent.views import LastRead
from edge_agent.vocabulary import COMMANDS

LOOK_BACK = 20_000
"""Events that are looked at: some hours of a line, some 50 ms."""
_PAGE = 500
_TELLING: tuple[type[Event], ...] = (
    Rejected, ReworkRefused, Reworked, Closed, LabelQueued, LabelFailed, Opened, Parked, SignedIn,
    SignedOut, SignInRefused, Released, Packed, Commissioned,
)  # fmt: skip
"""What tells of an operation. Of several that one scan made, the first of these tells most."""
_RANKS = {cls.kind: rank for rank, cls in enumerate(_TELLING)}
_HEAD = re.compile(r'\{"kind":"([a-z_]+)","at":"[^"]+","station":"([^"]+)"')
"""How every event begins (core.body)."""


@dataclass(slots=True)
class _Found:
    """One station's operations, newest first, by their times and numbers (core.acts): each with the
    rank of its event."""

    at: dict[tuple[str, int | None], tuple[int, LastRead]] = field(default_factory=dict)
    is_done: bool = False


def earlier(
    path: Path, until: int, plan: LinePlan, limit: int
) -> Mapping[StationName, list[LastRead]]:
    """The last `limit` operations of each station among the LOOK_BACK events up to number `until`,
    newest first; `n` is the number of an event. Raises LedgerError."""
    stations = {name: _Found() for name in plan.stations}
    with LedgerReader(path) as ledger:
        for row in _backwards(ledger, until):
            head = _HEAD.match(row.body)
            found = stations.get(StationName(head[2])) if head else None
            if head is None or found is None or found.is_done or head[1] not in _RANKS:
                continue
            _take(found, row, plan, limit)
            if found.is_done and all(each.is_done for each in stations.values()):
                break
    return {name: [last for _, last in found.at.values()] for name, found in stations.items()}


def _backwards(ledger: LedgerReader, until: int) -> Iterator[JournalRow]:
    bound = max(until - LOOK_BACK, 0)
    for last in range(until, bound, -_PAGE):
        first = max(last - _PAGE, bound)
        yield from reversed(ledger.rows(first, last - first))


def _take(found: _Found, row: JournalRow, plan: LinePlan, limit: int) -> None:
    """What one scan made is one act. Of a layer the first code that was refused says why."""
    event = from_body(row.body)
    act = event.at, event.act
    rank, before = _RANKS[event.kind], found.at.get(act)
    if before is not None and rank > before[0]:
        return
    told = _told(row.seq if before is None else before[1].n, event, plan)
    if told is None:
        return
    if before is None and len(found.at) == limit:
        found.is_done = True
    else:
        found.at[act] = rank, told


def _told(n: int, event: Event, plan: LinePlan) -> LastRead | None:
    """The operation that `event` records; None if it is none of its station's people or scanner."""
    match event:
        case Rejected(reason=reason, detail=detail):
            return LastRead(
                n, event.at, Tone.BAD, say("{fault}", fault=detail), reason, event.key, event.text,
                event.first, (), event.picture,
            )  # fmt: skip
        case Packed() if plan.stations[event.station].gate is not None:
            return None  # the gate let it through: its code was told when it was read
        case Commissioned(key=key) | Packed(key=key):
            return LastRead(n, event.at, Tone.GOOD, GOOD, key=key)
        case Closed(key=key, level=level):
            said = say("the {level} is closed", level=level)
            return LastRead(n, event.at, Tone.FULL, said, key=key)
        case LabelQueued(copy=0):
            return None  # a sample
        case LabelQueued(key=key, reprint_of=None, level=level):
            label = plan.labels.get(level)
            said = say("the label is printed: it closes the {level}", level=level)
            if label is not None and label.verify:
                said = say("the label is printed: scan it")
            return LastRead(n, event.at, Tone.FULL, said, key=key)
        case LabelQueued(key=key):
            said = say("the label is printed once more")
            return LastRead(n, event.at, Tone.GOOD, said, key=key)
        case Opened(key=key, level=level):
            said = say("the {level} is open: scan what goes into it", level=level)
            return LastRead(n, event.at, Tone.GOOD, said, key=key)
    return _of_people(n, event)


def _of_people(n: int, event: Event) -> LastRead | None:
    match event:
        case Reworked(operation=operation):
            return LastRead(n, event.at, Tone.GOOD, Saying(COMMANDS[operation].label))
        case ReworkRefused(culprits=culprits):
            return _refused(n, event, "; ".join(culprits), Reason.REFUSED)
        case LabelFailed(detail=detail):
            return _refused(n, event, detail, Reason.REFUSED)
        case SignInRefused(why=why):
            return _refused(n, event, why, Reason.NOT_ALLOWED)
        case Parked(parked=parked):
            said = say("put aside") if parked else say("taken up again")
            return LastRead(n, event.at, Tone.GOOD, said)
        case SignedIn(name=name):
            return LastRead(n, event.at, Tone.GOOD, say("{name} is signed in", name=name))
        case SignedOut(why="command"):
            return LastRead(n, event.at, Tone.GOOD, say("signed out"))
        case SignedOut(why="idle"):
            said = say("signed out: nobody did anything here")
            return LastRead(n, event.at, Tone.NOTE, said)
        case Released():
            return LastRead(n, event.at, Tone.GOOD, say("the line may run"))
    return None


def _refused(n: int, event: Event, why: str, reason: Reason) -> LastRead:
    return LastRead(n, event.at, Tone.BAD, say("{fault}", fault=why), reason)
