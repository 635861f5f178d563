"""The plant's IP camera, watched by what watches a real one: the `opencv` source."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import requests
import zxingcpp

from drivers.cameras.opencv import Config, build
from drivers.protocols import CameraError, Frame, FrameSource
from drivers.sim.camera import CaseCamera, Pose
from drivers.sim.codes import sscc
from drivers.sim.printing import printed

CODE = f"00{sscc(0, 3)}"


@asynccontextmanager
async def camera() -> AsyncIterator[CaseCamera]:
    """A camera that films. It ends with the block."""
    made = CaseCamera(1)
    await made.start()
    filming = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        filming.cancel()
        made.close()


@asynccontextmanager
async def watched(made: CaseCamera, read_timeout_ms: int = 5_000) -> AsyncIterator[FrameSource]:
    url = f"http://127.0.0.1:{made.port}/stream"
    source = build(Config(url=url, read_timeout_ms=read_timeout_ms), newest=True)
    await asyncio.to_thread(source.open)
    try:
        yield source
    finally:
        source.close()


async def next_frame(source: FrameSource) -> Frame:
    return await asyncio.to_thread(source.read)


def texts(frame: Frame) -> set[str]:
    found = zxingcpp.read_barcodes(frame.pixels, text_mode=zxingcpp.TextMode.Plain)
    return {symbol.text for symbol in found}


async def until(source: FrameSource, *, shown: set[str]) -> None:
    while texts(await next_frame(source)) != shown:
        pass


async def switch(made: CaseCamera, path: str) -> int:
    url = f"http://127.0.0.1:{made.port}{path}"
    return (await asyncio.to_thread(requests.get, url, timeout=10)).status_code


async def test_a_box_comes_can_be_read_and_goes() -> None:
    async with camera() as made, watched(made) as source:
        assert not texts(await next_frame(source))
        made.put(printed(CODE, "code-128", module_px=2), Pose(7, (8, -6)))
        await until(source, shown={CODE})
        made.take_away()
        await until(source, shown=set())


async def test_no_two_frames_of_an_empty_table_are_the_same() -> None:
    async with camera() as made, watched(made) as source:
        frames = [(await next_frame(source)).pixels for _ in range(5)]
    assert len({frame.tobytes() for frame in frames}) == 5
    difference = np.abs(frames[0].astype(int) - frames[1].astype(int))
    assert difference.mean() < 10, "the table itself is the same"


async def test_the_lamp_shows_what_was_switched_since_the_box_came() -> None:
    async with camera() as made:
        assert await switch(made, "/accept") == 204
        made.put(printed(CODE, "data-matrix", module_px=5), Pose())
        assert await made.lamp(0.01) is None, "what was green before is over"
        await switch(made, "/reject")
        await switch(made, "/accept")
        assert [await made.lamp(5), await made.lamp(5)] == [False, True]
        assert await switch(made, "/elsewhere") == 404


async def test_a_frozen_camera_is_noticed_by_the_source_and_goes_on() -> None:
    async with camera() as made, watched(made, read_timeout_ms=500) as source:
        await next_frame(source)
        made.frozen = True
        with pytest.raises(CameraError, match="picture"):
            while True:
                await next_frame(source)
        made.frozen = False
        async with watched(made) as again:
            await next_frame(again)


async def test_a_cut_stream_ends_and_is_refused_until_it_is_whole_again() -> None:
    async with camera() as made, watched(made) as source:
        await next_frame(source)
        made.cut = True
        with pytest.raises(CameraError):
            while True:
                await next_frame(source)
        assert await switch(made, "/stream") == 404
        made.cut = False
        async with watched(made) as again:
            await next_frame(again)


async def test_the_table_is_clear_only_for_who_has_seen_it_empty() -> None:
    async with camera() as made:
        waiting = asyncio.ensure_future(made.clear())
        async with watched(made) as source:
            await asyncio.wait_for(waiting, 10)
            made.put(printed(CODE, "code-128", module_px=2), Pose())
            waiting = asyncio.ensure_future(made.clear())
            await until(source, shown={CODE})
            assert not waiting.done()
            made.take_away()
            await asyncio.wait_for(waiting, 10)
            await until(source, shown=set())


@pytest.mark.parametrize("frozen", [False, True])
async def test_who_connects_first_sees_no_box_that_another_watched(frozen: bool) -> None:
    """A camera role that is restarted takes its first picture for the empty table."""
    async with camera() as made:
        async with watched(made) as source:
            await made.clear()
            made.put(printed(CODE, "code-128", module_px=2), Pose())
            await until(source, shown={CODE})
            made.frozen = frozen
        assert await made.lamp(10) is None, "nobody watches: no lamp will come"
        async with watched(made) as source:
            assert not texts(await next_frame(source))
