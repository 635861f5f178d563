"""Taking back the last act of a station, as long as nothing has moved on since.

Nothing is deleted. What was packed comes out again, what was moved goes back; a container whose
code was scanned to close it lies open without one again, and its code is free for another.
"""

from edge_agent.core.acts import Act
from edge_agent.core.events import (
    Closed,
    LabelQueued,
    Move,
    Opened,
    Packed,
    Parked,
    Place,
    Reworked,
)
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.names import CodeKey, ContainerId, StationName
from edge_agent.core.rework.draft import Draft
from edge_agent.core.rework.repairs import busy
from edge_agent.core.rework.task import Refusal, Repair
from edge_agent.core.rework.words import named, whereabouts
from edge_agent.core.saying import say
from edge_agent.core.states import ContainerState, State


def undo(draft: Draft, act: Act | None) -> Repair | Refusal:
    """What takes `act` back, or all that speaks against it."""
    if act is None or act.is_undo:
        return (say("there is nothing to take back here"),)
    for event in reversed(act.events):
        match event:
            case Reworked():
                for move in event.moves:
                    _move_back(draft, move)
            case Packed():
                _take_out(draft, event, act)
            case Closed() if not act.is_repair:
                _unclose(draft, event, act)
            case Opened(key=key) if key is not None and not act.closed(event.container):
                _unopen(draft, event, key)
            case LabelQueued(container=number) if act.is_close and number is not None:
                _fill_on(draft, number)
            case Parked() if not act.is_repair:
                draft.blame(say("putting aside is not taken back: scan RESUME, or PARK"))
            case _:
                pass
    done = act.key
    return draft.finish(say("taken back: {code}", code=done) if done else say("taken back"), done)


def _move_back(draft: Draft, move: Move) -> None:
    known = draft.history.find(move.key)
    if known is None or not _is_at(known, move.after):
        if known is not None:
            draft.blame(whereabouts(known))
        return
    if move.after.state is State.DECOMMISSIONED:
        draft.blame(
            say("{code} was taken out of use for ever: that is not taken back", code=move.key)
        )
        return
    before = move.before
    container = None if before.inside is None else draft.container(before.inside)
    if container is not None:
        if container.key != before.parent:
            draft.blame(say("{container} was closed since", container=named(container)))
        elif (
            container.state is not ContainerState.CLOSED
            and draft.packing.find(container.id) is None
        ):
            _fill_again(draft, container)
    draft.move(known, before)


def _take_out(draft: Draft, packed: Packed, act: Act) -> None:
    known = draft.history.find(packed.key)
    container = draft.container(packed.container)
    if known is None or container is None:
        return
    if not _is_at(known, Place(State.PACKED, packed.container)):
        draft.blame(whereabouts(known))
    elif container.state is ContainerState.CLOSED and not act.closed(container.id):
        draft.blame(
            say(
                "{container} was closed since: scan REMOVE, then {code}",
                container=named(container),
                code=packed.key,
            )
        )
    else:
        draft.move(known, Place(State.ACTIVE))


def _unclose(draft: Draft, closed: Closed, act: Act) -> None:
    own, container = draft.history.find(closed.key), draft.container(closed.container)
    if own is None or container is None:
        return
    if own.state is not State.ACTIVE and own.key not in draft.moves:
        draft.blame(whereabouts(own))
    if container.state is not ContainerState.CLOSED or container.children != closed.children:
        draft.blame(say("{container} was repaired since", container=named(container)))
        return
    bench = _bench(draft, container)
    if bench is not None:
        busy(draft, container.level, bench)
    if closed.key in act.named and not draft.plans[container.level].numbers_here:
        made = draft.make_container(container.level, None, bench)
        for child in container.children:
            if known := draft.history.find(child):
                draft.put(known, made)
        return
    draft.opening.append(_opened(draft, container, own.key))


def _opened(draft: Draft, container: KnownContainer, key: CodeKey) -> Opened:
    return Opened(
        at=draft.task.at,
        station=draft.task.station,
        key=key,
        level=container.level,
        container=container.id,
        bench=draft.task.station,
        reopened=True,
        children=container.children,
        by=draft.task.by,
    )


def _unopen(draft: Draft, opened: Opened, key: CodeKey) -> None:
    container = draft.container(opened.container)
    filling = draft.packing.find(opened.container)
    if container is None:
        return
    left = [child for child in container.children if child not in draft.moves]
    if filling is None or left != list(opened.children):
        draft.blame(say("{container} was filled or closed since", container=named(container)))
        return
    draft.close(container, key, left)


def _fill_on(draft: Draft, number: ContainerId) -> None:
    """A container that was closed too early takes more; the label that was printed is void."""
    container, filling = draft.container(number), draft.packing.find(number)
    if container is None or filling is None or not filling.ready:
        draft.blame(say("{container} was closed since", container=f"#{number}"))
        return
    if filling.order != draft.packing.order:
        draft.blame(
            say(
                "it is of {found}, {expected} is packed: change to its order, or EMPTY it",
                found=filling.order,
                expected=draft.packing.order,
            )
        )
    if draft.packing.current(container.level, filling.bench) is not None:
        draft.blame(
            say("another {level} is being filled: close it, or put it aside", level=container.level)
        )
    draft.open(container, filling.bench)


def _fill_again(draft: Draft, container: KnownContainer) -> None:
    """A container without a code, of which everything was taken out, is filled again; or it is
    put aside again."""
    if container.state is ContainerState.PARKED:
        draft.open(container, None, parked=True)
        return
    bench = _bench(draft, container)
    busy(draft, container.level, bench)
    draft.open(container, bench)


def _bench(draft: Draft, container: KnownContainer) -> StationName | None:
    return draft.task.station if draft.plans[container.level].by_scan else None


def _is_at(known: Known, place: Place) -> bool:
    inside: ContainerId | None = known.inside[0] if known.inside else None
    return (known.state, inside) == (place.state, place.inside)
