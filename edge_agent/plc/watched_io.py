"""Remote I/O without a program, as rows for a person to read.

Items and their outcomes are counted by the line role, which must not run meanwhile: whoever polls
the I/O keeps its watchdog from falling.
"""

from rich.markup import escape

from drivers.gate.points import ReadPlan
from drivers.protocols import Link, Plc, PlcError
from edge_agent.gate_config import Gate, RemoteIo
from edge_agent.plc.looking import Reads, Row, Speed, lamps


class WatchedIo:
    """Polls the inputs, the outputs as the I/O has them, and the watchdogs."""

    def __init__(self, plc: Plc, station: str, gate: Gate, io: RemoteIo) -> None:
        self.station = station
        self._plc = plc
        self._reads = Reads(plc)
        self.trips = self._reads.trips
        self._watchdogs = gate.watchdogs
        self._points = io.inputs()
        self._plan = ReadPlan(self._points)
        self._outputs = {"gate": io.gate} | ({"run": io.run} if io.run else {})
        self._values: dict[str, int] = {}
        self._shown: dict[str, bool | None] = {}
        self._found: list[int] = []
        self._speed = Speed(1 << (32 if io.encoder and io.encoder.type == "uint32" else 16))

    async def poll(self) -> None:
        try:
            self._values = await self._reads.values(self._plan)
            self._shown = {name: await self._is_on(name) for name in self._outputs}
            self._found = [
                (await self._reads.read(each.table, each.address, 1))[0] for each in self._watchdogs
            ]
        except PlcError as error:
            self._values, self._reads.fault = {}, str(error)
            return
        self._reads.fault = None
        if "encoder" in self._values:
            self._speed.see(self._values["encoder"])

    async def _is_on(self, name: str) -> bool | None:
        """None: some I/O does not let its outputs be read."""
        point = self._outputs[name]
        try:
            return bool((await self._reads.read(point.table, point.address, 1))[0])
        except PlcError:
            if self._plc.state.link is not Link.UP:
                raise
            return None

    def rows(self) -> list[Row]:
        if self._reads.fault is not None or not self._found:
            return [self._reads.row()]
        bits = {
            name: bool(value)
            for name, value in self._values.items()
            if self._points[name].type == "bool"
        }
        rows = [
            self._reads.row(),
            ("watchdogs", self._watchdogs_text()),
            ("inputs", lamps(bits) or "-"),
            ("outputs", self._outputs_text()),
        ]
        if "eye" in self._values and "eye" not in bits:
            rows.append(("counter", str(self._values["eye"])))
        if "encoder" in self._values:
            rows.append(("belt", self._speed.text()))
        return rows

    def _outputs_text(self) -> str:
        hidden = [name for name, on in self._shown.items() if on is None]
        text = lamps({name: on for name, on in self._shown.items() if on is not None})
        if hidden:
            text += f"  {', '.join(hidden)}: the I/O does not let its outputs be read"
        return text

    def _watchdogs_text(self) -> str:
        texts = []
        for each, found in zip(self._watchdogs, self._found, strict=True):
            is_good = each.at_least <= found <= each.at_most
            text = f"{each.table.value} {each.address} is {found}"
            expected = f"expected {each.at_least} to {each.at_most}: outputs would hold"
            texts.append(
                f"[green]{text}[/]" if is_good else f"[bold red]{escape(text)}, {expected}[/]"
            )
        return ", ".join(texts)
