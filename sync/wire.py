"""The batch and answer formats: the one thing the line and HQ share besides the core.

A batch is gzip of UTF-8 lines, each ended by LF::

    {"agent":"line-1","from_seq":1,"to_seq":2,"before":"00…","head":"5f…","events":2}
    {"kind":"commissioned","at":"2026-11-21T08:15:00.123Z",…}
    {"kind":"packed","at":"2026-11-21T08:15:00.200Z",…}

`before` is the chained hash (edge_agent.core.chain) of the event before `from_seq`, `head` that of
`to_seq`. The bodies are the ledger's own text, never encoded anew: whoever holds a batch can
recompute the chain and knows that nothing was changed, left out or put in.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from edge_agent.core.chain import GENESIS, link

MAX_SEQ = 2**53 - 1
"""JSON readers agree on whole numbers up to here (RFC 8259, section 6)."""
MAX_FAULTS = 20
"""Faults that one answer names; the others are counted."""

AgentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
HexHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SeqNumber = Annotated[int, Field(strict=True, ge=1, le=MAX_SEQ)]


class TooLargeError(Exception):
    """The batch exceeds a cap; the message names it."""


class MalformedError(Exception):
    """The batch cannot be taken. `faults` says why, `more` counts the faults left out."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults[:MAX_FAULTS])
        self.more = max(0, len(faults) - MAX_FAULTS)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Caps:
    """How large a batch may be."""

    compressed_bytes: int = 4 << 20
    inflated_bytes: int = 32 << 20
    events: int = 20_000
    body_bytes: int = 1 << 20


CAPS = Caps()


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Run(_Message):
    """A contiguous run of one agent's events, and the chain on both sides of it."""

    agent: AgentName
    from_seq: SeqNumber
    to_seq: SeqNumber
    before: HexHash
    head: HexHash

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_seq < self.from_seq:
            raise ValueError(f"to_seq is {self.to_seq}, expected at least from_seq {self.from_seq}")
        if self.from_seq == 1 and self.before != GENESIS.hex():
            raise ValueError("before is not the hash that stands before event 1 (all zeros)")
        return self


class Header(_Run):
    """A batch's first line."""

    events: Annotated[int, Field(strict=True, ge=1)]


class Hole(_Run):
    """Events that HQ does not take and the line puts aside, so that those behind them flow."""

    reason: Annotated[str, Field(max_length=500)]


class Standing(BaseModel):
    """How far HQ is with an agent: its last event's number, and the chained hash there."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    cursor: Annotated[int, Field(strict=True, ge=0, le=MAX_SEQ)]
    head: HexHash


class Acked(_Message):
    """HQ holds everything up to `acked` on disk."""

    acked: SeqNumber


class Gap(_Message):
    """HQ cannot join the batch to what it has; it wants to continue at `wants`."""

    error: Literal["gap"] = "gap"
    wants: SeqNumber


class Conflict(_Message):
    """HQ has other content than the batch at event `at`. A person must look."""

    error: Literal["conflict"] = "conflict"
    at: Annotated[int, Field(strict=True, ge=0, le=MAX_SEQ)]


class Malformed(_Message):
    """The batch is not what it should be; `faults` says why, `more` counts those left out."""

    error: Literal["malformed"] = "malformed"
    faults: list[str]
    more: int = 0


Refusal: TypeAdapter[Gap | Conflict] = TypeAdapter(
    Annotated[Gap | Conflict, Field(discriminator="error")]
)
"""What HQ says with status 409."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events `from_seq` and following of `agent`; `before` and `head` as in the header."""

    agent: str
    from_seq: int
    before: bytes
    head: bytes
    bodies: Sequence[str]

    @property
    def to_seq(self) -> int:
        return self.from_seq + len(self.bodies) - 1

    def hashes(self) -> list[bytes]:
        """The chained hash of each event. Raises MalformedError unless the last one is `head`."""
        found = []
        value = self.before
        for seq, body in enumerate(self.bodies, self.from_seq):
            value = link(value, seq, body)
            found.append(value)
        if value != self.head:
            raise MalformedError(
                [f"hash of event {self.to_seq} is {value.hex()}, the header says {self.head.hex()}"]
            )
        return found


def pack(batch: Batch) -> bytes:
    """`batch` as it travels. gzip level 1: the line's CPU has better things to do."""
    header = Header(
        agent=batch.agent,
        from_seq=batch.from_seq,
        to_seq=batch.to_seq,
        before=batch.before.hex(),
        head=batch.head.hex(),
        events=len(batch.bodies),
    )
    text = "\n".join([header.model_dump_json(), *batch.bodies, ""])
    deflate = zlib.compressobj(level=1, wbits=31)
    return deflate.compress(text.encode()) + deflate.flush()


def unpack(raw: bytes, caps: Caps = CAPS) -> Batch:
    """The batch that `raw` is. The chain is not looked at: see `Batch.hashes`.

    Raises TooLargeError or MalformedError. Inflates no further than the cap.
    """
    if len(raw) > caps.compressed_bytes:
        raise TooLargeError(f"batch has more than {caps.compressed_bytes} bytes")
    header_line, *lines = _inflate(raw, caps).split(b"\n")
    try:
        header = Header.model_validate_json(header_line)
    except ValidationError as error:
        raise MalformedError([f"header: {fault}" for fault in explain(error)]) from None
    if header.events > caps.events:
        raise TooLargeError(f"batch has {header.events} events, expected at most {caps.events}")
    if lines.pop() if lines else header_line:
        raise MalformedError(["the last line is not ended by a line feed"])
    return Batch(
        agent=header.agent,
        from_seq=header.from_seq,
        before=bytes.fromhex(header.before),
        head=bytes.fromhex(header.head),
        bodies=_bodies(header, lines, caps),
    )


def explain(error: ValidationError) -> list[str]:
    """Each fault as ``key: what is wrong``."""
    return [
        f"{'.'.join(map(str, fault['loc'])) or 'message'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _inflate(raw: bytes, caps: Caps) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        data = inflate.decompress(raw, caps.inflated_bytes + 1)
    except zlib.error as error:
        raise MalformedError([f"batch is not gzip: {error}"]) from None
    if len(data) > caps.inflated_bytes:
        raise TooLargeError(f"batch inflates to more than {caps.inflated_bytes} bytes")
    if not inflate.eof:
        raise MalformedError(["batch is cut off: its gzip stream has no end"])
    if inflate.unused_data:
        raise MalformedError([f"{len(inflate.unused_data)} bytes follow the end of the batch"])
    return data


def _bodies(header: Header, lines: Sequence[bytes], caps: Caps) -> list[str]:
    due = header.to_seq - header.from_seq + 1
    faults = []
    if header.events != due:
        faults.append(f"header: events is {header.events}, its sequence numbers say {due}")
    if len(lines) != header.events:
        faults.append(f"batch has {len(lines)} events, the header says {header.events}")
    bodies = []
    for seq, line in enumerate(lines, header.from_seq):
        if len(line) > caps.body_bytes:
            faults.append(f"event {seq} has {len(line)} bytes, expected at most {caps.body_bytes}")
        try:
            bodies.append(line.decode())
        except UnicodeDecodeError as error:
            faults.append(f"event {seq} is not UTF-8: {error}")
    if faults:
        raise MalformedError(faults)
    return bodies
