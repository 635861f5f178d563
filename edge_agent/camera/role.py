"""The camera role: frames → answers to triggers. The one place that knows all its parts."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

import structlog

from drivers.protocols import FrameSource
from drivers.registry import build_source
from drivers.scanners.camera_wire import FromLine
from edge_agent import clock, control
from edge_agent.camera.answers import answer_of
from edge_agent.camera.buffer import Shot, Waiting
from edge_agent.camera.capture import Capture
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.decoding import Decoding, Job, LayerDecoding, ThingDecoding
from edge_agent.camera.evidence.keeper import EvidenceKeeper
from edge_agent.camera.facts import DecodingFacts, QualityLog, Rate
from edge_agent.camera.gathering import Outcome
from edge_agent.camera.jobs import Setup
from edge_agent.camera.lamp import Lamp
from edge_agent.camera.layer.plan import LayerPlan
from edge_agent.camera.layer.reader import LayerReader
from edge_agent.camera.look import shown
from edge_agent.camera.pool import Pool
from edge_agent.camera.presence import Background
from edge_agent.camera.region import box_of
from edge_agent.camera.server import Server
from edge_agent.camera.slots import Slots
from edge_agent.camera.triggers import Rules, Trigger, Triggers
from edge_agent.camera_config import Camera
from edge_agent.config import LineConfig
from edge_agent.notify import notify

TICK_S = 0.02
WATCHDOG_US = 1_000_000
LOOKED_AT_US = 2_000_000
"""So long after somebody looked, frames that nobody asked for are decoded for him."""

log = structlog.get_logger("edge_agent.camera")


class CameraRole:
    """One camera, from its frames to the line's socket."""

    def __init__(self, config: LineConfig, name: str, source: FrameSource) -> None:
        self._config = config
        self._name = name
        self._camera = camera = config.cameras[name]
        self._loop = asyncio.get_running_loop()
        self._group = asyncio.TaskGroup()
        self._timer: asyncio.TimerHandle | None = None
        self._fed_at_us = 0
        self._is_running = False
        self._fault: str | None = "the role is starting"
        # Besides those that wait: one in each worker, one on its way from the capture thread, and
        # one that it writes.
        self._slots = Slots(camera.buffer_frames + camera.decode.workers + 2)
        self._pool = _pool(name, camera, self._slots, self._pump)
        self._decoding = _decoding(name, camera, self._pool)
        self._triggers = Triggers(
            _rules(camera), self._decoding.gather, self._answer, self._give_up
        )
        self._capture = Capture(
            name,
            source,
            self._slots,
            on_shot=self._on_shot,
            on_change=self._on_change,
            background=Background() if camera.trigger == "presence" else None,
            commanded=camera.source.on_command,
            latency_us=camera.source.latency_ms * 1_000,
            each_counts=camera.trigger == "camera",
        )
        self._stall = Stall(camera, self._capture)
        self._server = Server(name, self._on_message)
        self._server.tell_fault(self._fault)
        self._lamp = Lamp(camera.accept_url, camera.reject_url)
        self._evidence = EvidenceKeeper(config, name)
        self._decoded = DecodingFacts()
        self._quality = QualityLog(camera.quality, config.line.time_zone)
        self._rate = Rate()
        self._newest: Outcome | None = None
        self._looked_at_us = -LOOKED_AT_US

    async def run(self) -> None:
        """Run until cancelled, or until a part fails (its error is raised)."""
        control_server = await control.serve(
            self._config.control_path(f"camera-{self._name}"),
            {"status": self._answer_status, "look": self._answer_look},
        )
        server = await self._server.open(self._config.camera_socket(self._name))
        jobs: list[Coroutine[Any, Any, None]] = [self._pool.run(), self._lamp.run(), self._watch()]
        await asyncio.to_thread(self._evidence.start)
        self._look_for_faults()
        self._capture.start()
        notify("READY=1")
        log.info("camera ready", line=self._config.line.name, camera=self._name)
        try:
            async with self._group as group:
                for job in jobs:
                    group.create_task(job)
                self._is_running = True
                try:
                    await self._loop.create_future()
                finally:
                    self._is_running = False
                    self._capture.stop()
        finally:
            notify("STOPPING=1")
            self._server.close()
            server.close()
            control_server.close()
            self._evidence.close()
            self._slots.close()

    # --- inputs ----------------------------------------------------------------------------

    def _on_shot(self, shot: Shot) -> None:
        self._triggers.frame(shot, clock.now_us())
        self._go_on()

    def _on_change(self) -> None:
        self._look_for_faults()
        self._go_on()

    def _on_message(self, message: FromLine, line: object) -> None:
        if message.trigger:
            self._triggers.ask(clock.now_us(), line)
            self._go_on()
        if message.verdict is not None:
            self._lamp.show(accepted=message.verdict)

    def _go_on(self) -> None:
        if self._capture.commanded and (self._triggers.wants_frame or self._triggers.is_watched):
            self._capture.expose()
        self._pump()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        due_us = self._triggers.due_us
        self._timer = None if due_us is None else self._loop.call_at(due_us / 1e6, self._tick)

    def _tick(self) -> None:
        self._triggers.tick(clock.now_us())
        self._set_timer()

    # --- decoding --------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._is_running and self._decoding.is_ready and (waiting := self._triggers.take()):
            work = self._decoding.begin(waiting, self._picture_number(waiting))
            self._group.create_task(self._decode(waiting, work))

    def _picture_number(self, waiting: Waiting[Trigger]) -> int | None:
        """Of the trigger that a frame is, or may become, the evidence of."""
        if waiting.asker is not None:
            return waiting.asker.number
        return self._triggers.counts.triggers + 1

    async def _decode(self, waiting: Waiting[Trigger], work: Job) -> None:
        outcome = await work
        self._decoded.add(outcome)
        self._newest = outcome
        self._give_up(waiting.shot)
        self._triggers.decoded(waiting, outcome, clock.now_us())
        self._go_on()

    def _give_up(self, shot: Shot) -> None:
        if shot.place is not None:
            self._slots.free(shot.place)

    def _answer(self, trigger: Trigger) -> None:
        outcome = trigger.outcome
        if outcome is not None and outcome.picture is not None:
            self._evidence.hold(outcome.picture)
        self._server.tell(answer_of(trigger), trigger.asker)
        if outcome is not None and trigger.gathering.is_complete:
            self._quality.add(outcome)
        secret = self._config.line.secret_codes  # a reason may name codes that were doubted
        log.debug("answered", trigger=trigger.number, why="…" if secret else trigger.why)

    # --- faults ----------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            now_us = clock.now_us()
            self._look_for_faults()
            self._triggers.is_watched = now_us - self._looked_at_us < LOOKED_AT_US
            if now_us - self._fed_at_us >= WATCHDOG_US:
                self._fed_at_us = now_us
                self._rate.add(self._capture.frames, now_us)
                notify("WATCHDOG=1")
            await asyncio.sleep(TICK_S)

    def _look_for_faults(self) -> None:
        now_us = clock.now_us()
        fault = self._capture.fault or self._stall.fault(now_us) or self._pool.fault
        fault = fault or self._triggers.stuck(now_us)
        if fault != self._fault:
            self._fault = self._triggers.fault = fault
            self._server.tell_fault(fault)
            if fault:
                log.warning("camera does not see", camera=self._name, why=fault)
            else:
                log.info("camera sees", camera=self._name)

    # --- status ----------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Everything a person may want to know of this role now, as JSON values."""
        counts = asdict(self._triggers.counts)
        return {
            "role": "camera",
            "line": self._config.line.name,
            "camera": self._name,
            "fault": self._fault,
            "frames": self._capture.frames,
            "fps": self._rate.per_s,
            "size": list(self._capture.shape),
            "repeated": self._capture.repeated,
            "losses": self._capture.losses,
            "source": dict(getattr(self._capture.source, "losses", {})),
            "waiting": self._triggers.waiting,
            **counts,
            "unheard": self._server.unheard,
            "floods": self._server.floods,
            "line_connected": self._server.is_connected,
            "workers": {"running": self._pool.running, "restarts": self._pool.restarts},
            **self._decoded.facts(),
            "quality": self._quality.facts(),
            "evidence": self._evidence.facts(),
            "lamp": self._lamp.facts(),
        }

    async def _answer_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    async def _answer_look(self, _: dict[str, Any]) -> dict[str, Any]:
        """The newest picture with what was read in it (see look)."""
        self._looked_at_us = clock.now_us()
        self._triggers.is_watched = True
        self._go_on()
        secret = self._config.line.secret_codes
        newest = await asyncio.to_thread(shown, self._newest, secret=secret)
        return {"fault": self._fault, **newest}


