"""A frame's way through the pool, for one thing or for a layer."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, Protocol

from edge_agent import clock
from edge_agent.camera.buffer import Waiting
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note
from edge_agent.camera.gathering import Gathering, LayerCodes, Outcome, ThingCodes
from edge_agent.camera.jobs import Done, LookAtPart, Made, MakePicture, ReadFrame
from edge_agent.camera.layer.reader import LayerReader, Part, Seen
from edge_agent.camera.layer.reading import LayerReading
from edge_agent.camera.pool import Pool, WorkerError
from edge_agent.camera.slots import Place
from edge_agent.camera.symbols import Reading
from edge_agent.camera.triggers import Trigger

Job = Coroutine[Any, Any, Outcome]


class Decoding(Protocol):
    """How frames are decoded."""

    @property
    def is_ready(self) -> bool:
        """Whether a frame could begin at once."""
        ...

    def gather(self) -> Gathering:
        """Of a new trigger."""
        ...

    def begin(self, waiting: Waiting[Trigger], number: int | None) -> Job:
        """Decode the frame; with a picture for trigger `number`, if that is not None."""
        ...


class ThingDecoding:
    """One frame is one worker's."""

    def __init__(self, pool: Pool, plan: ReadingPlan) -> None:
        self._pool = pool
        self._plan = plan

    @property
    def is_ready(self) -> bool:
        return self._pool.idle > 0

    def gather(self) -> Gathering:
        return ThingCodes(self._plan)

    def begin(self, waiting: Waiting[Trigger], number: int | None) -> Job:
        job = ReadFrame(_place(waiting), number, _utc(waiting))
        return self._outcome(waiting, self._pool.do(job))

    async def _outcome(self, waiting: Waiting[Trigger], work: Coroutine[Any, Any, Done]) -> Outcome:
        taken_us = waiting.shot.taken_us
        try:
            done = await work
        except WorkerError as error:
            return Outcome(taken_us, failure=str(error))
        return Outcome(
            taken_us,
            done.reading,
            decode_us=done.decode_us,
            picture=done.made.picture,
            picture_fault=done.made.fault,
        )


class LayerDecoding:
    """One frame after the other, each shared by all workers."""

    def __init__(self, camera: str, pool: Pool, reader: LayerReader) -> None:
        self._camera = camera
        self._pool = pool
        self._reader = reader
        self._is_busy = False

    @property
    def is_ready(self) -> bool:
        return self._pool.idle > 0 and not self._is_busy

    def gather(self) -> Gathering:
        return LayerCodes()

    def begin(self, waiting: Waiting[Trigger], number: int | None) -> Job:
        self._is_busy = True
        return self._outcome(waiting, number)

    async def _outcome(self, waiting: Waiting[Trigger], number: int | None) -> Outcome:
        taken_us = waiting.shot.taken_us
        began_us = clock.now_us()
        try:
            reading = await self._read(_place(waiting))
            if waiting.asker is not None and isinstance(waiting.asker.gathering, LayerCodes):
                before = waiting.asker.gathering.reading
                reading = self._reader.merge(before, reading) if before else reading
            decode_us = clock.now_us() - began_us
            seen = Reading(reading.symbols, reading.doubted, reading.tries)
            made = Made()
            # A frame that could not be laid upon the others is not what the answer tells of.
            if number is not None and reading.shown_by == reading.frames:
                made = await self._picture(waiting, number, reading, seen)
        except WorkerError as error:
            return Outcome(taken_us, failure=str(error))
        finally:
            self._is_busy = False
        return Outcome(taken_us, seen, reading, decode_us, made.picture, made.fault)

    async def _read(self, place: Place) -> LayerReading:
        """One frame, in rounds. What is between them takes milliseconds, so it has a thread."""
        job = self._reader.job(place.shape[:2], shares=max(1, self._pool.running))
        parts = next(job)
        while True:
            seen = await self._look(place, parts)
            result = await asyncio.to_thread(_next_round, job, seen)
            if isinstance(result, LayerReading):
                return result
            parts = result

    async def _look(self, place: Place, parts: Sequence[Part]) -> list[Seen]:
        works = [self._pool.do(LookAtPart(place, part)) for part in parts]
        # All of them end, also if one fails: only then is the frame's memory free.
        answers = await asyncio.gather(*works, return_exceptions=True)
        seen = list[Seen]()
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            seen.append(answer)
        return seen

    async def _picture(
        self, waiting: Waiting[Trigger], number: int, layer: LayerReading, seen: Reading
    ) -> Made:
        note = Note(
            camera=self._camera,
            trigger=number,
            at=_utc(waiting),
            reading=seen,
            cells=layer.cells,
            why=layer.why,
        )
        made: Made = await self._pool.do(MakePicture(_place(waiting), note))
        return made


def _next_round(
    job: Generator[list[Part], Sequence[Seen], LayerReading], seen: Sequence[Seen]
) -> list[Part] | LayerReading:
    try:
        return job.send(seen)
    except StopIteration as end:
        reading: LayerReading = end.value
        return reading


def _place(waiting: Waiting[Trigger]) -> Place:
    if waiting.shot.place is None:
        raise ValueError("the frame has no place in memory, expected only such to wait that have")
    return waiting.shot.place


def _utc(waiting: Waiting[Trigger]) -> str:
    return clock.at(waiting.shot.taken_us).isoformat()
