"""The demo's directory: configuration, token, databases, logs, process numbers."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

from drivers.sim.codes import PRODUCT
from drivers.sim.layout import DEMO
from drivers.sim.script import NO_READ
from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.demo.options import DemoError
from edge_agent.gate_config import Belt

LINE = "demo"
CAMERA = "table"
"""Over the packer's table; its name is part of the path of a Unix socket, which must be short."""
CASES = "cases"
"""The camera's station."""
REWORK = "rework"
"""The station of the rework table."""
CASE_SIZE = 12
PALLET_SIZE = 4
_COMMAND_S = 60
_SOCKET_PATH_BYTES = 107
"""The longest path of a Unix socket (unix(7): sun_path)."""

_CONFIG = Template("""\
# The line of `edge-agent demo`: a serial scanner and a PLC gate over the belt, a camera where a
# packer labels cases, his scanner on TCP for pallets, and a table where cases are repaired. The
# demo writes its own copy, with the addresses of its simulated plant.

[line]
name = "$line"
data_dir = "$data_dir"
run_dir = "$run_dir"

[[products]]
gtin = "$gtin"
name = "Flower water 500 ml"

[[levels]]
name = "unit"

[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]

[[levels]]
name = "case"
capacity = $case_size
waiting = 40                     # the belt goes on while the packer is behind

[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '0009521234\\d{10}'     # extension digit 0: cases

[[levels]]
name = "pallet"
capacity = $pallet_size
waiting = 5

[[levels.codes]]
kind = "gs1"
requires = ["00"]
pattern = '0019521234\\d{10}'     # extension digit 1: pallets

[devices.belt-scanner]
kind = "scanner"
url = "serial://$scanner?baud=115200"
suffix = "\\r"
no_read = ["$no_read"]

[devices.pallet-scanner]
kind = "scanner"
url = "tcp://127.0.0.1:$packing_port"
suffix = "\\r"
accept = "ACK\\r"
reject = "NAK\\r"

[devices.rework-scanner]
kind = "scanner"
url = "serial://$rework_scanner?baud=115200"
suffix = "\\r"

[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:$plc_port"

[[stations]]
name = "belt"
scanner = "belt-scanner"
reads = ["unit"]
reread_ms = 500

[stations.gate]
plc = "plc"
poll_ms = 8
read_window_ms = 25              # what the scanner promises
min_spacing_ms = 42              # what the feeding guarantees

[stations.gate.belt]             # docs/gate.md; a step is a count of the encoder, half a millimetre
step = "encoder"
$belt

[cameras.$camera]                  # docs/camera.md; run by: edge-agent camera CONFIG $camera
trigger = "presence"             # a case is there
deadline_ms = 900                # while the packer holds it
stall_ms = 1000
accept_url = "http://127.0.0.1:$camera_port/accept"     # the packer looks at the camera's lamp
reject_url = "http://127.0.0.1:$camera_port/reject"

[cameras.$camera.source]
kind = "opencv"
url = "http://127.0.0.1:$camera_port/stream"
read_timeout_ms = 1500

[cameras.$camera.decode]
formats = ["code-128", "data-matrix"]
workers = 1
budget_ms = 60

[[stations]]
name = "$cases"
scanner = "$camera"
reads = ["case"]
reread_ms = 1000

[[stations]]
name = "pallets"
scanner = "pallet-scanner"
reads = ["pallet"]
reread_ms = 1000
work = "pallet"

[[stations]]
name = "$rework"
scanner = "rework-scanner"
reads = ["unit", "case", "pallet"]
work = "rework"

[titles]                         # what the screens call them
belt = "Belt"
cases = "Case bench"
pallets = "Pallet bench"
rework = "Rework table"
belt-scanner = "Belt"
pallet-scanner = "Pallets"
rework-scanner = "Rework"
$camera = "Camera"
plc = "PLC"

[hmi]                            # docs/operators.en.md; run by: edge-agent hmi CONFIG
port = $hmi_port
language = "en"
site = "Edge Agent demo"

[sync]
hq_url = "http://127.0.0.1:$hq_port"
token_file = "$token_file"
jitter_s = 0
continuous_s = 1
""")


