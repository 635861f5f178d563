"""Each repair: what it moves. That it breaks nothing is checked by the draft."""

from collections.abc import Callable, Mapping

from edge_agent.core.commands import Command
from edge_agent.core.events import Opened, Place
from edge_agent.core.history import KnownContainer
from edge_agent.core.names import CodeKey, LevelName, StationName
from edge_agent.core.rework.draft import Draft
from edge_agent.core.rework.task import Refusal, Repair, Scanned
from edge_agent.core.rework.words import named, whereabouts
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import ContainerState, State

Planned = tuple[Saying, CodeKey | None]
"""What is said when the repair is done, and the code that it was done to."""


def remove(draft: Draft, thing: Scanned) -> Planned:
    """The thing comes out of its container."""
    if known := draft.known(thing):
        draft.take_out(known)
    return say("{code} is taken out", code=thing.code.key), thing.code.key


def replace(draft: Draft, damaged: Scanned, new: Scanned) -> Planned:
    """The damaged thing is out of use, the new one lies in its place."""
    container = None
    if known := draft.known(damaged):
        draft.take_out(known, State.DECOMMISSIONED)
        container = draft.container(known.inside[0]) if known.inside else None
    if new.code.key == damaged.code.key:
        draft.blame(say("{code} was scanned twice", code=new.code.key))
    elif container is not None:
        draft.put_new(new, container)
    return say("{code} is replaced", code=damaged.code.key), new.code.key


def add(draft: Draft, where: Scanned, thing: Scanned) -> Planned:
    """The thing goes into the container, full or closed though it be, if it has room."""
    container = draft.container_of(where, draft.above.get(thing.code.level))
    if container is not None:
        draft.put_new(thing, container)
    count = len(container.children) + 1 if container else 0
    return say("added: it holds {count} now", count=count), thing.code.key


def empty(draft: Draft, where: Scanned) -> Planned:
    """Everything comes out."""
    container = draft.container_of(where)
    for child in container.children if container else ():
        if known := draft.history.find(child):
            draft.take_out(known)
    if container is not None and not container.children:
        draft.blame(say("{container} is empty", container=named(container)))
    return say("emptied: {count} are taken out", count=len(draft.moves)), where.code.key


def split(draft: Draft, thing: Scanned, name: Scanned | None = None) -> Planned:
    """The thing, and what was packed after it, go into a container of their own: the one that
    `name` names, or one that gets a label."""
    known = draft.known(thing)
    if known is None or known.inside is None:
        if known is not None:
            draft.blame(whereabouts(known))
        return say("split"), None
    old = draft.container(known.inside[0])
    children = list(old.children) if old else []
    first = children.index(known.key) if known.key in children else 0
    if not first:
        draft.blame(
            say("{code} is the first: nothing would stay. Scan a later one", code=known.key)
        )
    level = draft.above[known.level]
    made = _made(draft, level, name)
    for child in children[first:]:
        if made is not None and (each := draft.history.find(child)):
            draft.put(each, made)
    key = name.code.key if name else None
    return say("split: {count} stay, {moved} are moved", count=first, moved=len(draft.moves)), key


def merge(draft: Draft, source: Scanned, target: Scanned) -> Planned:
    """Everything goes from one container into another, which may be a new one."""
    old = draft.container_of(source)
    new = None
    if old is not None and target.known is None and target.code.level == old.level:
        new = _made(draft, old.level, target)
    elif old is not None:
        new = draft.container_of(target, old.level)
    if old is not None and not old.children:
        draft.blame(say("{container} is empty", container=named(old)))
    for child in old.children if old is not None and new is not None else ():
        if known := draft.history.find(child):
            draft.put(known, new)  # type: ignore[arg-type]
    return say("merged: {count} are moved", count=len(draft.moves)), target.code.key


def move(draft: Draft, thing: Scanned, where: Scanned) -> Planned:
    """The thing goes into the other container."""
    known = draft.known(thing)
    container = draft.container_of(where, draft.above.get(thing.code.level))
    if known is not None and container is not None and known.state is State.ACTIVE:
        draft.put_new(thing, container)
    elif known is not None and container is not None:
        draft.put(known, container)
    return say("{code} is moved", code=thing.code.key), thing.code.key


