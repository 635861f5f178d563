"""A disk without room: the line stops passing products, says so, and recovers by itself."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line.conftest import LineProcess, TcpScanner, bench_config, unit


@pytest.fixture
def tight(tmp_path: Path, scanner: TcpScanner) -> Iterator[LineProcess]:
    """A bench whose ledger lies on a file system of 20 MiB, in a mount namespace of its own."""
    path = tmp_path / "bench.toml"
    path.write_text(bench_config(tmp_path, scanner, capacity=5_000))
    (tmp_path / "data").mkdir()
    script = (
        'mount -t tmpfs -o size=20m none "$1" && "$2" -m edge_agent ledger init "$3" >&2 '
        '&& exec "$2" -m edge_agent line "$3"'
    )
    # Root mounts as it is, also where user namespaces are forbidden (a chroot, some containers).
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    line = LineProcess(
        path,
        tmp_path / "line.log",
        ["unshare", *rights, "--mount", "sh", "-c", script, "sh", str(tmp_path / "data")],
    )  # fmt: skip
    line.start()
    scanner.accept()
    yield line
    line.close()


def fill(directory: Path) -> Path:
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC
    return filler


def test_a_full_disk_stops_the_line_which_says_so_and_recovers_when_there_is_room(
    tight: LineProcess, scanner: TcpScanner, tmp_path: Path
) -> None:
    assert scanner.scan(unit(0)) == "ACK"
    inside = Path(f"/proc/{tight.pid}/root") / str(tight.config.line.data_dir)[1:]
    filler = fill(inside)
    number, answers = 1, []
    while not answers or answers[-1] == "ACK":
        answers.append(scanner.scan(unit(number)))
        number += 1
        assert number < 3_000, "the disk never filled"
    status = tight.wait_until(lambda s: s["halted"] is not None)
    assert "no room on the disk" in status["halted"]
    refused = [scanner.scan(unit(number)) for number in range(90_000, 90_005)]
    assert refused == ["NAK"] * 5
    filler.unlink()
    status = tight.wait_until(lambda s: s["halted"] is None)
    assert scanner.scan(unit(number)) == "ACK"
    assert status["tally"]["resumed"] == 1
    outside = shutil.copytree(inside, tmp_path / "copy")
    events = tight.events(outside)
    resumed = [e for e in events if e["kind"] == "resumed"]
    assert resumed[0]["refused_reads"] == 6
    accepted = [e["text"] for e in events if e["kind"] == "commissioned"]
    assert accepted == [unit(n) for n in (*range(len(answers)), number)]
