"""The page: on this machine only, to be looked at by one person or a few."""

import errno
import socket
from contextlib import suppress
from importlib.resources import files
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from edge_agent.camera.view.watching import Watcher

HOST = "127.0.0.1"
MAX_CONNECTIONS = 16
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}


class ViewError(Exception):
    """Nothing can be shown; the message says why and the mend."""


def create_app(watcher: Watcher) -> FastAPI:
    """GET only; a page of another origin gets nothing, and a name other than this machine's own is
    refused, so that no site can look through a visitor's browser (DNS rebinding)."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    @app.middleware("http")
    async def closed(request: Request, go_on: RequestResponseEndpoint) -> Response:
        response = await go_on(request)
        response.headers.update(_HEADERS)
        return response

    for path, (name, kind) in _FILES.items():
        content = files(__package__).joinpath(name).read_bytes()
        app.add_api_route(path, _fixed(content, kind), methods=["GET"])

    @app.get("/facts")
    async def facts() -> dict[str, Any]:
        return watcher.facts

    @app.get("/picture.jpg")
    async def picture() -> Response:
        if watcher.jpeg is None:
            return Response(status_code=503)
        return Response(watcher.jpeg, media_type="image/jpeg")

    return app


def serve(watcher: Watcher, listener: socket.socket) -> None:
    """Until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        create_app(watcher),
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    # uvicorn ends in good order first, then raises the signal it was ended by.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """Raises ViewError when the port is in use."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = "in use" if error.errno == errno.EADDRINUSE else f"not to be had: {error.strerror}"
        raise ViewError(f"{HOST}:{port} is {why}; choose another with --port") from None


def _fixed(content: bytes, kind: str) -> Any:
    async def answer() -> Response:
        return Response(content, headers={"Content-Type": kind})

    return answer
