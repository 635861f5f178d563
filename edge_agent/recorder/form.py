"""The written form of a recording: lines of JSON, each whole in itself.

* ``head``: the first line of a file, and all that a replay needs to begin there;
* an input, what the ledger answered about its codes, and what was decided;
* ``quiet``: a run of polls and ticks that changed nothing and of which nothing followed. None is
  left out: each is a short row of differences to the one before;
* ``refused``: an input that came while the line was halted;
* ``distrusted``: a read was lost to a full queue, and its belt is unknown since then;
* ``words``: what went over the wire to or from a gate's PLC. It explains, and is not replayed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from edge_agent.core.body import to_body
from edge_agent.core.effects import Effect
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.inputs import Counter, Input, Tick
from edge_agent.core.names import CodeKey, ContainerId, Instant, ItemNumber, StationName
from edge_agent.core.record import Decision

FORMAT = 3
RUN_LIMIT = 128
"""Quiet inputs in one line; so many may be lost with the power."""

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_INPUTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(Input)
}
_EFFECTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in get_args(Effect)
}


class FormError(ValueError):
    """A line that is none of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a replay can begin.

    `n` is the number of the next input (the encoder fills it in), `seq` the ledger's last event.
    `follows`: it goes on just where the file before ended; else `why` it does not, and how many
    entries between the two were `lost`. `core` is the line's state and what it knows beside that
    (`volatile`); `config` the configuration as loaded, but for how HQ is reached.
    """

    format: int = FORMAT
    version: str
    at: Instant
    why: str
    follows: bool
    lost: int
    n: int = 0
    seq: int
    core: Mapping[str, Any]
    config: Mapping[str, Any]


@dataclass(slots=True)
class Found:
    """What the ledger knew of the codes and containers that were asked for; of others, nothing."""

    codes: dict[CodeKey, Known] = field(default_factory=dict)
    containers: dict[ContainerId, KnownContainer] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.codes or self.containers)


@dataclass(frozen=True, slots=True)
class Decided:
    """One input, and what the ledger answered."""

    given: Input
    decision: Decision
    found: Found


@dataclass(frozen=True, slots=True)
class Recorded:
    """`Decided` as it is read again: events and effects as JSON values."""

    n: int
    given: Input
    found: Found = field(default_factory=Found)
    events: tuple[dict[str, Any], ...] = ()
    effects: tuple[dict[str, Any], ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    given: Input


@dataclass(frozen=True, slots=True)
class Distrusted:
    at: Instant
    station: StationName


@dataclass(frozen=True, slots=True)
class Words:
    """`what` is status, outcomes, commands or verdicts; `slot` the first one of a ring. `error` is
    why there was no answer."""

    at: Instant
    station: StationName
    what: str
    words: tuple[int, ...] = ()
    slot: int | None = None
    error: str | None = None


Entry = Decided | Refused | Distrusted | Words
Line = Head | Recorded | Refused | Distrusted | Words

_HEAD = TypeAdapter(Head)
_FOUND = TypeAdapter(Found)
_WORDS = TypeAdapter(Words)
_DISTRUSTED = TypeAdapter(Distrusted)


def event_json(decision: Decision) -> list[dict[str, Any]]:
    """Its events as JSON values."""
    return [json.loads(to_body(event)) for event in decision.events]


def effect_json(decision: Decision) -> list[dict[str, Any]]:
    """Its effects as JSON values."""
    return [_plain(_EFFECTS, "effect", effect) for effect in decision.effects]


def input_json(given: Input) -> dict[str, Any]:
    """`given` as JSON values, its `kind` first."""
    return _plain(_INPUTS, "kind", given)


def _plain(kinds: dict[str, TypeAdapter[Any]], tag: str, value: Any) -> dict[str, Any]:
    name = type(value).__name__
    return {tag: name, **kinds[name].dump_python(value, mode="json")}


class Encoder:
    """Entries to lines. Keeps quiet inputs back until their run ends: see `flush`."""

    def __init__(self) -> None:
        self.n = 0
        """The number of the next input."""
        self._quiet: list[list[int]] = []
        self._begun = self._before = Instant(0, 0)
        self._gates: list[tuple[StationName, ItemNumber, int]] = []
        self._counted: dict[StationName, tuple[ItemNumber, int]] = {}

    def lines(self, entry: Entry) -> Iterator[str]:
        """What must be written now that `entry` came."""
        match entry:
            case Decided(given, decision, found):
                if not decision.events and not decision.effects and self._is_quiet(given):
                    self.n += 1
                    if len(self._quiet) >= RUN_LIMIT:
                        yield from self.flush()
                    return
                yield from self.flush()
                yield self._decided(given, decision, found)
                self.n += 1
            case Refused(given):
                yield from self.flush()
                yield dumps({"refused": input_json(given)})
            case Distrusted():
                yield from self.flush()
                yield dumps({"distrusted": _DISTRUSTED.dump_python(entry, mode="json")})
            case Words():
                # The order of words and quiet inputs means nothing: the run goes on.
                yield dumps({"words": _WORDS.dump_python(entry, exclude_none=True, mode="json")})

    def flush(self) -> Iterator[str]:
        """The run of quiet inputs, if there is one."""
        if self._quiet:
            run = {
                "at": [self._begun.mono_us, self._begun.utc_us],
                "gates": self._gates,
                "rows": self._quiet,
            }
            yield dumps({"n": self.n - len(self._quiet), "quiet": run})
            self._quiet, self._gates = [], []

    def head(self, head: Head) -> str:
        """The first line of a file; nothing may wait to be flushed."""
        self._counted.clear()
        return dumps({"head": _HEAD.dump_python(replace(head, n=self.n), mode="json")})

    def _decided(self, given: Input, decision: Decision, found: Found) -> str:
        if isinstance(given, Counter):
            self._counted[given.station] = given.last_item, given.boot
        line: dict[str, Any] = {"n": self.n, "input": input_json(given)}
        if found:
            line["found"] = _FOUND.dump_python(found, mode="json")
        if decision.effects:
            line["effects"] = effect_json(decision)
        text = dumps(line)
        if decision.events:
            # As they stand in the ledger: not read and written once more.
            text = f'{text[:-1]},"events":[{",".join(map(to_body, decision.events))}]}}'
        return text

    def _is_quiet(self, given: Input) -> bool:
        """Whether `given` changed nothing; then it is in the run."""
        if not isinstance(given, Counter | Tick):
            return False
        gate = (given.station, given.last_item, given.boot) if isinstance(given, Counter) else None
        if gate and self._counted.get(gate[0]) != gate[1:]:
            return False
        at = given.at
        if not self._quiet:
            self._begun = self._before = at
        step_us = at.mono_us - self._before.mono_us
        drift_us = at.utc_us - self._before.utc_us - step_us
        row = [step_us, drift_us, at.mono_us - given.reads_until_us]
        if isinstance(given, Counter) and gate:
            if gate not in self._gates:
                self._gates.append(gate)
            row += [at.mono_us - given.asked_us, self._gates.index(gate)]
        self._quiet.append(row)
        self._before = at
        return True


def decode(text: str) -> list[Line]:
    """What one line says; a run of quiet inputs says several things. Raises FormError."""
    try:
        line = json.loads(text)
        match line:
            case {"head": {"format": int(form)}} if form != FORMAT:
                raise FormError(f"format is {form}, expected {FORMAT}: use that version's replay")
            case {"head": head}:
                return [_HEAD.validate_python(head)]
            case {"n": int(n), "quiet": run}:
                return list(_quiet(n, run))
            case {"n": int(n), "input": given}:
                found = _FOUND.validate_python(line.get("found", {}))
                events, effects = line.get("events", ()), line.get("effects", ())
                return [Recorded(n, _input(given), found, tuple(events), tuple(effects))]
            case {"refused": given}:
                return [Refused(_input(given))]
            case {"distrusted": distrusted}:
                return [_DISTRUSTED.validate_python(distrusted)]
            case {"words": words}:
                return [_WORDS.validate_python(words)]
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise FormError(f"{where} is {fault['input']!r:.80}: {fault['msg']}") from None
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise FormError(f"is no line of a recording: {error}") from None
    raise FormError(f"is no line of a recording: {text:.80}")


def _input(plain: dict[str, Any]) -> Input:
    fields = dict(plain)
    kind = fields.pop("kind")
    if kind not in _INPUTS:
        raise FormError(f"kind is {kind!r}, expected one of {', '.join(_INPUTS)}")
    given: Input = _INPUTS[kind].validate_python(fields)
    return given


def _quiet(n: int, run: dict[str, Any]) -> Iterator[Line]:
    mono_us, utc_us = run["at"]
    for index, (step_us, drift_us, behind_us, *counter) in enumerate(run["rows"]):
        mono_us += step_us
        utc_us += step_us + drift_us
        at, reads_until_us = Instant(mono_us, utc_us), mono_us - behind_us
        given: Input = Tick(at, reads_until_us)
        if counter:
            station, item, boot = run["gates"][counter[1]]
            given = Counter(at, station, item, mono_us - counter[0], reads_until_us, boot)
        yield Recorded(n + index, given, quiet=True)
