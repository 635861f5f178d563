"""The line role: reads → verdicts → ledger → effects. The one place that knows all parts."""

import asyncio
import contextlib
import gc
import secrets
import signal
from collections.abc import Coroutine
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from drivers.protocols import CodeReader, Plc, PlcError, ScannerFrame
from drivers.registry import build_plc, build_reader
from edge_agent import clock, control
from edge_agent.config import LineConfig, Station
from edge_agent.core.effects import Answer, Judge, Run
from edge_agent.core.inputs import Layer, OrderStart, Read, ShiftEnd, Tick
from edge_agent.core.names import StationName
from edge_agent.gate_config import Gate
from edge_agent.ledger.journal import Ledger
from edge_agent.line.arrivals import ArrivalSelector
from edge_agent.line.engine import Committed, Engine
from edge_agent.line.gate_link import GateLink, GateWords
from edge_agent.line.gate_session import GateSession, Stamps
from edge_agent.line.gate_words import PlcWords
from edge_agent.line.metrics import STEPS, Latency, StatusCollector, device_facts, serve_metrics
from edge_agent.line.own_loop import OwnLoop
from edge_agent.line.pictures import lose_picture
from edge_agent.line.recorded_words import RecordedWords
from edge_agent.line.release import gate_facts, release
from edge_agent.line.remote_io import RemoteIo
from edge_agent.line.shifts import Shifts
from edge_agent.notify import notify
from edge_agent.plan import line_plan
from edge_agent.recorder.flight import FlightRecorder

TICK_S = 0.02
WATCHDOG_US = 1_000_000
IDLE_US = 1_000
"""A read that comes so long after the last turn is decided at once; in a denser stream, reads wait
for the next turn of the loop and share its commit."""

log = structlog.get_logger("edge_agent.line")


