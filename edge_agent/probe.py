"""`edge-agent check --probe`: open each device as the line would, and say what was found."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.table import Table

from drivers.protocols import CodeReader, DeviceState, Link, Plc, PlcError
from drivers.registry import build_plc, build_reader
from edge_agent.config import LineConfig

PROBE_S = 5.0
"""How long a device may take to be there."""
_LOOK_S = 0.05


def probe_devices(config: LineConfig) -> bool:
    """Print a row for each device; True if all answered."""
    reports = asyncio.run(_probe_all(config))
    table = Table("device", "link", "found")
    for name, state in reports.items():
        colour = "green" if state.link is Link.UP else "red"
        table.add_row(name, f"[{colour}]{state.link.value}[/]", state.detail)
    Console().print(table)
    return all(state.link is Link.UP for state in reports.values())


async def _probe_all(config: LineConfig) -> dict[str, DeviceState]:
    names = list(config.devices)
    states = await asyncio.gather(*(_probe(config, name) for name in names))
    return dict(zip(names, states, strict=True))


async def _probe(config: LineConfig, name: str) -> DeviceState:
    device = config.devices[name]
    if device.role == "plc":
        plc = build_plc(name, device)
        return await _watch(plc, plc.run(), _read_counters(config, name, plc))
    reader = build_reader(name, device)
    return await _watch(reader, reader.run(lambda _: None), None)


async def _watch(
    device: CodeReader | Plc,
    run: Coroutine[Any, Any, None],
    ask: Coroutine[Any, Any, None] | None,
) -> DeviceState:
    """The device's state once it is up and `ask` got its answer, or when the time is over."""
    running = asyncio.create_task(run)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROBE_S):
                while device.state.link is not Link.UP:  # noqa: ASYNC110 a state, not an event
                    await asyncio.sleep(_LOOK_S)
                if ask is not None:
                    await ask
        return device.state
    except PlcError as error:
        return DeviceState(Link.DOWN, str(error))
    finally:
        if ask is not None:
            ask.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _read_counters(config: LineConfig, name: str, plc: Plc) -> None:
    """A gate's registers must be there too, not only the port."""
    for station in config.stations:
        if station.gate and station.gate.plc == name:
            registers = station.gate.registers
            await plc.read_input_registers(registers.counters, 2)
            await plc.read_input_registers(registers.outcomes, 2)
