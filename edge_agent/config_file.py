"""Reading a line's configuration: one TOML file into the models of edge_agent.config.

Unknown keys are errors. Every message names the file, the key, what was found and what is
allowed, and all faults are told at once.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from drivers import registry
from drivers.registry import DeviceConfig
from edge_agent.config import LineConfig

CONFIG_DIR = Path("/etc/edge-agent")


class ConfigError(Exception):
    """The file cannot be used. `faults` holds one line for each thing to mend."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self.path = path
        self.faults = faults
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))


def find_config(name: str) -> Path:
    """The file meant by `name`: a path, or the bare name of a line under /etc/edge-agent."""
    path = Path(name)
    if path.suffix == ".toml" or os.sep in name:
        return path
    return CONFIG_DIR / f"{name}.toml"


def load_line(name: str) -> LineConfig:
    """The line meant by `name` (see find_config). Raises ConfigError.

    Under /etc/edge-agent the file has the line's name: units and directories go by it.
    """
    path = find_config(name)
    config = load_config(path)
    if path.parent == CONFIG_DIR and config.line.name != path.stem:
        raise ConfigError(path, [f"line.name is {config.line.name!r}, expected {path.stem!r}"])
    return config


def load_config(path: Path) -> LineConfig:
    """Read and check `path`. Raises ConfigError with every fault found."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(path, ["there is no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path, [f"cannot be read as TOML: {error}"]) from None
    return config_of(raw, path)


def config_of(raw: dict[str, Any], path: Path) -> LineConfig:
    """Check what `path` holds. Raises ConfigError with every fault found."""
    faults: list[str] = []
    raw["devices"] = _devices(raw.get("devices", {}), faults)
    _replace_sources(raw.get("cameras"), faults)
    try:
        config = LineConfig.model_validate(raw)
    except ValidationError as error:
        faults += _explain(error, LineConfig)
    if faults:
        raise ConfigError(path, faults)
    return config


def _devices(raw: object, faults: list[str]) -> dict[str, DeviceConfig]:
    """Each device's section read by its own driver's model; a fault does not hide the others."""
    devices: dict[str, DeviceConfig] = {}
    if not isinstance(raw, dict):
        faults.append(f"devices is {type(raw).__name__}, expected a table of devices")
        return devices
    for name, section in raw.items():
        fields = dict(section) if isinstance(section, dict) else {}
        kind = fields.pop("kind", None)
        if kind not in registry.KINDS:
            faults.append(
                f"devices.{name}.kind is {kind!r}, expected one of {sorted(registry.KINDS)}"
            )
            continue
        model = registry.config_model(kind)
        try:
            devices[name] = model.model_validate(fields)
        except ValidationError as error:
            faults += _explain(error, model, f"devices.{name}.")
            # Known by its role all the same, so that no station is told it is missing.
            devices[name] = model.model_construct()
    return devices


def _replace_sources(cameras: object, faults: list[str]) -> None:
    """The same for the source of each camera."""
    if not isinstance(cameras, dict):
        return
    for name, section in cameras.items():
        source = section.get("source") if isinstance(section, dict) else None
        if not isinstance(source, dict):
            continue
        fields = dict(source)
        kind = fields.pop("kind", None)
        if kind not in registry.SOURCES:
            expected = sorted(registry.SOURCES)
            faults.append(f"cameras.{name}.source.kind is {kind!r}, expected one of {expected}")
            continue
        model = registry.source_model(kind)
        try:
            section["source"] = model.model_validate(fields)
        except ValidationError as error:
            faults += _explain(error, model, f"cameras.{name}.source.")


def _explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[str]:
    """Each fault as ``key: what was found, what is allowed``."""
    faults = []
    for fault in error.errors(include_url=False):
        loc = fault["loc"]
        key = (prefix + ".".join(str(part) for part in loc)).removesuffix(".")
        match fault["type"]:
            case "extra_forbidden":
                faults.append(f"{key} is not known, expected one of {_known_keys(model, loc)}")
            case "missing":
                faults.append(f"{key} is missing")
            case "value_error":
                for part in fault["msg"].removeprefix("Value error, ").split("; "):
                    joint = "" if not key else " " if part.startswith("is ") else ": "
                    faults.append(f"{key}{joint}{part}")
            case _:
                message = fault["msg"][0].lower() + fault["msg"][1:]
                faults.append(f"{key} is {fault.get('input')!r:.80}: {message}")
    return faults


def _known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys of the section in which the last part of `loc` stands."""
    section = model
    for part in loc[:-1]:
        # Numbers and the keys of a table lead no deeper than the list or table itself.
        field = next((f for n, f in section.model_fields.items() if part in (n, f.alias)), None)
        if field is not None:
            section = _section_in(field.annotation) or section
    return sorted(field.alias or name for name, field in section.model_fields.items())


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as ``list[Level]`` or ``Gate | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)
