"""A Modbus RTU device on a pty, apart from pymodbus: the standard read once more."""

import struct

from tests.drivers.counterparts import Cable
from tests.drivers.modbus_wires import crc, framed

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2


class RtuServer:
    """Holds 200 of each: input registers 1000 + address, every second discrete input on."""

    def __init__(self, cable: Cable, *, unit: int) -> None:
        self._cable = cable
        self._unit = unit
        self.coils = [0] * 200
        self.discrete = [0, 1] * 100
        self.inputs = [1_000 + address for address in range(200)]
        self.holding = [0] * 200

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            frame = await self._cable.receive(8)
            if frame[1] == 16:
                frame += await self._cable.receive(frame[6] + 1)
            assert crc(frame) == 0
            if frame[0] == self._unit:
                self._cable.send(framed(self._answer(frame[1:-2]), unit=self._unit))

    def _answer(self, pdu: bytes) -> bytes:
        function, address, count = struct.unpack_from(">BHH", pdu)
        match function:
            case 1 | 2:
                bits = (self.coils if function == 1 else self.discrete)[address : address + count]
                number = sum(bit << at for at, bit in enumerate(bits))
                length = -(-count // 8)
                return bytes([function, length]) + number.to_bytes(length, "little")
            case 3 | 4:
                words = (self.holding if function == 3 else self.inputs)[address : address + count]
                if len(words) < count:
                    return bytes([function | 0x80, _ILLEGAL_ADDRESS])
                return struct.pack(f">BB{count}H", function, 2 * count, *words)
            case 5:
                self.coils[address] = int(count == 0xFF00)
                return pdu
            case 8:
                return pdu
            case 16:
                self.holding[address : address + count] = struct.unpack(f">{count}H", pdu[6:])
                return pdu[:5]
            case _:
                return bytes([function | 0x80, _ILLEGAL_FUNCTION])
