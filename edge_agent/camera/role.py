"""The camera role: frames → answers to triggers. The one place that knows all its parts."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog

from drivers.registry import build_source
from drivers.scanners.camera_wire import FromLine
from edge_agent import clock, control
from edge_agent.camera.answers import answer_of
from edge_agent.camera.buffer import Shot, Waiting
from edge_agent.camera.capture import Capture
from edge_agent.camera.decode.plan import ReadingPlan
from edge_agent.camera.gathering import Outcome, ThingCodes
from edge_agent.camera.jobs import Done, ReadFrame, Setup
from edge_agent.camera.lamp import Lamp
from edge_agent.camera.pool import Pool, WorkerError
from edge_agent.camera.presence import Background
from edge_agent.camera.server import Server
from edge_agent.camera.slots import Slots
from edge_agent.camera.triggers import Rules, Trigger, Triggers
from edge_agent.camera_config import Camera
from edge_agent.config import LineConfig
from edge_agent.notify import notify

TICK_S = 0.02
WATCHDOG_S = 1.0

log = structlog.get_logger("edge_agent.camera")


class CameraRole:
    """One camera, from its frames to the line's socket."""

    def __init__(self, config: LineConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._camera = camera = config.cameras[name]
        self._loop = asyncio.get_running_loop()
        self._group = asyncio.TaskGroup()
        self._timer: asyncio.TimerHandle | None = None
        self._plan = plan = reading_plan(camera)
        # Besides those that wait: one in each worker, one on its way from the capture thread, and
        # one that it is being written.
        self._slots = Slots(camera.buffer_frames + camera.decode.workers + 2)
        self._triggers = Triggers(
            _rules(camera), lambda: ThingCodes(plan), self._answer, self._give_up
        )
        self._pool = Pool(
            Setup(
                camera=name,
                slots=self._slots.count,
                plan=plan,
                region=camera.decode.region,
                budget_us=camera.decode.budget_ms * 1_000,
                evidence=camera.evidence,
            ),
            self._slots.fd,
            size=camera.decode.workers,
            timeout_s=camera.decode.worker_timeout_ms / 1_000,
            on_idle=self._pump,
        )
        self._capture = Capture(
            name,
            build_source(camera.source),
            self._slots,
            on_shot=self._on_shot,
            on_change=self._look_for_faults,
            background=Background() if camera.trigger == "presence" else None,
        )
        self._server = Server(name, self._on_message)
        self._lamp = Lamp(camera.accept_url, camera.reject_url)
        self._fault: str | None = None

    async def run(self) -> None:
        """Run until cancelled, or until a part fails (its error is raised)."""
        control_server = await control.serve(
            self._config.control_path(f"camera-{self._name}"), {"status": self._answer_status}
        )
        server = await self._server.open(self._config.camera_socket(self._name))
        jobs: list[Coroutine[Any, Any, None]] = [
            self._pool.run(),
            self._lamp.run(),
            self._watch(),
        ]
        self._look_for_faults()
        self._capture.start()
        notify("READY=1")
        log.info("camera ready", line=self._config.line.name, camera=self._name)
        try:
            async with self._group as group:
                for job in jobs:
                    group.create_task(job)
        finally:
            notify("STOPPING=1")
            self._capture.stop()
            self._server.close()
            server.close()
            control_server.close()
            self._slots.close()

    # --- inputs ----------------------------------------------------------------------------

    def _on_shot(self, shot: Shot) -> None:
        self._triggers.frame(shot, clock.now_us())
        self._go_on()

    def _on_message(self, message: FromLine) -> None:
        if message.trigger:
            self._triggers.ask(clock.now_us())
            self._go_on()
        if message.verdict is not None:
            self._lamp.show(accepted=message.verdict)

    def _go_on(self) -> None:
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
        while self._pool.idle and (waiting := self._triggers.take()):
            shot, asker = waiting.shot, waiting.asker
            assert shot.place is not None  # noqa: S101 only such wait
            taken = datetime.fromtimestamp(clock.at(shot.taken_us).utc_us / 1e6, UTC)
            job = ReadFrame(shot.place, asker.number if asker else None, taken.isoformat())
            self._group.create_task(self._decode(waiting, self._pool.do(job)))

    async def _decode(self, waiting: Waiting[Trigger], work: Coroutine[Any, Any, Done]) -> None:
        shot = waiting.shot
        try:
            done = await work
        except WorkerError as error:
            outcome = Outcome(shot.taken_us, failure=str(error))
        else:
            outcome = Outcome(shot.taken_us, done.reading, done.picture)
        self._give_up(shot)
        self._triggers.decoded(waiting, outcome, clock.now_us())
        self._go_on()

    def _give_up(self, shot: Shot) -> None:
        if shot.place is not None:
            self._slots.free(shot.place)

    def _answer(self, trigger: Trigger) -> None:
        answer = answer_of(trigger, clock.now_us())
        self._server.tell(answer)

    # --- faults ----------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._look_for_faults()

    def _look_for_faults(self) -> None:
        fault = self._capture.fault or self._stall() or self._pool.fault
        if fault != self._fault:
            self._fault = self._triggers.fault = fault
            self._server.tell_fault(fault)

    def _stall(self) -> str | None:
        return None

    # --- status ----------------------------------------------------------------------------

    async def _answer_status(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"role": "camera", "camera": self._name}


def reading_plan(camera: Camera) -> ReadingPlan:
    """What decoding needs to know of a camera."""
    decode = camera.decode
    return ReadingPlan(
        formats=tuple(decode.formats),
        expected=camera.layer.expected if camera.layer else camera.expected,
        rotated=decode.rotated,
        inverted=decode.inverted,
        agreement=decode.agreement,
        gtins=frozenset(decode.gtins),
    )


def _rules(camera: Camera) -> Rules:
    frames = None
    if camera.layer:
        frames = camera.layer.frames
    elif camera.trigger == "camera" and camera.decode.agreement == "frames":
        frames = 2
    return Rules(camera.trigger, camera.deadline_ms * 1_000, camera.buffer_frames, frames)


async def _main(config: LineConfig, name: str) -> None:
    task = asyncio.ensure_future(CameraRole(config, name).run())
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
