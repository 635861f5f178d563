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
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Annotated, ClassVar

from pydantic import Field
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from drivers.protocols import DeviceState, Plc, PlcError
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.registry import DeviceConfig
from drivers.stream import TcpUrl, parse_tcp_url

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
    """One controller, one connection; requests are sent one after the other.

    The link is up when the controller has answered a request, not merely taken the connection.
    """

    def __init__(self, name: str, config: Config) -> None:
        self._name = name
        self._config = config
        self._address = parse_tcp_url(config.url)
        self._link = Reconnect(name, config.url)
        self._client: AsyncModbusTcpClient | None = None
        self._on_lost: OnLost
        self._waiting: set[asyncio.Timeout] = set()

    @property
    def state(self) -> DeviceState:
        return self._link.state

    async def run(self) -> None:
        await self._link.run(self._open)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        _check_range("read", address, count, MAX_READ)
        what = f"read input registers {_span(address, count)}"
        reply = await self._request(
            what,
            lambda client: client.read_input_registers(
                address, count=count, device_id=self._config.device_id
            ),
        )
        if reply.function_code != _READ_INPUT_REGISTERS:
            raise self._wrong(what, _function(reply), f"function {_READ_INPUT_REGISTERS}")
        if len(reply.registers) != count:
            raise self._wrong(what, f"{len(reply.registers)} registers", f"{count}")
        return list(reply.registers)

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        count = len(values)
        _check_range("write", address, count, MAX_WRITE)
        if not all(0 <= value <= 65_535 for value in values):
            raise ValueError(f"write of {list(values)}, expected words from 0 to 65535")
        what = f"write registers {_span(address, count)}"
        reply = await self._request(
            what,
            lambda client: client.write_registers(
                address, list(values), device_id=self._config.device_id
            ),
        )
        if reply.function_code != _WRITE_MULTIPLE_REGISTERS:
            raise self._wrong(what, _function(reply), f"function {_WRITE_MULTIPLE_REGISTERS}")
        if (reply.address, reply.count) != (address, count):
            found = f"{reply.count} registers from {reply.address} acknowledged"
            raise self._wrong(what, found, f"{count} from {address}")

    async def _open(self, on_lost: OnLost) -> Close:
        def traced(connected: bool) -> None:
            if not connected:
                self._lose("the PLC closed the connection")

        client = AsyncModbusTcpClient(
            self._address.host,
            port=self._address.port,
            timeout=self._config.timeout_ms / 1000,
            retries=0,
            reconnect_delay=0,
            trace_connect=traced,
        )
        self._on_lost = on_lost
        within = f"within {self._config.timeout_ms} ms"
        with ExitStack() as on_failure:
            on_failure.callback(client.close)
            if not await client.connect():
                raise OSError(
                    f"{self._config.url} cannot be reached {within}; is the PLC switched on, on "
                    "this network, and its Modbus server enabled?"
                )
            try:
                # Any answer will do, an exception too: a gateway takes connections for a PLC
                # that is off, and a link that answers nothing must not count as up.
                await client.read_input_registers(0, device_id=self._config.device_id)
            except ModbusException as error:
                raise OSError(
                    f"{self._config.url} took the connection but answered no request {within}; "
                    f"is device_id = {self._config.device_id} right, and the PLC running?"
                ) from error
            on_failure.pop_all()
        self._client = client
        return self._close

    def _close(self) -> None:
        """Give the connection up, and with it every request that waits for an answer."""
        if self._client is not None:
            self._client.close()
            self._client = None
        now_s = asyncio.get_running_loop().time()
        for scope in self._waiting:
            scope.reschedule(now_s)
        self._waiting.clear()

    def _lose(self, detail: str) -> None:
        self._close()
        self._on_lost(detail)

    async def _request(
        self, what: str, send: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]
    ) -> ModbusPDU:
        """The reply to one request. Raises PlcError if there is none, or an exception reply."""
        if self._client is None:
            raise self._wrong(what, f"no connection ({self.state.detail})", "one")
        try:
            # Without a time of its own: pymodbus has the time-out. It does not notice,
            # while it waits, that the connection broke; _lose ends the wait through this.
            async with asyncio.timeout(None) as scope:
                self._waiting.add(scope)
                try:
                    reply = await send(self._client)
                finally:
                    self._waiting.discard(scope)
        except TimeoutError:
            raise self._wrong(what, "a connection lost before the answer", "an answer") from None
        except ModbusException:
            found = f"no answer within {self._config.timeout_ms} ms"
            self._lose(f"{what}: {found}")
            raise self._wrong(what, found, "one") from None
        finally:
            _insist_on_cancellation()
        if isinstance(reply, ExceptionResponse):
            raise self._wrong(what, _exception(reply.exception_code), "an answer")
        return reply

    def _wrong(self, what: str, found: str, expected: str) -> PlcError:
        return PlcError(f"plc {self._name}: {what}: found {found}, expected {expected}")


def build(name: str, config: Config) -> Plc:
    """The controller, not yet connected."""
    return ModbusTcpPlc(name, config)


def _insist_on_cancellation() -> None:
    """Python 3.11's `wait_for`, inside pymodbus, loses a cancellation that meets the answer
    (python/cpython issue 86296); the task would go on for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _check_range(verb: str, address: int, count: int, most: int) -> None:
    if not 1 <= count <= most or not 0 <= address <= 65_536 - count:
        raise ValueError(
            f"{verb} of {count} registers from {address}, expected 1 to {most} within 0 to 65535"
        )


def _span(address: int, count: int) -> str:
    return f"{address} to {address + count - 1}"


def _function(reply: ModbusPDU) -> str:
    return f"an answer with function {reply.function_code}"


def _exception(code: int) -> str:
    known = {exception.value: exception.name.lower().replace("_", " ") for exception in ExcCodes}
    return f"exception {code} ({known.get(code, 'unknown')})"
