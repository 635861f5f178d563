"""A controller that speaks Modbus, whatever carries it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from drivers.plc import modbus_requests
from drivers.plc.modbus_exchange import Exchange, plc_error
from drivers.plc.modbus_requests import Request
from drivers.protocols import DeviceState, Link, Table
from drivers.reconnect import Close, OnLost, Reconnect

T = TypeVar("T")

Connect = Callable[[OnLost], Awaitable[Exchange]]
"""Opens a connection on which the controller has answered. Raises OSError if it cannot."""

# All that pymodbus has to say is said by PlcError or by the device's state, once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class ModbusPlc:
    """One controller, one connection."""

    def __init__(self, name: str, url: str, connect: Connect) -> None:
        self._name = name
        self._connect = connect
        self._link = Reconnect(name, url)
        self._exchange: Exchange | None = None

    @property
    def state(self) -> DeviceState:
        return self._link.state

    async def run(self) -> None:
        await self._link.run(self._open)

    def read(self, table: Table, address: int, count: int) -> asyncio.Future[list[int]]:
        return self._request(modbus_requests.read(table, address, count))

    def write_registers(self, address: int, values: Sequence[int]) -> asyncio.Future[None]:
        return self._request(modbus_requests.write_registers(address, values))

    def write_coil(self, address: int, on: bool) -> asyncio.Future[None]:
        return self._request(modbus_requests.write_coil(address, on=on))

    async def _open(self, on_lost: OnLost) -> Close:
        self._exchange = await self._connect(on_lost)
        return self._exchange.close

    def _request(self, request: Request[T]) -> asyncio.Future[T]:
        if self._exchange is None or self.state.link is not Link.UP:
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            found = f"no connection ({self.state.detail})"
            answer.set_exception(plc_error(self._name, request.what, found, "one"))
            return answer
        return self._exchange.request(request)
