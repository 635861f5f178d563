"""The line's scanners and controllers, and which of them is at which station."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from typing import Any

from drivers.protocols import CodeReader, LinkFault, Plc, ScannerFrame
from drivers.registry import build_plc, build_reader
from edge_agent.config import LineConfig
from edge_agent.core.names import StationName
from edge_agent.core.saying import Saying, say
from edge_agent.line.metrics import device_facts
from edge_agent.views import DeviceView

ASKING_LIMIT = 1_000
FAULTS: Mapping[LinkFault, Saying] = {
    LinkFault.ABSENT: say("it is not plugged in"),
    LinkFault.FORBIDDEN: say("the agent may not open it: call a technician"),
    LinkFault.TAKEN: say("another program has it: call a technician"),
    LinkFault.REFUSED: say("it takes no connection: look at its settings"),
    LinkFault.UNREACHABLE: say("nothing is at its address: look at power and cable"),
    LinkFault.SILENT: say("it takes the connection and does not answer: look at its settings"),
    LinkFault.BROKEN: say("the connection broke: look at power and cable"),
    LinkFault.BLIND: say("there is no picture: look at the camera's power and cable"),
    LinkFault.OTHER: say("it cannot be opened; `edge-agent status` says why"),
}
OnRead = Callable[[StationName, bool, ScannerFrame], None]
"""Takes station, whether it was read by hand at a gate, and the frame."""


class Devices:
    """Everything that the configuration names, not yet connected. Printers are line.printing's."""

    def __init__(self, config: LineConfig) -> None:
        self.plcs: dict[str, Plc] = {}
        self._readers: dict[str, CodeReader] = {}
        for name, device in config.line_devices().items():
            if device.role == "plc":
                self.plcs[name] = build_plc(name, device)
            else:
                self._readers[name] = build_reader(name, device)
        self._cameras = frozenset(config.cameras)
        self._stations = config.stations
        self._at = {StationName(s.name): self._readers[s.scanner] for s in config.stations}
        self._asking: dict[tuple[StationName, int], list[CodeReader]] = {}
        """Whose frames, by the time they came, were not answered yet; the newest ASKING_LIMIT."""
        self.unanswered = 0

    def reading(self, on_read: OnRead) -> Iterator[Coroutine[Any, Any, None]]:
        """What keeps each scanner open."""
        for station in self._stations:
            name, reader = StationName(station.name), self._readers[station.scanner]
            if station.gate:
                yield reader.run(partial(on_read, name, False))
                if station.second_scanner is not None:
                    yield self._readers[station.second_scanner].run(partial(on_read, name, False))
            else:
                yield reader.run(partial(self._by_hand, name, reader, on_read, False))
            if station.handheld is not None:
                hand, at_gate = self._readers[station.handheld], station.gate is not None
                yield hand.run(partial(self._by_hand, name, hand, on_read, at_gate))

    def _by_hand(
        self,
        station: StationName,
        reader: CodeReader,
        on_read: OnRead,
        at_gate: bool,
        frame: ScannerFrame,
    ) -> None:
        self._asking.setdefault((station, frame.received_us), []).append(reader)
        if len(self._asking) > ASKING_LIMIT:
            del self._asking[next(iter(self._asking))]
        on_read(station, at_gate, frame)

    def answer(self, station: StationName, received_us: int, *, accepted: bool) -> None:
        """Have the scanner say it whose frame came at `received_us` (monotonic clock); once. The
        fixed one of a gate has nobody to hear it."""
        readers = self._asking.get((station, received_us))
        if readers is None:
            return
        self.unanswered += not readers.pop(0).answer(accepted=accepted)
        if not readers:
            del self._asking[station, received_us]

    def trigger(self, question: dict[str, Any]) -> dict[str, Any]:
        """Have a station's scanner read, as for a thing that has come."""
        station = str(question.get("station"))
        reader = self._at.get(StationName(station))
        if reader is None:
            return {"error": f"station is {station!r:.80}, expected one of {sorted(self._at)}"}
        if not reader.trigger():
            return {"error": f"{station}: its scanner is away or takes no trigger"}
        return {"triggered": station}

    def facts(self) -> dict[str, Any]:
        """For the role's status, as JSON values."""
        devices: dict[str, CodeReader | Plc] = {**self._readers, **self.plcs}
        return {name: device_facts(device.state) for name, device in devices.items()}

    def views(self) -> Iterator[DeviceView]:
        """As the screens show them."""
        for name, reader in self._readers.items():
            role, state = "camera" if name in self._cameras else "scanner", reader.state
            yield DeviceView(name, role, state.link.value, _fault(state.fault))
        for name, plc in self.plcs.items():
            yield DeviceView(name, "plc", plc.state.link.value, _fault(plc.state.fault))


def _fault(fault: LinkFault | None) -> Saying | None:
    return FAULTS[fault] if fault else None
