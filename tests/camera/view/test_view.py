"""`camera view` shows what the camera sees to this machine, and to nobody else."""

import asyncio
import base64
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from edge_agent import clock, control
from edge_agent.camera.role import reading_plan
from edge_agent.camera.tune.eye import Eye
from edge_agent.camera.view.server import create_app
from edge_agent.camera.view.sight import Sight, Sights
from edge_agent.camera.view.watching import OLD_US, RoleEyes, SourceEyes, Watcher
from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from tests.camera.pictures import code, scene, write

LINE = """
[line]
name = "one"
run_dir = "{run}"
secret_codes = {secret}
[[levels]]
name = "unit"
codes = [{{ kind = "gs1", requires = ["01", "21"] }}]
[[stations]]
name = "infeed"
scanner = "top"
reads = ["unit"]
[cameras.top]
[cameras.top.source]
kind = "folder"
path = "{pictures}"
rate_per_s = 20
loop = true
[cameras.top.decode]
formats = ["data-matrix"]
"""
TEXT = "0109521234543213210A00001"
PLAIN = scene(np.full((50, 50), 255, np.uint8))


def line(tmp_path: Path, pictures: list[Any], *, secret: bool = False) -> tuple[Path, LineConfig]:
    folder = write(tmp_path / "pictures", pictures)
    path = tmp_path / "one.toml"
    path.write_text(LINE.format(run=tmp_path, pictures=folder, secret=str(secret).lower()))
    return path, load_config(path)


def looked(config: LineConfig) -> Sight:
    eyes = SourceEyes(config, "top")
    try:
        return eyes.look()
    finally:
        eyes.close()


