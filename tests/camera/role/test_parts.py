"""Parts of the camera role, each by itself: the lamp, the background, the memory, the answers."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.scanners.camera_wire import MAX_CODES, Answer
from edge_agent.camera.answers import answer_of
from edge_agent.camera.buffer import Buffer, Shot, Waiting
from edge_agent.camera.gathering import Gathering, Outcome, ReadCode
from edge_agent.camera.jobs import Setup
from edge_agent.camera.lamp import Lamp
from edge_agent.camera.pool import Pool, WorkerError
from edge_agent.camera.presence import Background
from edge_agent.camera.slots import MAX_FRAME_BYTES, Place, Slots
from edge_agent.camera.triggers import Trigger
from edge_agent.camera_config import Evidence
from tests.camera.role.rig import PATIENCE_S, Pixels, config, picture, running

# --- the lamp ----------------------------------------------------------------------------------


class LampServer(ThreadingHTTPServer):
    """A lamp that notes what it was asked for, and answers when it may."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), LampHandler)
        self.asked: list[str] = []
        self.status = 200
        self.may_answer = threading.Event()
        self.may_answer.set()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class LampHandler(BaseHTTPRequestHandler):
    server: LampServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.may_answer.wait(PATIENCE_S)
        with contextlib.suppress(ConnectionError):
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def lamp_server() -> Iterator[LampServer]:
    with LampServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@asynccontextmanager
async def lit(lamp: Lamp) -> AsyncIterator[None]:
    task = asyncio.create_task(lamp.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_the_verdict_switches_the_lamp(tmp_path: Path) -> None:
    with lamp_server() as server:
        urls = {"accept_url": server.url("/green"), "reject_url": server.url("/red")}
        async with running(config(tmp_path, urls)) as rig:
            for accepted, path in ((True, "/green"), (False, "/red")):
                rig.reader.answer(accepted=accepted)
                await rig.until(lambda path=path: server.asked[-1:] == [path])
            await rig.until(lambda: rig.status["lamp"]["fetched"] == 2)


async def test_of_verdicts_that_come_while_the_lamp_is_slow_the_newest_wins() -> None:
    with lamp_server() as server:
        lamp = Lamp(server.url("/green"), server.url("/red"))
        server.may_answer.clear()
        async with lit(lamp):
            lamp.show(accepted=True)
            await until(lambda: server.asked == ["/green"])
            for accepted in (True, True, False):
                lamp.show(accepted=accepted)
            server.may_answer.set()
            await until(lambda: lamp.fetched == 2)
        assert server.asked == ["/green", "/red"]
        assert lamp.skipped == 2


async def test_a_lamp_that_refuses_is_counted_and_told_until_it_answers() -> None:
    with lamp_server() as server:
        lamp = Lamp(server.url("/green"), None)
        server.status = 500
        async with lit(lamp):
            lamp.show(accepted=True)
            await until(lambda: lamp.failures == 1)
            assert "500 Server Error" in (lamp.fault or "")
            server.status = 200
            lamp.show(accepted=True)
            await until(lambda: lamp.fetched == 1)
        assert lamp.fault is None


async def test_a_lamp_that_is_away_is_a_failure_and_blocks_nobody() -> None:
    lamp = Lamp("http://127.0.0.1:9/green", None)
    async with lit(lamp):
        lamp.show(accepted=True)
        await until(lambda: lamp.failures == 1)


# --- the background ------------------------------------------------------------------------------


class Belt:
    """A background that is looked at 30 times a second, with a thing on it or not."""

    def __init__(self) -> None:
        self.background = Background()
        self.at_us = 0
        self.guide_px = 0
        self._seed = 0

    def see(self, *, thing: bool = False, light: int = 0, after_us: int = 33_000) -> bool:
        self.at_us += after_us
        self._seed += 1
        rng = np.random.default_rng(self._seed)
        pixels = np.full((480, 640), 120.0 + light)
        pixels[:, ::40] -= 30  # rollers
        pixels[: self.guide_px] = 20.0
        if thing:
            pixels[100:250, 200:400] = 220.0
        noisy = np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)
        return self.background.differs(noisy, self.at_us)


def test_a_thing_differs_from_the_background_and_noise_does_not() -> None:
    belt = Belt()
    assert not any(belt.see() for _ in range(60))
    assert all(belt.see(thing=True) for _ in range(60))
    assert not any(belt.see() for _ in range(60))


def test_light_that_changes_evenly_is_no_thing() -> None:
    belt = Belt()
    for _ in range(30):
        belt.see()
    assert not any(belt.see(light=light) for light in (5, 10, 20, 30, 30, 0))


def test_what_does_not_move_for_half_a_minute_becomes_background_at_once() -> None:
    belt = Belt()
    for _ in range(30):
        belt.see()
    seen = [belt.see(thing=True, after_us=1_000_000) for _ in range(120)]
    assert seen == [True] * 30 + [False] * 90


@pytest.mark.parametrize("stop_s", [5, 25, 60, 600])
def test_after_a_stop_with_a_thing_in_view_each_thing_is_seen_and_nothing_else(stop_s: int) -> None:
    belt = Belt()
    for _ in range(30):
        belt.see()
    for _ in range(stop_s * 5):
        belt.see(thing=True, after_us=200_000)
    for _ in range(20):
        assert not any(belt.see() for _ in range(6))
        assert all(belt.see(thing=True) for _ in range(4))


