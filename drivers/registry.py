"""Every kind of device the configuration may name. A new driver is one file and one line here.

A driver's module is imported only when a line uses it. It offers

* ``Config``: a pydantic model of the device's keys, with a class variable ``role``
  (``"scanner"`` or ``"plc"``);
* ``build(name, config)``: the driver, not yet connected.

Where a camera's frames come from is a kind of its own, with `SourceConfig` and `FrameSource`.
"""

from importlib import import_module
from typing import Annotated, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, Field

from drivers.protocols import CodeReader, FrameSource, Plc

KINDS = {
    "scanner": "drivers.scanners.stream_scanner",
    "hid": "drivers.scanners.hid",
    "camera-socket": "drivers.scanners.camera",
    "modbus-tcp": "drivers.plc.modbus_tcp",
    "modbus-rtu": "drivers.plc.modbus_rtu",
}

SOURCES = {
    "opencv": "drivers.cameras.opencv",
    "gige": "drivers.cameras.gige",
    "folder": "drivers.cameras.folder",
}


class SourceConfig(BaseModel):
    """What every source of frames has in common: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str]

    latency_ms: Annotated[int, Field(ge=0, le=10_000)] = 0
    """From a picture's exposure until it arrives here."""

    @property
    def is_stream(self) -> bool:
        """Whether pictures come on their own, through buffers that nobody here sees: how late, only
        a measurement tells."""
        return False

    @property
    def on_command(self) -> bool:
        """Whether a frame comes only after `FrameSource.trigger`."""
        return False


class DeviceConfig(BaseModel):
    """What every device's keys have in common: unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: ClassVar[str]
    kind: ClassVar[str]

    @property
    def ends_frames(self) -> bool:
        """Whether the end of what the device sends is seen at once, not told by a silence."""
        return True


def config_model(kind: str) -> type[DeviceConfig]:
    """The model of a device's keys. `kind` must be one of KINDS."""
    return cast(type[DeviceConfig], import_module(KINDS[kind]).Config)


def build_reader(name: str, config: DeviceConfig) -> CodeReader:
    """The scanner described by `config`, not yet connected."""
    return cast(CodeReader, _build(name, config, "scanner"))


def build_plc(name: str, config: DeviceConfig) -> Plc:
    """The controller described by `config`, not yet connected."""
    return cast(Plc, _build(name, config, "plc"))


def source_model(kind: str) -> type[SourceConfig]:
    """The model of a source's keys. `kind` must be one of SOURCES."""
    return cast(type[SourceConfig], import_module(SOURCES[kind]).Config)


def build_source(config: SourceConfig, *, newest: bool = False) -> FrameSource:
    """The source described by `config`, not yet open. Of a stream all pictures are given out, or
    only the `newest` at each time."""
    build = import_module(SOURCES[config.kind]).build
    source = build(config, newest=newest) if config.is_stream else build(config)
    return cast(FrameSource, source)


def _build(name: str, config: DeviceConfig, role: str) -> Any:
    if config.role != role:
        raise TypeError(f"device {name} is a {config.role}, expected a {role}")
    return import_module(KINDS[config.kind]).build(name, config)
