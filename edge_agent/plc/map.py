"""`edge-agent plc map`: every point that the agent shares with a gate's PLC or remote I/O."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from drivers.gate.points import Place
from drivers.gate.registers import identity
from drivers.protocols import Table
from edge_agent.gate_config import Gate, RemoteIo

_FIRST = {Table.COIL: 1, Table.DISCRETE: 100_001, Table.INPUT: 300_001, Table.HOLDING: 400_001}
_TRIGGERS = {
    "input": "The trigger's photo-eye: coming on is an item.",
    "counter": "Counts the items that pass the trigger.",
}
_MEANINGS = {
    "run": "On: the belt may run.",
    "gate": "On lets pass. Off, its state at rest, rejects.",
    "encoder": "Counts the steps of the belt.",
    "gate_eye": "The photo-eye before the gate.",
    "eject_eye": "The photo-eye in the reject chute.",
    "bin_full": "Contact: the reject bin is full.",
    "air_low": "Contact: the compressed air is low.",
    "guard_open": "Contact: a guard is open.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the map. `address` counts from 0 as on the wire; `plc_address` from 1, with the
    table as its first digit, as most PLC software shows it."""

    station: str
    plc: str
    name: str
    table: str
    address: int
    plc_address: str
    type: str
    word_order: str
    bit: int | None
    count: int
    writer: str
    meaning: str


def rows(station: str, gate: Gate) -> Iterator[Row]:
    """The map of one gated station, in the order of its blocks."""
    if gate.io is not None:
        yield from _io_rows(station, gate, gate.io)
    else:
        for name, point in gate.map.points().items():
            meaning = point.meaning
            if name == "identity":
                meaning = f"Always {identity(gate.map.slots):#06x}: {meaning}"
            yield _row(station, gate, name, point, point.writer, meaning)
    for number, watchdog in enumerate(gate.watchdogs, start=1):
        meaning = (
            "Read before arming: what the outputs do when the link dies. Good from "
            f"{watchdog.at_least} to {watchdog.at_most}."
        )
        yield Row(
            station,
            gate.plc,
            f"watchdog_{number}",
            watchdog.table.value,
            watchdog.address,
            plc_address(watchdog.table, watchdog.address),
            "uint16",
            "",
            None,
            1,
            "device",
            meaning,
        )


def _io_rows(station: str, gate: Gate, io: RemoteIo) -> Iterator[Row]:
    outputs = {"gate": io.gate} | ({"run": io.run} if io.run else {})
    for name, point in outputs.items():
        yield _row(station, gate, name, point, "agent", _MEANINGS[name])
    for name, point in io.inputs().items():
        meaning = _TRIGGERS[io.trigger] if name == "eye" else _MEANINGS[name]
        yield _row(station, gate, name, point, "device", meaning)


def _row(station: str, gate: Gate, name: str, point: Place, writer: str, meaning: str) -> Row:
    return Row(
        station,
        gate.plc,
        name,
        point.table.value,
        point.address,
        plc_address(point.table, point.address),
        point.type,
        point.word_order if point.type == "uint32" else "",
        point.bit,
        point.count,
        writer,
        meaning,
    )


def plc_address(table: Table, address: int) -> str:
    """``400001`` for holding register 0: six digits, since five end at address 9,998."""
    return f"{_FIRST[table] + address:06}"


def show_map(gates: Mapping[str, Gate], console: Console) -> None:
    """Print a table for each station; it is readable at 100 columns."""
    for station, gate in gates.items():
        grid = Grid(
            title=f"station {station}: PLC {gate.plc}, mode {gate.mode}",
            caption="address: from 0, as on the wire; PLC: from 1, with the table's digit",
            box=box.SIMPLE_HEAD,
            title_justify="left",
            caption_justify="left",
            show_edge=False,
            pad_edge=False,
        )
        for heading in ("name", "table", "address", "PLC", "type", "by"):
            grid.add_column(heading, no_wrap=True)
        for number in (2, 3):
            grid.columns[number].justify = "right"
        grid.add_column("meaning", ratio=1)
        for row in rows(station, gate):
            addresses = str(row.address)
            if row.count > 1:
                addresses += f"-{row.address + row.count - 1}"
            grid.add_row(
                *(row.name, row.table, addresses, row.plc_address),
                *(_type(row), row.writer, escape(row.meaning)),
            )
        console.print(grid)


def _type(row: Row) -> str:
    if row.bit is not None:
        return f"bit {row.bit}"
    if row.word_order:
        return f"{row.type}\n{row.word_order}"
    return row.type


def write_csv(gates: Mapping[str, Gate], file: TextIO) -> None:
    """The same as CSV (RFC 4180), a column for each field of `Row`."""
    writer = csv.writer(file)
    writer.writerow(field.name for field in fields(Row))
    for station, gate in gates.items():
        writer.writerows(map(astuple, rows(station, gate)))
