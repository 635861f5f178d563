"""Controllers that speak Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b)::

    [devices.gate]
    kind = "modbus-tcp"
    url = "tcp://192.168.0.10:502"
    device_id = 1
    timeout_ms = 500

No request is ever sent twice: a write that is repeated after its time has passed would reach
another item. A request that is not answered in time costs the connection, so that its late answer
cannot be taken for the next one's.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
)

from drivers.plc.modbus_exchange import Exchange
from drivers.protocols import DeviceState, Link, Plc, PlcError
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.registry import DeviceConfig
from drivers.stream import TcpUrl, open_stream

T = TypeVar("T")

MAX_READ = 125
MAX_WRITE = 123
"""Registers in one request (Modbus Application Protocol V1.1b3, 6.4 and 6.12)."""
_READ_INPUT_REGISTERS = 4
_WRITE_MULTIPLE_REGISTERS = 16

# All that pymodbus has to say is said by PlcError or by the device's state, once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Config(DeviceConfig):
    """A controller's keys."""

    role: ClassVar[str] = "plc"
    kind: ClassVar[str] = "modbus-tcp"

    url: TcpUrl
    device_id: Annotated[int, Field(ge=0, le=255)] = 1
    timeout_ms: Annotated[int, Field(ge=10, le=10_000)] = 500
    """For the connection, and for each answer."""


class ModbusTcpPlc:
    """One controller, one connection.

    The link is up when the controller has answered a request, not merely taken the connection.
    """

    def __init__(self, name: str, config: Config) -> None:
        self._name = name
        self._config = config
        self._link = Reconnect(name, config.url)
        self._exchange: Exchange | None = None

    @property
    def state(self) -> DeviceState:
        return self._link.state

    async def run(self) -> None:
        await self._link.run(self._open)

    def read_input_registers(self, address: int, count: int) -> asyncio.Future[list[int]]:
        _check_range("read", address, count, MAX_READ)
        what = f"read input registers {_span(address, count)}"

        def registers(reply: ModbusPDU) -> list[int]:
            if reply.function_code != _READ_INPUT_REGISTERS:
                raise self._wrong(what, _function(reply), f"function {_READ_INPUT_REGISTERS}")
            if len(reply.registers) != count:
                raise self._wrong(what, f"{len(reply.registers)} registers", f"{count}")
            return list(reply.registers)

        pdu = ReadInputRegistersRequest(address=address, count=count)
        return self._request(pdu, what, registers)

    def write_registers(self, address: int, values: Sequence[int]) -> asyncio.Future[None]:
        count = len(values)
        _check_range("write", address, count, MAX_WRITE)
        if not all(0 <= value <= 65_535 for value in values):
            raise ValueError(f"write of {list(values)}, expected words from 0 to 65535")
        what = f"write registers {_span(address, count)}"

        def acknowledged(reply: ModbusPDU) -> None:
            if reply.function_code != _WRITE_MULTIPLE_REGISTERS:
                raise self._wrong(what, _function(reply), f"function {_WRITE_MULTIPLE_REGISTERS}")
            if (reply.address, reply.count) != (address, count):
                found = f"{reply.count} registers from {reply.address} acknowledged"
                raise self._wrong(what, found, f"{count} from {address}")

        pdu = WriteMultipleRegistersRequest(address=address, registers=list(values))
        return self._request(pdu, what, acknowledged)

    async def _open(self, on_lost: OnLost) -> Close:
        timeout_s = self._config.timeout_ms / 1000
        exchange = Exchange(
            self._name,
            FramerSocket(DecodePDU(False)),
            on_lost,
            device_id=self._config.device_id,
            timeout_s=timeout_s,
        )
        try:
            async with asyncio.timeout(timeout_s):
                exchange.open(await open_stream(self._config.url, exchange.received, exchange.lost))
        except OSError as error:
            raise OSError(
                f"{self._config.url} cannot be reached within {self._config.timeout_ms} ms; is the "
                "PLC switched on, on this network, and its Modbus server enabled?"
            ) from error
        with ExitStack() as on_failure:
            on_failure.callback(exchange.close)
            await self._greet(exchange)
            on_failure.pop_all()
        self._exchange = exchange
        return exchange.close

    async def _greet(self, exchange: Exchange) -> None:
        """Any answer will do, an exception too: a gateway takes connections for a PLC that is off,
        and a link that answers nothing must not count as up."""
        pdu = ReadInputRegistersRequest(address=0, count=1)
        try:
            await exchange.request(pdu, "first request", lambda reply: reply, exceptions=True)
        except PlcError as error:
            raise OSError(
                f"{self._config.url} took the connection but answered no request within "
                f"{self._config.timeout_ms} ms; is device_id = {self._config.device_id} right, and "
                "the PLC running?"
            ) from error

    def _request(
        self, pdu: ModbusPDU, what: str, read: Callable[[ModbusPDU], T]
    ) -> asyncio.Future[T]:
        if self._exchange is None or self.state.link is not Link.UP:
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            answer.set_exception(self._wrong(what, f"no connection ({self.state.detail})", "one"))
            return answer
        return self._exchange.request(pdu, what, read)

    def _wrong(self, what: str, found: str, expected: str) -> PlcError:
        return PlcError(f"plc {self._name}: {what}: found {found}, expected {expected}")


def build(name: str, config: Config) -> Plc:
    """The controller, not yet connected."""
    return ModbusTcpPlc(name, config)


def _check_range(verb: str, address: int, count: int, most: int) -> None:
    if not 1 <= count <= most or not 0 <= address <= 65_536 - count:
        raise ValueError(
            f"{verb} of {count} registers from {address}, expected 1 to {most} within 0 to 65535"
        )


def _span(address: int, count: int) -> str:
    return f"{address} to {address + count - 1}"


def _function(reply: ModbusPDU) -> str:
    return f"an answer with function {reply.function_code}"
