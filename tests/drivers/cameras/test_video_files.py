from pathlib import Path

import cv2
import pytest

from drivers.cameras import opencv
from drivers.cameras.pictures import decoded
from drivers.protocols import CameraError, EndOfFrames, FrameSource
from tests.drivers.cameras.jpegs import jpeg, number_in


def video(path: Path, codec: str, count: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 500, (320, 240))
    for number in range(count):
        writer.write(decoded(jpeg(number), colour=True))
    writer.release()
    return path


def source_of(path: Path, **keys: object) -> FrameSource:
    source = opencv.build(opencv.Config.model_validate({"file": path, **keys}))
    source.open()
    return source


@pytest.mark.parametrize(("codec", "ending"), [("MJPG", "avi"), ("mp4v", "mp4")])
def test_every_picture_of_a_video_is_a_frame_and_then_it_ends(
    tmp_path: Path, codec: str, ending: str
) -> None:
    source = source_of(video(tmp_path / f"a.{ending}", codec, 12))
    assert [number_in(source.read().pixels) for _ in range(12)] == list(range(12))
    with pytest.raises(EndOfFrames):
        source.read()
    source.close()


def test_a_video_that_loops_begins_again(tmp_path: Path) -> None:
    source = source_of(video(tmp_path / "a.avi", "MJPG", 3), loop=True, rate_per_s=1_000)
    assert [number_in(source.read().pixels) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    source.close()


@pytest.mark.parametrize("colour", [False, True])
def test_a_video_is_grey_unless_colour_is_wanted(tmp_path: Path, colour: bool) -> None:
    source = source_of(video(tmp_path / "a.mp4", "mp4v", 1), colour=colour)
    assert source.read().pixels.shape == ((240, 320, 3) if colour else (240, 320))
    source.close()


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text.avi"
    text.write_text("hello")
    with pytest.raises(CameraError, match=r"text\.avi is no video that can be read"):
        source_of(text)
    with pytest.raises(CameraError, match=r"none\.avi is no file"):
        source_of(tmp_path / "none.avi")


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    source = opencv.build(opencv.Config(index=63))
    with pytest.raises(CameraError, match=r"/dev/video63 is not there; there are"):
        source.open()
