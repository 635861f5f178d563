"""What says when a camera's picture is due, and how late it may come: faults name key and mend."""

from pathlib import Path

import pytest

from edge_agent.config_file import ConfigError, load_config

GATED = (Path(__file__).parents[2] / "line_configs" / "camera.toml").read_text()
PACKING = (Path(__file__).parents[2] / "line_configs" / "camera-layer.toml").read_text()
GIGE = GATED[GATED.index("[cameras.belt-camera.source]") : GATED.index("[cameras.belt-camera.dec")]
STREAM = """[cameras.belt-camera.source]
kind = "opencv"
url = "rtsp://192.0.2.30/stream1"
"""


def faults(tmp_path: Path, text: str, *changes: tuple[str, str]) -> list[str]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "camera.toml"
    path.write_text(text)
    try:
        load_config(path)
    except ConfigError as error:
        return error.faults
    return []


@pytest.mark.parametrize("trigger", ["line", "presence"])
def test_at_a_gate_the_camera_itself_is_triggered(tmp_path: Path, trigger: str) -> None:
    [fault] = faults(tmp_path, GATED, ('trigger = "camera"', f'trigger = "{trigger}"'))
    assert fault.startswith(f"cameras.belt-camera.trigger is '{trigger}', expected 'camera' at a")


@pytest.mark.parametrize("where", ['url = "rtsp://192.0.2.30/stream1"', "index = 0"])
def test_a_stream_at_a_gate_tells_how_late_it_is(tmp_path: Path, where: str) -> None:
    stream = STREAM.replace('url = "rtsp://192.0.2.30/stream1"', where)
    [fault] = faults(tmp_path, GATED, (GIGE, stream))
    assert fault.startswith("cameras.belt-camera.source.latency_ms is missing: how long after")
    assert not faults(tmp_path, GATED, (GIGE, stream + "latency_ms = 0\n"))


def test_latency_and_deadline_together_fit_into_the_gates_window(tmp_path: Path) -> None:
    changes = (GIGE, STREAM + "latency_ms = 40\n"), ("deadline_ms = 60", "deadline_ms = 30")
    [fault] = faults(tmp_path, GATED, *changes)
    assert fault.endswith(
        "deadline_ms is 30 and source.latency_ms 40, expected together at most "
        "stations.0.gate.read_window_ms = 60"
    )
    changes = (GIGE, STREAM + "latency_ms = 30\n"), ("deadline_ms = 60", "deadline_ms = 30")
    assert not faults(tmp_path, GATED, *changes)


PAIR = ('name = "unit"', 'name = "unit"\npair = { pattern = "S.*", name = "state code" }')


def test_a_camera_that_alone_reads_two_codes_of_each_thing_at_a_gate_expects_two(
    tmp_path: Path,
) -> None:
    both = ('trigger = "camera"', 'trigger = "camera"\nexpected = 2')
    assert not faults(tmp_path, GATED, PAIR, both)
    [fault] = faults(tmp_path, GATED, PAIR)
    assert fault.startswith("cameras.belt-camera.expected is 1, expected 2: a unit has a second")
    [fault] = faults(tmp_path, GATED, both)
    assert fault.startswith("cameras.belt-camera expects several codes, expected one")


def test_a_camera_that_reads_one_of_two_codes_beside_a_scanner_expects_one(tmp_path: Path) -> None:
    below = '[devices.below]\nkind = "scanner"\nurl = "tcp://192.0.2.9:9004"\nsuffix = "\\r"\n\n'
    device = ("[devices.plc]", below + "[devices.plc]")
    second = ('scanner = "belt-camera"', 'scanner = "belt-camera"\nsecond_scanner = "below"')
    assert not faults(tmp_path, GATED, PAIR, device, second)
    both = ('trigger = "camera"', 'trigger = "camera"\nexpected = 2')
    [fault] = faults(tmp_path, GATED, PAIR, device, second, both)
    assert fault.startswith("cameras.belt-camera expects several codes, expected one")


@pytest.mark.parametrize("trigger", ["camera", "presence"])
def test_a_camera_that_exposes_on_command_is_asked_by_the_line(
    tmp_path: Path, trigger: str
) -> None:
    told = (
        ('trigger = "presence"', f'trigger = "{trigger}"'),
        ("fps = 5", 'trigger_source = "Software"'),
    )
    [fault] = faults(tmp_path, PACKING, *told)
    assert f"trigger is '{trigger}', expected 'line'" in fault


def test_what_says_when_a_picture_of_a_stream_is_due_is_not_guessed(tmp_path: Path) -> None:
    gige = PACKING[PACKING.index("[cameras.case-camera.source]") :].split(
        "[cameras.case-camera.dec"
    )[0]
    stream = STREAM.replace("belt-", "case-")
    [fault] = faults(tmp_path, PACKING, (gige, stream), ('trigger = "presence"', ""))
    assert "trigger is missing, expected 'presence' where the camera runs freely" in fault


def test_frames_cannot_agree_where_each_is_another_thing(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, GATED, ("budget_ms = 30", 'agreement = "frames"'))
    assert "decode.agreement is 'frames', expected 'engines' or 'one'" in fault
