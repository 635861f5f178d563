"""The line role: reads → verdicts → ledger → effects. The one place that knows all parts."""

import asyncio
import contextlib
import gc
import secrets
import signal
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from drivers.protocols import PlcError, ScannerFrame
from edge_agent import clock, control
from edge_agent.config import LineConfig, Station
from edge_agent.core.commands import is_control
from edge_agent.core.effects import Answer, Judge, Print, Run, Show, Tone
from edge_agent.core.inputs import Badge, Layer, OrderStart, Press, Read, ShiftEnd, Tick
from edge_agent.core.names import Instant, JobId, StationName
from edge_agent.gate_config import Gate
from edge_agent.ledger.journal import Ledger
from edge_agent.line.arrivals import ArrivalSelector
from edge_agent.line.devices import Devices
from edge_agent.line.engine import Committed, Engine
from edge_agent.line.gate_link import GateLink, GateWords
from edge_agent.line.gate_session import GateSession, Stamps
from edge_agent.line.gate_words import PlcWords
from edge_agent.line.metrics import STEPS, Latency, StatusCollector, serve_metrics
from edge_agent.line.own_loop import OwnLoop
from edge_agent.line.pictures import lose_picture
from edge_agent.line.printing import Printing
from edge_agent.line.recorded_words import RecordedWords
from edge_agent.line.release import gate_facts, gate_view, release
from edge_agent.line.remote_io import RemoteIo
from edge_agent.line.stations import Stations, guarded
from edge_agent.notify import notify
from edge_agent.plan import line_plan
from edge_agent.recorder.flight import FlightRecorder
from edge_agent.shifts import Shifts
from edge_agent.views import DeviceView, GateView

TICK_S = 0.02
WATCHDOG_US = 1_000_000
IDLE_US = 1_000
"""A read that comes so long after the last turn is decided at once; in a denser stream, reads wait
for the next turn of the loop and share its commit."""

log = structlog.get_logger("edge_agent.line")


