"""Keeping one connection open: the same state machine for every kind of device.

::

    CONNECTING ──opened──▶ UP ──lost──▶ DOWN ──wait, open──▶ UP
        └───────cannot be opened────────▶┘ ▲──cannot be opened──┘

A device that is absent at the start is in no other case than one that was unplugged.
"""

import asyncio
import errno
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from drivers.protocols import DeviceState, Link, LinkFault, PlcError

OnLost = Callable[[str], None]
"""Told once, with what happened, when a connection breaks by itself."""
Close = Callable[[], None]
OpenLink = Callable[[OnLost], Awaitable[Close]]
"""Opens the connection and gives the way to close it. Raises OSError if it cannot."""

_FAULTS: Mapping[int, LinkFault] = {
    errno.ENOENT: LinkFault.ABSENT,
    errno.ENODEV: LinkFault.ABSENT,
    errno.ENXIO: LinkFault.ABSENT,
    errno.EACCES: LinkFault.FORBIDDEN,
    errno.EPERM: LinkFault.FORBIDDEN,
    errno.EAGAIN: LinkFault.TAKEN,
    errno.EBUSY: LinkFault.TAKEN,
    errno.ECONNREFUSED: LinkFault.REFUSED,
    errno.EHOSTUNREACH: LinkFault.UNREACHABLE,
    errno.ENETUNREACH: LinkFault.UNREACHABLE,
    errno.ETIMEDOUT: LinkFault.UNREACHABLE,
}

_log = structlog.get_logger("drivers")


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next attempt.

    Doubles from `first_s` up to `cap_s` and starts again only after a link that stayed up for
    `settled_s`: a device that takes each connection and drops it at once is not pestered.
    The cap is short because a person who has just plugged a scanner in waits for its lamp.
    """

    first_s: float = 0.1
    cap_s: float = 2.0
    settled_s: float = 5.0
    _failures: int = 0

    def next_wait_s(self, up_s: float, draw: float) -> float:
        """The wait after a link that was up for `up_s` seconds, 0 if it could not be opened.

        `draw` is uniform in [0, 1): it spreads the waits over the upper half of the full one, so
        that many agents do not come back to one device server in step.
        """
        if up_s >= self.settled_s:
            self._failures = 0
        full_s = min(self.cap_s, self.first_s * 2.0**self._failures)
        if full_s < self.cap_s:
            self._failures += 1
        return full_s * (0.5 + 0.5 * draw)


class Reconnect:
    """Opens a device's link again and again, and knows its state.

    Logs WARNING once when the device goes away (or is absent at the start), INFO once when it is
    there, and each failed attempt in between at DEBUG.
    """

    def __init__(self, device: str, where: str) -> None:
        self._log = _log.bind(device=device)
        self._where = where
        self.state = DeviceState(Link.CONNECTING, f"opening {where}")

    async def run(self, open_link: OpenLink) -> None:
        """Keep the link open until cancelled."""
        loop = asyncio.get_running_loop()
        backoff = Backoff()
        try:
            while True:
                up_since_s = loop.time()
                up_s = 0.0
                lost: asyncio.Future[str] = loop.create_future()
                try:
                    close = await open_link(_first_call(lost))
                except OSError as error:
                    self._gone(str(error), fault_of(error))
                else:
                    up_since_s = loop.time()
                    self._back()
                    try:
                        detail = await lost
                    finally:
                        close()
                    up_s = loop.time() - up_since_s
                    self._gone(detail, LinkFault.BROKEN)
                wait_s = backoff.next_wait_s(up_s, random.random())  # noqa: S311 - no secret
                await asyncio.sleep(wait_s)
        finally:
            self.state = replace(self.state, link=Link.DOWN, detail="closed")

    def _back(self) -> None:
        self.state = replace(self.state, link=Link.UP, detail=self._where, fault=None)
        self._log.info("device is up", detail=self._where, losses=self.state.losses)

    def _gone(self, detail: str, fault: LinkFault) -> None:
        before = self.state
        losses = before.losses + (before.link is Link.UP)
        self.state = replace(before, link=Link.DOWN, detail=detail, losses=losses, fault=fault)
        if before.link is Link.DOWN:
            self._log.debug("device is still away", detail=detail)
        else:
            self._log.warning("device is away", detail=detail, losses=losses)


def fault_of(error: OSError) -> LinkFault:
    """Why a device could not be opened: by the first of `error` and its causes that says it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and (fault := _FAULTS.get(cause.errno or 0)):
            return fault
        if isinstance(cause, TimeoutError):
            return LinkFault.UNREACHABLE
        # Opened it was: the question after that was not answered.
        if isinstance(cause, PlcError):
            return LinkFault.SILENT
        cause = cause.__cause__
    return LinkFault.OTHER


def _first_call(lost: asyncio.Future[str]) -> OnLost:
    def on_lost(detail: str) -> None:
        if not lost.done():
            lost.set_result(detail)

    return on_lost
