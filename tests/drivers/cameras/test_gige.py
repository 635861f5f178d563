from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from drivers.cameras import gige
from drivers.protocols import CameraError, FrameSource
from tests.drivers.cameras.fake_gige import ADDRESS, FakeGige


@pytest.fixture
def camera() -> Iterator[FakeGige]:
    camera = FakeGige()
    yield camera
    camera.close()


def source_of(**keys: object) -> FrameSource:
    return gige.build(gige.Config.model_validate({"camera": ADDRESS, **keys}))


def test_a_camera_that_runs_freely_gives_frames(camera: FakeGige) -> None:
    camera.plug()
    source = source_of(fps=50)
    source.open()
    frames = [source.read() for _ in range(5)]
    source.close()
    assert {frame.pixels.shape for frame in frames} == {(512, 512)}
    for one, other in pairwise(frames):
        assert one.taken_us < other.taken_us
        assert not np.array_equal(one.pixels, other.pixels)


def test_the_exposure_is_the_one_that_is_configured(camera: FakeGige) -> None:
    camera.plug()
    means = []
    for exposure_us in (2_000, 5_000, 10_000):
        source = source_of(exposure_us=exposure_us)
        source.open()
        means.append(source.read().pixels.mean())
        source.close()
    assert means == sorted(set(means))


@pytest.mark.parametrize("name", ["BayerRG8", "RGB8"])
def test_colours_become_blue_green_red(camera: FakeGige, name: str) -> None:
    camera.plug()
    source = source_of(pixel_format=name)
    source.open()
    assert source.read().pixels.shape == (512, 512, 3)
    source.close()


def test_a_software_trigger_exposes_once(camera: FakeGige) -> None:
    camera.plug()
    source = source_of(trigger_source="Software", read_timeout_ms=1_000)
    source.open()
    for _ in range(3):
        assert source.trigger()
        source.read()
    with pytest.raises(CameraError, match=r"127\.0\.0\.1 sent nothing for \d+ ms"):
        source.read()
    source.close()


def test_a_camera_that_is_not_told_to_expose_says_so(camera: FakeGige) -> None:
    camera.plug()
    source = source_of()
    source.open()
    assert not source.trigger()
    source.close()


def test_an_incomplete_picture_is_counted_and_never_a_frame(camera: FakeGige) -> None:
    camera.plug(lost_per_thousand=2)
    source = source_of()
    source.open()
    shapes = {source.read().pixels.shape for _ in range(20)}
    source.close()
    assert shapes == {(512, 512)}
    assert source.losses["missing-packets"] > 0


def test_only_incomplete_pictures_are_an_error_that_says_so(camera: FakeGige) -> None:
    camera.plug(lost_per_thousand=900)
    source = source_of(read_timeout_ms=500)
    source.open()
    with pytest.raises(CameraError, match=r"sent no whole picture \(missing-packets"):
        source.read()
    source.close()


def test_a_lost_camera_is_an_error_and_gives_frames_when_it_is_back(camera: FakeGige) -> None:
    camera.plug()
    source = source_of(read_timeout_ms=1_000)
    source.open()
    source.read()
    camera.pull()
    with pytest.raises(CameraError, match=r"sent nothing for \d+ ms"):
        while True:  # what had arrived before
            source.read()
    source.close()
    camera.plug()
    source.open()
    assert source.read().pixels.shape == (512, 512)
    source.close()


def test_a_camera_that_may_be_silent_is_lost_when_its_heartbeat_is(camera: FakeGige) -> None:
    camera.plug()
    source = source_of(trigger_source="Line0")
    source.open()
    camera.pull()
    with pytest.raises(CameraError, match="is lost: it answers no heartbeat"):
        source.read()
    source.close()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"trigger_source": "Line7"}, "no trigger source Line7, it offers Line0, Software"),
        ({"pixel_format": "BGR8"}, "no pixel format BGR8, it offers .*Mono8"),
    ],
)
def test_what_a_camera_cannot_do_is_told_with_what_it_can(
    camera: FakeGige, keys: dict[str, str], told: str
) -> None:
    camera.plug()
    source = source_of(**keys)
    with pytest.raises(CameraError, match=told):
        source.open()
    with pytest.raises(CameraError, match="is not open"):
        source.read()


def test_a_camera_that_is_not_there_is_told() -> None:
    with pytest.raises(CameraError, match="none cannot be opened: Device 'none' not found"):
        source_of(camera="none").open()
