"""The agents' tokens, in a small file of their own beside HQ's database.

The command line writes the file, the server only reads it: so tokens can be given and revoked
while HQ runs, and the database keeps its one writing process. Only the SHA-256 of a token is
kept; tokens are 256 random bits, so a plain hash cannot be guessed back.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sync.wire import AgentName

TOKENS_FILE = "tokens.json"
MAX_FILE_BYTES = 1 << 20


class TokenError(Exception):
    """The tokens cannot be read or changed as asked; the message says why and the mend."""


class Token(BaseModel):
    """One agent's token. `id` names it without giving it away."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    agent: AgentName
    sha256: str
    added_at: str


_Tokens = TypeAdapter(list[Token])


def add_token(data_dir: Path, agent: str, at: str) -> str:
    """A new token for `agent`: shown now and never again. Older ones stay valid until revoked.

    Raises TokenError when `agent` is no agent's name, or `data_dir` cannot be written.
    """
    token = secrets.token_urlsafe(32)
    digest = _digest(token)
    try:
        entry = Token(id=digest[:8], agent=agent, sha256=digest, added_at=at)
    except ValidationError:
        raise TokenError(
            f"agent is {agent!r:.60}, expected a line's name: lower case letters, digits and '-'"
        ) from None
    with _changing(data_dir):
        _write(data_dir, [*list_tokens(data_dir), entry])
    return token


def revoke_token(data_dir: Path, token_id: str) -> Token:
    """Take back the token that `list_tokens` shows as `token_id`. HQ refuses it from now on."""
    with _changing(data_dir):
        tokens = list_tokens(data_dir)
        found = [token for token in tokens if token.id == token_id]
        if not found:
            known = ", ".join(f"{t.id} ({t.agent})" for t in tokens) or "none"
            raise TokenError(f"no token has the id {token_id!r:.60}; there are: {known}")
        _write(data_dir, [token for token in tokens if token.id != token_id])
    return found[0]


def list_tokens(data_dir: Path) -> list[Token]:
    """Every token that is valid, oldest first. Raises TokenError when they cannot be read."""
    path = data_dir / TOKENS_FILE
    try:
        with path.open("rb") as file:
            return _Tokens.validate_json(file.read(MAX_FILE_BYTES))
    except FileNotFoundError:
        if not data_dir.is_dir():
            raise TokenError(
                f"{data_dir}: there is no such directory; expected the one HQ runs with (--data)"
            ) from None
        return []
    except (OSError, ValidationError) as error:
        raise TokenError(f"{path} cannot be read as tokens: {error}") from None


class Tokens:
    """The tokens as the server sees them: read again whenever the file was replaced."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._stamp: tuple[int, int] | None = None
        self._tokens: list[Token] = []

    def agent(self, token: str) -> str | None:
        """Whose token this is. Every entry is compared, each in constant time."""
        self._refresh()
        digest = _digest(token)
        found = None
        for known in self._tokens:
            if compare_digest(known.sha256, digest):
                found = known.agent
        return found

    def _refresh(self) -> None:
        try:
            status = (self._data_dir / TOKENS_FILE).stat()
        except FileNotFoundError:
            self._stamp, self._tokens = None, []
            return
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp != self._stamp:
            self._tokens = list_tokens(self._data_dir)
            self._stamp = stamp


def _digest(token: str) -> str:
    return sha256(token.encode(errors="surrogateescape")).hexdigest()


@contextmanager
def _changing(data_dir: Path) -> Iterator[None]:
    """Keep other commands out while the tokens are read and written."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / f"{TOKENS_FILE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise TokenError(
            f"the tokens in {data_dir} cannot be changed: {error}; run this as HQ's user, with "
            "HQ's own directory (--data)"
        ) from None


def _write(data_dir: Path, tokens: list[Token]) -> None:
    """Replace the file whole: the server sees the old tokens or the new ones, never half a file."""
    fresh = data_dir / f"{TOKENS_FILE}.new"
    fresh.unlink(missing_ok=True)
    text = json.dumps([token.model_dump() for token in tokens], indent=2) + "\n"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 the mode must hold from the first byte
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(data_dir / TOKENS_FILE)
