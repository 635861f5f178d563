"""A gate's words, recorded on their way."""

from asyncio import Future
from collections.abc import Sequence

from drivers.gate.registers import Command, Status
from drivers.protocols import PlcError
from edge_agent.core.names import StationName
from edge_agent.core.saying import Saying
from edge_agent.line.gate_link import GateWords
from edge_agent.recorder.flight import FlightRecorder

_RUNNING: dict[str, set[int]] = {
    "status": {Status.HEARTBEAT, Status.POSITION, Status.POSITION + 1},
    "commands": {Command.HEARTBEAT},
}
"""Words that change while nothing happens."""


class RecordedWords:
    """`GateWords` (line.gate_link) over others. Status and commands are recorded when they are not
    as before, but for what always counts; errors when they are not the one before."""

    def __init__(self, words: GateWords, station: StationName, recorder: FlightRecorder) -> None:
        self._words = words
        self._station = station
        self._recorder = recorder
        self._before: dict[str, Sequence[int] | str] = {}

    async def check(self) -> Saying | None:
        return await self._words.check()

    async def status(self) -> Sequence[int]:
        try:
            words = await self._words.status()
        except PlcError as error:
            self._fail("status", error)
            raise
        self._note("status", words)
        return words

    async def outcomes(self, slot: int, count: int) -> Sequence[int]:
        try:
            words = await self._words.outcomes(slot, count)
        except PlcError as error:
            self._fail("outcomes", error)
            raise
        self._recorder.words(self._station, "outcomes", tuple(words), slot=slot)
        return words

    def write_commands(self, words: Sequence[int]) -> Future[None]:
        self._note("commands", words)
        return self._watched("commands", self._words.write_commands(words))

    def write_verdicts(self, slot: int, words: Sequence[int]) -> Future[None]:
        self._recorder.words(self._station, "verdicts", tuple(words), slot=slot)
        return self._watched("verdicts", self._words.write_verdicts(slot, words))

    def _note(self, what: str, words: Sequence[int]) -> None:
        lasting = [word for place, word in enumerate(words) if place not in _RUNNING[what]]
        if self._before.get(what) != lasting:
            self._before[what] = lasting
            self._recorder.words(self._station, what, tuple(words))

    def _watched(self, what: str, answer: Future[None]) -> Future[None]:
        answer.add_done_callback(lambda done: self._answered(what, done))
        return answer

    def _answered(self, what: str, answer: Future[None]) -> None:
        if not answer.cancelled() and (error := answer.exception()) is not None:
            self._fail(what, error)

    def _fail(self, what: str, error: BaseException) -> None:
        if what in _RUNNING and self._before.get(what) == str(error):
            return
        self._before[what] = str(error)
        self._recorder.words(self._station, what, error=str(error))
