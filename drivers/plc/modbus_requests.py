"""What is asked of a Modbus device, and what counts as an answer to it.

pymodbus writes the requests and reads the answers. An answer counts only if it is the one that was
asked for, to the last byte: function, byte count, number of values, echo of address and value
(Modbus Application Protocol V1.1b3, chapter 6).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.diag_message import ReturnQueryDataRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
)

from drivers.protocols import Table

T = TypeVar("T")

MAX_WRITE_WORDS = 123
"""In one request (6.12)."""
_EXCEPTION = 0x80
"""Added to the function code of an exception reply (chapter 7)."""
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""Chapter 7; 7 is of older editions."""
_SHOWN_BYTES = 20

DECODER = DecodePDU(is_server=False)


class WrongAnswerError(Exception):
    """The device answered something else than what was asked for."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected


class ExceptionReplyError(WrongAnswerError):
    """The device refused the request. It understood it, and goes on with the next."""


class NotTheAnswerError(WrongAnswerError):
    """This is the late answer to an earlier request; the right one may still come."""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """`result` makes the result of the answer's PDU. Raises WrongAnswerError."""

    what: str
    pdu: ModbusPDU
    result: Callable[[bytes], T]


def read(table: Table, address: int, count: int) -> Request[list[int]]:
    """Functions 1 to 4: bits as 0 and 1, words as they are."""
    if table.is_bits:
        return _read_bits(table, address, count)
    _check_range("read", "registers", address, count, table.max_read)
    kind = ReadHoldingRegistersRequest if table is Table.HOLDING else ReadInputRegistersRequest
    asked = kind(address=address, count=count)

    def words(answer: bytes) -> list[int]:
        reply = _reply(asked, answer, f"{count} registers")
        if len(reply.registers) != count:
            raise WrongAnswerError(f"{len(reply.registers)} registers", f"{count}")
        return list(reply.registers)

    return Request(f"read {table} registers {_span(address, count)}", asked, words)


def _read_bits(table: Table, address: int, count: int) -> Request[list[int]]:
    _check_range("read", "bits", address, count, table.max_read)
    kind = ReadCoilsRequest if table is Table.COIL else ReadDiscreteInputsRequest
    asked = kind(address=address, count=count)
    padded = -(-count // 8) * 8

    def bits(answer: bytes) -> list[int]:
        reply = _reply(asked, answer, f"{count} bits")
        if len(reply.bits) != padded:
            raise WrongAnswerError(f"{len(reply.bits)} bits", f"{count} padded to {padded}")
        return [int(bit) for bit in reply.bits[:count]]

    name = "coils" if table is Table.COIL else "discrete inputs"
    return Request(f"read {name} {_span(address, count)}", asked, bits)


def write_registers(address: int, values: Sequence[int]) -> Request[None]:
    """Function 16."""
    count = len(values)
    _check_range("write", "registers", address, count, MAX_WRITE_WORDS)
    if not all(0 <= value <= 65_535 for value in values):
        raise ValueError(f"write of {list(values)}, expected words from 0 to 65535")
    asked = WriteMultipleRegistersRequest(address=address, registers=list(values))

    def acknowledged(answer: bytes) -> None:
        expected = f"{count} from {address}"
        reply = _reply(asked, answer, expected)
        if (reply.address, reply.count) != (address, count):
            found = f"{reply.count} registers from {reply.address} acknowledged"
            raise WrongAnswerError(found, expected)

    return Request(f"write registers {_span(address, count)}", asked, acknowledged)


def write_coil(address: int, *, on: bool) -> Request[None]:
    """Function 5."""
    _check_range("write", "coils", address, 1, 1)
    asked = WriteSingleCoilRequest(address=address, bits=[on])

    def acknowledged(answer: bytes) -> None:
        expected = _coil(address, on=on)
        reply = _reply(asked, answer, expected)
        if (found := _coil(reply.address, on=reply.bits[0])) != expected:
            raise WrongAnswerError(f"{found} acknowledged", expected)

    return Request(f"write {_coil(address, on=on)}", asked, acknowledged)


def any_answer() -> Request[None]:
    """A request that every device answers, if only with an exception."""
    asked = ReadInputRegistersRequest(address=0, count=1)
    return Request("first request", asked, lambda _answer: None)


def echo(number: int) -> Request[bool]:
    """Function 8, "return query data": `number` comes back. False if the device refuses, as one
    does that has no such test. Waits on while answers to other requests arrive."""
    asked = ReturnQueryDataRequest(message=number)
    expected = asked.function_code.to_bytes(1) + asked.encode()

    def echoed(answer: bytes) -> bool:
        if answer == expected:
            return True
        if answer[0] == asked.function_code | _EXCEPTION:
            return False
        raise NotTheAnswerError(_shown(answer), _shown(expected))

    return Request("echo test", asked, echoed)


def _reply(asked: ModbusPDU, answer: bytes, expected: str) -> ModbusPDU:
    """The answer decoded, if it is one to `asked` and agrees with itself."""
    function = asked.function_code
    if answer[0] == function | _EXCEPTION and len(answer) == 2:
        raise ExceptionReplyError(_exception(answer[1]), "an answer")
    if answer[0] != function:
        is_exception = answer[0] > _EXCEPTION
        kind = "an exception to" if is_exception else "an answer with"
        found = f"{kind} function {answer[0] % _EXCEPTION}"
        raise WrongAnswerError(found, f"function {function}")
    reply = DECODER.decode(answer)
    # What pymodbus would not have written is not what it read: it looks past a byte count that
    # contradicts the length, stray bytes at the end, and a coil that is neither on nor off.
    if reply is None or reply.encode() != answer[1:]:
        raise WrongAnswerError(f"an answer that contradicts itself ({_shown(answer)})", expected)
    return reply


def _check_range(verb: str, things: str, address: int, count: int, most: int) -> None:
    if not 1 <= count <= most or not 0 <= address <= 65_536 - count:
        raise ValueError(
            f"{verb} of {count} {things} from {address}, expected 1 to {most} within 0 to 65535"
        )


def _span(address: int, count: int) -> str:
    return f"{address} to {address + count - 1}"


def _coil(address: int, *, on: bool) -> str:
    return f"coil {address} {'on' if on else 'off'}"


def _shown(answer: bytes) -> str:
    more = " ..." if len(answer) > _SHOWN_BYTES else ""
    return answer[:_SHOWN_BYTES].hex(" ") + more


def _exception(code: int) -> str:
    return f"exception {code} ({_EXCEPTIONS.get(code, 'unknown')})"
