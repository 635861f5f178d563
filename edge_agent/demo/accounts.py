"""Asking plant, ledger and HQ what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from edge_agent.core.body import from_body
from edge_agent.core.events import Event
from edge_agent.demo.options import DemoError
from edge_agent.ledger.reader import LedgerReader

PAGE = 5_000
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Records:
    """What a journal and its tree hold, in the same form wherever they were read."""

    journal: dict[int, tuple[str, str]]
    """Sequence number → body, and hash in hexadecimal."""
    nodes: dict[str, tuple[str | int | None, ...]]
    """Code → level, state, container it lies in, that container's code, container it names."""

    def events(self) -> Iterator[Event]:
        return (from_body(body) for body, _ in self.journal.values())


def read_ledger(path: Path) -> Records:
    """The line's own records."""
    with LedgerReader(path) as ledger, ledger.snapshot():
        codes = {container.id: container.key for container in ledger.containers()}
        return Records(
            {row.seq: (row.body, row.hash.hex()) for row in ledger.walk()},
            {
                node.key: (
                    node.level,
                    node.state.value,
                    node.inside,
                    None if node.inside is None else codes[node.inside],
                    node.holds,
                )
                for node in ledger.nodes()
            },
        )


class Hq:
    """HQ, as any reader with a token sees it."""

    def __init__(self, url: str, token: str, agent: str) -> None:
        self._url = f"{url}/agents/{agent}"
        self._health = f"{url}/health"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._session.close()

    def is_up(self) -> bool:
        try:
            return self._session.get(self._health, timeout=_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    def cursor(self) -> int:
        """The last event HQ has of this agent; 0 before the first. Raises DemoError."""
        answer = self._get("")
        return int(answer["cursor"]) if answer else 0

    def read(self) -> Records:
        """HQ's records of this agent. Raises DemoError."""
        return Records(
            {row["seq"]: (row["body"], row["hash"]) for row in self._pages("/events", "events", 0)},
            {
                node["key"]: tuple(
                    node[name] for name in ("level", "state", "inside", "parent", "holds")
                )
                for node in self._pages("/tree", "nodes", "")
            },
        )

    def _pages(self, path: str, member: str, after: int | str) -> Iterator[dict[str, Any]]:
        following: int | str | None = after
        while following is not None:
            page = self._get(path, after=following, limit=PAGE) or {member: [], "next": None}
            yield from page[member]
            following = page["next"]

    def _get(self, path: str, **query: int | str) -> dict[str, Any] | None:
        """The answer, or None where HQ knows nothing of the agent yet."""
        try:
            answer = self._session.get(self._url + path, params=query, timeout=_TIMEOUT_S)
            if answer.status_code == requests.codes.not_found:
                return None
            answer.raise_for_status()
            return dict(answer.json())
        except requests.RequestException as error:
            raise DemoError(f"HQ does not answer {self._url}{path}: {error}") from None
