"""Two codes on each product, on the simulated belt: real scanners' wires, the PLC, a line process.

What the scanners say of a product is written down beforehand, good and bad; what passed the gate is
what the plant saw.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from drivers.sim.codes import PRODUCT, UnitCode
from drivers.sim.layout import DEMO
from drivers.sim.plant import TIMERS_LATE, Plant
from drivers.sim.script import NO_READ, Script, Unit, write_script
from drivers.sim.truth import Fate, ItemTruth, Truth
from edge_agent.demo.workspace import PlantAddress, render_config
from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.verify import verify
from tests.line.conftest import LineProcess
from tests.recorder.test_role import replay

UNITS = 60
BELOW = """[devices.below]
kind = "scanner"
url = "tcp://127.0.0.1:{port}"
suffix = "\\r"
no_read = ["NOREAD"]

[devices.plc]"""
PAIR = 'name = "unit"\npair = { pattern = "S(?P<serial>\\\\d{5})", name = "state code" }\n'


def second(number: int) -> str:
    return f"S{number:05d}"


def answers(position: int, unit: Unit) -> tuple[str | None, str | None]:
    """What is read above and below of the product at `position`: every tenth of a kind is bad."""
    own, code = unit.printed, second(position)
    match position % 10:
        case 3:
            return own, None
        case 5:
            return None, code
        case 7:
            return own, second(0)
        case 9:
            return own, UnitCode(PRODUCT, f"X{position}").text
        case even if even % 2 == 0:
            return own, code
        case _:
            return code, own


def is_good(position: int) -> bool:
    return position % 10 not in (3, 5, 7, 9)


class Below:
    """The scanner below the belt, on TCP."""

    def __init__(self) -> None:
        self._agent: asyncio.StreamWriter | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._agent = writer
        await reader.read()
        writer.close()

    def say(self, line: bytes) -> None:
        if self._agent is not None:
            self._agent.write(line + b"\r")

    def close(self) -> None:
        self._server.close()
        if self._agent is not None:
            self._agent.close()


class PairedPlant(Plant):
    """`say_second` is told the second answer to each product; None: the one scanner says both."""

    say_second: Callable[[bytes], None] | None = None

    def _answer(self, thing: ItemTruth, line: bytes) -> None:
        if self.say_second is None:
            super()._answer(thing, line)
            return
        above, _, below = line.partition(b"\r")
        super()._answer(thing, above)
        if TIMERS_LATE not in thing.during:
            self.say_second(below)


def script(*, scanners: int) -> Script:
    """One scanner says what it read; each of two says what it read, or that it read nothing."""
    day = write_script(UNITS, 600, 5, frozenset())
    units = []
    for position, unit in enumerate(day.units):
        said = [each or (NO_READ if scanners == 2 else None) for each in answers(position, unit)]
        sent = "\r".join(each for each in said if each is not None).encode()
        units.append(replace(unit, sent=sent))
    return replace(day, units=tuple(units))


@dataclass
class Rig:
    line: LineProcess
    truth: Truth


@asynccontextmanager
async def shift(tmp_path: Path, *, scanners: int) -> AsyncIterator[Rig]:
    """A belt of UNITS products, run to its end."""
    truth, below = Truth(5), Below()
    link = tmp_path / "dev" / "unit-scanner"
    link.parent.mkdir()
    plant = PairedPlant(
        script(scanners=scanners),
        truth,
        DEMO,
        frozenset(),
        mode="verdict",
        link=link,
        case_size=1_000,
        pallet_size=4,
        items_before=0,
        obeys_run=False,
    )
    port = await below.start()
    await plant.open()
    address = PlantAddress(
        str(link), plant.packing_scanner.port, plant.modbus.port, plant.camera.port
    )
    text = render_config(tmp_path, address, hq_port=1, hmi_port=2)
    text = text.replace("[line]\n", "[line]\nflight_recorder_mb = 8\n", 1)
    text = text.replace('name = "unit"\n', PAIR, 1)
    if scanners == 2:
        plant.say_second = below.say
        text = text.replace("[devices.plc]", BELOW.format(port=port), 1)
        text = text.replace('reads = ["unit"]\n', 'reads = ["unit"]\nsecond_scanner = "below"\n', 1)
    path = tmp_path / "line.toml"
    path.write_text(text)
    line = LineProcess(path, tmp_path / "line.log")
    create_ledger(line.config.ledger_path)
    try:
        await asyncio.to_thread(line.start)
        await asyncio.to_thread(line.wait_until, _armed)
        await plant.run()
        await asyncio.to_thread(line.wait_until, lambda s: s["waiting"] == 0)
        assert await asyncio.to_thread(line.stop) == 0
        yield Rig(line, truth)
    finally:
        line.close()
        plant.close()
        below.close()


def _armed(status: dict[str, Any]) -> bool:
    # Nobody runs the camera role or the rework table here.
    others = ("table", "rework-scanner")
    up = all(d["link"] == "up" for name, d in status["devices"].items() if name not in others)
    return up and all(gate["armed"] for gate in status["gates"].values())


@pytest.mark.parametrize("scanners", [1, 2])
async def test_only_products_with_both_their_codes_pass_and_each_is_one_thing(
    tmp_path: Path, scanners: int
) -> None:
    async with shift(tmp_path, scanners=scanners) as rig:
        line, things = rig.line, rig.truth.items
    assert len(things) == UNITS
    passed = {n for n, thing in enumerate(things) if thing.outcome == Fate.PASSED}
    assert all(is_good(position) for position in passed)
    assert passed, line.log()
    recorded = line.events()
    bound = {e["key"]: e["also"] for e in recorded if e["kind"] == "commissioned"}
    due = {str(thing.key): f"second:{n:05d}" for n, thing in enumerate(things) if is_good(n)}
    assert bound.items() <= due.items()
    assert {things[position].key for position in passed} <= bound.keys()
    # On a busy machine a read may be tied to no item.
    tied = [e for e in recorded if e.get("item") is not None]
    reasons = {e["item"]: e["reason"] for e in tied if e["kind"] == "rejected"}
    first = min(reasons.keys() | {e["item"] for e in tied if e["kind"] == "commissioned"})
    said: dict[int, set[str]] = {}
    for item, reason in reasons.items():
        said.setdefault((item - first) % 10, set()).add(reason)
    for place, due in ((3, "UNPAIRED"), (5, "UNPAIRED"), (7, "DUPLICATE"), (9, "AMBIGUOUS")):
        # A code that comes late is its item's no more.
        assert {due} <= said[place] <= {due, "UNREAD", "UNPAIRED", "AMBIGUOUS"}
    _check_who_reads_it(line, bound)
    done = await asyncio.to_thread(replay, line.config.flight_path, "--json")
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    told = [json.loads(row) for row in done.stdout.splitlines()]
    assert [e for row in told if "recorded" in row for e in row["recorded"]["events"]] == recorded


def _check_who_reads_it(line: LineProcess, bound: dict[str, str]) -> None:
    """The ledger's own check, its second codes, and EPCIS."""
    path = line.config.ledger_path
    assert verify(path).fault is None
    with LedgerReader(path) as ledger:
        assert dict(ledger.aliases()) == {also: key for key, also in bound.items()}
