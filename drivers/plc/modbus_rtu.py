"""Controllers and I/O stations that speak Modbus RTU over a serial port (Modbus over Serial Line
V1.02)::

    [devices.gate]
    kind = "modbus-rtu"
    url = "serial:///dev/serial/by-id/usb-FTDI_RS485-if00?baud=19200&parity=E"
    device_id = 1
    timeout_ms = 500

An RTU frame has no number: a late answer looks like the next one's. So whenever an answer was
missing, wrong or damaged, the port is opened anew and nothing is asked before the device has echoed
a number it was not given before: it answers in order, so what it owed has come by then. A device
without this test (function 8, "return query data") refuses it; it is left in peace for `settle_ms`
each time instead.
"""

import asyncio
import random
from contextlib import ExitStack
from functools import partial
from itertools import count, repeat
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pymodbus.framer import FramerRTU

from drivers.plc.modbus_exchange import Exchange
from drivers.plc.modbus_plc import ModbusPlc
from drivers.plc.modbus_requests import DECODER, echo
from drivers.protocols import Plc, PlcError
from drivers.reconnect import OnLost
from drivers.registry import DeviceConfig
from drivers.stream import SerialAddress, open_stream, parse_url

_CRC_BYTES = 2
_CHARACTER_BITS = 11
"""With start, parity and stop bits (2.5.1)."""
_SHORTEST_SILENCE_S = 0.001_75
"""Above 19,200 baud (2.5.1.1)."""


def _checked(url: str) -> str:
    address = parse_url(url)
    if not isinstance(address, SerialAddress):
        raise ValueError(f"is {url!r}, expected serial:///dev/...")
    if address.bits != 8:
        raise ValueError(f"has bits={address.bits}, expected 8: RTU sends whole bytes")
    return url


class Config(DeviceConfig):
    """A controller's keys."""

    role: ClassVar[str] = "plc"
    kind: ClassVar[str] = "modbus-rtu"

    url: Annotated[str, AfterValidator(_checked)]
    device_id: Annotated[int, Field(ge=1, le=247)] = 1
    timeout_ms: Annotated[int, Field(ge=10, le=10_000)] = 500
    """For each answer, from the request's first byte to the answer's last."""
    settle_ms: Annotated[int, Field(ge=10, le=60_000)] = 3_000
    """The latest that an answer may come from a device that does not know the echo test."""


class Framer(FramerRTU):
    """pymodbus' framer, but for this: it drops whatever came with a frame, as the right answer may
    come with a late one."""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        used, device_id, transaction, pdu = super().decode(data)
        if pdu:
            frame = bytes([device_id]) + pdu
            used = data.index(frame) + len(frame) + _CRC_BYTES
        return used, device_id, transaction, pdu


def build(name: str, config: Config) -> Plc:
    """The controller, not yet connected."""
    numbers = count(random.randrange(65_536))  # noqa: S311 - no secret
    return ModbusPlc(name, config.url, partial(_connect, name, config, numbers))


def silence_s(baud: int) -> float:
    """The silence between two frames: 3.5 characters (2.5.1.1)."""
    return max(3.5 * _CHARACTER_BITS / baud, _SHORTEST_SILENCE_S)


async def _connect(name: str, config: Config, numbers: "count[int]", on_lost: OnLost) -> Exchange:
    address = parse_url(config.url)
    assert isinstance(address, SerialAddress)  # noqa: S101  the configuration takes no other
    exchange = Exchange(
        name,
        Framer(DECODER),
        on_lost,
        device_id=config.device_id,
        timeout_s=config.timeout_ms / 1000,
        transactions=repeat(0),
        silence_s=silence_s(address.baud),
    )
    exchange.open(await open_stream(config.url, exchange.received, exchange.lost))
    with ExitStack() as on_failure:
        on_failure.callback(exchange.close)
        try:
            if not await exchange.request(echo(next(numbers) % 65_536)):
                await asyncio.sleep(config.settle_ms / 1000)
                await exchange.request(echo(next(numbers) % 65_536))
        except PlcError as error:
            raise OSError(
                f"{config.url} is open but {error}; is device_id = {config.device_id} right, baud "
                "and parity as the device's, A and B not swapped, and the device running?"
            ) from error
        on_failure.pop_all()
    return exchange
