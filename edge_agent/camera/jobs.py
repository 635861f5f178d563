"""What the role asks of a decoder process, and what it answers.

Pickled, on a socket pair that nobody else has: the worker is the role's own child, of the same
code. Frames do not go this way, see slots.
"""

import pickle
import struct
from dataclasses import dataclass
from typing import Any

from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.evidence.picture import Note, Picture
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reader import Part
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
    layer: LayerPlan | None
    region: Region | None
    budget_us: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """Read the frame at `place`, taken `at` (RFC 3339, UTC), and make its picture as evidence of
    `trigger`; none if that is None. The answer is a `Done`."""

    place: Place
    trigger: int | None
    at: str


@dataclass(frozen=True, slots=True)
class LookAtPart:
    """Look at `part` of a layer; the answer is a `Seen` (layer.reader)."""

    place: Place
    part: Part


@dataclass(frozen=True, slots=True)
class MakePicture:
    """Make the picture of the frame at `place`; the answer is a `Made`."""

    place: Place
    note: Note


@dataclass(frozen=True, slots=True)
class Made:
    """A picture, or why there is none."""

    picture: Picture | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a `ReadFrame`; `decode_us` is the reading alone."""

    reading: Reading
    decode_us: int
    made: Made


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to any job that could not be done; the worker itself goes on."""

    why: str


def packed(message: Any) -> bytes:
    """`message` with its length before it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content
