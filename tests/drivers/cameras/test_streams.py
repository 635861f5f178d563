import time
from pathlib import Path

import pytest

from drivers.cameras import opencv
from drivers.protocols import CameraError, FrameSource
from tests.drivers.cameras.jpegs import claiming, cut_off, jpeg, number_in
from tests.drivers.cameras.memory import peak_mb
from tests.drivers.cameras.stream_cameras import MjpegCamera, RtspCamera


def source_of(url: str, *, newest: bool = False, **keys: object) -> FrameSource:
    keys = {"read_timeout_ms": 5_000, **keys}
    return opencv.build(opencv.Config.model_validate({"url": url, **keys}), newest=newest)


def numbers(source: FrameSource, count: int) -> list[int]:
    return [number_in(source.read().pixels) for _ in range(count)]


def test_a_picture_is_a_frame_before_the_next_is_sent() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        camera.send(jpeg(1))
        source.open()
        assert numbers(source, 1) == [1]
        for number in (2, 3, 4):
            camera.send(jpeg(number))
            assert numbers(source, 1) == [number]
        source.close()


def test_frames_are_grey_unless_colour_is_wanted() -> None:
    with MjpegCamera() as camera:
        shapes = []
        for colour in (False, True):
            source = source_of(camera.url, colour=colour)
            camera.send(jpeg(1))
            source.open()
            shapes.append(source.read().pixels.shape)
            source.close()
            camera.hang_up()
    assert shapes == [(240, 320), (240, 320, 3)]


def test_a_stream_that_changes_size_is_followed() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        camera.send(jpeg(1), jpeg(2, 640, 480), jpeg(3, 64, 48))
        source.open()
        frames = [source.read().pixels for _ in range(3)]
        source.close()
    assert [frame.shape for frame in frames] == [(240, 320), (480, 640), (48, 64)]
    assert [number_in(frame) for frame in frames] == [1, 2, 3]


def test_what_is_no_picture_in_a_stream_is_counted_and_the_next_is_a_frame() -> None:
    bad = [cut_off(9), claiming(0, 0), claiming(30_000, 30_000), b"\xff\xd8" + bytes(99), b"hello"]
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        camera.send(jpeg(1))
        source.open()
        assert numbers(source, 1) == [1]
        before_mb = peak_mb()
        camera.send(*bad, jpeg(2))
        assert numbers(source, 1) == [2]
        assert source.losses == {"unreadable": len(bad)}
        assert peak_mb() < before_mb + 50
        source.close()


def test_a_stream_of_what_is_no_picture_is_an_error_that_says_so() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url, read_timeout_ms=500)
        camera.send(jpeg(1))
        source.open()
        source.read()
        camera.send(*[claiming(30_000, 30_000)] * 3)
        with pytest.raises(CameraError, match="30000x30000, expected up to 64 megapixels"):
            source.read()
        source.close()


def test_the_same_picture_again_and_again_is_a_stalled_camera() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url, newest=True, read_timeout_ms=500)
        camera.send(jpeg(1))
        source.open()
        assert numbers(source, 1) == [1]
        camera.send(jpeg(2))
        assert numbers(source, 1) == [2]
        camera.send(*[jpeg(2)] * 2)
        with pytest.raises(CameraError, match="the same again and again: it stalled"):
            source.read()
        assert source.losses["repeated"] >= 1
        source.close()


def test_where_each_picture_counts_the_same_one_again_is_a_frame() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        camera.send(jpeg(1), jpeg(1), jpeg(2))
        source.open()
        assert numbers(source, 3) == [1, 1, 2]
        assert not source.losses
        source.close()


def test_who_falls_behind_gets_the_newest_picture_and_what_was_passed_is_counted() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url, newest=True)
        camera.send(jpeg(1))
        source.open()
        assert numbers(source, 1) == [1]
        camera.send(*(jpeg(number) for number in range(2, 12)))
        while source.losses["passed"] < 9:
            time.sleep(0.005)
        assert numbers(source, 1) == [11]
        camera.hang_up()
        with pytest.raises(CameraError, match="ended the stream"):
            source.read()
        source.close()


def test_where_each_picture_counts_who_falls_behind_gets_every_one() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        camera.send(*(jpeg(number) for number in range(12)))
        source.open()
        assert numbers(source, 12) == list(range(12))
        source.close()


def test_a_silent_camera_is_an_error_after_the_timeout() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url, read_timeout_ms=500)
        camera.send(jpeg(1))
        source.open()
        source.read()
        with pytest.raises(CameraError, match=rf"{camera.url} sent nothing for \d+ ms"):
            source.read()
        source.close()


def test_a_camera_that_may_be_silent_is_waited_for() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url, read_timeout_ms=0)
        camera.send(jpeg(1), jpeg(2))
        source.open()
        assert numbers(source, 2) == [1, 2]
        camera.hang_up()
        with pytest.raises(CameraError, match="ended the stream"):
            source.read()
        source.close()


def test_a_camera_that_came_back_is_read_again() -> None:
    with MjpegCamera() as camera:
        source = source_of(camera.url)
        for number in (1, 2):
            camera.send(jpeg(number))
            camera.hang_up()
            source.open()
            assert numbers(source, 1) == [number]
            with pytest.raises(CameraError, match="ended the stream"):
                source.read()


def test_a_camera_that_nobody_answers_for_is_told_with_the_reason() -> None:
    with MjpegCamera() as camera:
        url = camera.url
    source = source_of(url, open_timeout_ms=500)
    with pytest.raises(CameraError, match=rf"{url} cannot be reached: .*refused"):
        source.open()
    with pytest.raises(CameraError, match="is not open"):
        source.read()


def test_the_password_comes_from_a_file_and_is_in_no_message(tmp_path: Path) -> None:
    password_file = tmp_path / "password"
    password_file.write_text("se:cret/@1\n")
    login = {"user": "line", "password_file": password_file}
    with MjpegCamera(login="line:se:cret/@1") as camera:
        source = source_of(camera.url, **login)
        camera.send(jpeg(7))
        source.open()
        assert numbers(source, 1) == [7]
        source.close()
        camera.hang_up()

        password_file.write_text("wr0ng")
        with pytest.raises(CameraError, match="check path, user and password") as caught:
            source.open()
        assert "wr0ng" not in str(caught.value)
        password_file.unlink()
        with pytest.raises(CameraError, match=r"password_file .* cannot be read: .*No such file"):
            source.open()


def test_rtsp_is_read_over_tcp() -> None:
    with RtspCamera() as camera:
        source = source_of(camera.url)
        source.open()
        first, *rest = numbers(source, 10)
        assert rest == [(first + more) % 256 for more in range(1, 10)]
        source.close()
    setup = next(request for request in camera.requests if request.startswith("SETUP"))
    assert "RTP/AVP/TCP" in setup
