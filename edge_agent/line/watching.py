"""Who watches the line gets its view: the newest, soon after a change, and a beat in between.

The gate comes first. Nothing is built while nobody watches; for a change nothing sooner than GAP_S
after the change before, however many things change and however many watch: all get the same bytes.
Building is a turn of the loop of its own, after the gate has its verdicts.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import structlog

from edge_agent.views import BEAT_S

GAP_S = 0.04

log = structlog.get_logger("edge_agent.line")


class Watching:
    """Hands out what `build` gives: a view as one line of JSON, without its end."""

    def __init__(self, build: Callable[[], bytes]) -> None:
        self._build = build
        self._watchers = 0
        self._views = self._failures = 0
        self._line = b""
        self._changed_s = 0.0
        """When a view was built for a change."""
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = False
        """A view is due for a change, and not only for the beat."""

    def changed(self) -> None:
        """What the view shows may be another than before."""
        if self._watchers and not self._is_due:
            self._is_due = True
            self._publish_at(self._changed_s + GAP_S)

    async def watch(self, _: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """Every view from now on, but those that come while the one before is not taken yet."""
        self._watchers += 1
        try:
            seen = self._views
            self.changed()
            while True:
                if self._views == seen:
                    await self._news.wait()
                seen = self._views
                yield self._line
        finally:
            self._watchers -= 1

    def facts(self) -> dict[str, int]:
        """For the role's status, as JSON values. `failures` are views that could not be built."""
        return {"watchers": self._watchers, "views": self._views, "failures": self._failures}

    def _publish_at(self, when_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when_s, self._publish)

    def _publish(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._is_due:
            self._changed_s = now_s
        self._timer, self._is_due = None, False
        if not self._watchers:
            return
        try:
            self._line = self._build()
        except Exception:  # the callback's boundary: the line runs on, and the pages say it is away
            self._failures += 1
            if self._failures == 1:
                log.exception("the view cannot be built: the screens say that the line is away")
        else:
            self._views += 1
            self._news.set()
            self._news = asyncio.Event()
        self._publish_at(now_s + BEAT_S)
