import json
import signal
import subprocess
import sys
from pathlib import Path

from edge_agent.ledger.journal import create_ledger
from edge_agent.ledger.reader import LedgerReader
from tests.labels.allocating import RANGE

RUNS = (
    (3, "before-print"),
    (1, "before-commit"),
    (4, "after-print"),
    (1, "before-print"),
    (2, "before-commit"),
    (3, "after-print"),
)


def test_a_number_is_never_given_twice_whenever_the_line_is_killed(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    create_ledger(ledger)
    heard: list[str] = []
    for count, when in RUNS:
        command = [sys.executable, "-m", "tests.labels.allocating", str(ledger), str(count), when]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        heard += ended.stdout.split()
    with LedgerReader(ledger) as reader:
        queued = [json.loads(row.body) for row in reader.walk()]
    # What the printer heard of was on the disk; what was only on the disk is not given again.
    assert len(heard) == 2 + 0 + 4 + 0 + 1 + 3
    assert len(set(heard)) == len(heard)
    assert [each["number"] for each in queued] == list(range(RANGE.first, RANGE.first + 12))
    assert set(heard) <= {each["key"] for each in queued}
    assert [each["job"] for each in queued] == list(range(1, 13))
