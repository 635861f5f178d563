"""The section ``[cameras.NAME]``: where frames come from, when one is due, what is read in it, and
what is kept of it.

A station whose `scanner` is NAME is read by this camera (docs/camera.md).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from drivers.scanners.camera_wire import MAX_CODES
from edge_agent.camera.symbols import Format
from edge_agent.core.codes import check_gtin
from edge_agent.section import Section

Pixels = Annotated[int, Field(ge=0, le=32_768)]
Part = Annotated[float, Field(ge=0, le=1)]


class Region(Section):
    """A rectangle of the frame, in pixels; what lies outside the frame is cut off."""

    x: Pixels = 0
    y: Pixels = 0
    width: Annotated[int, Field(ge=8, le=32_768)]
    height: Annotated[int, Field(ge=8, le=32_768)]


class Decode(Section):
    """What is looked for, and how long."""

    formats: Annotated[list[Format], Field(min_length=1)]
    region: Region | None = None
    """None: the whole frame."""
    rotated: bool = True
    """Codes may be turned by any angle; false is faster where they lie straight."""
    inverted: bool = False
    """Codes may be light on dark."""
    alone: bool = True
    """Look on after the code was found: a neighbour's in view makes it a no-read. False is faster,
    for a region in which there is never more than one thing."""
    budget_ms: Annotated[int, Field(ge=1, le=10_000)] = 25
    """No rung of the ladder is begun that would probably end later than this."""
    workers: Annotated[int, Field(ge=1, le=16)] = 2
    """Decoder processes."""
    worker_timeout_ms: Annotated[int, Field(ge=50, le=60_000)] = 2_000
    """A decoder that is busy for so long hangs: it is ended, and its picture is a no-read."""
    agreement: Literal["one", "engines", "frames"] = "one"
    """Of an EAN or UPC: `one` engine's word is enough where it is sure; both `engines` must say the
    same; or two `frames`. An expected GTIN always is enough."""
    gtins: list[Annotated[str, Field(pattern=r"^\d{8,14}$")]] = []
    """Expected GTINs; an EAN or UPC among them is believed at once, any other needs agreement."""

    @model_validator(mode="after")
    def _check_digits(self) -> Self:
        for gtin in self.gtins:
            check_gtin(gtin.zfill(14))
        return self


class Layer(Section):
    """Many codes in one picture: `rows` times `columns`, or just `count`."""

    rows: Annotated[int, Field(ge=1, le=32)] | None = None
    columns: Annotated[int, Field(ge=1, le=32)] | None = None
    count: Annotated[int, Field(ge=2, le=MAX_CODES)] | None = None
    frames: Annotated[int, Field(ge=1, le=10)] = 3
    """So many frames of one layer are merged before a cell is called missing."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        grid = self.rows is not None and self.columns is not None
        if grid is (self.count is not None) or (self.rows is None) is not (self.columns is None):
            raise ValueError(
                f"has rows {self.rows}, columns {self.columns}, count {self.count}, "
                "expected either rows and columns or count"
            )
        if self.expected > MAX_CODES:
            raise ValueError(
                f"has {self.rows} rows of {self.columns} codes, {self.expected}, "
                f"expected at most {MAX_CODES}: one answer holds no more"
            )
        return self

    @property
    def expected(self) -> int:
        """Codes in a full layer."""
        return self.count or (self.rows or 0) * (self.columns or 0)


class Evidence(Section):
    """Pictures of what was rejected."""

    keep_mb: Annotated[int, Field(ge=10, le=10_000_000)] = 2_000
    """Beyond this the oldest are removed."""
    until_hq: bool = False
    """Never remove a picture before HQ has the event that it belongs to; then, when the budget is
    full of such, new pictures are lost, and that is recorded."""
    format: Literal["jpeg", "webp"] = "jpeg"
    quality: Annotated[int, Field(ge=10, le=100)] = 85
    waiting_mb: Annotated[int, Field(ge=1, le=4_096)] = 64
    """Memory for pictures whose verdict is not known yet."""


class Quality(Section):
    """When a trend of print quality becomes a warning: rolling medians over `window` codes."""

    window: Annotated[int, Field(ge=5, le=10_000)] = 50
    min_contrast: Part = 0.4
    min_module_px: Annotated[float, Field(ge=0, le=100)] = 2.5
    min_error_correction_left: Part = 0.4
    max_tries: Annotated[float, Field(ge=1, le=20)] = 2.0


class Camera(Section):
    """One camera."""

    source: Any
    """A `SourceConfig` of its kind, see drivers.registry."""
    trigger: Literal["line", "camera", "presence"] = "camera"
    """What says that a picture is due: the `line`, over the socket; the `camera`, each of whose
    frames is one (its own hardware trigger); or the picture itself, when something is there."""
    deadline_ms: Annotated[int, Field(ge=5, le=60_000)] = 100
    """Every trigger is answered within this time, with codes or with a no-read."""
    stall_ms: Annotated[int, Field(ge=50, le=600_000)] = 2_000
    """So long without a new frame from a free-running camera is a fault. With trigger = "camera"
    the belt may stand still: see idle_s."""
    idle_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    """With trigger = "camera": so long without a frame is a fault; 0: never, as belts stand."""
    buffer_frames: Annotated[int, Field(ge=2, le=256)] = 8
    """Frames that may wait for a decoder; the oldest that nobody asked for gives way."""
    expected: Annotated[int, Field(ge=1, le=100)] = 1
    """Codes on one thing, where there is no `layer`."""
    accept_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    reject_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    """Fetched on each verdict of a station without a gate: the camera's own output, for a lamp."""
    decode: Decode
    layer: Layer | None = None
    evidence: Evidence = Evidence()
    quality: Quality = Quality()

    @model_validator(mode="after")
    def _lamp(self) -> Self:
        if self.layer and self.expected != 1:
            raise ValueError("has expected and layer; the layer says how many: remove expected")
        return self
