"""Every kind of device the configuration may name. A new driver is one file and one line here.

A driver's module is imported only when a line uses it. It offers

* ``Config``: a pydantic model of the device's keys, with a class variable ``role``
  (``"scanner"`` or ``"plc"``);
* ``build(name, config)``: the driver, not yet connected.
"""

from importlib import import_module
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict

from drivers.protocols import CodeReader, Plc

KINDS = {
    "scanner": "drivers.scanners.stream_scanner",
    "modbus-tcp": "drivers.plc.modbus_tcp",
    "modbus-rtu": "drivers.plc.modbus_rtu",
}


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


def _build(name: str, config: DeviceConfig, role: str) -> Any:
    if config.role != role:
        raise TypeError(f"device {name} is a {config.role}, expected a {role}")
    return import_module(KINDS[config.kind]).build(name, config)
