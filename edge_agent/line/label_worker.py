"""The process that draws labels (edge_agent.labels.worker), as the line sees it.

It is started with the first label. One that dies or hangs costs one label.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec

from edge_agent.core.effects import Print
from edge_agent.labels.layout import LabelError
from edge_agent.labels.worker import Setup

DRAW_S = 30.0
"""A label takes a tenth of a second, and its first one a second more."""
_ANSWER_BYTES = 1 << 20
_LEASH = ("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m")
"""The kernel ends it with the role, however that dies (prctl(2), PR_SET_PDEATHSIG)."""


class LabelWorker:
    """Draws one label at a time. `draw_s` is how long one may take."""

    def __init__(self, setup: Setup, *, draw_s: float = DRAW_S) -> None:
        self._setup = setup
        self.draw_s = draw_s
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process else None

    async def draw(self, job: Print) -> bytes:
        """`job` as ZPL. Raises LabelError."""
        try:
            async with asyncio.timeout(self.draw_s):
                answer = await self._ask({"template": job.template, "fields": dict(job.fields)})
        except TimeoutError:
            await self.close()
            raise LabelError(f"not done after {self.draw_s:g} s") from None
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            await self.close()
            raise LabelError(f"the process that draws it ended: {error}") from None
        if "error" in answer:
            raise LabelError(answer["error"])
        return answer["zpl"].encode("ascii")

    async def close(self) -> None:
        """End the process; the next label starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _ask(self, question: dict[str, object]) -> dict[str, str]:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await create_subprocess_exec(
                *_LEASH, "edge_agent.labels.worker", stdin=PIPE, stdout=PIPE, limit=_ANSWER_BYTES
            )  # fmt: skip
            self._send(process, self._setup.model_dump_json())
        self._send(process, json.dumps(question))
        assert process.stdout is not None  # noqa: S101 it is a pipe
        answer: dict[str, str] = json.loads(await process.stdout.readuntil(b"\n"))
        return answer

    @staticmethod
    def _send(process: Process, line: str) -> None:
        assert process.stdin is not None  # noqa: S101 it is a pipe
        process.stdin.write(line.encode() + b"\n")
