"""The configuration: examples load, and every fault is named with its key and what is allowed."""

from pathlib import Path

import pytest

from edge_agent.config import ConfigError, find_config, load_config
from edge_agent.line.plan import line_plan

EXAMPLES = sorted((Path(__file__).parents[2] / "line_configs").glob("*.toml"))
GOOD = """
[line]
name = "one"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[[levels]]
name = "case"
capacity = 12
[[levels.codes]]
kind = "gs1"
requires = ["00"]
[devices.belt]
kind = "scanner"
url = "tcp://127.0.0.1:9004"
suffix = "\\r"
[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:502"
[[stations]]
name = "infeed"
scanner = "belt"
reads = ["unit"]
[stations.gate]
plc = "plc"
registers = { counters = 0, outcomes = 1000, verdicts = 1000 }
"""


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "line.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert all(line.startswith(f"{path}: ") for line in str(refused.value).splitlines())
    return refused.value.faults


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_line_is_good(path: Path) -> None:
    assert line_plan(load_config(path)).levels[0].name == "unit"


def test_there_are_the_three_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"bench", "inline", "demo"}


def test_a_good_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    path.write_text(GOOD)
    assert load_config(path).stations[0].gate is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('name = "one"', 'nam = "one"'), "line.nam is not known, expected one of ['data_dir'"),
        (('name = "one"', 'nam = "one"'), "line.name is missing"),
        (('suffix = "\\r"', 'sufix = "\\r"'), "devices.belt.sufix is not known, expected one of"),
        (('kind = "scanner"', 'kind = "scaner"'), "devices.belt.kind is 'scaner', expected one of"),
        (("capacity = 12\n", ""), "levels.1.capacity is missing: how many unit fill one case?"),
        (('reads = ["unit"]', 'reads = ["case"]'), "a gated station reads the lowest level only"),
        (('plc = "plc"', 'plc = "plk"'), "stations.0.gate.plc is 'plk', expected one of ['plc']"),
        (('scanner = "belt"', 'scanner = "plc"'), "stations.0.scanner is 'plc', expected one of"),
        (("counters = 0", "counters = 998"), "counters 998 lie inside outcomes 1000 to 1511"),
        (("counters = 0", "counters = 65534"), "run past register 65,535"),
        (('suffix = "\\r"', "idle_ms = 20"), "the end of a code must be seen, not waited for"),
        (('plc = "plc"', 'plc = "plc"\nread_window_ms = 40'), "expected at least 60"),
        (('kind = "gs1"\nrequires = ["00"]', 'kind = "url"'), "pattern is missing"),
        (('kind = "gs1"\nrequires = ["00"]', 'kind = "plain"\npattern = "("'), "no regular exp"),
        (('[[levels]]\nname = "case"', '[[levels]]\nname = "unit"'), "'unit' is named twice"),
        (("[line]", "[line"), "cannot be read as TOML"),
        (("[line]", '[[products]]\ngtin = "06971234567803"\n[line]'), "check digit should be 2"),
        (("[line]", "surprise = 1\n[line]"), "surprise is not known"),
    ],
)
def test_a_fault_names_key_found_and_allowed(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in GOOD
    found = faults(tmp_path, GOOD.replace(*change, 1))
    assert any(said in fault for fault in found), found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("[line]", "[line]\nmetric_port = 3").replace("tcp://", "udp://")
    found = faults(tmp_path, text)
    assert {fault.split(" ")[0] for fault in found} >= {
        "line.metric_port", "devices.belt.url", "devices.plc.url",
    }  # fmt: skip


def test_a_faulty_device_is_not_also_called_missing(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("tcp://127.0.0.1:9004", "tcp://nowhere"))
    assert len(found) == 1, found


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "none.toml")


def test_a_bare_name_means_the_system_directory() -> None:
    assert find_config("line-1") == Path("/etc/edge-agent/line-1.toml")
    assert find_config("./line-1.toml") == Path("line-1.toml")
