"""HQ's HTTP interface (docs/hq.md).

One thread writes the database, over one connection; every read opens a view of its own.
"""

import asyncio
import errno
import fcntl
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from sqlite_utils import Database
from starlette.requests import ClientDisconnect

from edge_agent import clock
from edge_agent.sqlite import SqliteError, connect
from sync.hq import intake, queries, schema
from sync.hq.tokens import Tokens
from sync.wire import (
    CAPS,
    MAX_SEQ,
    Acked,
    Batch,
    Caps,
    Hole,
    Malformed,
    MalformedError,
    TooLargeError,
    explain,
    unpack,
)

DATABASE_FILE = "hq.db"
BODY_TIMEOUT_S = 60
"""A batch that takes longer to arrive is given up: a stalled line must not hold memory."""
MAX_CONNECTIONS = 200
MAX_HOLE_BYTES = 4_096

Limit = Annotated[int, Query(ge=1, le=10_000)]
After = Annotated[int, Query(ge=-1, le=MAX_SEQ)]

log = structlog.get_logger("sync.hq")
_T = TypeVar("_T")


class HqError(Exception):
    """HQ cannot run; the message says why and the mend."""


def run_hq(data_dir: Path, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises HqError when the address or `data_dir` cannot be had, when another process holds it, or
    when its database is damaged or from a newer version.
    """
    if not _is_loopback(host):
        log.warning(
            "HQ listens beyond this machine and speaks plain HTTP: tokens and data can be read "
            "on the way. Put a TLS proxy in front and bind to 127.0.0.1.",
            host=host,
        )
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            create_app(data_dir),
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=10,
        )
        # uvicorn ends in good order first, then raises the signal it was ended by.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def create_app(data_dir: Path, caps: Caps = CAPS) -> FastAPI:
    """The application over the database and tokens in `data_dir`, which it migrates at once.

    It holds the database until its lifespan ends. Raises HqError.
    """
    path = data_dir / DATABASE_FILE
    lock = _lock(path)
    try:
        db = _open(path)
    except HqError:
        lock.close()
        raise
    writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hq-writer")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        writer.shutdown()
        db.close()
        lock.close()

    app = FastAPI(
        title="Edge Agent HQ", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error.detail, error.status_code, error.headers)

    _add_intake(app, db, writer, Tokens(data_dir), caps)
    app.include_router(_reads(path, Tokens(data_dir)))

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether HQ can read its database; the one answer that needs no token."""
        with _view(path) as db:
            db.execute("SELECT 1 FROM agent LIMIT 1").fetchone()
        return {"status": "ok"}

    return app


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises HqError when the address is in use or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HqError(f"{host}:{port} is in use; choose another with --port") from None
        raise HqError(
            f"HQ cannot listen on {host}:{port}: {error.strerror}; choose with --host and --port"
        ) from None


def _lock(path: Path) -> BinaryIO:
    """A file held locked for as long as it is open: `path` has one writing process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise HqError(
            f"{path.parent} cannot serve as HQ's directory: {error.strerror}; choose one that this "
            "user may write with --data"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise HqError(f"{path}: another process holds this database; stop it first") from None
    return lock


def _open(path: Path) -> Database:
    """HQ's database, migrated. Raises HqError."""
    try:
        db = Database(connect(path, cache_mib=64))
        newer = schema.newer_than_known(db)
        if not newer:
            schema.migrations.apply(db)
            return db
    except SqliteError as error:
        raise HqError(
            f"{path} cannot be used as HQ's database: {error}. If it is damaged, restore its "
            "backup (docs/hq.md)."
        ) from None
    db.close()
    raise HqError(
        f"{path} was written by a newer version (unknown migrations {', '.join(newer)}). "
        "Install that version again."
    )


def _add_intake(
    app: FastAPI, db: Database, writer: ThreadPoolExecutor, tokens: Tokens, caps: Caps
) -> None:
    async def write(work: Callable[[], intake.Answer]) -> JSONResponse:
        try:
            answer = await asyncio.get_running_loop().run_in_executor(writer, work)
        except TooLargeError as error:
            return _answer(413, {"error": "too_large", "detail": str(error)})
        except MalformedError as error:
            # The faults quote codes, and codes may be secret: the agent is told, the log is not.
            log.warning("malformed batch refused", faults=len(error.faults) + error.more)
            return _answer(422, Malformed(faults=error.faults, more=error.more))
        if not isinstance(answer, Acked):
            log.warning("batch does not join", answer=answer.model_dump())
        return _answer(200 if isinstance(answer, Acked) else 409, answer)

    @app.post("/batches")
    async def batches(request: Request) -> JSONResponse:
        agent = _authenticate(request, tokens)
        raw = await _body(request, caps.compressed_bytes)

        def work() -> intake.Answer:
            batch = unpack(raw, caps)
            _same_agent(agent, batch)
            return intake.receive(db, batch, clock.now().isoformat())

        return await write(work)

    @app.post("/quarantine")
    async def quarantine(request: Request) -> JSONResponse:
        agent = _authenticate(request, tokens)
        raw = await _body(request, MAX_HOLE_BYTES)
        try:
            hole = Hole.model_validate_json(raw)
        except ValidationError as error:
            return _answer(422, Malformed(faults=explain(error)))
        _same_agent(agent, hole)
        return await write(lambda: intake.declare(db, hole, clock.now().isoformat()))


def _reads(path: Path, tokens: Tokens) -> APIRouter:
    """What HQ shows to whoever has a valid token, each answer from one consistent view."""

    def authenticated(request: Request) -> None:
        _authenticate(request, tokens)

    view = partial(_view, path)
    reads = APIRouter(dependencies=[Depends(authenticated)])

    @reads.get("/agents")
    def agents() -> list[dict[str, Any]]:
        with view() as db:
            return queries.agents(db)

    @reads.get("/agents/{name}")
    def agent(name: str) -> dict[str, Any]:
        with view() as db:
            return _found(queries.agent(db, name), f"agent {name!r:.60}")

    @reads.get("/agents/{name}/tree")
    def tree(name: str, after: str = "", limit: Limit = 1_000) -> dict[str, Any]:
        with view() as db:
            return _found(queries.tree(db, name, after, limit), f"agent {name!r:.60}")

    @reads.get("/agents/{name}/containers")
    def containers(name: str, after: After = -1, limit: Limit = 1_000) -> dict[str, Any]:
        with view() as db:
            return _found(queries.containers(db, name, after, limit), f"agent {name!r:.60}")

    @reads.get("/agents/{name}/events")
    def events(name: str, after: After = 0, limit: Limit = 1_000) -> dict[str, Any]:
        with view() as db:
            return _found(queries.events(db, name, after, limit), f"agent {name!r:.60}")

    @reads.get("/trace/{code:path}")
    def trace(code: str) -> dict[str, Any]:
        with view() as db:
            nodes = queries.trace(db, code)
        return {"code": code, "nodes": _found(nodes, f"key or text {code!r:.200}")}

    return reads


@contextmanager
def _view(path: Path) -> Iterator[Database]:
    """A read-only view of the database, the same from first to last statement."""
    connection = connect(path, read_only=True)
    try:
        connection.execute("BEGIN")
        yield Database(connection)
    finally:
        connection.close()


def _found(value: _T | None, what: str) -> _T:
    if not value:
        raise HTTPException(404, {"error": "not_found", "detail": f"HQ knows no {what}"})
    return value


def _authenticate(request: Request, tokens: Tokens) -> str:
    """The agent whose token the request carries (RFC 6750, section 2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    agent = tokens.agent(token.strip()) if scheme.lower() == "bearer" else None
    if agent is None:
        raise HTTPException(
            401,
            {"error": "unauthorized", "detail": "the token is missing, unknown or revoked"},
            {"WWW-Authenticate": "Bearer"},
        )
    return agent


def _same_agent(agent: str, sent: Batch | Hole) -> None:
    if sent.agent != agent:
        raise HTTPException(
            403,
            {"error": "forbidden", "detail": f"the token is {agent}'s, the data is {sent.agent}'s"},
        )


async def _body(request: Request, cap_bytes: int) -> bytes:
    """The request's body as it streams in; Content-Length is only what the sender claims."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > cap_bytes:
                    raise HTTPException(
                        413,
                        {"error": "too_large", "detail": f"body has more than {cap_bytes} bytes"},
                    )
    except ClientDisconnect:
        raise HTTPException(
            400, {"error": "incomplete", "detail": "the sender left before the body's end"}
        ) from None
    except TimeoutError:
        raise HTTPException(
            408, {"error": "timeout", "detail": f"body took more than {BODY_TIMEOUT_S} s"}
        ) from None
    return bytes(body)


def _answer(status: int, content: BaseModel | dict[str, str]) -> JSONResponse:
    return JSONResponse(content.model_dump() if isinstance(content, BaseModel) else content, status)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
