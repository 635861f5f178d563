"""The configuration: examples load, and every fault is named with its key and what is allowed."""

from pathlib import Path

import pytest

from edge_agent.config_file import ConfigError, find_config, load_config
from edge_agent.plan import line_plan

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
[stations.gate.belt]
travel_steps = 300
hold_steps = 20
bounce_steps = 8
spacing_steps = 45
tolerance_steps = 6
decide_steps = 12
confirm_from_ms = 10
confirm_until_ms = 50
[stations.gate.map]
outcomes = 32
"""
PULSE = GOOD.replace(
    "[stations.gate.map]\noutcomes = 32",
    """[stations.gate.io]
gate = { table = "coil", address = 0 }
eye = { table = "discrete", address = 0 }
gate_eye = { table = "discrete", address = 1 }
eject_eye = { table = "discrete", address = 2 }
[[stations.gate.watchdogs]]
address = 4096""",
).replace('plc = "plc"', 'plc = "plc"\nmode = "pulse"')


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
        (('name = "unit"', 'name = "unit"\nby_scan = true'), "levels.0.by_scan: nothing lies in"),
        (("capacity = 12", "capacity = 12\nby_scan = true"), "levels.1.by_scan is true, expected"),
        (
            ('name = "unit"', 'name = "unit"\npair = { pattern = "(", name = "code" }'),
            "levels.0.pair.pattern is no regular expression",
        ),
        (('reads = ["unit"]', 'reads = ["unit"]\nsecond_scanner = "x"'), "second_scanner is 'x'"),
        (
            ('reads = ["unit"]', 'reads = ["unit"]\nsecond_scanner = "belt"'),
            "stations.0.second_scanner is 'belt', expected a gate there and levels.0.pair",
        ),
        (
            ("capacity = 12", 'capacity = 12\npair = { pattern = "S.*", name = "code" }'),
            "levels.1.pair: a case has one code",
        ),
        (('plc = "plc"', 'plc = "plk"'), "stations.0.gate.plc is 'plk', expected one of ['plc']"),
        (('scanner = "belt"', 'scanner = "plc"'), "stations.0.scanner is 'plc', expected one of"),
        (("outcomes = 32", "outcomes = 8"), "are both at holding 8"),
        (("outcomes = 32", "verdicts = 65000"), "verdicts is 65000, expected at most 64768"),
        (("outcomes = 32", "slots = 100"), "stations.0.gate.map.slots is 100"),
        (("outcomes = 32", "slots = 32\npoints.eye = 3"), "stations.0.gate.map.points.eye"),
        (("outcomes = 32", "point.eye = 3"), "'outcomes', 'points', 'slots'"),
        (
            ("outcomes = 32", "points.eye = {tabel = 3}"),
            "expected one of ['address', 'bit', 'table'",
        ),
        (("travel_steps = 300", "travel_steps = 30000"), "expected at least twice the 668 items"),
        (("spacing_steps = 45", "spacing_steps = 40"), "spacing_steps is 40, expected at least 44"),
        (
            ("spacing_steps = 45", "spacing_steps = 44"),
            "44 ms, expected at least min_spacing_ms 45",
        ),
        (("travel", 'step = "encoder"\ntravel'), "fastest_steps_per_s is missing"),
        (("decide_steps = 12", "decide_steps = 11"), "decide_steps is 11, expected at least 12"),
        (("bounce_steps = 8", "bounce_steps = 45"), "bounce_steps is 45, expected less than"),
        (("confirm_until_ms = 50", "confirm_until_ms = 55"), "less than min_spacing_ms 45"),
        (('plc = "plc"', 'plc = "plc"\nheartbeat_ms = 200'), "expected at least 400"),
        (('plc = "plc"', 'plc = "plc"\npoll_ms = 101'), "expected at most heartbeat_ms 100"),
        (('plc = "plc"', 'plc = "plc"\nmode = "pulse"'), "io is missing"),
        (('plc = "plc"', 'plc = "plc"\nmode = "pulse"'), "watchdogs is missing"),
        (('plc = "plc"', 'plc = "plc"\nstop.on = ["fire"]'), "stations.0.gate.stop.on"),
        (('plc = "plc"', 'plc = "plc"\nstop.on = ["difference"]'), "expected line.shifts or line."),
        (('plc = "plc"', 'plc = "plc"\nstop = {count = 200}'), "count is 200, expected at most"),
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('table = "coil"', 'table = "discrete"'), "gate.table is 'discrete', expected 'coil'"),
        (('eye = { table = "discrete", address = 0 }\n', ""), "eye is missing"),
        (('gate_eye = { table = "discrete", address = 1 }\n', ""), "io.gate_eye is missing"),
        (('eject_eye = { table = "discrete", address = 2 }\n', ""), "io.eject_eye is missing"),
        (
            (
                "[stations.gate.belt]",
                '[stations.gate.belt]\nstep = "encoder"\nfastest_steps_per_s = 900',
            ),
            "io.encoder is miss",
        ),
        (("[stations.gate.io]", '[stations.gate.io]\ntrigger = "scanner"'), "eye is not read"),
        (("[stations.gate.io]", '[stations.gate.io]\ntrigger = "counter"'), "eye.type is 'bool'"),
        (('eject_eye = { table = "discrete"', 'eject_eye = { table = "input"'), "a contact"),
        (
            ("[stations.gate.io]", "[stations.gate.io]\nrun = {table='coil',address=0}"),
            "another coil",
        ),
    ],
)
def test_a_fault_of_remote_io_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "good.toml"
    path.write_text(PULSE)
    load_config(path)
    assert change[0] in PULSE
    found = faults(tmp_path, PULSE.replace(*change, 1))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('shifts = ["20:00", "08:00"]', "line.shifts is ['20:00', '08:00'], expected each time"),
        ('shifts = ["8:00"]', "line.shifts.0 is '8:00'"),
        ('time_zone = "Shanghai"', "line.time_zone: 'Shanghai' is no IANA time zone"),
    ],
)
def test_a_fault_of_the_shifts_is_named(tmp_path: Path, keys: str, said: str) -> None:
    (fault,) = faults(tmp_path, GOOD.replace('name = "one"', f'name = "one"\n{keys}', 1))
    assert said in fault


SECOND = """[devices.below]
kind = "scanner"
url = "tcp://127.0.0.1:9005"
suffix = "\\r"
[devices.plc]"""
PAIR = (
    GOOD.replace('name = "unit"', 'name = "unit"\npair = { pattern = "S.*", name = "code" }', 1)
    .replace('reads = ["unit"]', 'reads = ["unit"]\nsecond_scanner = "below"', 1)
    .replace("[devices.plc]", SECOND, 1)
)


@pytest.mark.parametrize(("second", "scanners"), [("below", 2), (None, 1)])
def test_two_codes_at_a_gate_come_from_two_scanners_or_from_one(
    tmp_path: Path, second: str | None, scanners: int
) -> None:
    path = tmp_path / "line.toml"
    path.write_text(PAIR if second else PAIR.replace('second_scanner = "below"\n', ""))
    config = load_config(path)
    assert config.stations[0].second_scanner == second
    plan = line_plan(config)
    assert plan.levels[0].pair is not None
    (station,) = plan.stations.values()
    assert station.gate is not None and station.gate.scanners == scanners


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('second_scanner = "below"', 'second_scanner = "belt"'), "devices.belt is named twice"),
        (('second_scanner = "below"', 'second_scanner = "plc"'), "expected one of ['below', "),
        (
            ('9005"\nsuffix = "\\r"', '9005"\nidle_ms = 20'),
            "stations.0.second_scanner 'below' has no suffix",
        ),
        (
            ('second_scanner = "below"', 'second_scanner = "below"\nhandheld = "below"'),
            "devices.below is named twice",
        ),
    ],
)
def test_a_fault_of_the_second_scanner_is_named(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert change[0] in PAIR
    found = faults(tmp_path, PAIR.replace(*change, 1))
    assert any(said in fault for fault in found), found


def test_of_two_codes_each_would_make_an_item_where_the_scanners_answer_does(
    tmp_path: Path,
) -> None:
    text = PULSE.replace('eye = { table = "discrete", address = 0 }', 'trigger = "scanner"', 1)
    pair = 'name = "unit"\npair = { pattern = "S.*", name = "code" }'
    found = faults(tmp_path, text.replace('name = "unit"', pair, 1))
    assert any("stations.0.gate.io.trigger is 'scanner', expected 'input'" in f for f in found)


def test_two_gates_do_not_share_remote_io(tmp_path: Path) -> None:
    gate = PULSE[PULSE.index("[stations.gate]") :]
    second = '[devices.two]\nkind = "scanner"\nurl = "tcp://127.0.0.1:9005"\nsuffix = "\\r"\n'
    second += '[[stations]]\nname = "second"\nscanner = "two"\nreads = ["unit"]\n'
    found = faults(tmp_path, PULSE + second + gate)
    assert "stations infeed and second share plc, expected it for infeed alone" in found[0]


def test_two_gates_do_not_share_registers(tmp_path: Path) -> None:
    gate = GOOD[GOOD.index("[stations.gate]") :]
    second = '[devices.two]\nkind = "scanner"\nurl = "tcp://127.0.0.1:9005"\nsuffix = "\\r"\n'
    second += '[[stations]]\nname = "second"\nscanner = "two"\nreads = ["unit"]\n'
    (fault,) = faults(tmp_path, GOOD + second + gate)
    assert "stations infeed and second share" in fault
    assert "infeed.start and second.start are both at holding 1" in fault
    apart = gate.replace("outcomes = 32", "status = 2000\noutcomes = 2032")
    path = tmp_path / "apart.toml"
    path.write_text(GOOD + second + apart)
    load_config(path)


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
