"""Aravis's fake GigE Vision camera on the loopback interface."""

import fcntl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

ADDRESS = "127.0.0.1"
_GVCP_PORT = 3_956  # GigE Vision 2.0, 16.1


class FakeGige:
    """The camera; `plug` starts it and returns when it listens, `pull` kills it. One at a time on a
    machine, as its port is fixed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn: IO[bytes] = (Path(tempfile.gettempdir()) / "fake-gige.lock").open("wb")
        fcntl.flock(self._turn, fcntl.LOCK_EX)

    def plug(self, *, lost_per_thousand: int = 0) -> None:
        command = ["arv-fake-gv-camera-0.8", "-i", "lo", "-s", "FAKE01"]
        self._process = subprocess.Popen([*command, "-r", str(lost_per_thousand)])
        while f":{_GVCP_PORT:04X} " not in Path("/proc/net/udp").read_text():
            assert self._process.poll() is None, "the fake camera has ended"
            time.sleep(0.01)

    def pull(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        self.pull()
        self._turn.close()
