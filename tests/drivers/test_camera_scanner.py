"""The camera's driver against a socket that says what the test wants it to say."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.protocols import CodeReader, Link, LinkFault, ScannerFrame
from drivers.scanners.camera import Config, build
from drivers.scanners.camera_wire import LINE_LIMIT_BYTES, MAX_TEXT

PICTURE = "ab" * 32


class Role:
    """The camera's end of the socket."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.writer: asyncio.StreamWriter

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.put_nowait(writer)
        while line := await reader.readline():
            self.heard.put_nowait(json.loads(line))
        writer.close()

    def say(self, **message: Any) -> None:
        self.say_bytes(json.dumps(message).encode() + b"\n")

    def say_bytes(self, data: bytes) -> None:
        self.writer.write(data)


class Line:
    """The driver as the line has it."""

    def __init__(self, reader: CodeReader) -> None:
        self.reader = reader
        self.frames: asyncio.Queue[ScannerFrame] = asyncio.Queue()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                await asyncio.sleep(0.005)

    async def frame(self) -> ScannerFrame:
        return await asyncio.wait_for(self.frames.get(), 10)


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Line]:
    line = Line(build("top", Config(path=path)))
    task = asyncio.create_task(line.reader.run(line.frames.put_nowait))
    yield line
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Role, Line]]:
    role, path = Role(), tmp_path / "reads.sock"
    server = await asyncio.start_unix_server(role.connected, path)
    async with running(path) as line:
        role.writer = await asyncio.wait_for(role.connections.get(), 10)
        role.say(fault=None)
        await line.until(lambda: line.reader.state.link is Link.UP)
        yield role, line
    server.close()


async def test_the_codes_of_an_answer_are_one_frame_with_its_picture(pair) -> None:
    role, line = pair
    codes = [{"text": "A", "aim": "]d2", "cell": "r1c1"}, {"text": "B"}]
    role.say(answer={"trigger": 1, "codes": codes, "picture": PICTURE})
    first = await line.frame()
    (second,) = first.others
    assert (first.text, first.symbology, first.picture) == ("A", "]d2", PICTURE)
    assert (second.text, second.symbology, second.picture) == ("B", None, PICTURE)
    assert first.defect is None


async def test_the_time_of_an_answer_is_its_pictures(pair) -> None:
    role, line = pair
    role.say(answer={"trigger": 1, "codes": [{"text": "A"}], "taken_us": 1_234})
    frame = await line.frame()
    assert (frame.since_us, frame.received_us) == (1_234, 1_234)
    role.say(answer={"trigger": 2, "why": "no frame came", "taken_us": 1 << 60})
    frame = await line.frame()
    assert frame.since_us == frame.received_us < 1 << 60


async def test_an_answer_without_codes_is_a_no_read_that_says_why(pair) -> None:
    role, line = pair
    role.say(answer={"trigger": 1, "why": "missing: r2c5", "picture": PICTURE})
    frame = await line.frame()
    assert (frame.text, frame.defect, frame.picture) == (None, "missing: r2c5", PICTURE)


async def test_a_code_with_line_ends_and_fnc1_arrives_as_it_was_printed(pair) -> None:
    role, line = pair
    text = '01069\x1d21A\n{"fault": "no"}\r\x00é'
    role.say(answer={"trigger": 1, "codes": [{"text": text}]})
    assert (await line.frame()).text == text


async def test_an_answer_in_many_packets_is_one_answer(pair) -> None:
    role, line = pair
    data = json.dumps({"answer": {"trigger": 1, "codes": [{"text": "A"}]}}).encode() + b"\n"
    for byte in data:
        role.say_bytes(bytes([byte]))
        await role.writer.drain()
        await asyncio.sleep(0)
    assert (await line.frame()).text == "A"


async def test_a_camera_that_does_not_see_is_a_device_that_is_down_until_it_sees(pair) -> None:
    role, line = pair
    role.say(fault="/dev/video0 is not there")
    await line.until(lambda: line.reader.state.link is Link.DOWN)
    assert line.reader.state.detail == "/dev/video0 is not there"
    assert line.reader.state.fault is LinkFault.BLIND
    assert line.reader.state.losses == 1
    role.say(fault=None)
    await line.until(lambda: line.reader.state.link is Link.UP)


async def test_it_is_not_up_before_the_camera_has_said_that_it_sees(tmp_path: Path) -> None:
    role, path = Role(), tmp_path / "reads.sock"
    server = await asyncio.start_unix_server(role.connected, path)
    async with running(path) as line:
        role.writer = await asyncio.wait_for(role.connections.get(), 10)
        await line.until(lambda: "not told" in line.reader.state.detail)
        assert line.reader.state.link is Link.DOWN
        role.say(fault=None)
        await line.until(lambda: line.reader.state.link is Link.UP)
    server.close()


async def test_triggers_and_verdicts_are_sent(pair) -> None:
    role, line = pair
    assert line.reader.trigger()
    assert line.reader.answer(accepted=True)
    assert line.reader.answer(accepted=False)
    heard = [await asyncio.wait_for(role.heard.get(), 10) for _ in range(3)]
    assert heard == [{"trigger": True}, {"verdict": True}, {"verdict": False}]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello\n", "no message: 'hello'"),
        (b'{"answer": {"trigger": 1}, "fault": null}\n', "2 things in a message, expected one"),
        (b"{}\n", "0 things in a message, expected one"),
        (b'{"answer": null}\n', "an answer that is none"),
        (b'{"answer": {"trigger": 1, "speed": 3}}\n', "Extra inputs are not permitted"),
        (b'{"answer": {"trigger": 1, "picture": "../etc"}}\n', "String should match pattern"),
        (b"\xff\xfe\n", "no message"),
        (b"x" * (LINE_LIMIT_BYTES + 2), f"more than {LINE_LIMIT_BYTES} bytes"),
        (
            json.dumps(
                {"answer": {"trigger": 1, "codes": [{"text": "x" * (MAX_TEXT + 1)}]}}
            ).encode()
            + b"\n",
            "at most 1024 characters",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
async def test_what_is_no_message_ends_the_connection_and_says_why(pair, data, why) -> None:
    role, line = pair
    role.say_bytes(data)
    await line.until(lambda: line.reader.state.link is Link.DOWN)
    assert why in line.reader.state.detail
    role.writer = await asyncio.wait_for(role.connections.get(), 10)
    role.say(fault=None)
    role.say(answer={"trigger": 2, "codes": [{"text": "A"}]})
    assert (await line.frame()).text == "A"


async def test_a_role_that_does_not_run_is_named_with_the_mend(tmp_path: Path) -> None:
    async with running(tmp_path / "absent.sock") as line:
        await line.until(lambda: line.reader.state.link is Link.DOWN)
        assert "is the camera role running?" in line.reader.state.detail
        assert not line.reader.trigger()
        assert not line.reader.answer(accepted=True)


async def test_a_role_that_takes_no_bytes_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "reads.sock"

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            writer.transport.pause_reading()
            writer.write(b'{"fault": null}\n')
            await over.wait()

    over = asyncio.Event()
    server = await asyncio.start_unix_server(deaf, path)
    async with running(path) as line:
        await line.until(lambda: line.reader.state.link is Link.UP)
        while line.reader.trigger():
            pass
        await line.until(lambda: line.reader.state.link is Link.DOWN)
        assert "takes no bytes" in line.reader.state.detail
    over.set()
    server.close()
