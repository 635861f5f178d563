"""CONTRIBUTING.md promises: a driver is one file and one line in the registry."""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from drivers import registry
from drivers.protocols import Link, ScannerFrame
from drivers.registry import build_reader
from edge_agent.config import LineConfig
from edge_agent.config_file import ConfigError, load_config
from tests.drivers.counterparts import DeviceLog, Running

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
LINE = """
[line]
name = "udp"
[[levels]]
name = "unit"
codes = [{{ kind = "plain", pattern = "A.*" }}]
[devices.reader]
kind = "udp-scanner"
{keys}
[[stations]]
name = "bench"
scanner = "reader"
reads = ["unit"]
"""


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one file, taken from the page, and the one line."""
    found = re.search(r"```python\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    module = tmp_path / "udp_scanner_of_the_page.py"
    module.write_text(found[1])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.KINDS, "udp-scanner", module.stem)
    return tmp_path / "udp.toml"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def load(path: Path, keys: str) -> LineConfig:
    path.write_text(LINE.format(keys=keys))
    return load_config(path)


async def test_a_driver_in_one_file_and_one_registry_line_reads_codes(
    example: Path, running: Running, device_log: DeviceLog
) -> None:
    port = free_port()
    config = load(example, f"port = {port}")
    reader = build_reader("reader", config.devices["reader"])
    frames: asyncio.Queue[ScannerFrame] = asyncio.Queue()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
        async with running(reader.run(frames.put_nowait)):
            await device_log.until("device is up")
            for data in (b"A1\r\n", b"\xff", b"x" * 2_000):
                scanner.sendto(data, ("127.0.0.1", port))
            read = await frames.get()
            bad, long = await frames.get(), await frames.get()
    assert (read.text, read.defect) == ("A1", None)
    assert (bad.text, bad.defect) == ("\\xff", "not UTF-8 at byte 1")
    assert long.defect == "longer than 1024 bytes"
    assert reader.state.link is Link.DOWN


def test_the_configuration_names_the_new_drivers_keys(example: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(example, "port = 99999\nbaud = 9600")
    faults = "\n".join(error.value.faults)
    assert "devices.reader.port is 99999" in faults
    assert "devices.reader.baud is not known, expected one of ['host', 'port']" in faults