def decommission(draft: Draft, thing: Scanned) -> Planned:
    """The code is out of use for ever. What is packed comes out."""
    known = draft.known(thing)
    if known is not None and known.state in (State.ON_BELT, State.DECOMMISSIONED):
        draft.blame(whereabouts(known))
    elif known is not None:
        draft.move(known, Place(State.DECOMMISSIONED))
    return say("{code} is out of use for ever", code=thing.code.key), thing.code.key


def sample(draft: Draft, thing: Scanned) -> Planned:
    """The thing is taken for an inspection. What is packed comes out."""
    known = draft.known(thing)
    if known is not None and known.state in (State.ACTIVE, State.PACKED):
        draft.move(known, Place(State.SAMPLED))
    elif known is not None:
        draft.blame(whereabouts(known))
    return say("{code} is taken for an inspection", code=thing.code.key), thing.code.key


def give_back(draft: Draft, thing: Scanned) -> Planned:
    """A sample is given back; it may be packed again."""
    known = draft.known(thing)
    if known is not None and known.state is State.SAMPLED:
        draft.move(known, Place(State.ACTIVE))
    elif known is not None:
        draft.blame(say("{code} was not taken for an inspection", code=known.key))
    return say("{code} is given back: pack it again", code=thing.code.key), thing.code.key


def reopen(draft: Draft, where: Scanned) -> Planned:
    """The closed container is the one that the station fills."""
    container = draft.container_of(where)
    if container is not None:
        _reopen(draft, container)
    count = len(container.children) if container else 0
    return say("opened again: it holds {count}", count=count), where.code.key


def _reopen(draft: Draft, container: KnownContainer) -> None:
    task, level = draft.task, container.level
    own = draft.history.find(container.key) if container.key else None
    below = {low for low, high in draft.above.items() if high == level}
    if own is None or container.state is not ContainerState.CLOSED:
        draft.blame(say("{container} is not closed", container=named(container)))
        return
    if own.state is not State.ACTIVE:
        draft.blame(whereabouts(own))
    if task.due.gated or not below | {level} <= set(task.due.levels):
        draft.blame(
            say(
                "{station} does not fill a {level} by scanning: do it at a bench that does",
                station=task.station,
                level=level,
            )
        )
    busy(draft, level, task.station)
    draft.closing.append(
        Opened(
            at=task.at,
            station=task.station,
            key=own.key,
            level=level,
            container=container.id,
            bench=task.station,
            reopened=True,
            children=container.children,
            by=task.by,
        )
    )


def _made(draft: Draft, level: LevelName, name: Scanned | None) -> KnownContainer | None:
    """A new container of `level`, or the empty one that `name` names already; a culprit if it can
    be neither."""
    if name is None:
        busy(draft, level, draft.task.station)
        return draft.make_container(level, None, draft.task.station)
    if name.code.level != level:
        draft.blame(
            say(
                "{code} is a {level}: the code of a new {outer} is due",
                code=name.code.key,
                level=name.code.level,
                outer=level,
            )
        )
        return None
    if name.known is None:
        return draft.make_container(level, name.code, draft.task.station)
    holds = name.known.holds
    container = None if holds is None else draft.container(holds)
    if container is None or container.children:
        draft.blame(say("{code} is in use already: scan a new one", code=name.code.key))
        return None
    return container


def busy(draft: Draft, level: LevelName, owner: StationName | None) -> None:
    """A culprit if `owner`, a bench or the belt (None), fills a container of `level` already."""
    if draft.packing.queue(level, owner):
        draft.blame(say("another {level} is being filled: close it, or put it aside", level=level))


REPAIRS: Mapping[Command, Callable[..., Planned]] = {
    Command.REMOVE: remove,
    Command.UNPACK: remove,
    Command.REPLACE: replace,
    Command.ADD: add,
    Command.EMPTY: empty,
    Command.SPLIT: split,
    Command.MERGE: merge,
    Command.MOVE: move,
    Command.DECOMMISSION: decommission,
    Command.SAMPLE: sample,
    Command.RETURN: give_back,
    Command.REOPEN: reopen,
}
"""What is scanned for each, in order, are the functions' parameters."""


def repair(draft: Draft, *scanned: Scanned) -> Repair | Refusal:
    """What the draft's operation does to what was scanned, or all that speaks against it."""
    saying, key = REPAIRS[draft.task.operation](draft, *scanned)
    return draft.finish(saying, key)
