"""A gate's words as a person reads them, by the names of drivers.gate.registers."""

from collections.abc import Iterable
from enum import IntEnum

from drivers.gate.registers import (
    MAY_RUN,
    OUTCOME_WORDS,
    VERDICT_WORDS,
    Cause,
    Command,
    Fate,
    Flag,
    Status,
    Word,
)
from edge_agent.recorder.form import Words

_COUNTING = (Status.HEARTBEAT, Status.POSITION)


class Wording:
    """Tells of each status only what is not as in the one before."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[int, ...]] = {}

    def tell(self, words: Words) -> str:
        """What went over the wire."""
        if words.error is not None:
            return f"PLC: no answer to {words.what}: {words.error}"
        match words.what:
            case "status":
                before = self._before.get(words.station, ())
                self._before[words.station] = words.words
                return f"PLC shows {_status(words.words, before)}"
            case "outcomes":
                return f"PLC shows outcomes: {_joined(_outcomes(words.words))}"
            case "verdicts":
                return f"told the PLC: {_joined(_verdicts(words.words))}"
            case "commands":
                may_run = words.words[Command.CONTROL] & MAY_RUN
                run = "may run" if may_run else "must stand"
                return f"told the PLC: session {words.words[Command.SESSION]}, the belt {run}"
        return f"{words.what}: {' '.join(map(str, words.words))}"


def _status(words: tuple[int, ...], before: tuple[int, ...]) -> str:
    changed = [
        f"{place.name.lower()} {_flags(words[place]) if place is Status.FLAGS else words[place]}"
        for place in Status
        if place not in _COUNTING and (not before or words[place] != before[place])
    ]
    return _joined(changed)


def _flags(word: int) -> str:
    return "+".join(flag.name.lower() for flag in Flag if word & flag and flag.name) or "none"


def _outcomes(words: tuple[int, ...]) -> Iterable[str]:
    for item, word in zip(words[::OUTCOME_WORDS], words[1::OUTCOME_WORDS], strict=False):
        cause = f" ({_name(Cause, word // 256)})" if word // 256 else ""
        yield f"item {item} {_name(Fate, word % 256)}{cause}"


def _verdicts(words: tuple[int, ...]) -> Iterable[str]:
    for item, verdict in zip(words[::VERDICT_WORDS], words[1::VERDICT_WORDS], strict=False):
        yield f"item {item} {_name(Word, verdict)}"


def _name(names: type[IntEnum], word: int) -> str:
    try:
        return names(word).name.lower().replace("_", " ")
    except ValueError:  # a later program says more
        return str(word)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(parts) or "nothing new"
