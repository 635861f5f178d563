import os
import time
from pathlib import Path

import numpy as np
import pytest

from drivers.cameras import folder
from drivers.protocols import CameraError, EndOfFrames, FrameSource
from tests.drivers.cameras.jpegs import claiming, cut_off, encoded, jpeg, number_in
from tests.drivers.cameras.memory import peak_mb
from tests.drivers.counterparts import DeviceLog


def source_of(path: Path, **keys: object) -> FrameSource:
    source = folder.build(folder.Config.model_validate({"path": path, **keys}))
    source.open()
    return source


def write(path: Path, **pictures: bytes) -> None:
    for name, data in pictures.items():
        (path / f"{name}.jpg").write_bytes(data)


def numbers_to_the_end(source: FrameSource) -> list[int]:
    numbers = []
    try:
        while True:
            numbers.append(number_in(source.read().pixels))
    except EndOfFrames:
        return numbers


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, b=jpeg(2), c=jpeg(3), a=jpeg(1))
    assert numbers_to_the_end(source_of(tmp_path)) == [1, 2, 3]


@pytest.mark.parametrize("ending", sorted(folder.ENDINGS))
def test_every_kind_of_picture_is_read_in_grey_or_colour(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"one{ending.upper()}").write_bytes(
        encoded(np.full((48, 64), 99, np.uint8), ending)
    )
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / f"folder{ending}").mkdir()
    grey, colour = (source_of(tmp_path, colour=colour).read().pixels for colour in (False, True))
    assert (grey.shape, colour.shape) == ((48, 64), (48, 64, 3))
    assert abs(int(grey[0, 0]) - 99) < 3


def test_what_cannot_be_used_is_named_counted_and_passed_over(
    tmp_path: Path, device_log: DeviceLog
) -> None:
    bad = {
        "cut": cut_off(9),
        "none": b"",
        "nothing": claiming(0, 0),
        "huge": claiming(30_000, 30_000),
        "vast": claiming(65_535, 65_535),
        "text": b"hello",
    }
    write(tmp_path, a=jpeg(1), z=jpeg(2), **bad)
    before_mb = peak_mb()
    source = source_of(tmp_path)
    assert numbers_to_the_end(source) == [1, 2]
    assert peak_mb() < before_mb + 50
    assert source.losses == {"unreadable": len(bad)}
    told = {Path(entry["path"]).stem: entry["why"] for entry in device_log.entries}
    assert told.keys() == bad.keys()
    assert "0x0" in told["nothing"]
    assert "30000x30000, expected up to 64 megapixels" in told["huge"]
    assert "cut off" in told["cut"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, device_log: DeviceLog) -> None:
    write(tmp_path, a=jpeg(1), b=jpeg(2))
    os.truncate(tmp_path / "b.jpg", folder.MAX_FILE_BYTES + 1)
    assert numbers_to_the_end(source_of(tmp_path)) == [1]
    assert "larger than" in device_log.entries[0]["why"]


def test_a_loop_takes_what_is_there_then(tmp_path: Path) -> None:
    write(tmp_path, a=jpeg(1), b=jpeg(2))
    source = source_of(tmp_path, loop=True)
    assert [number_in(source.read().pixels) for _ in range(3)] == [1, 2, 1]
    write(tmp_path, c=jpeg(3))
    (tmp_path / "b.jpg").unlink()
    assert [number_in(source.read().pixels) for _ in range(3)] == [1, 3, 1]


def test_a_loop_without_one_good_picture_is_an_error_not_a_spin(
    tmp_path: Path, device_log: DeviceLog
) -> None:
    write(tmp_path, a=cut_off(1))
    with pytest.raises(CameraError, match="holds no picture that can be used"):
        source_of(tmp_path, loop=True).read()


def test_pictures_come_no_faster_than_the_rate(tmp_path: Path) -> None:
    write(tmp_path, a=jpeg(1))
    source = source_of(tmp_path, loop=True, rate_per_s=50)
    begun_s = time.monotonic()
    for _ in range(6):
        source.read()
    assert time.monotonic() - begun_s >= 5 / 50


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"cannot be listed: No such file"):
        source_of(tmp_path / "none")
    with pytest.raises(CameraError, match=r"expected files that end in \.bmp, \.jpeg"):
        source_of(tmp_path)