class LineRole:
    """One line, from its devices to its ledger. `templates` is the directory of its own labels."""

    def __init__(
        self,
        config: LineConfig,
        ledger: Ledger,
        arrivals: ArrivalSelector,
        templates: Path | None = None,
    ) -> None:
        self._config = config
        self._arrivals = arrivals
        self._loop = asyncio.get_running_loop()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._fed_at_us = self._turned_at_us = 0
        self._plan = line_plan(config)
        self._recorder = _recorder(config)
        self._engine = Engine(
            self._plan,
            ledger,
            line_name=config.line.name,
            queue_size=config.line.queue_size,
            secret_codes=config.line.secret_codes,
            wake=self._wake,
            release=self._let_out,
            recorder=self._recorder,
        )
        self._devices = Devices(config)
        self._printing = Printing(config, templates, self._engine.offer, self._is_void)
        self._remotes: dict[StationName, OwnLoop] = {}
        self._gates = {StationName(s.name): self._gate_link(s) for s in config.stations if s.gate}
        self._scanner_triggers = {
            StationName(s.name)
            for s in config.stations
            if s.gate and s.gate.io and s.gate.io.trigger == "scanner"
        }
        self._registry = CollectorRegistry()
        self._latency = Latency(self._registry)
        self._registry.register(StatusCollector(self._status_from_thread))
        self._shifts = Shifts(config.line.shifts, config.line.time_zone)
        self._control: control.ControlServer | None = None
        gates = {name: partial(self._gate_view, name) for name in self._gates}
        self._stations = Stations(
            config, self._plan, self._engine, self._device_views, gates, self._turn,
            self._printing.sample,
        )  # fmt: skip

    def _gate_link(self, station: Station) -> GateLink:
        gate, name = station.gate, StationName(station.name)
        assert gate is not None  # noqa: S101 the caller filters
        session = GateSession(
            name,
            slots=gate.map.slots,
            link_timeout_us=gate.link_timeout_ms * 1_000,
            belt=lambda: self._engine.state.belts.get(name),
            is_watched=lambda: self._engine.is_watched(name),
            # Two agents in a row must not begin with the same number.
            draw=lambda: secrets.randbelow(65_535) + 1,
        )
        words = self._gate_words(name, gate)
        if self._recorder:
            words = RecordedWords(words, name, self._recorder)
        return GateLink(
            name,
            words,
            session,
            poll_ms=gate.poll_ms,
            heartbeat_ms=gate.heartbeat_ms,
            offer=self._engine.offer,
            reads_until_us=lambda: self._arrivals.since_us,
            acknowledged=self._acknowledged,
        )

    def _gate_words(self, station: StationName, gate: Gate) -> GateWords:
        if gate.io is None:
            return PlcWords(self._devices.plcs[gate.plc], gate.map, gate.watchdogs)
        belt = self._engine.state.belts.get(station)
        # Another number than at the start before, which is the one the ledger knows.
        start = belt.boot % 65_535 + 1 if belt else 1
        # It keeps the I/O's connection itself.
        remote = OwnLoop(RemoteIo(self._devices.plcs[gate.plc], gate, start=start))
        self._remotes[station] = remote
        return remote

    async def run(self) -> None:
        """Run until cancelled, or until a part fails (its error is raised)."""
        if port := self._config.line.metrics_port:
            try:
                serve_metrics(port, self._registry)
            except OSError as error:
                log.error("no metrics, the line runs without", port=port, error=str(error))
        self._control = server = await control.serve(
            self._config.control_path("line"),
            {
                "status": self._answer_status,
                "release": self._answer_release,
                "trigger": self._answer_trigger,
                "lose-picture": self._answer_lose_picture,
                **self._stations.handlers,
            },
            self._stations.streams,
        )
        remote = {s.gate.plc for s in self._config.stations if s.gate and s.gate.io}
        jobs: list[Coroutine[Any, Any, None]] = [
            plc.run() for name, plc in self._devices.plcs.items() if name not in remote
        ]
        jobs += [remote_io.run() for remote_io in self._remotes.values()]
        jobs += [*self._devices.reading(self._on_frame), *self._printing.running()]
        jobs += [gate.poll() for gate in self._gates.values()]
        jobs += [self._tick(), self._stations.run()]
        self._turn_page()
        self._printing.begin(self._engine.state.labels)
        # What was made until now lives as long as the process: collections need not look at it.
        gc.freeze()
        notify("READY=1")
        log.info("line ready", line=self._config.line.name)
        try:
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(job)
                await self._failure
        finally:
            notify("STOPPING=1")
            server.close()
            self._stations.close()
            if self._recorder:
                self._recorder.close()

    def _wake(self) -> None:
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """One turn of the loop that does the work; systemd's watchdog watches just this."""
        if self._failure.done():
            return
        try:
            self._engine.turn()
        except Exception as error:  # noqa: BLE001 the callback's boundary: the role ends with it
            self._failure.set_exception(error)
            return
        now_us = self._turned_at_us = clock.now_us()
        if now_us - self._fed_at_us > WATCHDOG_US:
            self._fed_at_us = now_us
            notify("WATCHDOG=1")

    # --- inputs ----------------------------------------------------------------------------

    def _on_frame(self, station: StationName, by_hand: bool, frame: ScannerFrame) -> None:
        """`by_hand`: at a gate, with its hand scanner."""
        at = clock.at(frame.received_us)
        is_people = by_hand or station not in self._gates
        if is_people and is_control(frame.text or "") and not frame.others:
            self._on_control(station, at, frame)
            return
        since_us = frame.since_us
        if since_us is None:
            since_us = self._arrivals.earliest_us(frame.received_us)
        reads = [
            Read(
                at, station, since_us, each.text, each.symbology, each.defect, each.picture,
                by_hand=by_hand,
            )
            for each in map(guarded, (frame, *frame.others))
        ]  # fmt: skip
        if station in self._scanner_triggers and not by_hand:
            with contextlib.suppress(PlcError):  # just started: there is no session yet
                words = self._remotes[station].scanned(since_us, frame.received_us)
                self._gates[station].counted(words)
        self._offer(Layer(tuple(reads)) if frame.others else reads[0])

    def _on_control(self, station: StationName, at: Instant, frame: ScannerFrame) -> None:
        """A command or a badge."""
        asked = self._stations.asked(at, station, frame)
        if asked is None:
            self._devices.answer(station, at.mono_us, accepted=False)
        else:
            self._offer(asked)

    def _offer(self, given: Read | Layer | Press | Badge) -> None:
        if not self._engine.offer(given):
            log.error("queue full: the read is rejected", station=given.station)
            self._devices.answer(given.station, given.at.mono_us, accepted=False)
        elif clock.now_us() - self._turned_at_us > IDLE_US:
            self._turn()

    def _is_void(self, job: JobId) -> bool:
        return self._engine.state.labels.is_void(job)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._engine.offer(Tick(clock.now(), self._arrivals.since_us))
            if self._recorder:
                self._recorder.write()
            self._turn_page()

    def _turn_page(self) -> None:
        """The configured order may be another than before; a shift may be over, also one that
        ended while nothing ran."""
        now, state, line = clock.now(), self._engine.state, self._config.line
        if line.order and state.order != line.order:
            self._engine.offer(OrderStart(now, StationName(line.name), line.order))
        ended = self._shifts.ended(state.accounts.since, now.utc_us)
        if ended is not None:
            self._engine.offer(ShiftEnd(now, ended))

    # --- effects ---------------------------------------------------------------------------

    def _let_out(self, release: Committed) -> None:
        shown = []
        for effect, decided_us in release.effects:
            match effect:
                case Judge():
                    stamps = (decided_us, release.committed_us)
                    self._gates[effect.station].judge(effect, stamps)
                case Run(station, permitted):
                    self._gates[station].run(permitted=permitted)
                case Answer():
                    accepted = effect.reason is None
                    self._devices.answer(effect.station, effect.received_us, accepted=accepted)
                    self._latency.observe("decided", decided_us - effect.received_us)
                    self._latency.observe("committed", release.committed_us - effect.received_us)
                case Print():
                    self._printing.offer(effect)
                case Show():
                    shown.append(effect)
        for gate in self._gates.values():
            gate.write()
        # People come after the gates.
        for said in shown:
            # Of a command or a badge there is no other answer.
            accepted = said.tone is not Tone.BAD
            self._devices.answer(said.station, said.received_us, accepted=accepted)
            self._stations.show(said)
        self._stations.recorded(release.events)

    def _acknowledged(self, judge: Judge, stamps: Stamps) -> None:
        if judge.passes:
            for step, at_us in zip(STEPS, (*stamps, clock.now_us()), strict=True):
                self._latency.observe(step, at_us - judge.received_us)

    # --- status ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Everything a person may want to know of this role now, as JSON values."""
        return {
            "role": "line",
            "line": self._config.line.name,
            **self._engine.facts(),
            "lost_verdicts": sum(gate.session.lost_verdicts for gate in self._gates.values()),
            "gates": {
                name: gate_facts(
                    gate,
                    self._engine.state.belts.get(name),
                    is_watched=self._engine.is_watched(name),
                )
                for name, gate in self._gates.items()
            },
            "unanswered": self._devices.unanswered,
            "screens": self._stations.facts(),
            "refused_askers": self._control.refused if self._control else 0,
            "devices": {**self._devices.facts(), **self._printing.facts()},
            "latency": self._latency.facts(),
            "flight_recorder": self._recorder.facts() if self._recorder else None,
        }

    def _gate_view(self, name: StationName) -> GateView:
        belt, is_watched = self._engine.state.belts.get(name), self._engine.is_watched(name)
        return gate_view(self._gates[name], belt, is_watched=is_watched)

    def _device_views(self) -> Iterator[DeviceView]:
        yield from self._devices.views()
        yield from self._printing.views()

    def _status_from_thread(self) -> dict[str, Any]:
        """The status for the metrics' thread, put together where nothing changes meanwhile."""
        answer = asyncio.run_coroutine_threadsafe(self._answer_status({}), self._loop)
        return answer.result(timeout=5)

    async def _answer_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    async def _answer_release(self, question: dict[str, Any]) -> dict[str, Any]:
        return release(question, self._plan, self._engine, self._turn)

    async def _answer_trigger(self, question: dict[str, Any]) -> dict[str, Any]:
        return self._devices.trigger(question)

    async def _answer_lose_picture(self, question: dict[str, Any]) -> dict[str, Any]:
        return lose_picture(question, self._plan, self._engine, self._turn)


def _recorder(config: LineConfig) -> FlightRecorder | None:
    """The flight recorder, if one is wanted."""
    limit_bytes = config.line.flight_recorder_mb * 1_000_000
    if not limit_bytes:
        return None
    return FlightRecorder(config.flight_path, limit_bytes, config.to_json())


async def _main(config: LineConfig, arrivals: ArrivalSelector, templates: Path | None) -> None:
    ledger = Ledger(config.ledger_path)
    try:
        task = asyncio.ensure_future(LineRole(config, ledger, arrivals, templates).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await task
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None
    finally:
        ledger.close()


def run_line(config: LineConfig, templates: Path | None = None) -> None:
    """Run the line until SIGTERM or SIGINT; `templates` is the directory of its own labels. Raises
    LedgerError, PeopleError, or what stopped a part of it."""
    arrivals = ArrivalSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(arrivals)) as runner:
        runner.run(_main(config, arrivals, templates))
