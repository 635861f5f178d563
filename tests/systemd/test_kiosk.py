"""The browser of a station: systemd takes its unit, and Debian's Chromium its command line.
Needs Debian's packages systemd and chromium."""

import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.systemd.test_units import SYSTEMD, service, systemd

UNIT = SYSTEMD / "user" / "edge-agent-kiosk@.service"
HEADLESS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--virtual-time-budget=3000",
    "--dump-dom",
)
"""Instead of a screen; and a test may be root's."""
PAGE = b"""<!doctype html><title>Station</title><p id="told"></p><script>
localStorage.setItem("volume", "2");
const sound = new AudioContext();
setTimeout(() => {
  const touch = "ontouchstart" in window ? "touch" : "no touch";
  document.getElementById("told").textContent = `sound ${sound.state}, ${touch}`;
}, 300);
</script>"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/station/bench-1"
        server.shutdown()
        thread.join()


def test_systemd_accepts_the_unit_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    done = systemd("systemd-analyze", "--user", "verify", "--man=no", UNIT)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_pages_of_this_pc_are_shown_and_begun_again_for_ever() -> None:
    keys = service(UNIT)
    assert "URL=http://127.0.0.1:8480/station/%i" in keys["Environment"]
    assert keys["Restart"] == ["always"]
    assert "StartLimitIntervalSec=0" in UNIT.read_text().splitlines()


def test_its_command_sounds_untouched_takes_touches_and_writes_into_memory_alone(
    tmp_path: Path, url: str
) -> None:
    assert shutil.which("chromium"), "chromium is missing; install Debian's package chromium"
    runtime, home = tmp_path / "run", tmp_path / "home"
    home.mkdir()
    text = UNIT.read_text().replace("\\\n", " ")
    text = text.replace("%t", str(runtime)).replace("%i", "bench-1")
    own = runtime / re.findall(r"^RuntimeDirectory=(.+)$", text, re.MULTILINE)[0]
    own.mkdir(parents=True)
    environment = dict(
        each.split("=", 1) for each in re.findall(r"^Environment=(.+)$", text, re.MULTILINE)
    )
    [command] = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    browser, *options = shlex.split(command.replace("${URL}", url))
    done = subprocess.run(
        [browser, *HEADLESS, *options],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "sound running, touch" in done.stdout, done.stderr
    assert (own / "profile" / "Default").is_dir()
    elsewhere = [path for path in tmp_path.rglob("*") if path.is_file() and own not in path.parents]
    assert elsewhere == []
