"""The camera's own output, switched over HTTP: a lamp that shows the verdict."""

import asyncio
import re

import requests
import structlog

TIMEOUT_S = 1.0

log = structlog.get_logger("edge_agent.camera")


class Lamp:
    """Fetches one URL at a time, in a thread; of those that come meanwhile the newest.

    `failures` counts fetches that failed, `skipped` what a newer one overtook.
    """

    def __init__(self, accept_url: str | None, reject_url: str | None) -> None:
        self._url_of = {True: accept_url, False: reject_url}
        self._wanted: str | None = None
        self._wake = asyncio.Event()
        self._session = requests.Session()
        self._session.trust_env = False  # a lamp is on the line's own network
        self.fetched = 0
        self.failures = 0
        self.skipped = 0
        self.fault: str | None = None

    def show(self, *, accepted: bool) -> None:
        """Switch it soon. Does not wait."""
        url = self._url_of[accepted]
        if url is not None:
            self.skipped += self._wanted is not None
            self._wanted = url
            self._wake.set()

    async def run(self) -> None:
        """Serve `show` until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            url, self._wanted = self._wanted, None
            if url is not None:
                self._count(await asyncio.to_thread(self._fetch, url))

    def _fetch(self, url: str) -> str | None:
        try:
            with self._session.get(url, timeout=TIMEOUT_S, stream=True) as answer:
                answer.raise_for_status()
        except requests.RequestException as error:
            return f"{without_secrets(url)}: {without_secrets(str(error))}"
        return None

    def _count(self, fault: str | None) -> None:
        self.fetched += fault is None
        self.failures += fault is not None
        if fault and not self.fault:
            log.warning("lamp does not answer", why=fault)
        self.fault = fault

    def facts(self) -> dict[str, int | str | None]:
        """For the role's status, as JSON values."""
        return {
            "fetched": self.fetched,
            "failures": self.failures,
            "skipped": self.skipped,
            "fault": self.fault,
        }


def without_secrets(words: str) -> str:
    """`words` with the user, password and query of every URL in them left out."""
    return re.sub(r"(?<=//)[^\s/?#]*@|(?<=\?)[^\s'\")]+", "…", words)
