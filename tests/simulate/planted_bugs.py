"""Parts with a bug each, as they might be written by mistake. None changes anything else."""

from dataclasses import replace

from drivers.gate.block import GateBlock, _Track
from drivers.gate.parameters import Sensors
from drivers.gate.registers import (
    MAY_RUN,
    OUTCOME_WORDS,
    VERDICT_WORDS,
    WORD,
    Command,
    Fate,
    Status,
    Word,
)
from edge_agent.core.effects import Run
from edge_agent.core.events import Event
from edge_agent.core.inputs import GateReport, Input, Outcome
from edge_agent.core.names import Instant
from edge_agent.line.engine import Committed, Engine
from edge_agent.line.gate_session import GateSession, Poll


class PassesBeforeCommit(Engine):
    """Lets the effects go as soon as they are decided, to save half a millisecond."""

    def _decide(self, batch: list[Input]) -> Committed:
        recorded: list[Event] = []
        with self._ledger.transaction():
            for given in batch:
                decision = self._line.decide(given)
                self._ledger.append(decision.events)
                recorded += decision.events
                now_us = self._now().mono_us
                if decision.effects:
                    effects = [(effect, now_us) for effect in decision.effects]
                    self._release(Committed(effects, now_us))
        return Committed([], self._now().mono_us, recorded)


class KeepsStopsToItself(Engine):
    """Records that the line is stopped, and tells nobody."""

    def _decide(self, batch: list[Input]) -> Committed:
        committed = super()._decide(batch)
        told = [
            (effect, at_us)
            for effect, at_us in committed.effects
            if not isinstance(effect, Run) or effect.permitted
        ]
        return replace(committed, effects=told)


class AcceptsByDefault(GateBlock):
    """Passes what has no verdict."""

    def _arrive(self, now_ms: int, position: int) -> None:
        number = self._next_at_gate - 1
        at = VERDICT_WORDS * (number % self.parameters.slots)
        if self.verdicts[at + 1] == Word.NONE:
            start = self.status[Status.START]
            self.verdicts[at : at + VERDICT_WORDS] = [number % WORD, Word.PASS, start]
        super()._arrive(now_ms, position)


class IgnoresTheSequence(GateBlock):
    """Compares a verdict's item number, but not the PLC's start that it was given for."""

    def _arrive(self, now_ms: int, position: int) -> None:
        at = VERDICT_WORDS * ((self._next_at_gate - 1) % self.parameters.slots)
        self.verdicts[at + 2] = self.status[Status.START]
        super()._arrive(now_ms, position)


class HoldsTheLastOutput(GateBlock):
    """Leaves the gate as it is when the link is lost."""

    def scan(
        self, now_ms: int, position: int, sensors: Sensors, sampled: int | None = None
    ) -> None:
        was_open = self.gate_open
        super().scan(now_ms, position, sensors, sampled)
        if self.status[Status.SESSION] == 0:
            self.gate_open = was_open


class CountsBounces(GateBlock):
    """Takes each edge of the trigger's eye for an item."""

    def _eye_edge(self, position: int, eye: bool) -> bool:
        edge = eye and not self._eye
        self._eye = eye
        return edge


class KeepsOldOutcomes(GateBlock):
    """Leaves the outcome of the slot's last item when the next one takes it."""

    def trigger(self, position: int) -> None:
        slot = (self._items + 1) % self.parameters.slots
        before = self.outcomes[OUTCOME_WORDS * slot + 1]
        super().trigger(position)
        self.outcomes[OUTCOME_WORDS * slot + 1] = before


class KeepsOldVerdicts(GateBlock):
    """Writes a new item's number into its slot and leaves the verdict on the last one there."""

    def trigger(self, position: int) -> None:
        at = VERDICT_WORDS * ((self._items + 1) % self.parameters.slots)
        before = self.verdicts[at + 1 : at + VERDICT_WORDS]
        super().trigger(position)
        self.verdicts[at + 1 : at + VERDICT_WORDS] = before


class TrustsTheBeltAfterALostLink(GateBlock):
    """A verdict is a verdict, whatever session it was given in."""

    def _void_belt(self) -> None:
        self.status[Status.VOID_UNTIL] = self._items % WORD


class PassedIsWhatItOpenedFor(GateBlock):
    """Tells an item as passed although the gate was shut on it, or it came to the bin."""

    def _fate(self, track: _Track) -> Fate:
        return Fate.PASSED if track.opened else super()._fate(track)


class RunsWhenStopped(GateBlock):
    """Does not look at what it is told about the belt."""

    def _watch_link(self, now_ms: int) -> None:
        self.commands[Command.CONTROL] |= MAY_RUN
        super()._watch_link(now_ms)


class TakesAnyNumber(GateSession):
    """Begins a session with the number that the PLC shows, if it draws it."""

    def _renumber(self, poll: Poll) -> None:
        self._number = self._draw()
        self._begun_us = poll.at.mono_us


class NeverRenumbers(GateSession):
    """Begins each session with the same number."""

    def _renumber(self, poll: Poll) -> None:
        self._number = 1
        self._begun_us = poll.at.mono_us


class BelievesItsOwnPass(GateSession):
    """Takes the acknowledgement of a PASS for the item's outcome."""

    def outcomes(self, at: Instant, words: list[int]) -> list[Input]:  # type: ignore[override]
        return [
            replace(given, outcome=Outcome.PASSED)
            if isinstance(given, GateReport) and given.outcome is Outcome.UNASKED
            else given
            for given in super().outcomes(at, words)
        ]
