"""`edge-agent hq` and `hq-token` as a person starts them: each refusal is one line."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sync.rig import HqProcess


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(*arguments: str) -> str:
    """What the command says, which must be one line, before it ends with 1."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, ""), done
    [line] = done.stderr.splitlines()
    return line


@pytest.fixture
def running(tmp_path: Path) -> Iterator[HqProcess]:
    hq = HqProcess(tmp_path / "hq")
    hq.start()
    yield hq
    hq.end()


def test_a_second_hq_over_the_same_database_is_refused_and_the_first_goes_on(
    running: HqProcess,
) -> None:
    said = refusal("hq", "--data", str(running.data_dir), "--port", str(free_port()))
    assert said == f"{running.data_dir}/hq.db: another process holds this database; stop it first"
    assert running.get("/agents") == []


def test_an_hq_that_was_ended_leaves_its_database_to_the_next(running: HqProcess) -> None:
    running.end()
    running.start()
    assert running.get("/agents") == []


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("hq", "--data", str(tmp_path), "--port", str(port))
    assert said == f"127.0.0.1:{port} is in use; choose another with --port"


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "hq.db").write_text("once upon a time " * 100)
    said = refusal("hq", "--data", str(tmp_path), "--port", str(free_port()))
    assert said.startswith(f"{tmp_path}/hq.db cannot be used as HQ's database: file is not a")


def test_a_directory_that_cannot_be_hqs_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = str(tmp_path / "file" / "hq")
    said = refusal("hq", "--data", data, "--port", str(free_port()))
    assert said.startswith(f"{data} cannot serve as HQ's directory: Not a directory")
    said = refusal("hq-token", "add", "line-1", "--data", data)
    assert said.startswith(f"the tokens in {data} cannot be changed")
    assert f"{data}/tokens.json cannot be read" in refusal("hq-token", "list", "--data", data)


def test_a_missing_directory_is_not_taken_for_an_hq_without_tokens(tmp_path: Path) -> None:
    said = refusal("hq-token", "list", "--data", str(tmp_path / "missing"))
    assert said.startswith(f"{tmp_path}/missing: there is no such directory")
    empty = run("hq-token", "list", "--data", str(tmp_path))
    assert (empty.returncode, empty.stdout) == (0, "")
    assert empty.stderr == f"{tmp_path}: no line has a token\n"
