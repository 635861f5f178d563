"""The whole line as processes: plant, line, sync and HQ must tell the same in the end."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from edge_agent.config_file import load_config
from edge_agent.demo.options import FAULTS, NONE, DemoOptions
from edge_agent.demo.workspace import CAMERA, PlantAddress, render_config
from edge_agent.ledger.reader import LedgerReader

DEMO = (sys.executable, "-m", "edge_agent", "demo")


def run_demo(
    workspace: Path, *options: str, on_belt: Callable[[int, dict[str, int]], None] | None = None
) -> dict[str, Any]:
    """The result of a demo that must succeed.

    `on_belt` is called ten times, with the units on the belt and the pids of the processes.
    """
    result = workspace.with_suffix(".json")
    arguments = [*DEMO, f"--keep={workspace}", f"--json={result}", "--rate=1200", *options]
    told = ""
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            told += line
            if on_belt and line.startswith("belt: "):
                pids = json.loads((workspace / "pids.json").read_text())
                on_belt(int(line.split()[1]), pids)
    assert demo.returncode == 0, told
    return dict(json.loads(result.read_text()))


def test_a_line_with_every_fault_agrees_three_ways(tmp_path: Path) -> None:
    found = run_demo(tmp_path / "w", "--units=80", "--seed=3")
    assert found["agree"]
    plant = found["counts"]["plant"]
    assert plant["triggered"] == 80
    assert plant["passed"] > 0 and plant["ejected"] > 0
    assert {"scanner-unplug", "plc-drop", "hq-offline", "jam"} <= found["outages"].keys()
    assert {"none", "malformed"} <= found["by_fault"].keys()
    camera = found["camera"]
    assert camera["cases read"] <= camera["cases put in"] and camera["frames"] > 0
    assert camera["pictures"] + camera["pictures lost"] == camera["no-reads"] + camera["refused"]
    assert not any(found["restarts"].values())


def test_damaged_labels_are_replaced_and_every_refusal_has_its_picture(tmp_path: Path) -> None:
    # With this seed the first label is torn.
    found = run_demo(tmp_path / "w", "--units=80", "--seed=25", "--faults=label-damage,glare")
    camera = found["camera"]
    assert camera["cases read"] >= 2
    assert camera["cases put in"] > camera["cases read"]
    assert camera["labels replaced"] > 0 and camera["no-reads"] > 0
    assert camera["pictures"] == camera["no-reads"] + camera["refused"]


@dataclass(frozen=True, slots=True)
class Quiet:
    """A demo without faults whose screens stayed: what they answered then, and its result."""

    screens: dict[str, int]
    events: int
    told: str
    ended: int
    result: dict[str, Any]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    workspace = tmp_path_factory.mktemp("quiet") / "w"
    result = workspace.with_suffix(".json")
    options = ("--units=40", "--rate=1200", "--faults=none", "--stay")
    with subprocess.Popen(
        [*DEMO, f"--keep={workspace}", f"--json={result}", *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        told = ""
        for line in demo.stdout:
            told += line
            if line.startswith("the screens stay"):
                break
        (address,) = re.findall(r"^screens: (http://127\.0\.0\.1:\d+),", told, re.M)
        screens = {}
        for page in ("/", "/station/belt", "/station/rework"):
            with urlopen(address + page, timeout=10) as answer:
                screens[page] = answer.status
        with LedgerReader(workspace / "data" / "demo" / "ledger.db") as ledger:
            events = ledger.head()[0]
        demo.send_signal(signal.SIGINT)
        told += demo.stdout.read()
    return Quiet(screens, events, told, demo.returncode, json.loads(result.read_text()))


def test_without_faults_every_ejected_product_has_its_reason(quiet: Quiet) -> None:
    found = quiet.result
    plant = found["counts"]["plant"]
    assert plant["passed"] + plant["ejected"] == 40
    # On an idle machine all pass; a busy one may be late for some, and each has its reason.
    assert plant["passed"] > 0
    assert plant["ejected"] == sum(sum(row.values()) for row in found["good_ejected"].values())
    assert found["counts"]["HQ"] == found["counts"]["ledger"] == plant
    # A person has mended something meanwhile, and all agree on what lies where.
    assert sum(found["repairs"].values()) >= 1


def test_the_screens_stay_until_the_demo_is_told_to_end_and_its_result_stands(
    quiet: Quiet,
) -> None:
    assert quiet.screens == {"/": 200, "/station/belt": 200, "/station/rework": 200}
    assert quiet.events > 40
    assert quiet.ended == 0, quiet.told


def test_roles_killed_in_the_middle_still_agree(tmp_path: Path) -> None:
    due = {30: "line", 50: "camera", 70: "sync", 90: "hq"}

    def kill(units: int, pids: dict[str, int]) -> None:
        for at in [at for at in due if at <= units]:
            os.kill(pids[due.pop(at)], signal.SIGKILL)

    faults = "--faults=unread,label-damage,glare,camera-freeze"
    found = run_demo(tmp_path / "w", "--units=120", "--seed=5", faults, on_belt=kill)
    assert found["agree"]
    assert found["restarts"] == {"camera": 1, "hmi": 0, "hq": 1, "line": 1, "sync": 1}
    assert found["counts"]["plant"]["passed"] > 0


def test_a_line_that_is_not_scheduled_for_a_while_ties_no_code_to_another_item(
    tmp_path: Path,
) -> None:
    """Reads wait in the kernel while the process cannot run; late, they must not fit an item that
    came meanwhile."""

    def freeze(units: int, pids: dict[str, int]) -> None:
        for _ in range(4 if units < 100 else 0):
            # Again and again about as long as one item takes to follow another.
            os.kill(pids["line"], signal.SIGSTOP)
            time.sleep(0.05)
            os.kill(pids["line"], signal.SIGCONT)
            time.sleep(0.006)

    found = run_demo(tmp_path / "w", "--units=100", "--seed=9", "--faults=unread", on_belt=freeze)
    assert found["agree"]
    assert found["by_fault"]["none"]["ACCEPTED"] > 0


def until_the_belt_runs(told: IO[str]) -> None:
    assert told.readline().startswith("screens: http://127.0.0.1:")
    assert told.readline().startswith("belt: 3")


def test_no_process_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    with subprocess.Popen(
        [*DEMO, f"--keep={workspace}", "--units=300", "--rate=1200"],
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        until_the_belt_runs(demo.stdout)
        pids = json.loads((workspace / "pids.json").read_text())
        ends = [os.pidfd_open(pid) for pid in pids.values()]
        demo.kill()
    assert pids.keys() == {"plant", "hq", "line", "sync", "camera", "hmi"}
    for end in ends:
        select.select([end], [], [])  # readable when the process has ended
        os.close(end)


@pytest.mark.parametrize(
    ("kill", "told", "status"),
    [
        ("plant", "the plant was killed by SIGKILL before its belt was empty", 2),
        ("demo", "demo: stopped before its end", 130),
    ],
)
def test_a_demo_that_breaks_off_says_why_and_where_everything_is(
    tmp_path: Path, kill: str, told: str, status: int
) -> None:
    workspace = tmp_path / "w"
    with subprocess.Popen(
        [*DEMO, f"--keep={workspace}", "--units=300", "--rate=1200"],
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        until_the_belt_runs(demo.stdout)
        if kill == "plant":
            os.kill(json.loads((workspace / "pids.json").read_text())["plant"], signal.SIGKILL)
        else:
            demo.terminate()
        said = " ".join(demo.stdout.read().split())
    assert demo.returncode == status
    assert told in said
    assert f"everything is kept in {workspace}" in said


def refused(*options: str) -> str:
    """What a demo says that does not even begin."""
    done = subprocess.run([*DEMO, *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    return " ".join(done.stdout.split())


def test_everything_that_cannot_be_had_is_named_before_the_demo_begins(tmp_path: Path) -> None:
    said = refused("--faults=unread,earthquake,none", f"--json={tmp_path}/missing/result.json")
    assert "--faults has none beside others; give it alone" in said
    assert "--faults has earthquake; expected some of unread, duplicate" in said
    assert f"--json is {tmp_path}/missing/result.json; expected a file in a directory" in said
    (tmp_path / "file").touch()
    said = refused(f"--keep={tmp_path}/file/w")
    assert f"{tmp_path}/file/w cannot serve as the demo's directory: Not a directory" in said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_faults_may_be_written_with_spaces_and_help_names_each() -> None:
    asked = DemoOptions.of(1, 1, 1, "unread, plc-drop", None, None)
    asked.check()
    assert asked.faults == ("unread", "plc-drop")
    shown = subprocess.run([*DEMO, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in (*FAULTS, NONE))


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = subprocess.run(
        [*DEMO, f"--keep={tmp_path}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is not empty" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_example_line_is_the_one_the_demo_writes() -> None:
    path = Path("line_configs/demo.toml")
    load_config(path)
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    root = Path(example["line"]["data_dir"]).parent
    scanner = example["devices"]["belt-scanner"]["url"].removeprefix("serial://").split("?")[0]
    packing_port, plc_port = (
        int(example["devices"][name]["url"].rpartition(":")[2])
        for name in ("pallet-scanner", "plc")
    )
    camera_port = urlsplit(example["cameras"][CAMERA]["source"]["url"]).port
    assert camera_port is not None
    hq_port = int(example["sync"]["hq_url"].rpartition(":")[2])
    address = PlantAddress(scanner, packing_port, plc_port, camera_port)
    written = render_config(root, address, hq_port, example["hmi"]["port"])
    assert path.read_text(encoding="utf-8") == written
