"""A role's control socket: whatever is asked, there is an answer; streams; who may ask."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import tempfile
from asyncio import to_thread
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent import control

NOBODY = 65_534


@pytest.mark.parametrize(
    "question",
    [b"[" * 100_000, b'{"command":' * 50_000, b"[1]", b'{"command": []}', b"\xff\xfe", b"{}"],
    ids=["deep-array", "deep-object", "array", "unhashable", "no-text", "no-command"],
)
async def test_nonsense_is_answered_and_its_connection_goes_on(
    tmp_path: Path, question: bytes
) -> None:
    async def status(_: dict[str, Any]) -> dict[str, Any]:
        return {"sound": True}

    def asked() -> list[dict[str, Any]]:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(20)
            channel.connect(str(path))
            channel.sendall(question + b'\n{"command": "status"}\n')
            with channel.makefile("rb") as stream:
                return [json.loads(stream.readline() or b"{}") for _ in range(2)]

    path = tmp_path / "role.sock"
    server = await control.serve(path, {"status": status})
    try:
        refused, answered = await to_thread(asked)
    finally:
        server.close()
    assert refused == {"error": "expected a JSON object with command, one of ['status']"}
    assert answered == {"sound": True}


async def _sound(_: dict[str, Any]) -> dict[str, Any]:
    return {"sound": True}


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


async def test_a_stream_says_line_after_line_until_the_asker_hangs_up(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def count(question: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        n = int(question["start"])
        try:
            while True:
                yield json.dumps({"n": n}).encode()
                n += 1
                await asyncio.sleep(0)
        finally:
            ended.set()

    path = tmp_path / "role.sock"
    server = await control.serve(path, {}, {"count": count})
    try:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"command": "count", "start": 7}\n')
        assert [json.loads(await reader.readline())["n"] for _ in range(100)] == [*range(7, 107)]
        writer.close()
        async with asyncio.timeout(20):
            await ended.wait()
    finally:
        server.close()


async def test_an_asker_that_takes_nothing_is_hung_up_on_and_holds_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "STALLED_S", 0.2)
    made = 0

    async def flood(_: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        nonlocal made
        while True:
            made += 1
            yield b'"' + b"x" * 100_000 + b'"'

    path = tmp_path / "role.sock"
    server = await control.serve(path, {"status": _sound}, {"flood": flood})
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(path))
        deaf.sendall(b'{"command": "flood"}\n')
        await _until(lambda: made > 0)
        await _until(lambda: not server.connected)
        # What the kernel took, and one more.
        assert made < 20
        assert await to_thread(control.ask, path, "status") == {"sound": True}
    server.close()


async def _silence(_: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    """Says one line, and nothing more."""
    yield b'"begun"'
    await asyncio.Event().wait()


async def test_watchers_that_hang_up_while_nothing_is_said_leave_room_for_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "role.sock"
    server = await control.serve(path, {"status": _sound}, {"silence": _silence})
    try:
        for _ in range(2):
            for _ in range(control.CONNECTIONS):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(b'{"command": "silence"}\n')
                assert await reader.readline() == b'"begun"\n'
                writer.close()
            await _until(lambda: not server.connected)
        assert server.refused == 0
        assert await to_thread(control.ask, path, "status") == {"sound": True}
    finally:
        server.close()


def test_a_role_that_ends_while_somebody_watches_or_waits_says_nothing_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As the line's own runner ends: what is still under way is cancelled."""
    path = tmp_path / "role.sock"

    async def never(_: dict[str, Any]) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def role(asker: socket.socket, asking: bytes) -> None:
        server = await control.serve(path, {"never": never}, {"silence": _silence})
        asker.connect(str(path))
        asker.sendall(asking)
        await _until(lambda: server.connected == 1)
        if b"silence" in asking:
            assert await to_thread(asker.recv, 100) == b'"begun"\n'
        server.close()

    for asking in (b'{"command": "silence"}\n', b'{"command": "never"}\n', b""):
        with socket.socket(socket.AF_UNIX) as asker:
            asyncio.run(role(asker, asking))
            assert asker.recv(100) == b""
    assert caplog.records == []


async def test_one_connection_too_many_is_told_so_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "role.sock"
    server = await control.serve(path, {"status": _sound})
    held = [socket.socket(socket.AF_UNIX) for _ in range(control.CONNECTIONS)]
    try:
        for each in held:
            each.connect(str(path))
        await _until(lambda: server.connected == control.CONNECTIONS)
        with pytest.raises(control.ControlError, match="64 connections are open already"):
            await to_thread(control.ask, path, "status")
        assert server.refused == 1
        held.pop().close()
        await _until(lambda: server.connected == control.CONNECTIONS - 1)
        assert await to_thread(control.ask, path, "status") == {"sound": True}
    finally:
        for each in held:
            each.close()
        server.close()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="control-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_counted_and_gets_no_answer(open_directory: Path) -> None:
    path = open_directory / "role.sock"
    server = await control.serve(path, {"status": _sound})
    path.chmod(0o666)
    # Not `ask`: the virtual environment may be closed to that user.
    script = "import socket, sys; s = socket.socket(1); s.connect(sys.argv[1]); print(s.recv(999))"
    try:
        user = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"]
        command = [*user, "/usr/bin/python3", "-c", script, str(path)]
        asked = await to_thread(subprocess.run, command, capture_output=True, timeout=20)
        assert f"you are user {NOBODY}, expected root or" in asked.stdout.decode(), asked.stderr
        assert server.refused == 1
        assert await to_thread(control.ask, path, "status") == {"sound": True}
    finally:
        server.close()