@dataclass(frozen=True, slots=True)
class PlantAddress:
    """Where the simulated plant can be reached."""

    scanner: str
    packing_port: int
    plc_port: int
    camera_port: int


def render_config(root: Path, plant: PlantAddress, hq_port: int, hmi_port: int) -> str:
    """The line's configuration as TOML, everything that is written lying under `root`."""
    return _CONFIG.substitute(
        line=LINE,
        data_dir=root / "data",
        run_dir=root / "run",
        token_file=root / "hq.token",
        gtin=PRODUCT,
        no_read=NO_READ,
        case_size=CASE_SIZE,
        pallet_size=PALLET_SIZE,
        scanner=plant.scanner,
        packing_port=plant.packing_port,
        plc_port=plant.plc_port,
        camera=CAMERA,
        cases=CASES,
        camera_port=plant.camera_port,
        rework=REWORK,
        rework_scanner=root / "rework-scanner",
        hq_port=hq_port,
        hmi_port=hmi_port,
        belt=_belt(),
    )


def _belt() -> str:
    """What a technician measures, one key a line."""
    keys = {"fastest_steps_per_s": DEMO.fastest_steps_per_s, **asdict(DEMO.parameters)}
    return "\n".join(f"{key} = {keys[key]}" for key in Belt.model_fields if key in keys)


class Workspace:
    """Everything that one demo writes, under `root`: a directory that is new or empty.

    Raises DemoError if `root` cannot serve.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.config_path = self.root / "demo.toml"
        self.hq_dir = self.root / "hq"
        self.plant_dir = self.root / "plant"
        self.truth_path = self.plant_dir / "truth.json"
        self.logs_dir = self.root / "logs"
        self.pids_path = self.root / "pids.json"
        self.rework_link = self.root / "rework-scanner"
        self._token_path = self.root / "hq.token"
        self._make_directories()
        self._port_holders: list[socket.socket] = []

    def _make_directories(self) -> None:
        too_long = (
            len(bytes(self.root / "run" / f"{LINE}-camera-{CAMERA}-reads.sock"))
            - _SOCKET_PATH_BYTES
        )
        if too_long > 0:
            raise DemoError(
                f"{self.root} is {too_long} bytes too long for the path of a Unix socket in it; "
                "choose a shorter one"
            )
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if any(self.root.iterdir()):
                raise DemoError(f"{self.root} is not empty; name a new directory or empty it")
            for directory in (self.plant_dir, self.logs_dir):
                directory.mkdir()
        except OSError as error:
            raise DemoError(
                f"{self.root} cannot serve as the demo's directory: {error.strerror}"
            ) from None

    def hold_port(self) -> int:
        """A port for a role, kept from everybody else while the role is not listening."""
        holder = socket.socket()
        self._port_holders.append(holder)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port: int = holder.getsockname()[1]
        return port

    def token(self) -> str:
        """What HQ gave the line to sign in with."""
        return self._token_path.read_text(encoding="utf-8")

    def close(self) -> None:
        for holder in self._port_holders:
            holder.close()

    def set_up(self, plant: PlantAddress, hq_port: int, hmi_port: int) -> LineConfig:
        """Configure the line as an installer would: by the project's own commands."""
        text = render_config(self.root, plant, hq_port, hmi_port)
        self.config_path.write_text(text, encoding="utf-8")
        config = load_config(self.config_path)
        token = command("hq-token", "add", LINE, "--data", str(self.hq_dir))
        self._token_path.touch(mode=0o600)
        self._token_path.write_text(token, encoding="utf-8")
        command("ledger", "init", str(self.config_path))
        return config

    def write_pids(self, pids: dict[str, int]) -> None:
        """Tell which process plays which role now; whole or not at all."""
        fresh = self.pids_path.with_suffix(".new")
        fresh.write_text(json.dumps(pids), encoding="utf-8")
        fresh.replace(self.pids_path)


def command(*arguments: str) -> str:
    """What `edge-agent ARGUMENTS` prints. Raises DemoError if it fails."""
    called = f"edge-agent {' '.join(arguments)}"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edge_agent", *arguments],
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DemoError(f"{called}: not done after {_COMMAND_S} s") from None
    if done.returncode:
        raise DemoError(f"{called}: {done.stderr.strip()}")
    return done.stdout.strip()
