"""The units as systemd itself judges them. Needs Debian's package systemd."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.camera.role import WATCHDOG_US as CAMERA_WATCHDOG_US
from edge_agent.hmi.role import WATCH_PERIOD_S as HMI_WATCH_PERIOD_S
from edge_agent.line.role import WATCHDOG_US
from sync.role import WATCH_PERIOD_S

SYSTEMD = Path(__file__).parents[2] / "systemd"
INSTALLED = "/opt/edge-agent/venv/bin/edge-agent"
EXPOSURE_LIMIT = 2.0
"""Of 10 (systemd-analyze security); below 2 systemd itself says OK."""

units = pytest.mark.parametrize("unit", sorted(SYSTEMD.glob("*.service")), ids=lambda p: p.name)


def systemd(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert shutil.which(tool), f"{tool} is missing; install Debian's package systemd"
    return subprocess.run(
        [tool, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def service(unit: Path) -> dict[str, list[str]]:
    """The keys of [Service]; those that are given twice have two values."""
    keys: dict[str, list[str]] = {}
    for line in unit.read_text().partition("[Service]")[2].partition("\n[")[0].splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys.setdefault(key, []).append(value)
    return keys


@pytest.fixture
def verifiable(unit: Path, tmp_path: Path) -> Path:
    """The unit as it is shipped, with an executable that is there."""
    executable = tmp_path / "edge-agent"
    executable.symlink_to(sys.executable)
    text = unit.read_text()
    assert INSTALLED in text
    copy = tmp_path / unit.name
    copy.write_text(text.replace(INSTALLED, str(executable)))
    return copy


def test_there_are_units_for_every_role() -> None:
    assert {path.name for path in SYSTEMD.glob("*.service")} == {
        "edge-agent-line@.service",
        "edge-agent-camera@.service",
        "edge-agent-sync@.service",
        "edge-agent-hmi@.service",
        "edge-agent-hq.service",
    }


@units
def test_systemd_accepts_the_unit_without_a_word(verifiable: Path) -> None:
    done = systemd("systemd-analyze", "verify", "--man=no", verifiable)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@units
def test_the_unit_gives_away_no_more_than_it_needs(verifiable: Path) -> None:
    arguments = ["security", "--offline=true", "--no-pager", verifiable]
    done = systemd("systemd-analyze", *arguments)
    found = re.search(r"exposure level .*: (\d+\.\d)", done.stdout)
    assert found, done.stdout + done.stderr
    open_doors = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert float(found[1]) < EXPOSURE_LIMIT, "\n".join(open_doors)


@units
def test_no_role_is_root_and_every_role_is_restarted_for_ever(unit: Path) -> None:
    keys = service(unit)
    assert keys["User"] != ["root"]
    assert keys["Restart"] == ["always"]
    assert "StartLimitIntervalSec=0" in unit.read_text().splitlines()


@units
def test_the_unit_calls_a_command_that_exists(unit: Path) -> None:
    [command] = service(unit)["ExecStart"]
    _, role, *_ = command.split()
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", role, "--help"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "fed_every_s"),
    [
        ("edge-agent-line@", WATCHDOG_US / 1e6),
        ("edge-agent-camera@", CAMERA_WATCHDOG_US / 1e6),
        ("edge-agent-sync@", WATCH_PERIOD_S),
        ("edge-agent-hmi@", HMI_WATCH_PERIOD_S),
    ],
)
def test_the_watchdog_waits_for_more_than_one_lost_feed(name: str, fed_every_s: float) -> None:
    keys = service(SYSTEMD / f"{name}.service")
    assert keys["Type"] == ["notify"]
    assert float(keys["WatchdogSec"][0]) >= 3 * fed_every_s


@pytest.mark.parametrize("name", ["edge-agent-line@", "edge-agent-hmi@"])
def test_children_of_a_role_may_step_back_behind_it(name: str) -> None:
    *_, last = service(SYSTEMD / f"{name}.service")["SystemCallFilter"]
    assert "setpriority" in last.split()


def test_roles_that_share_a_directory_keep_it_when_one_stops() -> None:
    for name in ("edge-agent-line@", "edge-agent-camera@", "edge-agent-sync@", "edge-agent-hmi@"):
        keys = service(SYSTEMD / f"{name}.service")
        assert keys["RuntimeDirectory"] == ["edge-agent"]
        assert keys["RuntimeDirectoryPreserve"] == ["yes"]


def test_users_and_directories_are_made_as_the_units_want_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/group").write_text("root:x:0:\ndialout:x:20:\nvideo:x:44:\n")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    # In one call: what it writes, a second call may not read unless it is root's.
    files = [SYSTEMD / f"{name}.sysusers" for name in ("edge-agent", "edge-agent-hq")]
    done = systemd("systemd-sysusers", f"--root={root}", *files)
    assert done.returncode == 0, done.stderr
    users = {line.split(":")[0] for line in (root / "etc/passwd").read_text().splitlines()}
    for unit in SYSTEMD.glob("*.service"):
        assert set(service(unit)["User"]) <= users
    groups = (root / "etc/group").read_text()
    assert "dialout:x:20:edge-agent" in groups
    assert "video:x:44:edge-agent" in groups

    # Giving the directories away needs root, which a test may not have; making them does not.
    systemd("systemd-tmpfiles", f"--root={root}", "--create", SYSTEMD / "edge-agent.tmpfiles")
    assert (root / "var/lib/edge-agent").stat().st_mode & 0o777 == 0o750
    assert (root / "etc/edge-agent").stat().st_mode & 0o777 == 0o750
