import subprocess
import sys
import tomllib

import pytest
from pydantic import ValidationError

from drivers import registry


def faults(kind: str, **keys: object) -> str:
    with pytest.raises(ValidationError) as caught:
        registry.source_model(kind).model_validate(keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, "has none, expected one of ['index', 'url', 'file']"),
        ({"index": 0, "file": "a.avi"}, "has index and file, expected one of"),
        ({"index": 0, "loop": True}, "has index, but loop is for file: remove it"),
        ({"url": "rtsp://h/1", "width": 64, "height": 64}, "height is for index, width is for"),
        ({"index": 0, "width": 64}, "one of width and height"),
        ({"url": "rtsp://h/1", "user": "line"}, "one of user and password_file"),
        ({"url": "rtsp://line@h/1"}, "expected the keys user and password_file"),
        ({"url": "udp://h:1"}, "is 'udp' to 'h', expected rtsp://HOST/PATH"),
        ({"url": "http:///path"}, "is 'http' to None"),
        ({"url": "http://h:0/"}, "port 0"),
        ({"url": "http://h:70000/"}, "Port out of range"),
        ({"url": "http://h/a b"}, "a space"),
        ({"index": 0, "fourcc": "mjpeg"}, "fourcc"),
        ({"index": 0, "brightness": 3}, "brightness"),
    ],
)
def test_a_bad_opencv_source_is_told_with_what_was_expected(
    keys: dict[str, object], told: str
) -> None:
    assert told in faults("opencv", **keys)


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "s3cret" not in faults("opencv", url="rtsp://line:s3cret@h/1").split("[type=")[0]


def test_bad_keys_of_the_other_sources_are_told() -> None:
    assert "rate_per_s" in faults("folder", path="/p", rate_per_s=0)
    assert "shuffle" in faults("folder", path="/p", shuffle=True)
    assert "'Mono8'" in faults("gige", camera="1.2.3.4", pixel_format="Mono12Packed")
    assert "trigger_source" in faults("gige", camera="1.2.3.4", trigger_source="")


@pytest.mark.parametrize("kind", sorted(registry.SOURCES))
def test_the_example_of_each_docstring_is_a_configuration(kind: str) -> None:
    documented = sys.modules[registry.source_model(kind).__module__].build.__doc__ or ""
    examples = documented.split("[cameras.top.source]")[1:]
    assert examples
    for example in examples:
        keys = tomllib.loads("\n".join(_indented(example)))
        assert keys.pop("kind") == kind
        registry.source_model(kind).model_validate(keys)


def _indented(text: str) -> list[str]:
    lines = []
    for line in text.splitlines()[1:]:
        if not line.startswith("    "):
            break
        lines.append(line.strip())
    return lines


def test_the_configuration_is_read_without_the_camera_libraries() -> None:
    program = (
        "import sys; from drivers import registry\n"
        "for kind in registry.SOURCES: registry.source_model(kind)\n"
        "print([name for name in ('cv2', 'numpy', 'gi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
