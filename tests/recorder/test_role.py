"""The line role as a process, recorded; its recording replayed by the command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.line.conftest import (
    LineProcess,
    TcpScanner,
    bench_config,
    running_bench,
    scanner,
    sscc,
    unit,
)

__all__ = ["scanner"]  # a fixture

CASE = sscc(0, 1)
RECORDED = "flight_recorder_mb = 4"


def replay(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def pack_a_case(scanner: TcpScanner) -> None:
    for number in range(3):
        assert scanner.scan(unit(number)) == "ACK"
    assert scanner.scan(unit(1)) == "NAK"
    assert scanner.scan(CASE) == "ACK"


def test_a_run_is_replayed_without_a_difference_and_told_as_a_timeline(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner, line_keys=RECORDED) as line:
        pack_a_case(scanner)
        assert line.stop() == 0
        done = replay(line.config.flight_path)
        assert done.returncode == 0, done.stderr
        assert f"read {unit(1)}" in done.stdout
        assert f"closed: key {CASE}, level case, container 1" in done.stdout
        assert "answer: refused (ALREADY_PACKED)" in done.stdout
        assert "0 decided otherwise now" in done.stdout.splitlines()[-1]
        told = [
            json.loads(row)
            for row in replay(line.config.flight_path, "--json").stdout.split("\n")
            if row
        ]
        events = [e for row in told if "recorded" in row for e in row["recorded"]["events"]]
        assert events == line.events()


def test_a_killed_line_leaves_what_was_answered_a_moment_before(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner, line_keys=RECORDED) as line:
        pack_a_case(scanner)
        line.wait_until(lambda s: CASE in recorded_text(line))
        line.kill()
        line.start()
        scanner.accept()
        assert scanner.scan(unit(2)) == "NAK"
        assert line.stop() == 0
        done = replay(line.config.flight_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("recording begins: start") == 2
        assert done.stdout.count(f"read {unit(2)}") == 2


def recorded_text(line: LineProcess) -> str:
    return "".join(path.read_text() for path in line.config.flight_path.glob("*"))


def test_another_product_list_is_told_decision_by_decision(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner, line_keys=RECORDED) as line:
        pack_a_case(scanner)
        assert line.stop() == 0
        other = tmp_path / "other.toml"
        other.write_text(line.path.read_text().replace("06971234567802", "04006381333931"))
        done = replay(line.config.flight_path, "--config", other, "--json")
        assert done.returncode == 1, done.stderr
        told = [json.loads(row) for row in done.stdout.splitlines()]
        changed = [row for row in told if row.get("differs")]
        assert [row["input"]["text"] for row in changed] == [unit(0), unit(1), unit(2), unit(1)]
        assert {row["now"]["events"][0]["reason"] for row in changed} == {"WRONG_PRODUCT"}
        # As recorded, the case was full: its code is taken under either configuration.
        assert told[-1]["summary"]["differing"] == 4


def test_secret_codes_are_masked_unless_asked_for(tmp_path: Path, scanner: TcpScanner) -> None:
    keys = RECORDED + "\nsecret_codes = true"
    with running_bench(tmp_path, scanner, line_keys=keys) as line:
        pack_a_case(scanner)
        scanner.send(b"\x80secret\r")
        assert scanner.answer() == "NAK"
        assert line.stop() == 0
        other = tmp_path / "other.toml"
        other.write_text(line.path.read_text().replace("06971234567802", "04006381333931"))
        for arguments in ([], ["--json"], ["--config", other], ["--config", other, "--json"]):
            told = replay(line.config.flight_path, *arguments).stdout
            assert "…0001" in told or "\\u20260001" in told
            for secret in (unit(1), CASE, "000000000001", "secret"):
                assert secret not in told
        assert unit(1) in replay(line.config.flight_path, "--show-codes").stdout


def test_a_part_is_chosen_by_time_and_a_wrong_time_is_refused(
    tmp_path: Path, scanner: TcpScanner
) -> None:
    with running_bench(tmp_path, scanner, line_keys=RECORDED) as line:
        pack_a_case(scanner)
        assert line.stop() == 0
        flight = line.config.flight_path
        second = line.events()[2]["at"]
        before, after = replay(flight, "--to", second), replay(flight, "--from", second)
        assert before.stdout.count("read 01") == 1
        assert after.stdout.count("read 01") == 3
        wrong = replay(flight, "--from", "yesterday")
        assert wrong.returncode == 2
        assert "--from is 'yesterday', expected a time with its zone" in wrong.stderr
        assert replay(tmp_path).returncode == 2
        assert replay(tmp_path / "nothing").returncode == 2


@pytest.fixture
def tight(tmp_path: Path, scanner: TcpScanner) -> Iterator[LineProcess]:
    """A bench whose recordings lie on a file system of 64 KiB, in a mount namespace of its own."""
    path = tmp_path / "bench.toml"
    path.write_text(bench_config(tmp_path, scanner, line_keys=RECORDED, capacity=5_000))
    flight = tmp_path / "data" / "bench" / "flight"
    flight.mkdir(parents=True)
    script = (
        'mount -t tmpfs -o size=64k none "$1" && "$2" -m edge_agent ledger init "$3" >&2 '
        '&& exec "$2" -m edge_agent line "$3"'
    )
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    line = LineProcess(
        path,
        tmp_path / "line.log",
        ["unshare", *rights, "--mount", "sh", "-c", script, "sh", str(flight)],
    )
    line.start()
    scanner.accept()
    yield line
    line.close()


def test_a_full_disk_stops_the_recorder_and_not_the_line(
    tight: LineProcess, scanner: TcpScanner
) -> None:
    status: dict[str, Any] = {"flight_recorder": {"stopped": None}}
    number = 0
    while status["flight_recorder"]["stopped"] is None:
        for _ in range(50):
            assert scanner.scan(unit(number)) == "ACK"
            number += 1
        assert number < 2_000, "the disk never filled"
        status = tight.status()
    assert "No space left on device" in status["flight_recorder"]["stopped"]
    assert status["halted"] is None
    assert scanner.scan(unit(number)) == "ACK"
    assert tight.status()["flight_recorder"]["lost"] > 0
    assert "flight recorder stopped, the line runs on" in tight.log()
    inside = Path(f"/proc/{tight.pid}/root") / str(tight.config.flight_path)[1:]
    done = replay(inside)
    assert done.returncode == 0, done.stderr
    assert "0 decided otherwise now" in done.stdout


def test_a_line_without_a_recorder_writes_nothing(tmp_path: Path, scanner: TcpScanner) -> None:
    with running_bench(tmp_path, scanner) as line:
        assert scanner.scan(unit(0)) == "ACK"
        assert line.status()["flight_recorder"] is None
        assert not line.config.flight_path.exists()
