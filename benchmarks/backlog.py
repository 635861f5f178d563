"""How fast a backlog reaches HQ: `edge-agent sync --now` to `edge-agent hq`, both as processes.

The floor copies the same rows into one table at FULL, a batch a transaction: no network, no
check, no tree.
"""

import os
import socket
import tempfile
import time
from pathlib import Path

import requests

from benchmarks.child import BenchmarkError, Child
from benchmarks.figures import Figure, Result
from benchmarks.fill import filled_ledger
from benchmarks.line_process import write_config
from edge_agent.config_file import load_config
from edge_agent.ledger.reader import LedgerReader
from edge_agent.sqlite import connect

BATCH_EVENTS = 5_000
_START_S = 30
_SLOWEST_PER_S = 500
"""Below this the benchmark gives up."""
_SYNC = """
[sync]
hq_url = "http://127.0.0.1:{port}"
token_file = "{token}"
batch_events = {batch_events}
"""


def measure(ledger: Path, events: int) -> Result:
    with (
        filled_ledger(ledger, events),
        tempfile.TemporaryDirectory(dir=ledger.parent) as name,
    ):
        directory = Path(name)
        floor = events / _floor_s(ledger, directory / "floor.db")
        seconds, hq_mb = _sync(directory, ledger, events)
    rate = events / seconds
    figures = [
        Figure(
            f"{events:,} events to HQ",
            "/s",
            rate,
            floor=floor,
            ratios=[rate / floor],
            at_least=10_000,
        ),
        Figure("HQ's resident memory, peak", "MB", hq_mb),
    ]
    return Result(figures, [], {"events": events, "seconds": seconds})


def _floor_s(ledger: Path, copy: Path) -> float:
    target = connect(copy)
    target.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, body TEXT, hash BLOB)")
    begin = time.monotonic()
    with LedgerReader(ledger) as reader:
        after = 0
        while rows := reader.rows(after, BATCH_EVENTS):
            target.execute("BEGIN")
            target.executemany("INSERT INTO journal VALUES (?, ?, ?)", rows)
            target.execute("COMMIT")
            after = rows[-1].seq
    seconds = time.monotonic() - begin
    target.close()
    return seconds


def _sync(directory: Path, ledger: Path, events: int) -> tuple[float, float]:
    """Seconds that `sync --now` took, from its start to its end, and HQ's peak memory.

    Raises BenchmarkError unless HQ then stands where the ledger ends.
    """
    data, log = str(directory / "hq"), directory / "hq.log"
    with Child("edge_agent", "hq-token", "add", "bench", "--data", data, log=log) as adding:
        token = adding.line(_START_S)
    token_file = directory / "hq.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    config = write_config(directory, ledger, scanner=port)
    with config.open("a", encoding="utf-8") as file:
        file.write(_SYNC.format(port=port, token=token_file, batch_events=BATCH_EVENTS))
    load_config(config)
    with Child("edge_agent", "hq", "--data", data, "--port", str(port), log=log) as hq:
        _wait_until_healthy(hq, port)
        begin = time.monotonic()
        with Child("edge_agent", "sync", str(config), "--now", log=directory / "sync.log") as sync:
            status = sync.end(_START_S + events / _SLOWEST_PER_S)
            seconds = time.monotonic() - begin
            if status != os.EX_OK:
                raise BenchmarkError(f"sync ended with {status}\n{sync.log_tail()}")
        _refuse_difference(ledger, port, token)
        return seconds, hq.memory_peak_mb()


def _wait_until_healthy(hq: Child, port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and hq.running:
        try:
            if requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise BenchmarkError(f"HQ is not there after {_START_S} s\n{hq.log_tail()}")


def _refuse_difference(ledger: Path, port: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    standing = requests.get(
        f"http://127.0.0.1:{port}/agents/bench", headers=headers, timeout=30
    ).json()
    with LedgerReader(ledger) as reader:
        seq, head = reader.head()
    if (standing["cursor"], standing["head"]) != (seq, head.hex()):
        raise BenchmarkError(
            f"HQ stands at event {standing['cursor']}, the ledger ends at {seq}; expected the "
            "same event and hash"
        )
