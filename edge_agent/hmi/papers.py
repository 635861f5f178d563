"""PDFs and tables that take seconds: made by a command in a process of its own, niced, one at a
time, so that neither the pages nor the gate wait for it.

What was made can be fetched once, by the browser that asked for it, and is forgotten then.
"""

import asyncio
import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from edge_agent.core.people import Permission
from edge_agent.core.saying import SaidError, Saying, say
from edge_agent.hmi.sessions import Session, Sessions, random_id
from edge_agent.words import Words

PAPER_PATH = "/papers/{paper}"
WAITING = 4
"""That may be asked for at a time. One more is refused."""
KEPT = 20
"""That may lie unfetched. The oldest are forgotten."""
LIMIT_S = 300
REFUSED = 2
"""How a command ends that says why it cannot be done."""
_NICE = ("nice", "-n", "15")

log = structlog.get_logger("edge_agent.hmi")


class PaperError(SaidError):
    """It was not made."""


@dataclass(frozen=True, slots=True)
class _Paper:
    file: Path
    name: str
    session: Session
    needs: Permission


class Papers:
    """`config` is what the commands are given as CONFIG."""

    def __init__(self, config: str, sessions: Sessions) -> None:
        self._config = config
        self._sessions = sessions
        self._one = asyncio.Lock()
        self._asked = 0
        self._papers: dict[str, _Paper] = {}
        self._directory = tempfile.TemporaryDirectory(prefix="edge-agent-papers-")

    async def make(
        self,
        session: Session,
        needs: Permission,
        name: str,
        command: str,
        form: str,
        *options: str,
    ) -> str:
        """Run ``edge-agent COMMAND CONFIG FORM=FILE OPTIONS...``: `form` is the option that takes
        the file to write. The path at which the browser of `session` fetches it, as `name`, while
        who is signed in there has the permission. Raises PaperError."""
        paper = random_id()
        file = await self._made(paper, command, form, options)
        self._papers[paper] = _Paper(file, name, session, needs)
        while len(self._papers) > KEPT:
            self._papers.pop(next(iter(self._papers))).file.unlink(missing_ok=True)
        return PAPER_PATH.format(paper=paper)

    async def text(self, command: str, form: str, *options: str) -> str:
        """As `make`, for what a page shows itself: what the file says. Raises PaperError."""
        file = await self._made(random_id(), command, form, options)
        try:
            return file.read_text("utf-8")
        finally:
            file.unlink()

    async def _made(self, paper: str, command: str, form: str, options: tuple[str, ...]) -> Path:
        if self._asked >= WAITING:
            raise PaperError(
                say("{count} are being made already: wait for one of them", count=WAITING)
            )
        self._asked += 1
        file = Path(self._directory.name) / paper
        try:
            async with self._one:
                code, said = await _run(command, self._config, f"{form}={file}", *options)
        finally:
            self._asked -= 1
        if not file.exists():
            log.warning("no paper", command=command, code=code, why=said)
            # Of its own refusals it speaks in the language that it was asked to.
            raise PaperError(Saying(said) if code == REFUSED else say("see the log of the pages"))
        return file

    def fetch(self, request: Request) -> Response:
        """The answer at `PAPER_PATH`."""
        session = self._sessions.of(request)
        paper = self._papers.get(request.path_params["paper"])
        person = self._sessions.who(session)
        if paper is None or paper.session is not session or person is None:
            return PlainTextResponse("there is no such paper for you", status_code=404)
        if not person.may(paper.needs):
            return PlainTextResponse("you may not see this", status_code=403)
        del self._papers[request.path_params["paper"]]
        return FileResponse(
            paper.file, filename=paper.name, background=BackgroundTask(paper.file.unlink)
        )

    def close(self) -> None:
        """Forget all of them."""
        self._directory.cleanup()


async def _run(*command: str) -> tuple[int | None, str]:
    """How it ended, and the end of what it says of faults."""
    process = await asyncio.create_subprocess_exec(
        *_NICE,
        sys.executable,
        "-m",
        "edge_agent",
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            _, said = await process.communicate()
    except TimeoutError:
        raise PaperError(
            say("it took longer than {seconds} s, and was given up", seconds=LIMIT_S)
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
    return process.returncode, said.decode(errors="replace").strip()[-500:]


def not_made(error: SaidError, t: Words) -> str:
    """What a person is told."""
    return t("It could not be made: {why}", why=t.sayings(error.sayings))
