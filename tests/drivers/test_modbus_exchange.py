"""Answers as bytes come in: cut anywhere, or damaged."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerSocket

from drivers.plc.modbus_exchange import Exchange
from drivers.plc.modbus_requests import DECODER, read
from drivers.plc.modbus_rtu import Framer
from drivers.protocols import Table
from tests.drivers.modbus_wires import framed

ANSWER = b"\x04\x04\x12\x34\x56\x78"
TCP = b"\x00\x01\x00\x00\x00\x07\x01" + ANSWER
RTU = framed(ANSWER)


class Sink:
    """An open connection whose far end takes everything."""

    def write(self, data: bytes) -> bool:
        return True

    def close(self) -> None:
        pass


def tcp(lost: Callable[[str], None]) -> Exchange:
    return Exchange(
        "gate", FramerSocket(DECODER), lost, device_id=1, timeout_s=5, transactions=count(1)
    )


def rtu(lost: Callable[[str], None]) -> Exchange:
    return Exchange("gate", Framer(DECODER), lost, device_id=1, timeout_s=5, transactions=repeat(0))


async def _heard(make: Callable[..., Exchange], pieces: Sequence[bytes]) -> list[int] | str | None:
    """What reading two input registers comes to when the device sends `pieces`: the values, what
    went wrong, or None while more is waited for."""
    losses: list[str] = []
    exchange = make(losses.append)
    exchange.open(Sink())
    reading = exchange.request(read(Table.INPUT, 0, 2))
    for piece in pieces:
        exchange.received(piece)
    try:
        if reading.done() and reading.exception() is None:
            return reading.result()
        assert reading.done() is bool(losses), "a request that failed has cost the link"
        return losses[0] if losses else None
    finally:
        exchange.close()
        reading.exception()


def heard(make: Callable[..., Exchange], pieces: Sequence[bytes]) -> list[int] | str | None:
    return asyncio.run(_heard(make, pieces))


def _cut(frame: bytes, places: set[int]) -> Iterator[bytes]:
    ends = [0, *sorted(places), len(frame)]
    for start, end in pairwise(ends):
        if start < end:
            yield frame[start:end]


carriers = pytest.mark.parametrize(("make", "frame"), [(tcp, TCP), (rtu, RTU)], ids=["tcp", "rtu"])


@carriers
@given(places=st.sets(st.integers(1, 12)))
def test_where_an_answer_is_cut_makes_no_difference(
    make: Callable[..., Exchange], frame: bytes, places: set[int]
) -> None:
    pieces = list(_cut(frame, {place for place in places if place < len(frame)}))
    assert heard(make, pieces) == [0x1234, 0x5678]


@carriers
def test_an_answer_cut_into_single_bytes_is_taken_with_its_last(
    make: Callable[..., Exchange], frame: bytes
) -> None:
    single = [frame[at : at + 1] for at in range(len(frame))]
    assert heard(make, single[:-1]) is None
    assert heard(make, single) == [0x1234, 0x5678]


OTHERS = {
    "another device's": (b"\x00\x01\x00\x00\x00\x07\x02" + ANSWER, framed(ANSWER, unit=2)),
    "an older request's": (b"\xff\xff\x00\x00\x00\x07\x01" + ANSWER, framed(ANSWER, unit=3)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_right_answer_may_come_in_one_packet_with_another(other: tuple[bytes, bytes]) -> None:
    assert heard(tcp, [other[0] + TCP]) == [0x1234, 0x5678]
    assert heard(rtu, [other[1] + RTU]) == [0x1234, 0x5678]
    assert heard(rtu, [(other[1] + RTU)[:12], (other[1] + RTU)[12:]]) == [0x1234, 0x5678]


@carriers
@given(pieces=st.lists(st.binary(max_size=300), max_size=6))
def test_noise_is_never_a_value(
    make: Callable[..., Exchange], frame: bytes, pieces: list[bytes]
) -> None:
    found = heard(make, pieces)
    assert found is None or isinstance(found, str)


@given(noise=st.binary(min_size=1, max_size=40), cut=st.booleans())
def test_noise_before_an_rtu_answer_costs_it_at_most(noise: bytes, cut: bool) -> None:
    pieces = [noise, RTU] if cut else [noise + RTU]
    found = heard(rtu, pieces)
    assert found == [0x1234, 0x5678] or not isinstance(found, list)


@given(at=st.integers(0, 8 * len(RTU) - 16), burst=st.integers(1, 0xFFFF))
def test_an_rtu_answer_with_a_burst_of_16_bits_flipped_is_no_value(at: int, burst: int) -> None:
    flipped = int.from_bytes(RTU) ^ burst << at
    found = heard(rtu, [flipped.to_bytes(len(RTU))])
    assert not isinstance(found, list)


def test_an_rtu_answer_with_a_wrong_crc_is_named() -> None:
    damaged = RTU[:-1] + bytes([RTU[-1] ^ 1])
    assert heard(rtu, [damaged]) == (
        "read input registers 0 to 1: a damaged frame (01 04 04 12 34 56 78 80 b1)"
    )
