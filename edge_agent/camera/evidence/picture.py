"""One picture of a camera as a file that tells what was seen in it.

The pixels are as they came from the camera, and what was seen in them is a note beside them: JSON
in comment segments of a JPEG (ITU-T T.81, B.2.4.5), or in a chunk of its own at the end of a WebP
(RFC 9649, section 2.7.1.6). So one hash covers both, and marks are drawn when a person looks.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from edge_agent.camera.layer.reading import Cell
from edge_agent.camera.symbols import Reading
from edge_agent.camera_config import Evidence

MAX_BYTES = 128 << 20
"""Of one file. A 12-megapixel frame takes 10 MB at the most."""
MAX_SIDE = {"jpeg": 65_500, "webp": 16_383}
"""Pixels of the longer side that the format, and its library, can hold."""

_TAG = b"edge-agent\0"
_COM_BYTES = 65_533 - len(_TAG)
_CHUNK = b"EDGE"


class PictureError(Exception):
    """No such picture can be made, or a file is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What was seen in a picture: of which `camera`, for which of its triggers, `at` (RFC 3339,
    UTC) what time it was taken; in which `cells`, of a layer. `why` says what was amiss."""

    camera: str
    trigger: int
    at: str
    reading: Reading
    cells: tuple[Cell, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file's bytes and their SHA-256 (hex), by which events refer to it."""

    sha256: str
    data: bytes
    form: Literal["jpeg", "webp"]


_NOTE = TypeAdapter(Note)


def encode(pixels: NDArray[np.uint8], note: Note, config: Evidence) -> Picture:
    """`pixels` ((height, width) grey, or with blue, green, red) and `note` as one file.

    Raises PictureError for what the format cannot hold. On one core, a grey frame of 1280 by 1024
    takes 2 ms as JPEG and 90 ms as WebP, which is half as large.
    """
    side, limit = max(pixels.shape[:2], default=0), MAX_SIDE[config.format]
    if not 0 < side <= limit or not pixels.size:
        raise PictureError(
            f"the frame is {' x '.join(map(str, pixels.shape))}, expected 1 to {limit} pixels a "
            f"side for {config.format}"
        )
    suffix, quality = {
        "jpeg": (".jpg", cv2.IMWRITE_JPEG_QUALITY),
        "webp": (".webp", cv2.IMWRITE_WEBP_QUALITY),
    }[config.format]
    try:
        done, coded = cv2.imencode(suffix, pixels, [quality, config.quality])
    except cv2.error as error:
        raise PictureError(f"the frame cannot be written as {config.format}: {error.err}") from None
    if not done:
        raise PictureError(f"the frame cannot be written as {config.format}")
    text, file = _NOTE.dump_json(note), coded.tobytes()
    data = _into_jpeg(file, text) if config.format == "jpeg" else _into_webp(file, text, pixels)
    if len(data) > MAX_BYTES:
        raise PictureError(f"the file has {len(data)} bytes, expected at most {MAX_BYTES}")
    return Picture(hashlib.sha256(data).hexdigest(), data, config.format)


def note_of(data: bytes) -> Note:
    """The note in a file that `encode` made. Raises PictureError for any other."""
    try:
        text = _from_webp(data) if data.startswith(b"RIFF") else _from_jpeg(data)
        return _NOTE.validate_json(text)
    except (ValidationError, struct.error, IndexError):
        raise PictureError("the file holds no note of what was seen in it") from None


def pixels_of(data: bytes) -> NDArray[np.uint8]:
    """The pixels in a file that `encode` made, as (height, width, 3): blue, green, red. Raises
    PictureError for any other."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise PictureError(f"the file ({len(data)} bytes) is no picture that can be opened")
    return pixels.astype(np.uint8, copy=False)


def _into_jpeg(file: bytes, text: bytes) -> bytes:
    # JFIF wants its own segment first; comments follow it.
    first = 4 + struct.unpack_from(">H", file, 4)[0]
    parts = (text[at : at + _COM_BYTES] for at in range(0, len(text), _COM_BYTES))
    comments = b"".join(
        b"\xff\xfe" + struct.pack(">H", 2 + len(_TAG) + len(part)) + _TAG + part for part in parts
    )
    return file[:first] + comments + file[first:]


def _from_jpeg(data: bytes) -> bytes:
    """What all our comments before the first scan hold (marker SOS)."""
    text, at = b"", 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        (size,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at + 4 : at + 2 + size]
        if data[at + 1] == 0xFE and segment.startswith(_TAG):
            text += segment[len(_TAG) :]
        at += 2 + size
    return text


def _into_webp(file: bytes, text: bytes, pixels: NDArray[np.uint8]) -> bytes:
    """Only the extended format may have other chunks, so the header of that one comes first."""
    height, width = pixels.shape[:2]
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + _riff(b"VP8X", bytes(4) + sides) + file[12:] + _riff(_CHUNK, _TAG + text)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _from_webp(data: bytes) -> bytes:
    at = 12
    while at + 8 <= len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        content = data[at + 8 : at + 8 + size]
        if data[at : at + 4] == _CHUNK and content.startswith(_TAG):
            return content[len(_TAG) :]
        at += 8 + size + size % 2
    return b""
