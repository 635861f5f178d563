import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.drivers.counterparts import Cable, DeviceLog, Running, TcpPeer
from tests.drivers.modbus_wires import RtuWire, TcpWire


@pytest.fixture
def device_log() -> Iterator[DeviceLog]:
    log = DeviceLog()
    structlog.configure(processors=[log])
    yield log
    structlog.reset_defaults()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path / "scanner")
    yield cable
    cable.close()


@pytest.fixture
async def peer() -> AsyncIterator[TcpPeer]:
    peer = TcpPeer()
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture
def tcp_wire(peer: TcpPeer) -> TcpWire:
    return TcpWire(peer)


@pytest.fixture
def rtu_wire(cable: Cable) -> RtuWire:
    cable.plug()
    return RtuWire(cable)


@pytest.fixture
def running() -> Running:
    """Runs a driver beside the test; a driver that ends by itself fails it."""

    @asynccontextmanager
    async def run(driver: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            task = group.create_task(driver)
            yield
            assert not task.done()
            task.cancel()

    return run
