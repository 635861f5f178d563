"""Print jobs on their way: drawn, handed to their printer one after the other, and answered for.

Each job gets exactly one word. A job that the printer never heard of waits for as long as the
printer is at fault; one that was under way when something broke is told as failed, since nobody
knows whether it came out. Nothing here makes the line wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

import structlog

from drivers.printers.zpl import MAX_JOB_BYTES
from drivers.protocols import DeviceState, LabelPrinter, PrinterError, PrinterFault
from edge_agent import clock
from edge_agent.core.effects import Print
from edge_agent.core.inputs import PrinterWord
from edge_agent.core.labels import Labels
from edge_agent.core.names import JobId
from edge_agent.labels.layout import LabelError
from edge_agent.labels.template import Template
from edge_agent.labels.typesetting import Typeface
from edge_agent.labels.worker import Setup
from edge_agent.line.label_worker import LabelWorker

WAITING_LIMIT = 100
"""Jobs of one printer. More than an hour's labels are not printed at once when it is mended."""
RETRY_S = 0.1
VOID = "void"
"""The failure of a job that was not wanted any more when its turn came."""

log = structlog.get_logger("edge_agent.line")


class PrintLink:
    """One printer's jobs. `tell` takes each word, and is asked again if it is False; `is_void` says
    whether what a job's label says is no longer so."""

    def __init__(
        self,
        name: str,
        printer: LabelPrinter,
        *,
        dpmm: int,
        templates: Mapping[str, Template],
        typeface: Typeface,
        tell: Callable[[PrinterWord], bool],
        is_void: Callable[[JobId], bool],
    ) -> None:
        self._name = name
        self._printer = printer
        self._worker = LabelWorker(Setup(font=typeface.path, dpmm=dpmm, templates=templates))
        self._tell = tell
        self._is_void = is_void
        self._jobs: deque[Print] = deque()
        self._words: deque[PrinterWord] = deque()
        self._news = asyncio.Event()
        self._words_news = asyncio.Event()

    @property
    def state(self) -> DeviceState:
        return self._printer.state

    @property
    def fault(self) -> PrinterFault | None:
        """Why nothing is printed now. Its value is a key of `core.labels.FAULTS`."""
        return self._printer.fault

    @property
    def waiting(self) -> int:
        """Jobs that are not on paper yet."""
        return len(self._jobs)

    def offer(self, job: Print) -> None:
        """Print `job` when its turn comes."""
        if len(self._jobs) >= WAITING_LIMIT:
            log.error("too many labels wait", printer=self._name, waiting=len(self._jobs))
            self._answer(job, "queue-full")
            return
        self._jobs.append(job)
        self._news.set()

    async def run(self) -> None:
        """Print until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._printer.run())
                group.create_task(self._pass_words_on())
                group.create_task(self._work())
        finally:
            await self._worker.close()

    async def _work(self) -> None:
        while True:
            while not self._jobs:
                self._news.clear()
                await self._news.wait()
            job = self._jobs[0]
            failure = await self._print(job)
            self._jobs.popleft()
            self._answer(job, failure)

    async def _print(self, job: Print) -> str:
        """Why nobody knows whether `job` was printed, or VOID; empty if it was."""
        try:
            label = await self._worker.draw(job)
            if len(label) > MAX_JOB_BYTES:
                raise LabelError(
                    f"template {job.template} makes {len(label)} bytes, expected at most "
                    f"{MAX_JOB_BYTES}: use less or smaller text"
                )
        except LabelError as error:
            log.warning("label not drawn", printer=self._name, job=job.job, why=str(error))
            return str(error)
        while True:
            await self._printer.ready()
            if self._is_void(job.job):
                log.info("label not printed", printer=self._name, job=job.job, why="it is void")
                return VOID
            try:
                await self._printer.print(label)
            except PrinterError as error:
                log.warning("label not printed", printer=self._name, job=job.job, why=str(error))
                if error.handed_over:
                    return error.fault.value
            else:
                return ""

    def _answer(self, job: Print, failure: str) -> None:
        self._words.append(PrinterWord(clock.now(), job.station, job.job, failure))
        self._words_news.set()

    async def _pass_words_on(self) -> None:
        """The line's queue may be full for a moment; a word that was lost would leave its job under
        way for ever."""
        while True:
            while not self._words:
                self._words_news.clear()
                await self._words_news.wait()
            if self._tell(self._words[0]):
                self._words.popleft()
            else:
                await asyncio.sleep(RETRY_S)


def left_behind(labels: Labels) -> list[PrinterWord]:
    """What to tell, at the start, of jobs that were under way when the line ended: the printer may
    have had them."""
    return [
        PrinterWord(clock.now(), job.station, job.id, "restarted") for job in labels.under_way()
    ]
