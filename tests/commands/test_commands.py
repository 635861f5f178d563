"""The commands as a person runs them: real processes on a real bench."""

import csv
import io
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.line.conftest import LineProcess, TcpScanner, bench, running_bench, scanner, sscc, unit
from tests.ports import free_port

__all__ = ["bench", "scanner"]  # fixtures

CASE = sscc(0, 1)


def run(*arguments: str, columns: int = 200) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"COLUMNS": str(columns), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def packed(bench: LineProcess, scanner: TcpScanner) -> LineProcess:
    """A bench that packed one case of three, was shown a duplicate, and began another case."""
    for number in range(3):
        assert scanner.scan(unit(number)) == "ACK"
    assert scanner.scan(CASE) == "ACK"
    assert scanner.scan(unit(1)) == "NAK"
    assert scanner.scan(unit(3)) == "ACK"
    return bench


def test_trace_shows_what_a_code_lies_in_what_it_holds_and_what_happened(
    packed: LineProcess,
) -> None:
    up = run("trace", unit(1), "-c", str(packed.path))
    assert up.returncode == 0, up.stderr
    assert f"case {CASE}" in up.stdout
    assert "ALREADY_PACKED" in up.stdout
    down = run("trace", CASE, "-c", str(packed.path))
    assert all(f"unit {unit(number)}" in down.stdout for number in range(3))


def test_trace_of_an_unknown_code_says_where_it_looked(packed: LineProcess) -> None:
    unknown = run("trace", unit(99), "-c", str(packed.path))
    assert unknown.returncode == 1
    assert f"ledger.db: nothing is known of '{unit(99)}'" in unknown.stderr


def test_verify_runs_beside_the_line(packed: LineProcess) -> None:
    verified = run("ledger", "verify", str(packed.path))
    assert verified.returncode == 0, verified.stderr
    assert "good: 12 events chained, 5 codes and 3 containers" in verified.stdout


def test_export_of_a_container_holds_its_children_and_is_the_same_each_time(
    packed: LineProcess,
) -> None:
    arguments = ("export", "-c", str(packed.path), "--container", CASE)
    first, second = (json.loads(run(*arguments).stdout) for _ in range(2))
    events = first["epcisBody"]["eventList"]
    assert events == second["epcisBody"]["eventList"]
    (case,) = (event for event in events if event["type"] == "AggregationEvent")
    assert case["parentID"] == f"https://id.gs1.org/00/{CASE[2:]}"
    assert len(case["childEPCs"]) == 3


def test_export_as_csv_has_a_row_for_each_event_in_the_range(packed: LineProcess) -> None:
    every = run("export", "-c", str(packed.path), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(every.stdout)))
    assert [int(row["seq"]) for row in rows] == list(range(1, 13))
    none = run("export", "-c", str(packed.path), "--format", "csv", "--from", "2100-01-01")
    assert len(none.stdout.splitlines()) == 1


def test_a_file_to_verify_that_is_not_there_is_no_missing_ledger(tmp_path: Path) -> None:
    gone = run("ledger", "verify", str(tmp_path / "backup.db"))
    assert (gone.returncode, gone.stderr) == (1, f"{tmp_path}/backup.db: there is no such file\n")


def test_sending_quarantined_events_again_is_refused_without_now(tmp_path: Path) -> None:
    refused = run("sync", str(tmp_path / "line.toml"), "--retry-quarantined")
    assert refused.returncode == 2
    assert refused.stderr == "--retry-quarantined goes with --now; give both\n"


def test_trace_at_hq_without_a_token_says_where_to_get_one(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner) as line:
        path = line.path
        line.stop()
    token_file = tmp_path / "hq.token"
    with path.open("a") as file:
        file.write(f'[sync]\nhq_url = "http://127.0.0.1:1"\ntoken_file = "{token_file}"\n')
    refused = run("trace", "x", "-c", str(path), "--hq")
    assert refused.returncode == 1
    assert f"token_file {token_file} cannot be read" in refused.stderr
    assert "Ask HQ for one" in refused.stderr


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"edge-agent {version('edge-agent')}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "xml"), "--format is 'xml', expected one of epcis, csv"),
        (("--from", "yesterday"), "--from is 'yesterday', expected a time such as"),
        (("--container", "x"), "--container is 'x': this line knows no such code"),
        (("--container", "x", "--to", "2026-01-01"), "a container is exported whole"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(
    packed: LineProcess, arguments: tuple[str, ...], said: str
) -> None:
    refused = run("export", "-c", str(packed.path), *arguments)
    assert refused.returncode == 1
    assert said in refused.stderr


def test_status_shows_devices_counts_and_latency(packed: LineProcess) -> None:
    shown = run("status", str(packed.path))
    assert shown.returncode == 0
    assert "handheld up" in shown.stdout
    assert "rejected.ALREADY_PACKED: 1" in shown.stdout
    answer = json.loads(run("status", str(packed.path), "--json").stdout)
    assert answer["line"]["latency"]["committed"]["n"] >= 2
    packed.stop()
    gone = run("status", str(packed.path))
    assert gone.returncode == 1
    assert "is the role running?" in gone.stdout


def test_check_probe_tells_each_device_that_is_there_and_that_is_not(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner) as line:
        path = line.path
        line.stop()
    there = run("check", str(path), "--probe")
    assert there.returncode == 0, there.stdout
    scanner.close()
    gone = run("check", str(path), "--probe")
    assert gone.returncode == 1
    assert "down" in gone.stdout


def test_secret_codes_are_not_in_the_log(tmp_path: Path, scanner: TcpScanner) -> None:
    with running_bench(tmp_path, scanner, line_keys="secret_codes = true") as line:
        scanner.scan(unit(5))
        scanner.scan(unit(5))
        scanner.scan(unit(6, "04006381333931"))
        line.stop()
        assert "ALREADY_PACKED" in line.log()
        assert "WRONG_PRODUCT" in line.log()
        assert unit(5) not in line.log()
        assert "04006381333931" not in line.log()


def test_metrics_are_served_on_loopback(tmp_path: Path, scanner: TcpScanner) -> None:
    import requests

    port = free_port()
    with running_bench(tmp_path, scanner, line_keys=f"metrics_port = {port}"):
        assert scanner.scan(unit(0)) == "ACK"
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    assert 'edge_agent_events_total{kind="commissioned"} 1.0' in text
    assert 'edge_agent_device_up{device="handheld"} 1.0' in text
    assert 'edge_agent_read_seconds_count{step="committed"} 1.0' in text
