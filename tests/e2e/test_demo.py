"""The whole line as processes: plant, line, sync and HQ must tell the same in the end."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.config import load_config
from edge_agent.demo.workspace import PlantAddress, render_config

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
    assert found["outages"] == {"scanner-unplug": 1, "plc-drop": 1, "hq-offline": 1}
    assert {"none", "malformed"} <= found["by_fault"].keys()
    assert not any(found["restarts"].values())


def test_without_faults_every_ejected_product_has_its_reason(tmp_path: Path) -> None:
    found = run_demo(tmp_path / "w", "--units=40", "--faults=none")
    plant = found["counts"]["plant"]
    assert plant["passed"] + plant["ejected"] == 40
    # On an idle machine all pass; a busy one may be late for some, and each has its reason.
    assert plant["passed"] > 0
    assert plant["ejected"] == sum(sum(row.values()) for row in found["good_ejected"].values())
    assert found["counts"]["HQ"] == found["counts"]["ledger"] == plant


def test_roles_killed_in_the_middle_still_agree(tmp_path: Path) -> None:
    due = {30: "line", 60: "sync", 90: "hq"}

    def kill(units: int, pids: dict[str, int]) -> None:
        for at in [at for at in due if at <= units]:
            os.kill(pids[due.pop(at)], signal.SIGKILL)

    found = run_demo(tmp_path / "w", "--units=120", "--seed=5", "--faults=unread", on_belt=kill)
    assert found["agree"]
    assert found["restarts"] == {"hq": 1, "line": 1, "sync": 1}
    assert found["counts"]["plant"]["passed"] > 0


def test_a_line_that_is_not_scheduled_for_a_while_ties_no_code_to_another_item(
    tmp_path: Path,
) -> None:
    """Reads wait in the kernel while the process cannot run; late, they must not fit an item that
    came meanwhile."""

    def freeze(units: int, pids: dict[str, int]) -> None:
        for _ in range(8 if units < 100 else 0):
            # Again and again about as long as one item takes to follow another.
            os.kill(pids["line"], signal.SIGSTOP)
            time.sleep(0.05)
            os.kill(pids["line"], signal.SIGCONT)
            time.sleep(0.006)

    found = run_demo(tmp_path / "w", "--units=100", "--seed=9", "--faults=unread", on_belt=freeze)
    assert found["agree"]
    assert found["by_fault"]["none"]["ACCEPTED"] > 0


def test_no_process_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    workspace = tmp_path / "w"
    with subprocess.Popen(
        [*DEMO, f"--keep={workspace}", "--units=300", "--rate=1200"],
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith("belt: 3")
        pids = json.loads((workspace / "pids.json").read_text())
        ends = [os.pidfd_open(pid) for pid in pids.values()]
        demo.kill()
    assert pids.keys() == {"plant", "hq", "line", "sync"}
    for end in ends:
        select.select([end], [], [])  # readable when the process has ended
        os.close(end)


def test_a_fault_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--faults=unread,earthquake"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--faults has earthquake; expected some of unread, duplicate" in done.stdout


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
        for name in ("packing-scanner", "plc")
    )
    hq_port = int(example["sync"]["hq_url"].rpartition(":")[2])
    written = render_config(root, PlantAddress(scanner, packing_port, plc_port), hq_port)
    assert path.read_text(encoding="utf-8") == written