def test_a_guide_that_was_moved_becomes_background_and_things_are_seen_before_it() -> None:
    belt = Belt()
    for _ in range(30):
        belt.see()
    belt.guide_px = 40
    assert [belt.see(after_us=1_000_000) for _ in range(31)] == [True] * 30 + [False]
    for _ in range(5):
        assert not any(belt.see() for _ in range(6))
        assert all(belt.see(thing=True) for _ in range(4))


async def test_a_thing_that_comes_into_view_is_answered_once(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"trigger": "presence"})) as rig:
        for seed in range(5):
            rig.camera.give(picture(seed=seed))
        for seed in range(5, 15):
            rig.camera.give(picture("UNIT-1", seed=seed))
        assert (await rig.answer()).text == "UNIT-1"
        await rig.until(lambda: rig.status["frames"] == 15 and not rig.status["waiting"])
        assert rig.status["answers"] == 1


# --- the memory ----------------------------------------------------------------------------------


def test_a_frame_lies_in_memory_as_it_came_until_its_place_is_free() -> None:
    slots = Slots(2)
    first = np.arange(12, dtype=np.uint8).reshape(3, 4)
    second = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    places = [slots.put(first), slots.put(second)]
    assert slots.put(first) is None
    assert places[0] and places[1]
    assert np.array_equal(slots.pixels(places[0]), first)
    assert np.array_equal(slots.pixels(places[1]), second)
    slots.free(places[0])
    assert slots.put(second) is not None
    slots.close()


@pytest.mark.parametrize("shape", [(0, 0), (30_000, 30_000)])
def test_a_frame_of_no_size_or_of_an_absurd_one_is_refused(shape: tuple[int, int]) -> None:
    slots = Slots(1)
    # Not a byte of it is there: a view of one pixel.
    pixels: Pixels = np.broadcast_to(np.zeros(1, np.uint8), shape)
    with pytest.raises(ValueError, match=f"the frame is {shape[0]} x {shape[1]}, expected 1 to"):
        slots.put(pixels)
    assert slots.put(np.zeros((4, 4), np.uint8)) is not None
    slots.close()


def test_the_largest_frame_fits() -> None:
    slots = Slots(1)
    pixels: Pixels = np.broadcast_to(np.uint8(7), (MAX_FRAME_BYTES,))
    place = slots.put(pixels)
    assert place is not None
    assert slots.pixels(place)[-1] == 7
    slots.close()


def test_a_frame_that_must_stay_is_not_given_up_for_another() -> None:
    buffer: Buffer[str] = Buffer(2)
    must_stay = [Waiting(Shot(Place(n, (1,)), n), "trigger", may_go=False) for n in range(2)]
    for waiting in must_stay:
        assert buffer.add(waiting) is None
    other: Waiting[str] = Waiting(Shot(Place(9, (1,)), 9), None, may_go=True)
    assert buffer.add(other) is other
    assert [buffer.take(), buffer.take(), buffer.take()] == [*must_stay, None]


# --- answers -------------------------------------------------------------------------------------


class Read(Gathering):
    """All that was expected."""

    def __init__(self, *codes: ReadCode) -> None:
        self._codes = list(codes)

    @property
    def is_complete(self) -> bool:
        return bool(self._codes)

    def add(self, outcome: Outcome) -> None:
        raise NotImplementedError

    def codes(self) -> list[ReadCode]:
        return self._codes

    def why(self) -> str:
        return ""


def answered(*codes: ReadCode, why: str = "") -> Answer:
    trigger = Trigger(1, 0, 0, Read(*codes), outcome=Outcome(1_000), why=why)
    answer = answer_of(trigger).answer
    assert answer is not None
    return answer


def test_an_answer_tells_when_its_picture_was_taken() -> None:
    assert answered(ReadCode("A", "]d2")).taken_us == 1_000


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        pytest.param(
            [ReadCode(str(n), "]d2") for n in range(MAX_CODES + 1)],
            "401 codes were read, expected at most 400 in one answer",
            id="too many",
        ),
        pytest.param(
            [ReadCode("x" * 4_096, "]Q1")],
            "a code of 4096 characters was read, expected at most 1024",
            id="4 kB",
        ),
        pytest.param(
            [ReadCode(f"{n:03}" + "\x01" * 1_000, "]Q1") for n in range(MAX_CODES)],
            "expected less than 1048576",
            id="longer than a line",
        ),
    ],
)
def test_what_is_too_much_for_an_answer_is_a_no_read_that_says_so(
    codes: list[ReadCode], why: str
) -> None:
    answer = answered(*codes)
    assert answer.codes == []
    assert why in answer.why


def test_a_long_reason_is_cut_and_shows_it() -> None:
    answer = answered(why="x" * 5_000)
    assert len(answer.why) == 500
    assert answer.why.endswith("…")


# --- the pool ------------------------------------------------------------------------------------


async def test_a_decoder_that_cannot_start_is_tried_again_at_growing_intervals() -> None:
    slots = Slots(1)
    broken: Any = None  # a worker cannot make anything of no plan
    setup = Setup("top", 1, broken, None, None, 1_000, Evidence())
    pool = Pool(setup, slots.fd, size=1, timeout_s=0.1, on_idle=lambda: None)
    began_s = asyncio.get_running_loop().time()
    task = asyncio.create_task(pool.run())
    await until(lambda: pool.restarts == 4)
    # 50, 100, 200 and the beginning of the fourth wait, at the least.
    assert asyncio.get_running_loop().time() - began_s > 0.35
    assert pool.fault == "no decoder is running: not ready: ended with status 1"
    with pytest.raises(WorkerError, match="no decoder was free"):
        await pool.do(None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    slots.close()
