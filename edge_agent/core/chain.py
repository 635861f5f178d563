"""The hash chain: each event's hash covers its body, its place and everything before it."""

from hashlib import sha256

GENESIS = bytes(32)
"""What stands before the first event."""


def link(before: bytes, seq: int, body: str) -> bytes:
    """The hash (32 bytes) of event number `seq` (from 1) with `body`, following hash `before`."""
    return sha256(before + seq.to_bytes(8, "big") + body.encode()).digest()
