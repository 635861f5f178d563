"""Cameras come and go for weeks: opening and closing leaves nothing behind."""

import gc
from pathlib import Path

from drivers.cameras import folder, gige, opencv
from drivers.protocols import FrameSource
from tests.drivers.cameras.fake_gige import ADDRESS, FakeGige
from tests.drivers.cameras.jpegs import jpeg
from tests.drivers.cameras.memory import descriptors, resident_mb, threads
from tests.drivers.cameras.stream_cameras import MjpegCamera

CYCLES = 200
GIGE_CYCLES = 60
"""Each takes a seventh of a second."""
_TO_SETTLE = 20


def assert_nothing_is_left(source: FrameSource, cycles: int) -> None:
    def cycle() -> None:
        source.open()
        source.read()
        source.close()

    for _ in range(_TO_SETTLE):
        cycle()
    gc.collect()
    held, running = descriptors(), threads()
    held_mb = resident_mb()
    for _ in range(cycles - _TO_SETTLE):
        cycle()
    gc.collect()
    assert descriptors() <= held
    assert threads() <= running
    assert resident_mb() < held_mb + 4


def test_a_stream_leaves_nothing_behind() -> None:
    with MjpegCamera() as camera:
        for _ in range(CYCLES):
            camera.send(jpeg(1))
            camera.hang_up()
        assert_nothing_is_left(opencv.build(opencv.Config(url=camera.url)), CYCLES)


def test_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    assert_nothing_is_left(folder.build(folder.Config(path=tmp_path)), CYCLES)


def test_a_gige_camera_leaves_nothing_behind() -> None:
    camera = FakeGige()
    try:
        camera.plug()
        source = gige.build(gige.Config(camera=ADDRESS, fps=100, exposure_us=100))
        assert_nothing_is_left(source, GIGE_CYCLES)
    finally:
        camera.close()
