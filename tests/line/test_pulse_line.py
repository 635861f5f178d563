"""`edge-agent line` with a gate over remote I/O: scanner, ledger and coil, in real time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger.journal import create_ledger
from tests.line.conftest import LineProcess, TcpScanner, bench_config, unit
from tests.line.pulse_rig import EYE_ONLY, PITCH
from tests.line.remote_io_twin import Twin

GATE = """
[devices.io]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:{port}"
[stations.gate]
plc = "io"
mode = "pulse"
poll_ms = 4
read_window_ms = 60
min_spacing_ms = 140
heartbeat_ms = 50
link_timeout_ms = 200
[stations.gate.belt]
{belt}
[stations.gate.io]
trigger = "{trigger}"
{eye}
[stations.gate.io.gate]
table = "coil"
address = 0
[[stations.gate.watchdogs]]
address = 10
at_most = 300
"""
EYE = 'eye = { table = "discrete", address = 0 }'


@asynccontextmanager
async def running_line(
    tmp_path: Path, scanner: TcpScanner, twin: Twin, trigger: str
) -> AsyncIterator[LineProcess]:
    gate = GATE.format(
        port=twin.port,
        belt="\n".join(f"{key} = {value}" for key, value in EYE_ONLY.items()),
        trigger=trigger,
        eye=EYE if trigger == "input" else "",
    )
    path = tmp_path / "bench.toml"
    config = bench_config(tmp_path, scanner, capacity=50).replace(
        'reads = ["unit", "case", "pallet"]', 'reads = ["unit"]'
    )
    path.write_text(config + gate)
    line = LineProcess(path, tmp_path / "line.log")
    create_ledger(line.config.ledger_path)
    try:
        await asyncio.to_thread(line.start)
        await asyncio.to_thread(scanner.accept)
        await asyncio.to_thread(line.wait_until, _armed)
        yield line
    finally:
        await asyncio.to_thread(line.close)


def _armed(status: dict[str, Any]) -> bool:
    return all(gate["armed"] for gate in status["gates"].values())


@pytest.mark.parametrize("trigger", ["input", "scanner"])
async def test_only_good_codes_pass_the_coil(
    tmp_path: Path, scanner: TcpScanner, trigger: str
) -> None:
    twin = Twin()
    await twin.start()
    codes = [unit(1), unit(2), unit(1), "NoRead", unit(3)]
    try:
        async with running_line(tmp_path, scanner, twin, trigger) as line:
            for index, code in enumerate(codes):
                thing = twin.put(50 if index else PITCH)
                async with asyncio.timeout(10):
                    while not thing.eye_s:
                        await asyncio.sleep(0.001)
                if trigger == "input":
                    await asyncio.sleep(0.02)  # the scanner takes its time
                scanner.send(code.encode() + b"\r\n")
                await asyncio.sleep(0.12)
            fates = await twin.settled()
            await asyncio.to_thread(line.stop)
            assert fates == ["passed", "passed", "ejected", "ejected", "passed"], line.log()
    finally:
        await twin.stop()
