"""Who watches the line gets the newest view soon after a change, and a beat; none holds memory."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

from edge_agent import control
from edge_agent.line.watching import GAP_S, Watching
from edge_agent.views import BEAT_S


class Source:
    """Counts what is built. What it gives names the newest change."""

    def __init__(self) -> None:
        self.built_s: list[float] = []
        self.change = 0
        self.error: Exception | None = None

    def build(self) -> bytes:
        self.built_s.append(asyncio.get_running_loop().time())
        if self.error is not None:
            raise self.error
        return json.dumps({"change": self.change}).encode()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


async def test_nothing_is_built_while_nobody_watches() -> None:
    source = Source()
    watching = Watching(source.build)
    watching.changed()
    await asyncio.sleep(2 * GAP_S)
    assert source.built_s == []


async def test_who_begins_to_watch_gets_a_view_at_once_then_one_for_each_change_and_a_beat() -> (
    None
):
    source = Source()
    watching = Watching(source.build)
    views = watching.watch({})
    async with asyncio.timeout(20):
        assert json.loads(await anext(views)) == {"change": 0}
        source.change = 1
        watching.changed()
        assert json.loads(await anext(views)) == {"change": 1}
        assert json.loads(await anext(views)) == {"change": 1}  # a beat
    await views.aclose()
    assert source.built_s[2] - source.built_s[1] >= BEAT_S - 0.01
    assert watching.facts()["watchers"] == 0


async def test_many_changes_make_few_views_and_the_last_is_among_them() -> None:
    source = Source()
    watching = Watching(source.build)
    views = watching.watch({})
    async with asyncio.timeout(20):
        await anext(views)
        for source.change in range(1, 201):
            watching.changed()
            await asyncio.sleep(0.001)
        while json.loads(await anext(views)) != {"change": 200}:
            pass
    await views.aclose()
    gaps = [
        later - before for before, later in zip(source.built_s, source.built_s[1:], strict=False)
    ]
    assert min(gaps) >= GAP_S - 0.002
    assert len(source.built_s) < 50


async def test_all_watchers_share_one_view() -> None:
    source = Source()
    watching = Watching(source.build)
    all_views = [watching.watch({}) for _ in range(10)]
    async with asyncio.timeout(20):
        first = await asyncio.gather(*(anext(each) for each in all_views))
        assert len(source.built_s) == 1
        assert len({id(each) for each in first}) == 1
        watching.changed()
        await asyncio.gather(*(anext(each) for each in all_views))
        assert len(source.built_s) == 2
    for each in all_views:
        await each.aclose()


async def test_a_view_that_cannot_be_built_is_counted_and_the_next_is_tried() -> None:
    source = Source()
    watching = Watching(source.build)
    views = watching.watch({})
    source.error = RuntimeError("broken")
    waiting = asyncio.ensure_future(anext(views))
    await until(lambda: watching.facts()["failures"] == 1)
    assert not waiting.done()
    source.error = None
    async with asyncio.timeout(20):
        assert json.loads(await waiting) == {"change": 0}
    await views.aclose()


async def test_a_deaf_watcher_keeps_nobody_waiting_and_gets_the_newest_when_it_listens_again(
    tmp_path: Path,
) -> None:
    """Views of 100 kB over a real socket: the kernel takes a few, the others are passed over."""
    source = Source()
    padding = "x" * 100_000

    def build() -> bytes:
        return json.dumps({"change": source.change, "padding": padding}).encode()

    watching = Watching(build)
    path = tmp_path / "line.sock"
    server = await control.serve(path, {}, {"watch": watching.watch})
    loop = asyncio.get_running_loop()
    deaf = socket.socket(socket.AF_UNIX)
    deaf.setblocking(False)
    await loop.sock_connect(deaf, str(path))
    await loop.sock_sendall(deaf, b'{"command": "watch"}\n')
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 20)
    writer.write(b'{"command": "watch"}\n')
    async with asyncio.timeout(30):
        for source.change in range(1, 21):
            watching.changed()
            while json.loads(await reader.readline())["change"] != source.change:
                pass
        heard, changes = b"", list[int]()
        while 20 not in changes:
            *lines, heard = (heard + await loop.sock_recv(deaf, 1 << 20)).split(b"\n")
            changes += [json.loads(line)["change"] for line in lines]
    assert len(changes) < 15
    assert changes == sorted(changes)
    deaf.close()
    writer.close()
    await until(lambda: watching.facts()["watchers"] == 0)
    server.close()
