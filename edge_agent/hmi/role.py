"""The hmi role: pages over HTTP, fed by the line's control socket. It writes no database."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from nicegui import Client, core, ui
from starlette.staticfiles import StaticFiles

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.hmi.line_link import LineLink
from edge_agent.hmi.pages import PAGES
from edge_agent.hmi.papers import PAPER_PATH, Papers
from edge_agent.hmi.pins import Pins
from edge_agent.hmi.security import BODY_LIMIT_BYTES, Security
from edge_agent.hmi.sessions import TICKET_PATH, SessionCookies, Sessions
from edge_agent.hmi.site import Site
from edge_agent.notify import notify

WATCH_PERIOD_S = 2.0
RECONNECT_S = 5.0
"""So long NiceGUI keeps a page whose browser is away."""
UNOPENED_S = 15.0
"""So long a page waits for the browser that asked for it; one that never comes asked in vain."""
MESSAGES = 20
"""Kept for a browser that comes back. It gets the whole screen again anyway."""
STATIC = Path(__file__).with_name("static")

log = structlog.get_logger("edge_agent.hmi")


class HmiError(Exception):
    """The pages could not be served; the message says why."""


def run_hmi(config: LineConfig, source: str) -> None:
    """Serve the pages of `config` until SIGINT or SIGTERM. `source` is where it was read, as the
    commands take it. Raises HmiError."""
    # It would tell the address of every page's socket, by which the page is known.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    app = make_app(config, source)
    hmi = config.hmi
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=hmi.bind,
            port=hmi.port,
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=BODY_LIMIT_BYTES,
            # Both ends are on one machine.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
    )
    try:
        server.run()
    except SystemExit as error:  # uvicorn's answer to a port in use
        if error.code:
            raise HmiError(
                f"the pages cannot be served on {hmi.bind}:{hmi.port}; is the port in use? "
                "Set another hmi.port"
            ) from None


def make_app(config: LineConfig, source: str) -> FastAPI:
    """The pages of `config`'s line."""
    pins = Pins(config.people_path, config.people, clock.now_us)
    idle_us = config.people.idle_sign_out_s * 1_000_000
    sessions = Sessions(pins.find, idle_us, clock.now_us)
    papers = Papers(source, sessions)
    site = Site(config, LineLink(config.control_path("line")), pins, sessions, papers)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            parts = (site.line.run(), _feed_watchdog(), _forget_unopened())
            jobs = [group.create_task(part) for part in parts]
            site.line.listen(lambda: _sample(site))
            notify("READY=1")
            log.info("hmi ready", line=config.line.name, bind=config.hmi.bind, port=config.hmi.port)
            yield
            notify("STOPPING=1")
            for job in jobs:
                job.cancel()
            papers.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_route(TICKET_PATH, sessions.redeem)
    app.add_route(PAPER_PATH, papers.fetch)
    for add in PAGES:
        add(site)
    ui.run_with(
        app,
        title=config.line.name,
        language="en-US",
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        message_history_length=MESSAGES,
        gzip_middleware_factory=None,
        tailwind=False,
        show_welcome_message=False,
    )
    # By polling, any site's page could open a connection: NiceGUI lets every origin read it.
    core.app.config.socket_io_js_transports = core.sio.eio.transports = ["websocket"]
    core.sio.eio.max_http_buffer_size = BODY_LIMIT_BYTES
    app.add_middleware(SessionCookies)
    app.add_middleware(Security)
    return app


def _sample(site: Site) -> None:
    if site.line.view is not None:
        site.throughput.add(
            {each.name: each.counters.get("accepted", 0) for each in site.line.view.stations}
        )


async def _feed_watchdog() -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(WATCH_PERIOD_S)


async def _forget_unopened() -> None:
    while True:
        await asyncio.sleep(WATCH_PERIOD_S)
        Client.prune_instances(client_age_threshold=UNOPENED_S)
