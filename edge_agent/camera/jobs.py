"""What the role asks of a decoder process, and what it answers.

Pickled, on a socket pair that nobody else has: the worker is the role's own child, of the same
code. Frames do not go this way, see slots.
"""

import pickle
import struct
from dataclasses import dataclass
from typing import Any

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Picture
from edge_agent.camera.slots import Place
from edge_agent.camera.symbols import Reading
from edge_agent.camera_config import Evidence, Region

LENGTH = struct.Struct("<I")
MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Setup:
    """The first thing that a worker is told. `slots` frames lie in the shared memory."""

    camera: str
    slots: int
    plan: ReadingPlan
    region: Region | None
    budget_us: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """Read the frame at `place` and make a picture of it for the evidence of `trigger`; none if
    that is None. `at` is when it was taken (RFC 3339, UTC)."""

    place: Place
    trigger: int | None
    at: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a `ReadFrame`. `decode_us`: the reading alone. `picture_fault` says why there
    is no picture where one was wanted."""

    reading: Reading
    decode_us: int
    picture: Picture | None = None
    picture_fault: str = ""


def packed(message: Any) -> bytes:
    """`message` with its length before it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content
