"""A technician's own connection to a PLC, beside the line's or in its place."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress

from drivers.protocols import Link, Plc, PlcError
from drivers.registry import build_plc
from edge_agent.config import LineConfig
from edge_agent.ledger.errors import LedgerBusyError
from edge_agent.ledger.journal import lock_ledger

UP_WITHIN_S = 5.0
_LOOK_S = 0.05


class LineRunsError(Exception):
    """The line role has this PLC now."""


@asynccontextmanager
async def connection(config: LineConfig, name: str) -> AsyncIterator[Plc]:
    """The PLC `name`, which is being connected, and connected again when it was lost."""
    plc = build_plc(name, config.devices[name])
    running = asyncio.create_task(plc.run())
    try:
        yield plc
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until_up(plc: Plc) -> None:
    """Wait for the connection. Raises PlcError if it takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(UP_WITHIN_S):
            while plc.state.link is not Link.UP:  # noqa: ASYNC110 a state, not an event
                await asyncio.sleep(_LOOK_S)
    if plc.state.link is not Link.UP:
        raise PlcError(plc.state.detail)


@contextmanager
def without_the_line(config: LineConfig) -> Iterator[None]:
    """Raises LineRunsError if the line role runs. Meanwhile it cannot start: its ledger, which it
    needs, is held."""
    with ExitStack() as held:
        if config.ledger_path.exists():
            try:
                held.enter_context(lock_ledger(config.ledger_path))
            except LedgerBusyError:
                raise LineRunsError(
                    f"the line role of {config.line.name} is running and has this PLC; stop it "
                    f"first, e.g. systemctl stop edge-agent-line@{config.line.name}"
                ) from None
        yield
