"""`camera tune` looks at pictures, says what is wrong with them, and writes what suits them."""

import asyncio
import re
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.sim.scene import layer_scene
from edge_agent import control
from edge_agent.camera.tune.frames import TuneError, opened
from edge_agent.camera.tune.run import tune
from edge_agent.config import LineConfig
from edge_agent.config_file import config_of
from tests.camera.pictures import code, scene, write

LINE = """
[line]
name = "one"
run_dir = "{run}"
[[levels]]
name = "unit"
codes = [{{ kind = "gs1", requires = ["01", "21"] }}]
[[stations]]
name = "infeed"
scanner = "top"
reads = ["unit"]
"""
CAMERA = """
[cameras.top]
trigger = "camera"
[cameras.top.source]
kind = "opencv"
url = "rtsp://192.0.2.1/stream"
[cameras.top.decode]
formats = ["data-matrix"]
"""


def line(tmp_path: Path, camera: str = CAMERA) -> LineConfig:
    return config_of(tomllib.loads(LINE.format(run=tmp_path) + camera), Path("one.toml"))


def report(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def tuned(tmp_path: Path, pictures: list[Any], camera: str = CAMERA) -> tuple[bool, Any]:
    """Whether nothing is to be mended, and the camera as the fragment configures it."""
    fragment = tmp_path / "fragment.toml"
    well = tune(
        line(tmp_path, camera),
        "top",
        folder=write(tmp_path / "pictures", pictures),
        count=50,
        write=fragment,
    )
    return well, line(tmp_path, "\n" + fragment.read_text()).cameras["top"]


def test_what_is_written_is_a_configuration_that_loads_and_reads_the_same_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [(250.0 + 10 * i, 200.0 + 5 * i) for i in range(8)]
    well, camera = tuned(tmp_path, [scene(code(i), i, at=at) for i, at in enumerate(places)])
    assert well, report(capsys)
    assert camera.source.url == "rtsp://192.0.2.1/stream"
    assert [form.value for form in camera.decode.formats] == ["data-matrix"]
    assert (camera.decode.rotated, camera.decode.inverted) == (False, False)
    region = camera.decode.region
    for x, y in places:
        assert region.x + 30 < x < region.x + region.width - 30
        assert region.y + 30 < y < region.y + region.height - 30
    assert region.width * region.height < 0.5 * 640 * 480
    assert camera.deadline_ms > camera.decode.budget_ms


def test_codes_that_are_turned_and_light_on_dark_need_the_flags_that_read_them(
    tmp_path: Path,
) -> None:
    turned = [255 - scene(code(i), i, angle_deg=30.0 * i) for i in range(6)]
    _, camera = tuned(tmp_path, turned)
    assert (camera.decode.rotated, camera.decode.inverted) == (True, True)


def test_keys_that_a_person_has_set_are_kept(tmp_path: Path) -> None:
    camera = CAMERA.replace('trigger = "camera"', 'trigger = "line"')
    camera += 'gtins = ["09521234543213"]\n[cameras.top.evidence]\nkeep_mb = 70\n'
    _, written = tuned(tmp_path, [scene(code(1))], camera)
    assert written.trigger == "line"
    assert written.decode.gtins == ["09521234543213"]
    assert written.evidence.keep_mb == 70


@pytest.mark.parametrize(
    ("pictures", "camera", "words"),
    [
        ([scene(code(1, module_px=2))], CAMERA,
         "2.0 pixels a module, expected at least 3: go nearer"),
        ([cv2.add(scene(code(1)), np.full((480, 640), 40, np.uint8))], CAMERA,
         "of the code is as white as the sensor can tell; shorten the exposure"),
        ([(scene(code(1)) // 5)], CAMERA, "too dark: what is light has the grey level 4"),
        ([scene(code(1), blur_sigma=2.2)], CAMERA, "codes are blurred, by 0.3"),
        ([cv2.blur(scene(code(1, module_px=6)), (9, 1))], CAMERA,
         "only along x: they move during the exposure"),
        ([scene(code(1), at=(500, 400))],
         CAMERA + "region = { x = 0, y = 0, width = 300, height = 300 }\n",
         "1 of 1 codes lie outside decode.region"),
        ([np.hstack([scene(code(1)), scene(code(2))])], CAMERA,
         "1 of 1 pictures hold more codes than 1 (expected), up to 2"),
        ([scene(code(1, "qr"))], CAMERA, "seen, but not in decode.formats: qr 1 times"),
        ([scene(code(1)), scene(np.full((50, 50), 255, np.uint8))], CAMERA,
         "1 of 2 pictures hold no code"),
        ([scene(code(1), contrast=0.3)], CAMERA, "expected at least 0.40 (quality.min_contrast)"),
    ],
    ids=["small", "bright", "dark", "blurred", "moving", "outside", "more", "format", "none",
         "pale"],
)  # fmt: skip
def test_each_fault_is_told_with_its_mend(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    pictures: list[Any],
    camera: str,
    words: str,
) -> None:
    well, _ = tuned(tmp_path, pictures, camera)
    assert not well
    printed = report(capsys)
    assert words in printed, printed


def test_a_layer_is_looked_at_as_the_role_looks_at_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [code(i) for i in range(12)]
    rng = np.random.default_rng(1)
    pictures = [
        layer_scene(labels, 3, 4, size=(900, 700), turn_deg=4, noise_sigma=2, rng=rng).pixels
        for _ in range(3)
    ]
    layer = CAMERA + "[cameras.top.layer]\nrows = 3\ncolumns = 4\n"
    well, camera = tuned(tmp_path, pictures, layer)
    printed = report(capsys)
    assert well, printed
    assert "3 of 3 pictures with all of 12, 36 codes" in printed
    assert (camera.layer.rows, camera.layer.columns) == (3, 4)


def test_a_code_of_another_format_beside_the_right_one_is_told_and_not_proposed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = np.hstack([scene(code(1)), scene(code(2, "qr"))])
    well, camera = tuned(tmp_path, [beside])
    assert not well
    assert "seen, but not in decode.formats: qr 1 times" in report(capsys)
    assert [form.value for form in camera.decode.formats] == ["data-matrix"]


def test_pictures_without_a_code_are_no_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = write(tmp_path / "pictures", [scene(np.full((50, 50), 255, np.uint8))])
    fragment = tmp_path / "fragment.toml"
    assert not tune(line(tmp_path), "top", folder=blank, count=5, write=fragment)
    assert not fragment.exists()
    assert "no code was read in 1 pictures" in report(capsys)


def test_a_gate_that_does_not_wait_long_enough_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gated = line(tmp_path)
    station = gated.stations[0].model_copy(
        update={"gate": type("Gate", (), {"read_window_ms": 5})()}
    )
    config = gated.model_copy(update={"stations": [station]})
    tune(config, "top", folder=write(tmp_path / "p", [scene(code(1))]), count=1, write=None)
    assert "the gate's read_window_ms is 5: make the region smaller" in report(capsys)


def test_the_camera_itself_is_opened_and_its_rate_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "pictures", [scene(code(i), i) for i in range(3)])
    live = f"""
[cameras.top]
trigger = "line"
[cameras.top.source]
kind = "folder"
path = "{folder}"
rate_per_s = 20
loop = true
[cameras.top.decode]
formats = ["data-matrix"]
"""
    fragment = tmp_path / "fragment.toml"
    assert tune(line(tmp_path, live), "top", folder=None, count=7, write=fragment)
    printed = report(capsys)
    rate = re.search(r"7 of 640 x 480, ([\d.]+) a second", printed)
    assert rate, printed
    assert float(rate[1]) < 25
    assert "frames (1 x " in fragment.read_text()


async def test_a_camera_whose_role_runs_is_not_taken_from_it(tmp_path: Path) -> None:
    async def status(_: dict[str, Any]) -> dict[str, Any]:
        return {"role": "camera"}

    config = line(tmp_path)
    server = await control.serve(config.control_path("camera-top"), {"status": status})
    try:
        with pytest.raises(TuneError, match=r"stop it .*or look at pictures that it kept"):
            await asyncio.to_thread(lambda: opened(config, "top", None).__enter__())
    finally:
        server.close()


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there.toml"
    there.write_text("precious")
    with pytest.raises(TuneError, match="is there already"):
        tune(line(tmp_path), "top", folder=tmp_path, count=1, write=there)
    assert there.read_text() == "precious"


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(TuneError, match="holds no picture"):
        tune(line(tmp_path), "top", folder=tmp_path, count=1, write=None)
