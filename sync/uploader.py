"""One request to HQ, and what its answer means.

HQ's own answers come back as values; what is no answer of HQ (nothing, half a body, a proxy's HTML,
a 500) raises UnansweredError, to be tried again later; a token that HQ does not take raises
RefusedError, which trying again will not mend.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote

import requests
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from edge_agent.core.chain import GENESIS
from sync.wire import Acked, Conflict, Gap, Hole, Malformed, Refusal, Standing

MAX_ANSWER_BYTES = 1 << 20
"""No answer of HQ is nearly as large; what is larger is not HQ."""
MAX_TOKEN_BYTES = 1_024
_SHOWN = 200
_Message = TypeVar("_Message", bound=BaseModel)


class UnansweredError(Exception):
    """HQ was not reached, or what answered was not HQ. Worth trying again."""


class RefusedError(Exception):
    """HQ does not let this line in. Needs the mend that the message names."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The batch is over HQ's (or a proxy's) cap."""

    detail: str


Answer = Acked | Gap | Conflict | Malformed | TooLarge


def read_token(path: Path) -> str:
    """The token in `path`. Raises RefusedError when there is none."""
    mend = "Ask HQ for one (`edge-agent hq-token add LINE`) and write it there, mode 0600."
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TOKEN_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"token_file {path} cannot be read: {error}. {mend}") from None
    if not text or not text.isprintable() or " " in text:
        raise RefusedError(f"token_file {path} holds no token: expected one word. {mend}")
    return text


class _Bearer(AuthBase):
    """RFC 6750. As requests' own auth, so that a .netrc on the machine cannot replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Uploader:
    """A connection to the HQ at `url`. One thread at a time."""

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def standing(self, agent: str) -> Standing:
        """How far HQ is with `agent`; at 0 when it has never heard of it."""
        status, body = self._ask("GET", f"/agents/{quote(agent)}")
        if status == 404 and b'"not_found"' in body:
            return Standing(cursor=0, head=GENESIS.hex())
        if status == 200:
            return self._parse(Standing, body)
        raise self._unanswered(status, body)

    def send(self, packed: bytes) -> Answer:
        """Send one packed batch."""
        return self._post("/batches", packed, "application/gzip")

    def declare(self, hole: Hole) -> Answer:
        """Tell HQ that the events of `hole` are put aside."""
        return self._post("/quarantine", hole.model_dump_json().encode(), "application/json")

    def _post(self, path: str, data: bytes, content_type: str) -> Answer:
        status, body = self._ask("POST", path, data, content_type)
        match status:
            case 200:
                return self._parse(Acked, body)
            case 409:
                try:
                    return Refusal.validate_json(body)
                except ValidationError:
                    raise self._unanswered(status, body) from None
            case 413:
                return TooLarge(_beginning(body))
            case 422:
                return self._parse(Malformed, body)
            case _:
                raise self._unanswered(status, body)

    def _ask(
        self, method: str, path: str, data: bytes | None = None, content_type: str | None = None
    ) -> tuple[int, bytes]:
        try:
            with self._session.request(
                method,
                self._url + path,
                data=data,
                headers={"Content-Type": content_type},
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                status, body = response.status_code, self._read(response)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise UnansweredError(f"{self._url}: {_gist(error)}") from None
        if status in (401, 403):
            raise RefusedError(
                f"{self._url} answers {status}: {_beginning(body)!r}. The token in token_file is "
                "not (or no longer) this line's: ask HQ for one (`edge-agent hq-token add LINE`)."
            )
        return status, body

    def _read(self, response: requests.Response) -> bytes:
        """The body, while it stays within its cap and time: HQ may be anyone."""
        body = bytearray()
        deadline_s = time.monotonic() + self._timeout_s
        while chunk := response.raw.read1(16_384):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise UnansweredError(
                    f"{self._url} answers {response.status_code} with more than "
                    f"{MAX_ANSWER_BYTES} bytes: this is not HQ; check hq_url"
                )
            if time.monotonic() > deadline_s:
                raise UnansweredError(f"{self._url}: no whole answer within {self._timeout_s:g} s")
        return bytes(body)

    def _parse(self, model: type[_Message], body: bytes) -> _Message:
        try:
            return model.model_validate_json(body)
        except ValidationError:
            raise self._unanswered(200, body) from None

    def _unanswered(self, status: int, body: bytes) -> UnansweredError:
        return UnansweredError(
            f"{self._url} answers {status} with {_beginning(body)!r}, which is no answer of HQ; "
            "if it stays so, check hq_url and what stands between"
        )


def _beginning(body: bytes) -> str:
    return " ".join(body[:_SHOWN].decode(errors="replace").split())


def _gist(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN]
