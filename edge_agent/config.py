"""The line's configuration: one TOML file read into typed models.

Unknown keys are errors. Every message names the file, the key, what was found and what is
allowed, and all faults are told at once.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    field_validator,
    model_validator,
)

from drivers.gate.points import Place, overlaps
from drivers.registry import DeviceConfig
from drivers.scanners import camera as camera_socket
from edge_agent.camera_config import Camera
from edge_agent.core.codes import CodeError, parse
from edge_agent.core.events import StopCause
from edge_agent.gate_config import Gate
from edge_agent.level_config import Level, Product
from edge_agent.section import Name, Section
from edge_agent.station_config import Hmi, People, Printer, Work, label_faults


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone, e.g. Asia/Shanghai") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class LineSection(Section):
    """Who this line is, and where it keeps its files."""

    name: Name
    data_dir: Path = Path("/var/lib/edge-agent")
    run_dir: Path = Path("/run/edge-agent")
    secret_codes: bool = False
    """Codes are worth money to a forger: keep whole ones out of the log."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Prometheus metrics on 127.0.0.1; 0 turns them off."""
    queue_size: Annotated[int, Field(ge=16, le=65_536)] = 4_096
    """Inputs that may wait for a decision. Full: an alarm, and what does not fit is rejected."""
    flight_recorder_mb: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Keep the newest so many MB of inputs and decisions (docs/recorder.md); 0: none."""
    shifts: list[TimeOfDay] = []
    """When a shift begins, each day, by the clock on the wall. None: accounts are never closed."""
    time_zone: TimeZone = "Asia/Shanghai"
    """Of the shifts."""
    order: Annotated[str, Field(max_length=100)] = ""
    """What is packed now, by the name that the office gave it. A change is recorded at start."""

    @field_validator("shifts")
    @classmethod
    def _ascending(cls, value: list[str]) -> list[str]:
        if value != sorted(set(value)):
            raise ValueError(f"is {value}, expected each time once, the earlier first")
        return value


class Station(Section):
    """A place where codes are read."""

    name: Name
    scanner: Name
    """A device that is a scanner, or a camera."""
    reads: Annotated[list[Name], Field(min_length=1)]
    """The levels whose codes are due here."""
    reread_ms: Annotated[int, Field(ge=0, le=60_000)] = 1_000
    """The same code again within this time is the same scan: suppressed, counted, no duplicate."""
    gate: Gate | None = None
    second_scanner: Name | None = None
    """At a gate where each thing has two codes (`levels.pair`): a second device, for the side of it
    that `scanner` does not see. None: `scanner` says both codes, one after the other."""
    handheld: Name | None = None
    """A hand scanner for people, where `scanner` reads by itself: command barcodes, badges, and
    what they repair."""
    work: Work | None = None
    """What people do here, and so which page they see. None: it follows from what is read."""

    @property
    def page(self) -> Work:
        """`work`, or what follows from the station's devices and levels."""
        if self.work is not None:
            return self.work
        return "inline" if self.gate else "packing"


class Sync(Section):
    """How the ledger reaches HQ."""

    hq_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+(/\S*)?$")]
    token_file: Path
    """Holds the token HQ gave this line; readable by the agent's user alone."""
    nightly_at: TimeOfDay = "02:30"
    time_zone: TimeZone = "Asia/Shanghai"
    jitter_s: Annotated[int, Field(ge=0, le=21_600)] = 1_800
    continuous_s: Annotated[float, Field(ge=0, le=86_400)] = 0
    """Also look for new events this often; 0: only nightly and on demand."""
    batch_events: Annotated[int, Field(ge=1, le=20_000)] = 5_000
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30


