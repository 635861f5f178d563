"""What a camera role and the line say to each other on a Unix socket: lines of JSON.

JSON because a symbol may hold any character: an end of line inside one must not begin another
answer. One connection is one line; a new one takes the place of the old.

The camera says ``{"answer": {...}}`` (an `Answer`), exactly one a trigger; ``{"fault": "why"}``
while it cannot see, ``{"fault": null}`` when it can, and one of the two first.

The line says ``{"trigger": true}``; and ``{"verdict": true}`` or false, for a lamp.

Nothing is said here of pictures that must be kept: the camera role reads that in the ledger, and
tells the line on its control socket what it could not keep (edge_agent.camera.evidence.keeper). So
neither a broken socket nor a restart loses one.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

LINE_LIMIT_BYTES = 1 << 20
MAX_CODES = 400
MAX_TEXT = 1_024
"""Characters of one code: more than any code of a product has."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeenCode(Message):
    """One code; `aim` is its symbology identifier, `cell` its place in a layer (``r2c5``)."""

    text: Annotated[str, Field(max_length=MAX_TEXT)]
    aim: Annotated[str, Field(max_length=3)] = ""
    cell: Annotated[str, Field(max_length=8)] = ""


class Answer(Message):
    """What came of trigger number `trigger`.

    No codes is a no-read, and `why` says why. `taken_us` is when the picture was exposed, on the
    monotonic clock of this machine; None: there is none.
    """

    trigger: int
    codes: Annotated[list[SeenCode], Field(max_length=MAX_CODES)] = []
    why: Annotated[str, Field(max_length=500)] = ""
    picture: Sha256 | None = None
    taken_us: Annotated[int, Field(ge=0)] | None = None


class FromCamera(Message):
    """Exactly one of them."""

    answer: Answer | None = None
    fault: Annotated[str, Field(max_length=500)] | None = None


class FromLine(Message):
    """Exactly one of them."""

    trigger: bool | None = None
    verdict: bool | None = None