def test_a_picture_is_shown_with_what_was_read_in_it_and_how_it_looks(tmp_path: Path) -> None:
    _, config = line(tmp_path, [scene(code(1))])
    sight = looked(config)
    assert sight.jpeg is not None
    assert sight.facts["complete"]
    (shown,) = sight.facts["codes"]
    assert shown["text"] == TEXT
    assert shown["detail"].startswith("data-matrix, ")
    assert sight.facts["module"].startswith("4.0 pixels")
    assert "sharp" in sight.facts["sharpness"]["words"]
    drawn = cv2.imdecode(np.frombuffer(sight.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    blue, green, red = (drawn[..., each].astype(int) for each in range(3))
    assert np.count_nonzero((green > red + 60) & (green > blue + 60)) > 200


def test_the_bar_falls_when_the_picture_is_out_of_focus_also_where_no_code_is_read(
    tmp_path: Path,
) -> None:
    _, config = line(tmp_path, [])
    camera = config.cameras["top"]
    plan = reading_plan(camera)
    eye, sights = Eye(plan, None, None), Sights(camera, "top", 1, secret=False)
    parts = []
    for sigma in (0.5, 1.5, 3, 6):
        picture = scene(code(1, module_px=6), blur_sigma=sigma, noise_sigma=3)
        parts.append(sights.sight(picture, 0, eye.see(picture)).facts["sharpness"]["part"])
    assert parts[0] == 1
    assert parts == sorted(parts, reverse=True)
    assert parts[3] < 0.1


def test_secret_codes_are_shown_by_their_ends_only(tmp_path: Path) -> None:
    _, config = line(tmp_path, [scene(code(1))], secret=True)
    assert TEXT not in json.dumps(looked(config).facts)
    assert looked(config).facts["codes"][0]["text"] == "…0001"


def test_a_camera_that_is_away_is_told_and_looked_for_again(tmp_path: Path) -> None:
    _, config = line(tmp_path, [])
    eyes = SourceEyes(config, "top")
    assert "holds no picture" in eyes.look().facts["fault"]
    cv2.imwrite(str(tmp_path / "pictures" / "new.png"), scene(code(1)))
    assert eyes.look().facts["fault"] is None
    eyes.close()


@asynccontextmanager
async def role(
    config: LineConfig, taken_us: list[int], picture: bytes | None = None
) -> AsyncIterator[None]:
    """Its control socket, on which each look shows a picture of the next of these times."""
    if picture is None:
        picture = cv2.imencode(".jpg", PLAIN)[1].tobytes()
    shown = {"fault": None, "picture": base64.b64encode(picture).decode(), "why": ""}
    times = iter(taken_us)

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        return {**shown, "taken_us": next(times), "codes": [TEXT]}

    async def status(_: dict[str, Any]) -> dict[str, Any]:
        return {"quality": {"medians": {"module_px": 3.5}, "warnings": ["printer fading"]}}

    path = config.control_path("camera-top")
    server = await control.serve(path, {"look": look, "status": status})
    try:
        yield
    finally:
        server.close()


async def test_a_picture_that_the_role_shows_again_is_counted_once(tmp_path: Path) -> None:
    _, config = line(tmp_path, [PLAIN])
    eyes = RoleEyes(config, "top")
    async with role(config, [1_000, 1_000, 1_000, 2_000]):
        sights = [await asyncio.to_thread(eyes.look) for _ in range(4)]
    assert [sight.facts["number"] for sight in sights] == [1, 1, 1, 2]
    assert sights[-1].facts["rate"] == "2 of the last 2 pictures"
    assert [sight.taken_us for sight in sights] == [1_000, 1_000, 1_000, 2_000]


async def facts_of(watcher: Watcher) -> dict[str, Any]:
    transport = httpx.ASGITransport(create_app(watcher))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
        return dict((await browser.get("/facts")).json())


# The first is of the time to come: it stays young however long this test takes.
@pytest.mark.parametrize(
    ("age_us", "old"), [(-60_000_000, False), (OLD_US, True), (75_000_000, True)]
)
async def test_the_age_of_a_picture_is_told_also_while_its_source_hangs(
    age_us: int, old: bool
) -> None:
    taken_us = clock.now_us() - age_us
    first = Sight(b"jpeg", {"title": "top", "number": 1, "fault": None}, taken_us)
    may_end, hangs = threading.Event(), threading.Event()
    sights = iter([first])

    def look() -> Sight:
        if sight := next(sights, None):
            return sight
        hangs.set()
        may_end.wait(60)
        return first

    watcher = Watcher(look, lambda: None)
    watcher.start()
    try:
        assert await asyncio.to_thread(hangs.wait, 20)
        facts = await facts_of(watcher)
    finally:
        may_end.set()
        watcher.stop(within_s=10)
    assert facts["old"] is old
    assert facts["age_s"] >= age_us // 1_000_000


async def test_a_running_role_is_asked_for_its_picture(tmp_path: Path) -> None:
    """A camera has one reader."""
    _, config = line(tmp_path, [PLAIN], secret=True)
    _, coded = cv2.imencode(".jpg", scene(code(1)))

    eyes = RoleEyes(config, "top")
    async with role(config, [1_000], picture=coded.tobytes()):
        sight = await asyncio.to_thread(eyes.look)
    assert sight.jpeg == coded.tobytes()
    assert sight.facts["complete"]
    assert sight.facts["codes"] == [{"text": "…0001", "detail": ""}]
    assert sight.facts["module"].startswith("3.5 pixels")
    assert sight.facts["advice"] == ["printer fading"]
    assert "is the role running" in (await asyncio.to_thread(eyes.look)).facts["fault"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_view_that_broke_does_not_go_on_showing_the_last_picture() -> None:
    sights = iter([Sight(b"jpeg", {"title": "top", "number": 1, "fault": None})])
    closed: list[bool] = []
    watcher = Watcher(lambda: next(sights), lambda: closed.append(True))
    watcher.start()
    watcher.stop(within_s=10)
    assert closed
    assert "nobody looks any more" in watcher.facts["fault"]


def client() -> httpx.AsyncClient:
    watcher = Watcher(lambda: Sight(None, {}), lambda: None)
    watcher.jpeg = b"jpeg"
    transport = httpx.ASGITransport(create_app(watcher))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


PATHS = ["/", "/page.js", "/page.css", "/facts", "/picture.jpg"]


@pytest.mark.parametrize("path", PATHS)
async def test_everything_comes_from_the_page_itself(path: str) -> None:
    async with client() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "://" not in answer.text
    assert not re.search(r"<script>|style=|\son\w+=", answer.text)


@pytest.mark.parametrize("path", PATHS)
async def test_another_name_than_this_machine_s_is_refused(path: str) -> None:
    async with client() as browser:
        assert (await browser.get(path, headers={"host": "evil.example"})).status_code == 400
        assert (await browser.get(path, headers={"host": "localhost:8000"})).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_can_be_changed(path: str) -> None:
    async with client() as browser:
        for method in ("POST", "PUT", "DELETE"):
            assert (await browser.request(method, path)).status_code == 405


@contextmanager
def viewing(config: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "edge_agent", "camera", "view", str(config), "top"]
    with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert found, said
            yield process, found[0]
        finally:
            process.kill()


def test_the_command_serves_its_page_until_it_is_interrupted(tmp_path: Path) -> None:
    path, _ = line(tmp_path, [scene(code(1))])
    with viewing(path) as (process, url):
        facts: dict[str, Any] = {"fault": "not asked yet"}
        while facts["fault"] is not None:
            facts = json.load(urllib.request.urlopen(f"{url}facts", timeout=10))
        assert facts["codes"][0]["text"] == TEXT
        picture = urllib.request.urlopen(f"{url}picture.jpg", timeout=10).read()
        assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) is not None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_more_visitors_than_a_few_are_sent_away(tmp_path: Path) -> None:
    path, _ = line(tmp_path, [scene(code(1))])
    with viewing(path) as (_, url):
        port = int(url.rsplit(":", 1)[1].strip("/"))
        crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        try:
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(url, timeout=10)
        finally:
            for each in crowd:
                each.close()


def test_a_port_in_use_is_told_with_the_mend(tmp_path: Path) -> None:
    path, _ = line(tmp_path, [PLAIN])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "edge_agent", "camera", "view", str(path), "top"]
        done = subprocess.run(
            [*command, "--port", port], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is in use; choose another with --port" in done.stderr
