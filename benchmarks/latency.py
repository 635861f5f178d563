"""Scan received → PASS acknowledged, committed at FULL, against the bare loop."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.line_process import LineProcess

ROUNDS = 3
SCANS = 400
RATE = 20.0


def measure(ledger: Path, codes: int) -> dict[str, Any]:
    """Rounds of floor and line in turn, so that a noisy minute hits both."""
    _read_once(ledger)
    floor: list[list[int]] = []
    line: list[dict[str, float]] = []
    ready_s: list[float] = []
    memory_mib = 0.0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for index in range(ROUNDS):
            with PeerProcess() as peer:
                floor.append(_floor_round(peer, directory))
            first = codes + int(time.time()) * 100 + index * SCANS
            with (
                PeerProcess() as peer,
                LineProcess(directory, ledger, peer.ports["scanner"], peer.ports["modbus"]) as role,
            ):
                role.wait_for(lambda s: all(d["link"] == "up" for d in s["devices"].values()))
                said = peer.order(scans=SCANS, rate=RATE, first=first)
                status = role.wait_for(lambda s: s["waiting"] == 0)
                assert said["passed"] > 0.95 * SCANS, (said, status)
                line.append(status["latency"]["acknowledged"] | {"steps": status["latency"]})
                ready_s.append(role.ready_s)
                memory_mib = max(memory_mib, role.memory_mib())
    floors = [{"p50_us": _percentile(d, 50), "p99_us": _percentile(d, 99)} for d in floor]
    result: dict[str, Any] = {"floor": floors, "line": line}
    for name in ("p50_us", "p99_us"):
        result[f"floor_{name}"] = statistics.median(f[name] for f in floors)
        result[f"line_{name}"] = statistics.median(each[name] for each in line)
        result[f"ratio_{name.removesuffix('_us')}"] = (
            result[f"line_{name}"] / result[f"floor_{name}"]
        )
    return result | {"ready_s": max(ready_s), "memory_mib": memory_mib}


def _read_once(path: Path) -> None:
    """Into the page cache, where a running line has the ledger it works with."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _percentile(values: list[int], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


class PeerProcess:
    def __enter__(self) -> "PeerProcess":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ports = self._read()
        return self

    def order(self, **order: float) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _floor_round(peer: PeerProcess, directory: Path) -> list[int]:
    command = [sys.executable, "-m", "benchmarks.floor", str(peer.ports["scanner"]),
               str(peer.ports["modbus"]), str(directory / "floor.db"), str(SCANS)]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    said = peer.order(scans=SCANS, rate=RATE, first=0)
    assert said["passed"] == SCANS, said
    durations = [int(line) for line in process.stdout]
    process.wait()
    return durations
