"""A stopped line is released by a named person, over the control socket of the real line role."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.config_file import load_config
from edge_agent.ledger.journal import create_ledger
from tests.commands.plc import Flap, Plc, with_program, write_config
from tests.commands.test_commands import run
from tests.line.conftest import LineProcess

STOP = '[stations.gate.stop]\non = ["bin-full"]'
RELEASE = ("--by", "Li Wei", "--reason", "bin emptied")


@contextmanager
def line(tmp_path: Path) -> Iterator[tuple[LineProcess, Plc]]:
    gate = load_config(write_config(tmp_path, 1, keys=STOP)).stations[0].gate
    assert gate is not None
    with with_program(gate.map, gate.parameters, Flap([0.0])) as plc:
        path = write_config(tmp_path, plc.port, keys=STOP)
        role = LineProcess(path, tmp_path / "line.log")
        create_ledger(role.config.ledger_path)
        role.start()
        try:
            role.wait_until(lambda status: status["gates"]["infeed"]["armed"])
            yield role, plc
        finally:
            role.close()


def test_a_stopped_line_is_released_by_name_only_when_the_contact_is_gone(tmp_path: Path) -> None:
    with line(tmp_path) as (role, plc):
        config = str(role.path)
        armed = run("status", config)
        assert "gate infeed armed" in armed.stdout
        none = run("release", config, *RELEASE)
        assert none.returncode == 1
        assert "not released: " in none.stderr
        assert "no station is stopped" in none.stderr

        plc.sensors.bin_full = True
        role.wait_until(lambda status: status["gates"]["infeed"]["stopped"])
        shown = run("status", config).stdout.splitlines()
        assert shown[0].startswith("gate infeed STOPPED bin-full")
        assert "edge-agent release" in shown[1]
        assert "gate infeed reports bin-full" in shown[2]
        full = run("release", config, *RELEASE)
        assert full.returncode == 1
        assert "infeed cannot be released while a contact reports bin-full" in full.stderr

        plc.sensors.bin_full = False
        role.wait_until(lambda status: not status["gates"]["infeed"]["conditions"])
        other = run("release", config, *RELEASE, "--station", "outfeed")
        assert "station is 'outfeed', expected one that has a gate: infeed" in other.stderr
        nobody = run("release", config, "--by", " ", "--reason", "x")
        assert "expected by (a person's name) and reason" in nobody.stderr
        done = run("release", config, *RELEASE)
        assert done.returncode == 0, done.stderr
        assert "infeed is released by Li Wei; it was stopped: bin-full" in done.stdout
        (event,) = (each for each in role.events() if each["kind"] == "released")
        assert (event["by"], event["why"]) == ("Li Wei", "bin emptied")
        assert role.status()["gates"]["infeed"]["stopped"] is None


def test_a_release_without_a_running_line_says_so(tmp_path: Path) -> None:
    refused = run("release", str(write_config(tmp_path, 1)), *RELEASE)
    assert refused.returncode == 1
    assert "is the role running?" in refused.stderr
