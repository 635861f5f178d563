"""GigE Vision cameras, by Aravis."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.protocols import FrameSource
from drivers.registry import SourceConfig

SOFTWARE = "Software"


class Config(SourceConfig):
    """The keys of ``[cameras.NAME.source]`` with kind = "gige"."""

    kind: ClassVar[str] = "gige"

    camera: Annotated[str, Field(min_length=1, max_length=200)]
    """Its IP address, or its name as ``arv-tool-0.8`` lists it."""
    trigger_source: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None
    """What a FrameStart trigger comes from: ``Software``, or a name of the camera's own, such as
    ``Line0``. None: it runs freely."""
    fps: Annotated[float, Field(gt=0, le=1_000)] | None = None
    """Where it runs freely; None: as the camera was set."""
    exposure_us: Annotated[float, Field(gt=0, le=10_000_000)] | None = None
    pixel_format: Literal[
        "Mono8", "BayerRG8", "BayerGB8", "BayerGR8", "BayerBG8", "RGB8", "BGR8"
    ] = "Mono8"
    read_timeout_ms: Annotated[int, Field(ge=0, le=3_600_000)] | None = None
    """So long without a whole picture is an error; 0: never. None: 2000, but 0 where the camera's
    own input is the trigger, as the belt may stand."""

    @property
    def on_command(self) -> bool:
        return self.trigger_source == SOFTWARE

    @property
    def silence_ms(self) -> int:
        """For how long the camera may be silent; 0: for ever."""
        if self.read_timeout_ms is not None:
            return self.read_timeout_ms
        return 2_000 if self.trigger_source in (None, SOFTWARE) else 0


def build(config: Config) -> FrameSource:
    """A GigE Vision camera (``apt-get install python3-gi gir1.2-aravis-0.8``, docs/install.md)::

        [cameras.top.source]
        kind = "gige"
        camera = "192.168.1.20"
        trigger_source = "Line0"
        exposure_us = 300

    Only whole pictures are given out. One that lacks packets is counted; many of them mean that
    this PC's socket (net.core.rmem_max) or a switch does not hold what the camera sends.

    A camera that runs freely, or is told to expose, is lost after `read_timeout_ms`; one that may
    be silent is lost when it has not acknowledged Aravis's heartbeat for about 6 s. Aravis then
    tries for up to 10 s to take its leave of it, so long does `close` take.
    """
    # The line reads this kind's configuration as well, and should not load Aravis for it.
    from drivers.cameras.aravis import GigeCamera  # noqa: PLC0415

    return GigeCamera(config)
