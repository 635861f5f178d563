"""A role's control socket: whatever is asked, there is an answer."""

import json
import socket
from asyncio import to_thread
from pathlib import Path
from typing import Any

import pytest

from edge_agent import control


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
