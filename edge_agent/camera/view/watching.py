"""Where the pictures of the page come from: the camera itself, or its role where that runs."""

import threading
import time
from collections.abc import Callable
from typing import Any

from drivers import registry
from drivers.protocols import CameraError, EndOfFrames, FrameSource
from edge_agent import clock
from edge_agent.camera.role import reading_plan
from edge_agent.camera.tune.eye import Eye
from edge_agent.camera.view.sight import Sight, Sights
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask

AGAIN_S = 1.0
"""After a fault."""
ASK_S = 0.2
OLD_US = 3_000_000
"""A picture that old is not what the camera sees now."""


class SourceEyes:
    """Opens the camera and reads each picture as the role would."""

    def __init__(self, config: LineConfig, name: str) -> None:
        camera = config.cameras[name]
        plan = reading_plan(camera)
        self._source: FrameSource = registry.build_source(camera.source, newest=True)
        self._eye = Eye(plan, camera.layer, camera.decode.region, camera.decode.budget_ms * 1_000)
        self._sights = _sights(config, name)
        self._is_open = False

    def look(self) -> Sight:
        """The next picture; waits for it."""
        try:
            if not self._is_open:
                self._source.open()
                self._is_open = True
            self._source.trigger()
            frame = self._source.read()
        except CameraError as error:
            self.close()
            return self._sights.fault(str(error))
        except EndOfFrames:
            self.close()
            return self._sights.fault("the source has no more pictures; it begins again")
        return self._sights.sight(frame.pixels, frame.taken_us, self._eye.see(frame.pixels))

    def close(self) -> None:
        self._source.close()
        self._is_open = False


class RoleEyes:
    """Asks the camera's role, which has the camera."""

    def __init__(self, config: LineConfig, name: str) -> None:
        self._path = config.control_path(f"camera-{name}")
        self._sights = _sights(config, name)

    def look(self) -> Sight:
        """What the role saw last; waits a little before."""
        time.sleep(ASK_S)
        try:
            look, status = ask(self._path, "look"), ask(self._path, "status")
        except ControlError as error:
            return self._sights.fault(str(error))
        if look["fault"] or not look["picture"]:
            return self._sights.fault(look["fault"] or "the role has no picture yet")
        return self._sights.told(look, status)

    def close(self) -> None:
        """Nothing is open between two questions."""


def _sights(config: LineConfig, name: str) -> Sights:
    camera = config.cameras[name]
    return Sights(
        camera,
        f"{config.line.name} / {name}",
        reading_plan(camera).expected,
        secret=config.line.secret_codes,
    )


def _blind(why: str) -> Sight:
    return Sight(None, {"title": "camera view", "number": 0, "fault": why})


class Watcher:
    """Looks in a thread of its own, and keeps the newest sight and the newest picture."""

    def __init__(self, look: Callable[[], Sight], close: Callable[[], None]) -> None:
        self._look = look
        self._close = close
        self._ended = threading.Event()
        # A source may wait for a trigger for ever; the program's end does not wait for it.
        self._thread = threading.Thread(target=self._run, name="camera-view", daemon=True)
        self._newest = _blind("waiting for a picture")
        self.jpeg: bytes | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float) -> None:
        self._ended.set()
        self._thread.join(within_s)

    @property
    def facts(self) -> dict[str, Any]:
        """Of the newest sight, and now: its picture's ``age_s``, and whether it is ``old``."""
        sight = self._newest
        if sight.jpeg is None:
            return sight.facts
        age_us = clock.now_us() - sight.taken_us
        return {**sight.facts, "age_s": age_us // 1_000_000, "old": age_us >= OLD_US}

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._newest = sight = self._look()
                if sight.jpeg is None:
                    self._ended.wait(AGAIN_S)
                else:
                    self.jpeg = sight.jpeg
        finally:
            # An old picture must not be taken for what the camera sees.
            self._newest = _blind("nobody looks any more; start camera view again")
            self.jpeg = None
            self._close()
