"""The gate's map and its program, as a PLC's programmer gets them."""

import csv
import io
from pathlib import Path

from drivers.gate.registers import Command, Flag, Status
from edge_agent.config_file import load_config
from tests.commands.plc import write_config
from tests.commands.test_commands import run
from tests.gate.st import Unit

INLINE = "line_configs/inline.toml"


def table(path: Path | str) -> dict[str, dict[str, str]]:
    shown = run("plc", "map", str(path), "--csv")
    assert shown.returncode == 0, shown.stderr
    return {row["name"]: row for row in csv.DictReader(io.StringIO(shown.stdout))}


def test_the_map_has_every_word_and_bit_that_agent_and_plc_share() -> None:
    found = table(INLINE)
    words = {word.name.lower() for word in Status} - {"flags"}
    bits = {str(flag.name).lower() for flag in Flag}
    commands = {f"command_{each.name.lower()}" for each in Command}
    assert set(found) == words | bits | commands | {"outcomes", "verdicts"}
    assert found["verdicts"]["address"] == "1008"
    assert found["verdicts"]["plc_address"] == "401009"
    assert found["verdicts"]["count"] == "768"
    assert found["verdicts"]["writer"] == "agent"
    assert found["gate_open"]["bit"] == "3"
    assert "0x4518" in found["identity"]["meaning"]


def test_a_moved_point_is_shown_where_it_was_moved_to(tmp_path: Path) -> None:
    moved = '[stations.gate.map.points]\nbin_full = { table = "discrete", address = 3 }\n'
    moved += 'items = { table = "input", address = 7, type = "uint32", word_order = "low-first" }'
    found = table(write_config(tmp_path, 1, keys=moved))
    assert found["bin_full"]["plc_address"] == "100004"
    items = found["items"]
    assert (items["plc_address"], items["word_order"], items["count"]) == (
        *("300008", "low-first", "2"),
    )


def test_remote_io_has_its_points_and_its_watchdogs(tmp_path: Path) -> None:
    found = table(write_config(tmp_path, 1, pulse=True))
    assert list(found) == ["gate", "run", "eye", "eject_eye", "watchdog_1"]
    assert (found["gate"]["plc_address"], found["gate"]["writer"]) == ("000001", "agent")
    assert found["eject_eye"]["plc_address"] == "100003"
    assert "Good from 1 to 1000" in found["watchdog_1"]["meaning"]


def test_the_printed_map_is_whole_at_100_columns() -> None:
    shown = run("plc", "map", INLINE, columns=100)
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert "…" not in shown.stdout
    assert "1008-1775" in shown.stdout


def test_the_program_compiles_and_holds_the_configurations_figures(tmp_path: Path) -> None:
    path = write_config(tmp_path, 1, keys="[stations.gate.map]\nslots = 32")
    written = run("plc", "program", str(path), "-o", str(tmp_path / "gate.st"))
    assert written.returncode == 0, written.stderr
    text = (tmp_path / "gate.st").read_text()
    Unit(text)
    gate = load_config(path).stations[0].gate
    assert gate is not None
    assert f"TravelSteps : UDINT := {gate.belt.travel_steps};" in text
    assert run("plc", "program", str(path)).stdout == text


def test_a_program_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    large = run("plc", "program", INLINE)
    assert large.returncode == 1
    assert "verdicts ends at register 1775, expected at most 1023" in large.stderr
    pulse = run("plc", "program", str(write_config(tmp_path, 1, pulse=True)))
    assert "mode is 'pulse', expected 'verdict'" in pulse.stderr


def test_a_station_without_a_gate_is_told_from_those_with_one() -> None:
    other = run("plc", "map", INLINE, "--station", "packing")
    assert (other.returncode, other.stderr) == (
        2,
        "--station is 'packing', expected one with a gate: infeed\n",
    )
    none = run("plc", "map", "line_configs/bench.toml")
    assert none.stderr == "no station of line bench has a gate\n"
