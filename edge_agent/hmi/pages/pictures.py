"""Pictures: what a camera sees now, ``/camera/NAME``; of a reject, ``/evidence/SHA256``."""

import asyncio
import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import HTTPException, Response
from nicegui import app

from edge_agent import clock
from edge_agent.control import ControlError
from edge_agent.hmi.line_link import ask
from edge_agent.hmi.site import Site

EVERY_US = 450_000
"""A camera is asked for a picture so often, however many screens show it."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TYPES = {".jpg": "image/jpeg", ".webp": "image/webp"}


class Eye:
    """The newest picture of one camera."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._asked_at_us = -EVERY_US
        self._jpeg: bytes | None = None

    async def look(self) -> bytes | None:
        """As JPEG, with what was read marked in it; None if there is none."""
        async with self._lock:
            if clock.now_us() - self._asked_at_us >= EVERY_US:
                self._asked_at_us = clock.now_us()
                try:
                    picture = (await ask(self._path, "look"))["picture"]
                except ControlError:
                    picture = None
                self._jpeg = base64.b64decode(picture) if picture else None
            return self._jpeg


def add(site: Site) -> None:
    """Declare the routes."""
    config = site.config
    eyes = {name: Eye(config.control_path(f"camera-{name}")) for name in config.cameras}

    @app.get("/camera/{name}")
    async def camera(name: str) -> Response:
        jpeg = await eyes[name].look() if name in eyes else None
        if jpeg is None:
            raise HTTPException(404)
        return Response(jpeg, media_type="image/jpeg")

    @app.get("/evidence/{sha256}")
    async def evidence(sha256: str) -> Response:
        if not _SHA256.fullmatch(sha256) or config.line.secret_codes:
            raise HTTPException(404)  # codes can be read off a picture
        days = _days()
        paths = [
            path
            for name in config.cameras
            for day in days
            for path in (config.evidence_path(name) / day).glob(f"*-{sha256}.*")
            if path.suffix in _TYPES
        ]
        if not paths:
            raise HTTPException(404)
        data = await asyncio.to_thread(paths[0].read_bytes)
        return Response(data, media_type=_TYPES[paths[0].suffix])


def _days() -> list[str]:
    """The names of today's and yesterday's directories: a screen shows new rejects only."""
    now = datetime.now(UTC)
    return [f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}"]