class Stall:
    """Whether frames should have come and did not, also while a call to the camera hangs."""

    def __init__(self, camera: Camera, capture: Capture) -> None:
        self._capture = capture
        key, limit_ms = "stall_ms", camera.stall_ms
        if camera.trigger == "camera":
            key, limit_ms = "idle_s", camera.idle_s * 1_000
        self._each_counts = capture.each_counts
        # Where frames are taken on command, the source itself knows when one is due.
        self._limit_us = 0 if capture.commanded else limit_ms * 1_000
        self._told = f"no new frame for {limit_ms} ms ({key})"

    def fault(self, now_us: int) -> str | None:
        """What is wrong; None if nothing is, or frames are not due."""
        if self._each_counts and self._capture.repeated_us > self._capture.new_us:
            return (
                "the camera sent the same picture again: it hangs, or sees nothing (cover, no "
                "light)"
            )
        if not self._limit_us or now_us - self._capture.new_us < self._limit_us:
            return None
        if self._capture.repeated_us > self._capture.new_us:
            return (
                f"{self._told}, only the same picture again and again: the camera hangs, or sees "
                "nothing (cover, no light)"
            )
        return f"{self._told}: look at the camera, its cable, its trigger"


def reading_plan(camera: Camera) -> ReadingPlan:
    """What decoding needs to know of a camera."""
    decode = camera.decode
    return ReadingPlan(
        formats=tuple(decode.formats),
        expected=camera.layer.expected if camera.layer else camera.expected,
        alone=decode.alone,
        rotated=decode.rotated,
        inverted=decode.inverted,
        agreement=decode.agreement,
        gtins=frozenset(decode.gtins),
    )


