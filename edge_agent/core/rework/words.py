"""What is said of things that are not where a repair needs them."""

from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import State


def named(container: KnownContainer) -> str:
    """A container as people know it: by its code, or by its number on this line."""
    return container.key or f"#{container.id}"


def whereabouts(known: Known) -> Saying:
    """What the line knows of a code: its state, and where it lies."""
    code, level = known.key, known.level
    match known.state:
        case State.PACKED if known.inside is not None:
            inside, parent = known.inside
            return say("{code} lies in {container}", code=code, container=parent or f"#{inside}")
        case State.ON_BELT:
            return say("{code} is on the belt, before the gate", code=code)
        case State.EJECTED:
            return say("{code} was taken off at the gate: present it again", code=code)
        case State.TAKEN_OFF:
            return say("{code} vanished before the gate: present it again", code=code)
        case State.UNTRACKED:
            return say("nobody knows whether {code} passed the gate", code=code)
        case State.SAMPLED:
            return say("{code} was taken for an inspection: return it first", code=code)
        case State.DECOMMISSIONED:
            return say("{code} was taken out of use for ever", code=code)
        case _:
            return say("{code} is a {level} that lies in no container", code=code, level=level)
