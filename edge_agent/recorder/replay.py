"""A recording run through today's core, in the recording's own time.

Each input is judged in the situation that was recorded: where today's code or another
configuration decides otherwise, that is told, and the line goes on as if it had decided as
recorded. So one change of mind is one difference, not a chain of them. What the line knows beside
its ledger (which item has which window) goes on as today's code has it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.config import LineConfig
from edge_agent.config_file import ConfigError, config_of
from edge_agent.core.body import EventError, from_body
from edge_agent.core.events import Event
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.inputs import Input, ShiftEnd, Tick
from edge_agent.core.line import Line
from edge_agent.core.names import CodeKey, ContainerId, StationName
from edge_agent.core.past import Past
from edge_agent.core.record import LinePlan
from edge_agent.core.state import FORM, LevelsChangedError, LineState
from edge_agent.plan import line_plan
from edge_agent.recorder.form import (
    Distrusted,
    Found,
    Head,
    Recorded,
    Refused,
    Words,
    dumps,
    effect_json,
    event_json,
)
from edge_agent.recorder.reader import RecordingError, Torn, lines


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the recording. Of an input: what was decided `then`, and what `now`."""

    line: Head | Recorded | Refused | Distrusted | Words | Torn
    now_events: tuple[dict[str, Any], ...] = ()
    now_effects: tuple[dict[str, Any], ...] = ()
    differs: bool = False


class Replay:
    """Goes through recordings. With `config`, under that instead of the recorded one."""

    def __init__(self, config: LineConfig | None = None, line_type: type[Line] = Line) -> None:
        self._config = config
        self._line_type = line_type
        self._plan: LinePlan | None = None
        self._line: Line | None = None
        self._state: LineState | None = None
        self._past = _Past(0)
        self._n = 0
        self._core_config: Mapping[str, Any] = {}

    def steps(self, paths: Iterable[Path]) -> Iterator[Step]:
        """Everything in `paths`, in order. Raises RecordingError."""
        for path in paths:
            for line in lines(path):
                try:
                    yield self._step(line, path)
                except (LevelsChangedError, EventError) as error:
                    raise RecordingError(f"{path}: {error}") from None

    def _step(self, line: Any, path: Path) -> Step:
        match line:
            case Head():
                self._begin(line, path)
            case Recorded():
                return self._decide(line)
            case Distrusted(station=station) if self._line is not None:
                self._line.gates.distrust(station)
            case Torn():
                self._line = None
            case _:
                pass
        return Step(line)

    def _begin(self, head: Head, path: Path) -> None:
        if head.follows and self._line is not None and head.n == self._n:
            return
        found = head.core["state"].get("form")
        if found != FORM:
            raise RecordingError(
                f"{path}: the line's state is of form {found}, this version reads {FORM}: "
                f"replay it with edge-agent {head.version}"
            )
        if self._plan is None or head.config != self._core_config:
            self._plan = line_plan(self._config or _recorded_config(head, path))
            self._core_config = head.config
            _refuse_other_stations(self._plan, line_plan(_recorded_config(head, path)))
        self._n = head.n
        self._past = _Past(head.seq)
        self._resume(head.core["state"], head.core["volatile"])

    def _resume(self, state: Mapping[str, Any], volatile: Mapping[str, Any]) -> None:
        """Go on with a line that is as given."""
        assert self._plan is not None  # noqa: S101 a head came before
        # Loading takes lists over as they are; the two states must not share them.
        text = json.dumps(state)
        self._state = LineState.from_json(self._plan.levels, json.loads(text))
        own = LineState.from_json(self._plan.levels, json.loads(text))
        own.refuse_lost_containers()
        self._line = self._line_type(self._plan, own, self._past)
        self._line.load(json.loads(json.dumps(volatile)))

    def _decide(self, recorded: Recorded) -> Step:
        line, state = self._line, self._state
        assert line is not None and state is not None  # noqa: S101 a head came before
        self._n = recorded.n + 1
        self._past.found = recorded.found
        try:
            decision = line.decide(recorded.given)
        except Exception as error:
            error.add_note(f"while replaying input {recorded.n}: {recorded.given}")
            raise
        events, effects = tuple(event_json(decision)), tuple(effect_json(decision))
        differs = events != recorded.events or effects != recorded.effects
        past = decision.events if not differs else map(_event, recorded.events)
        for event in past:
            state.apply(event)
            self._past.append(event)
        if differs:
            self._resume(state.to_json(), line.to_json())
        return Step(recorded, events, effects, differs)


def station_of(given: Input) -> StationName | None:
    """Whose input it is, if it is one station's."""
    match given:
        case Tick() | ShiftEnd():
            return None
        case _ if hasattr(given, "first"):
            station: StationName = given.first.station
            return station
        case _:
            return getattr(given, "station", None)


def _event(plain: dict[str, Any]) -> Event:
    return from_body(dumps(plain))


def _recorded_config(head: Head, path: Path) -> LineConfig:
    try:
        return config_of(dict(head.config), path)
    except ConfigError as error:
        raise RecordingError(
            f"{error}\n{path}: the recorded configuration is none for this version; "
            "give one with --config"
        ) from None


def _refuse_other_stations(plan: LinePlan, recorded: LinePlan) -> None:
    """Inputs of a station need that station, with a gate or without."""
    faults = []
    for name, station in recorded.stations.items():
        other = plan.stations.get(name)
        if other is None:
            faults.append(f"station {name} is in the recording, not in the configuration given")
        elif (other.gate is None) is not (station.gate is None):
            had = "no gate" if station.gate is None else "a gate"
            faults.append(f"station {name} has {had} in the recording: give it the same")
    if faults:
        raise RecordingError("; ".join(faults))


class _Past(Past):
    """The ledger as far as the recording knows it: what it answered for the input at hand, and what
    became of the codes that the recording itself has seen. Of what is neither, nothing."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.found: Found = Found()

    def find(self, key: CodeKey) -> Known | None:
        return self.found.codes.get(key) or super().find(key)

    def container(self, container: ContainerId) -> KnownContainer | None:
        return self.found.containers.get(container) or super().container(container)
