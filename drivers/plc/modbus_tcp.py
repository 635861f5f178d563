"""Controllers that speak Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b)::

    [devices.gate]
    kind = "modbus-tcp"
    url = "tcp://192.168.0.10:502"
    device_id = 1
    timeout_ms = 500

No request is ever sent twice: a write that is repeated after its time has passed would reach
another item. A request that is not answered in time, or wrongly, costs the connection, so that no
late answer can be taken for the next one's.
"""

import asyncio
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from typing import Annotated, ClassVar

from pydantic import Field
from pymodbus.framer import FramerSocket

from drivers.plc.modbus_exchange import Exchange
from drivers.plc.modbus_plc import ModbusPlc
from drivers.plc.modbus_requests import DECODER, any_answer
from drivers.protocols import Plc, PlcError
from drivers.reconnect import OnLost
from drivers.registry import DeviceConfig
from drivers.stream import TcpUrl, open_stream


class Config(DeviceConfig):
    """A controller's keys."""

    role: ClassVar[str] = "plc"
    kind: ClassVar[str] = "modbus-tcp"

    url: TcpUrl
    device_id: Annotated[int, Field(ge=0, le=255)] = 1
    """0: an answer of any device counts."""
    timeout_ms: Annotated[int, Field(ge=10, le=10_000)] = 500
    """For the connection, and for each answer."""


def build(name: str, config: Config) -> Plc:
    """The controller, not yet connected."""
    return ModbusPlc(name, config.url, partial(_connect, name, config))


async def _connect(name: str, config: Config, on_lost: OnLost) -> Exchange:
    timeout_s = config.timeout_ms / 1000
    exchange = Exchange(
        name,
        FramerSocket(DECODER),
        on_lost,
        device_id=config.device_id,
        timeout_s=timeout_s,
        transactions=cycle(range(1, 65_536)),
    )
    try:
        async with asyncio.timeout(timeout_s):
            exchange.open(await open_stream(config.url, exchange.received, exchange.lost))
    except OSError as error:
        raise OSError(
            f"{config.url} cannot be reached within {config.timeout_ms} ms; is the PLC switched "
            "on, on this network, and its Modbus server enabled?"
        ) from error
    with ExitStack() as on_failure:
        on_failure.callback(exchange.close)
        # A gateway takes connections for a PLC that is off, and a link that answers nothing must
        # not count as up.
        try:
            await exchange.request(any_answer())
        except PlcError as error:
            raise OSError(
                f"{config.url} took the connection but answered no request within "
                f"{config.timeout_ms} ms; is device_id = {config.device_id} right, and the PLC "
                "running?"
            ) from error
        on_failure.pop_all()
    return exchange
