"""`edge-agent check --probe`: open each device as the line would, and say what was found."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.table import Table

from drivers.gate.points import ReadPlan
from drivers.printers.zpl import ZplPrinter
from drivers.protocols import (
    CodeReader,
    DeviceState,
    LabelPrinter,
    Link,
    Plc,
    PlcError,
    PrinterError,
)
from drivers.registry import build_plc, build_reader
from edge_agent.config import LineConfig
from edge_agent.core.labels import FAULTS
from edge_agent.line.gate_session import refused_identity
from edge_agent.line.gate_words import PlcWords

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
    names = [*config.devices, *config.printers]
    states = await asyncio.gather(
        *(_probe(config, name) for name in config.devices),
        *(_probe_printer(config, name) for name in config.printers),
    )
    return dict(zip(names, states, strict=True))


async def _probe(config: LineConfig, name: str) -> DeviceState:
    device = config.devices[name]
    if device.role == "plc":
        plc = build_plc(name, device)
        return await _watch(plc, plc.run(), _ask_gates(config, name, plc))
    reader = build_reader(name, device)
    return await _watch(reader, reader.run(lambda _: None), None)


async def _probe_printer(config: LineConfig, name: str) -> DeviceState:
    """It is up when it has answered ``~HS``; one that cannot print now is told as down."""
    plan = config.printers[name]
    printer = ZplPrinter(name, plan.url, poll_s=plan.poll_s, answer_ms=plan.answer_ms)
    return await _watch(printer, printer.run(), _ask_printer(printer))


async def _watch(
    device: CodeReader | LabelPrinter | Plc,
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
    except (PlcError, PrinterError) as error:
        return DeviceState(Link.DOWN, str(error))
    finally:
        if ask is not None:
            ask.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _ask_printer(printer: LabelPrinter) -> None:
    if (fault := printer.fault) is not None:
        raise PrinterError(fault, str(FAULTS[fault]), handed_over=False)


async def _ask_gates(config: LineConfig, name: str, plc: Plc) -> None:
    """A gate's program must be there too, not only the port, and its watchdogs be set."""
    for station in config.stations:
        gate = station.gate
        if gate is None or gate.plc != name:
            continue
        words = PlcWords(plc, gate.map, gate.watchdogs)
        refusal = await words.check()
        if refusal is None and gate.io is None:
            refusal = refused_identity(await words.status(), gate.map.slots)
        elif refusal is None and gate.io is not None:
            for request in ReadPlan(gate.io.inputs()).requests:
                await plc.read(*request)
        if refusal is not None:
            raise PlcError(f"plc {name}: {refusal}")