def layer_plan(camera: Camera) -> LayerPlan | None:
    """The layer that is looked for, if one is."""
    layer = camera.layer
    return LayerPlan(layer.rows, layer.columns, layer.count, layer.frames) if layer else None


def _pool(name: str, camera: Camera, slots: Slots, on_idle: Callable[[], None]) -> Pool:
    setup = Setup(
        camera=name,
        slots=slots.count,
        plan=reading_plan(camera),
        layer=layer_plan(camera),
        region=camera.decode.region,
        budget_us=camera.decode.budget_ms * 1_000,
        evidence=camera.evidence,
    )
    return Pool(
        setup,
        slots.fd,
        size=camera.decode.workers,
        timeout_s=camera.decode.worker_timeout_ms / 1_000,
        on_idle=on_idle,
    )


def _decoding(name: str, camera: Camera, pool: Pool) -> Decoding:
    plan, layer = reading_plan(camera), layer_plan(camera)
    if layer is None:
        return ThingDecoding(pool, plan)
    region, decode = box_of(camera.decode.region), camera.decode
    if "budget_ms" in decode.model_fields_set:
        reader = LayerReader(layer, plan, region=region, budget_us=decode.budget_ms * 1_000)
    else:  # the default is for one code
        reader = LayerReader(layer, plan, region=region)
    return LayerDecoding(name, pool, reader)


def _rules(camera: Camera) -> Rules:
    frames = camera.layer.frames if camera.layer else None
    return Rules(camera.trigger, camera.deadline_ms * 1_000, camera.buffer_frames, frames)


async def _main(config: LineConfig, name: str) -> None:
    camera = config.cameras[name]
    source = build_source(camera.source, newest=camera.trigger != "camera")
    task = asyncio.ensure_future(CameraRole(config, name, source).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        try:
            await task
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None


def run_camera(config: LineConfig, name: str) -> None:
    """Run the camera until SIGTERM or SIGINT. Raises ControlError when another process runs it."""
    asyncio.run(_main(config, name))