class LineConfig(Section):
    """Everything a line PC needs to know."""

    line: LineSection
    products: list[Product] = []
    """Empty: any product that the level's code forms admit."""
    levels: Annotated[list[Level], Field(min_length=1)]
    devices: dict[Name, Any] = {}
    """Each a `DeviceConfig` of its kind, see drivers.registry."""
    cameras: dict[Name, Camera] = {}
    stations: Annotated[list[Station], Field(min_length=1)]
    printers: dict[Name, Printer] = {}
    titles: dict[Name, Annotated[str, Field(min_length=1, max_length=40)]] = {}
    """What people call stations, levels, devices, cameras and printers, by their names."""
    people: People = People()
    hmi: Hmi = Hmi()
    sync: Sync | None = None

    @property
    def ledger_path(self) -> Path:
        return self.line.data_dir / self.line.name / "ledger.db"

    @property
    def sync_path(self) -> Path:
        return self.line.data_dir / self.line.name / "sync.db"

    @property
    def people_path(self) -> Path:
        """Who may sign in, with the hashes of badges and PINs. Written by the line role alone."""
        return self.line.data_dir / self.line.name / "people.db"

    @property
    def flight_path(self) -> Path:
        """The directory of the flight recorder's segments."""
        return self.line.data_dir / self.line.name / "flight"

    def evidence_path(self, camera: str) -> Path:
        """The directory of the pictures that `camera` keeps."""
        return self.line.data_dir / self.line.name / "evidence" / camera

    def control_path(self, role: str) -> Path:
        """The Unix socket on which `role` (line, sync, camera-NAME) takes commands."""
        return self.line.run_dir / f"{self.line.name}-{role}.sock"

    def camera_socket(self, camera: str) -> Path:
        """The Unix socket on which `camera` answers the line."""
        return self.line.run_dir / f"{self.line.name}-camera-{camera}-reads.sock"

    @property
    def packs_behind_gates(self) -> bool:
        """Whether what passes a gate is packed there, and not scanned at a bench later."""
        return len(self.levels) > 1 and not self.levels[1].by_scan

    def line_devices(self) -> dict[str, DeviceConfig]:
        """Everything that the line role talks to: to it a camera is a scanner."""
        cameras = {
            name: camera_socket.Config(path=self.camera_socket(name)) for name in self.cameras
        }
        return {**self.devices, **cameras}

    def to_json(self) -> dict[str, Any]:
        """All but how HQ is reached, as plain JSON values that `config_of` takes again."""
        devices = {
            name: {"kind": device.kind, **device.model_dump(mode="json")}
            for name, device in self.devices.items()
        }
        cameras = {
            name: {**camera.model_dump(mode="json"), "source": _source_json(camera)}
            for name, camera in self.cameras.items()
        }
        rest = self.model_dump(mode="json", by_alias=True, exclude={"sync", "devices", "cameras"})
        return {**rest, "devices": devices, "cameras": cameras}

    @model_validator(mode="after")
    def _references(self) -> Self:
        faults = self._level_faults() + self._station_faults()
        faults += self._label_faults() + self._stop_faults() + self._camera_faults()
        faults += self._title_faults()
        faults += _repeated("products", [product.gtin for product in self.products])
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _title_faults(self) -> list[str]:
        named = {*self.line_devices(), *self.printers}
        named |= {station.name for station in self.stations}
        named |= {level.name for level in self.levels}
        return [
            f"titles.{name} names nothing, expected one of {sorted(named)}"
            for name in self.titles
            if name not in named
        ]

    def _level_faults(self) -> list[str]:
        faults = _repeated("levels", [level.name for level in self.levels])
        for index, level in enumerate(self.levels):
            if index == 0 and level.capacity is not None:
                faults.append(f"levels.0.capacity: {level.name} is the lowest level; remove it")
            if index == 0:
                faults += [
                    f"levels.0.{key}: nothing lies in a {level.name}, the lowest level; remove it"
                    for key in ("by_scan", "mixed", "per_layer", "label", "partial", "waiting")
                    if getattr(level, key)
                ]
            if index > 0 and level.pair is not None:
                faults.append(
                    f"levels.{index}.pair: a {level.name} has one code; only the lowest level's "
                    "things have a second one"
                )
            if level.by_scan and level.name not in self._filled_at_benches():
                faults.append(
                    f"levels.{index}.by_scan is true, expected a station without a gate that reads "
                    f"{self.levels[index - 1].name} and {level.name}"
                )
            if index > 0 and level.capacity is None:
                below = self.levels[index - 1].name
                faults.append(
                    f"levels.{index}.capacity is missing: how many {below} fill one {level.name}?"
                )
        return faults

    def _label_faults(self) -> list[str]:
        labels = {
            f"levels.{index}.label": level.label
            for index, level in enumerate(self.levels)
            if level.label is not None
        }
        faults = label_faults(labels, self.printers)
        forms = [form.of(level.name) for level in self.levels for form in level.codes]
        for index, level in enumerate(self.levels):
            if level.label is not None and level.capacity is None:
                faults.append(f"levels.{index}.label: {level.name} is no container; remove it")
            if level.label is None or level.label.sscc is None:
                continue
            said = f"00{level.label.sscc.range().sscc(level.label.sscc.first)}"
            try:
                meant = parse(said, forms).level
            except CodeError as error:
                faults.append(
                    f"levels.{index}.codes admits no label's own SSCC, expected a form with kind "
                    f"'gs1' and requires ['00']: {error}"
                )
            else:
                if meant != level.name:
                    faults.append(
                        f"levels.{index}.label: its SSCCs, as {said}, are codes of a {meant} as "
                        "well, expected a pattern in the codes of both that tells them apart"
                    )
        return faults

    def _filled_at_benches(self) -> set[str]:
        """The levels of which some station without a gate reads the code, and that of what lies in
        them."""
        return {
            level.name
            for below, level in pairwise(self.levels)
            for station in self.stations
            if station.gate is None and {below.name, level.name} <= set(station.reads)
        }

    def _stop_faults(self) -> list[str]:
        """Counts are compared when a shift or an order ends: where none does, nothing is."""
        if self.line.shifts or self.line.order:
            return []
        return [
            f"stations.{index}.gate.stop.on has 'difference', expected line.shifts or line.order "
            "beside it, for counts are compared when one of them ends"
            for index, station in enumerate(self.stations)
            if station.gate and StopCause.DIFFERENCE in station.gate.stop.on
        ]

    def _camera_faults(self) -> list[str]:
        """A camera at a gate must answer while the scanner's window is open."""
        faults = [
            f"cameras.{name} is a device as well, expected another name for one of them"
            for name in self.cameras
            if name in self.devices
        ]
        for name, each in self.cameras.items():
            faults += _trigger_faults(f"cameras.{name}", each)
        for index, station in enumerate(self.stations):
            camera, gate = self.cameras.get(station.scanner), station.gate
            if camera is None or gate is None:
                continue
            has_both = self.levels[0].pair is not None and station.second_scanner is None
            at, source = f"cameras.{station.scanner}", camera.source
            if camera.trigger != "camera":
                faults.append(
                    f"{at}.trigger is {camera.trigger!r}, expected 'camera' at a gate: the "
                    "photo-eye that makes an item must also make its picture"
                )
            if source.is_stream and "latency_ms" not in source.model_fields_set:
                faults.append(
                    f"{at}.source.latency_ms is missing: how long after its exposure does a "
                    "picture arrive at the latest? Let the camera film a running stopwatch on this "
                    "PC's screen, with `edge-agent camera view` beside it, and take the largest "
                    "difference that you find"
                )
            if camera.deadline_ms + source.latency_ms > gate.read_window_ms:
                faults.append(
                    f"{at}.deadline_ms is {camera.deadline_ms} and source.latency_ms "
                    f"{source.latency_ms}, expected together at most "
                    f"stations.{index}.gate.read_window_ms = {gate.read_window_ms}"
                )
            if has_both and camera.expected != 2:
                faults.append(
                    f"{at}.expected is {camera.expected}, expected 2: a {self.levels[0].name} has "
                    "a second code (levels.0.pair), and nothing else reads at station "
                    f"{station.name}"
                )
            elif camera.layer or (camera.expected > 1 and not has_both):
                faults.append(
                    f"cameras.{station.scanner} expects several codes, expected one: things come "
                    f"one by one at the gate of station {station.name}"
                )
        return faults

    def _shared_registers(self) -> list[str]:
        """Two gates must not read or write the same words of one PLC."""
        gates = [(station.name, station.gate) for station in self.stations if station.gate]
        return [
            f"stations {one} and {two} share {len(shared)} registers of {gate.plc}, each gate "
            f"needs its own: {', '.join(shared[:3])}, ..."
            for index, (one, gate) in enumerate(gates)
            for two, other in gates[index + 1 :]
            if gate.plc == other.plc
            and gate.io is None
            and other.io is None
            and (shared := overlaps({**_points(one, gate), **_points(two, other)}))
        ]

    def _shared_io(self) -> list[str]:
        """A gate keeps the connection to its remote I/O for itself: its time is the gate's."""
        users: dict[str, list[str]] = {}
        for station in self.stations:
            if station.gate:
                users.setdefault(station.gate.plc, []).append(station.name)
        return [
            f"stations {' and '.join(users[station.gate.plc])} share {station.gate.plc}, expected "
            f"it for {station.name} alone: its gate has mode = 'pulse'"
            for station in self.stations
            if station.gate and station.gate.io and len(users[station.gate.plc]) > 1
        ]

    def _station_faults(self) -> list[str]:
        faults = _repeated("stations", [station.name for station in self.stations])
        levels = [level.name for level in self.levels]
        scanners = sorted(n for n, d in self.line_devices().items() if d.role == "scanner")
        plcs = sorted(n for n, d in self.devices.items() if d.role == "plc")
        for index, station in enumerate(self.stations):
            at = f"stations.{index}"
            if station.scanner not in scanners:
                faults.append(f"{at}.scanner is {station.scanner!r}, expected one of {scanners}")
            if station.handheld is not None and station.handheld not in scanners:
                faults.append(f"{at}.handheld is {station.handheld!r}, expected one of {scanners}")
            faults += [
                f"{at}.reads has {name!r}, expected some of {levels}"
                for name in station.reads
                if name not in levels
            ]
            if station.gate and station.gate.plc not in plcs:
                faults.append(f"{at}.gate.plc is {station.gate.plc!r}, expected one of {plcs}")
            if station.gate and station.reads != levels[:1]:
                faults.append(
                    f"{at}.reads is {station.reads}, expected {levels[:1]}: "
                    "a gated station reads the lowest level only"
                )
            faults += self._pair_faults(at, station, scanners)
            for key, name in (
                ("scanner", station.scanner),
                ("second_scanner", station.second_scanner),
            ):
                device = self.devices.get(name) if name else None
                if station.gate and device is not None and not device.ends_frames:
                    faults.append(
                        f"{at}.{key} {name!r} has no suffix: at a gate the end of a code must be "
                        "seen, not waited for"
                    )
        faults += self._shared_registers() + self._shared_io()
        used = [
            name
            for station in self.stations
            for name in (station.scanner, station.second_scanner, station.handheld)
            if name is not None
        ]
        faults += [
            f"devices.{name} is named twice as a station's scanner or handheld; it serves one"
            for name in sorted({n for n in used if used.count(n) > 1})
        ]
        return faults

    def _pair_faults(self, at: str, station: Station, scanners: list[str]) -> list[str]:
        """Who reads the two codes of a thing at a gate."""
        faults, second = [], station.second_scanner
        gate, has_pair = station.gate, self.levels[0].pair is not None
        devices = sorted(set(scanners) - set(self.cameras))
        if second is not None and second not in devices:
            faults.append(f"{at}.second_scanner is {second!r}, expected one of {devices}")
        if second is not None and not (gate and has_pair):
            faults.append(
                f"{at}.second_scanner is {second!r}, expected a gate there and levels.0.pair: "
                "elsewhere a thing has one code, or one scanner reads both; remove it"
            )
        if gate and gate.io and gate.io.trigger == "scanner" and has_pair:
            faults.append(
                f"{at}.gate.io.trigger is 'scanner', expected 'input' or 'counter': each of a "
                f"{self.levels[0].name}'s two codes (levels.0.pair) would make an item"
            )
        return faults


