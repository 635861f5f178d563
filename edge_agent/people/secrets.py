"""Badges and PINs: what is kept of them, and how guessing is slowed down.

A badge's secret is 128 random bits, which nobody guesses: its SHA-256 tells nothing and finds it at
once. A PIN is short, so its hash must be slow and large: argon2id (RFC 9106) over 19 MiB in 2
passes, the least that OWASP's Password Storage Cheat Sheet asks for.
"""

import base64
import hashlib
import re
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

PIN = re.compile(r"[0-9]{4,12}")
BADGE_BYTES = 16
DIGEST = re.compile(r"[0-9a-f]{64}")
"""Of a badge: SHA-256 in hexadecimal."""
KEYS_LIMIT = 1_000
"""Stations or browsers whose failures are remembered."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1_024, parallelism=1, type=Type.ID)


def new_badge() -> str:
    """A badge's secret: 26 letters and digits, which a QR code holds in its denser mode."""
    return base64.b32encode(secrets.token_bytes(BADGE_BYTES)).decode().rstrip("=")


def badge_digest(secret: str) -> str:
    """What is kept of a badge."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def hash_pin(pin: str) -> str:
    """What is kept of a PIN, in PHC form. Takes tens of milliseconds: never in the line's loop.
    Raises ValueError for what is no PIN."""
    if not PIN.fullmatch(pin):
        raise ValueError("a PIN is 4 to 12 digits")
    return _HASHER.hash(pin)


def is_pin(pin: str, pin_hash: str) -> bool:
    """Whether `pin` is the one that was hashed. As slow as `hash_pin`."""
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


def is_pin_hash(text: str) -> bool:
    """Whether `text` is what `hash_pin` gives."""
    return text.startswith("$argon2id$") and len(text) <= 200


LONGEST_US = 3_600_000_000


class Throttle:
    """After `attempts` failures in a row one key (a station, a browser) must wait `pause_us`, after
    as many more twice as long, and so on, at most an hour: four digits are few. Times are the
    monotonic clock's, in microseconds."""

    def __init__(self, attempts: int, pause_us: int) -> None:
        self._attempts = attempts
        self._pause_us = pause_us
        self._failed: dict[str, tuple[int, int]] = {}
        """How often since the last success, and when last."""

    def pause_us(self, key: str, now_us: int) -> int:
        """How long `key` must wait still; 0: it may try."""
        failures, last_us = self._failed.get(key, (0, 0))
        pauses, begun = divmod(failures, self._attempts)
        if not pauses or begun:
            return 0
        pause_us = min(self._pause_us << min(pauses - 1, 20), max(self._pause_us, LONGEST_US))
        return max(0, last_us + pause_us - now_us)

    def failed(self, key: str, now_us: int) -> None:
        """Another attempt of `key` was wrong."""
        failures, _ = self._failed.pop(key, (0, 0))
        self._failed[key] = failures + 1, now_us
        while len(self._failed) > KEYS_LIMIT:
            del self._failed[next(iter(self._failed))]

    def succeeded(self, key: str) -> None:
        self._failed.pop(key, None)