class LineRole:
    """One line, from its devices to its ledger."""

    def __init__(self, config: LineConfig, ledger: Ledger, arrivals: ArrivalSelector) -> None:
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
        self._plcs: dict[str, Plc] = {}
        self._readers: dict[str, CodeReader] = {}
        for name, device in config.line_devices().items():
            if device.role == "plc":
                self._plcs[name] = build_plc(name, device)
            else:
                self._readers[name] = build_reader(name, device)
        self._reader_at = {s.name: self._readers[s.scanner] for s in config.stations}
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
        self._unanswered = 0

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
            return PlcWords(self._plcs[gate.plc], gate.map, gate.watchdogs)
        belt = self._engine.state.belts.get(station)
        # Another number than at the start before, which is the one the ledger knows.
        start = belt.boot % 65_535 + 1 if belt else 1
        # It keeps the I/O's connection itself.
        remote = OwnLoop(RemoteIo(self._plcs[gate.plc], gate, start=start))
        self._remotes[station] = remote
        return remote

    async def run(self) -> None:
        """Run until cancelled, or until a part fails (its error is raised)."""
        if port := self._config.line.metrics_port:
            try:
                serve_metrics(port, self._registry)
            except OSError as error:
                log.error("no metrics, the line runs without", port=port, error=str(error))
        server = await control.serve(
            self._config.control_path("line"),
            {
                "status": self._answer_status,
                "release": self._answer_release,
                "trigger": self._answer_trigger,
                "lose-picture": self._answer_lose_picture,
            },
        )
        remote = {s.gate.plc for s in self._config.stations if s.gate and s.gate.io}
        jobs: list[Coroutine[Any, Any, None]] = [
            plc.run() for name, plc in self._plcs.items() if name not in remote
        ]
        jobs += [remote_io.run() for remote_io in self._remotes.values()]
        for station in self._config.stations:
            on_frame = partial(self._on_frame, StationName(station.name))
            jobs.append(self._reader_at[station.name].run(on_frame))
        jobs += [gate.poll() for gate in self._gates.values()]
        jobs.append(self._tick())
        self._turn_page()
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

    def _on_frame(self, station: StationName, frame: ScannerFrame) -> None:
        at = clock.at(frame.received_us)
        since_us = frame.since_us
        if since_us is None:
            since_us = self._arrivals.earliest_us(frame.received_us)
        reads = [
            Read(at, station, since_us, each.text, each.symbology, each.defect, each.picture)
            for each in (frame, *frame.others)
        ]
        if station in self._scanner_triggers:
            with contextlib.suppress(PlcError):  # just started: there is no session yet
                words = self._remotes[station].scanned(since_us, frame.received_us)
                self._gates[station].counted(words)
        if not self._engine.offer(Layer(tuple(reads)) if frame.others else reads[0]):
            log.error("queue full: the read is rejected", station=station)
            if station not in self._gates:
                self._reader_at[station].answer(accepted=False)
        elif clock.now_us() - self._turned_at_us > IDLE_US:
            self._turn()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._engine.offer(Tick(clock.now(), self._arrivals.since_us))
            if self._recorder:
                self._recorder.write()
            self._turn_page()

    def _turn_page(self) -> None:
        """The order may be another than before; a shift may be over, also one that ended while
        nothing ran."""
        now, state, line = clock.now(), self._engine.state, self._config.line
        if state.order != line.order:
            self._engine.offer(OrderStart(now, StationName(line.name), line.order))
        ended = self._shifts.ended(state.accounts.since, now.utc_us)
        if ended is not None:
            self._engine.offer(ShiftEnd(now, ended))

    # --- effects ---------------------------------------------------------------------------

    def _let_out(self, release: Committed) -> None:
        for effect, decided_us in release.effects:
            match effect:
                case Judge():
                    stamps = (decided_us, release.committed_us)
                    self._gates[effect.station].judge(effect, stamps)
                case Run(station, permitted):
                    self._gates[station].run(permitted=permitted)
                case Answer():
                    reader = self._reader_at[effect.station]
                    self._unanswered += not reader.answer(accepted=effect.reason is None)
                    self._latency.observe("decided", decided_us - effect.received_us)
                    self._latency.observe("committed", release.committed_us - effect.received_us)
        for gate in self._gates.values():
            gate.write()

    def _acknowledged(self, judge: Judge, stamps: Stamps) -> None:
        if judge.passes:
            for step, at_us in zip(STEPS, (*stamps, clock.now_us()), strict=True):
                self._latency.observe(step, at_us - judge.received_us)

    # --- status ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Everything a person may want to know of this role now, as JSON values."""
        devices: dict[str, CodeReader | Plc] = {**self._readers, **self._plcs}
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
            "unanswered": self._unanswered,
            "devices": {name: device_facts(device.state) for name, device in devices.items()},
            "latency": self._latency.facts(),
            "flight_recorder": self._recorder.facts() if self._recorder else None,
        }

    def _status_from_thread(self) -> dict[str, Any]:
        """The status for the metrics' thread, put together where nothing changes meanwhile."""
        answer = asyncio.run_coroutine_threadsafe(self._answer_status({}), self._loop)
        return answer.result(timeout=5)

    async def _answer_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    async def _answer_release(self, question: dict[str, Any]) -> dict[str, Any]:
        return release(question, self._plan, self._engine, self._turn)

    async def _answer_trigger(self, question: dict[str, Any]) -> dict[str, Any]:
        """Have a station's scanner read, as for a thing that has come."""
        station = question.get("station")
        reader = self._reader_at.get(station) if isinstance(station, str) else None
        if reader is None:
            return {"error": f"station is {station!r}, expected one of {sorted(self._reader_at)}"}
        if not reader.trigger():
            return {"error": f"{station}: its scanner is away or takes no trigger"}
        return {"triggered": station}

    async def _answer_lose_picture(self, question: dict[str, Any]) -> dict[str, Any]:
        return lose_picture(question, self._plan, self._engine, self._turn)


def _recorder(config: LineConfig) -> FlightRecorder | None:
    """The flight recorder, if one is wanted."""
    limit_bytes = config.line.flight_recorder_mb * 1_000_000
    if not limit_bytes:
        return None
    return FlightRecorder(config.flight_path, limit_bytes, config.to_json())


async def _main(config: LineConfig, arrivals: ArrivalSelector) -> None:
    ledger = Ledger(config.ledger_path)
    try:
        task = asyncio.ensure_future(LineRole(config, ledger, arrivals).run())
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


def run_line(config: LineConfig) -> None:
    """Run the line until SIGTERM or SIGINT. Raises LedgerError, or what stopped a part of it."""
    arrivals = ArrivalSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(arrivals)) as runner:
        runner.run(_main(config, arrivals))