def _trigger_faults(at: str, camera: Camera) -> list[str]:
    """What says when a picture is due must be something that happens, and once for each thing."""
    faults = []
    if camera.source.on_command and camera.trigger != "line":
        faults.append(
            f"{at}.trigger is {camera.trigger!r}, expected 'line': this source exposes only when "
            "it is told to"
        )
    if camera.source.is_stream and "trigger" not in camera.model_fields_set:
        faults.append(
            f"{at}.trigger is missing, expected 'presence' where the camera runs freely, 'line' "
            "where it is asked, or 'camera' where an input of its own makes each picture"
        )
    if camera.trigger == "camera" and camera.decode.agreement == "frames":
        faults.append(
            f"{at}.decode.agreement is 'frames', expected 'engines' or 'one': with trigger "
            "'camera' each picture is another thing"
        )
    return faults


def _source_json(camera: Camera) -> dict[str, Any]:
    # As written: keys that belong to another way of reaching the camera are refused, even if empty.
    given = camera.source.model_dump(mode="json", exclude_unset=True)
    return {"kind": camera.source.kind, **given}


def _points(station: str, gate: Gate) -> dict[str, Place]:
    """Everything that a gate's program shares with the agent."""
    return {f"{station}.{name}": point for name, point in gate.map.points().items()}


def _repeated(key: str, names: list[str]) -> list[str]:
    return [
        f"{key}: {name!r} is named twice"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
