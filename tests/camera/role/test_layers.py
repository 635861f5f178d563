"""Layers through the role: frames of one trigger, decoders that share a frame, one answer."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np

from drivers.sim.printing import printed
from drivers.sim.scene import layer_scene
from edge_agent.camera.evidence.picture import note_of
from edge_agent.config import LineConfig
from tests.camera.role.rig import PATIENCE_S, Pixels, Rig, config, running

ROWS, COLUMNS = 3, 4
TEXTS = [f"UNIT-{number:02}" for number in range(ROWS * COLUMNS)]


def layer(*, without: tuple[int, ...] = (), twice: int | None = None, seed: int = 1) -> Pixels:
    """A layer with a code in each place; `twice` has that of the place before it."""
    texts = list(TEXTS)
    if twice is not None:
        texts[twice] = texts[twice - 1]
    labels = [
        None if place in without else printed(text, "data-matrix", module_px=4)
        for place, text in enumerate(texts)
    ]
    rng = np.random.default_rng(seed)
    return layer_scene(labels, ROWS, COLUMNS, size=(800, 640), noise_sigma=2, rng=rng).pixels


def layer_line(directory: Path, **camera: Any) -> LineConfig:
    keys = {"layer": {"rows": ROWS, "columns": COLUMNS, "frames": 3}, "trigger": "line", **camera}
    return config(directory, {"stall_ms": 60_000, **keys}, workers=2)


async def codes(rig: Rig) -> list[str | None]:
    answer = await rig.answer()
    return [each.text for each in (answer, *answer.others)]


async def trigger(rig: Rig) -> None:
    before = rig.status["triggers"]
    rig.reader.trigger()
    await rig.until(lambda: rig.status["triggers"] == before + 1)


async def test_a_full_layer_is_answered_with_all_codes_in_reading_order(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path)) as rig:
        await trigger(rig)
        rig.camera.give(layer())
        assert await codes(rig) == TEXTS
        assert rig.frames.empty()


async def test_each_code_of_a_layer_tells_its_cell(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path), heard=False) as rig:
        reader, writer = await asyncio.open_unix_connection(rig.config.camera_socket("top"))
        await reader.readline()
        writer.write(b'{"trigger": true}\n')
        await rig.until(lambda: rig.status["triggers"] == 1)
        rig.camera.give(layer())
        said = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        assert b'{"text":"UNIT-00","aim":"]d1","cell":"r1c1"}' in said
        assert b'{"text":"UNIT-11","aim":"]d1","cell":"r3c4"}' in said
        writer.close()


async def test_frames_of_one_layer_add_up(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path)) as rig:
        await trigger(rig)
        rig.camera.give(layer(without=(0, 5), seed=1))
        rig.camera.give(layer(without=(11,), seed=2))
        assert await codes(rig) == TEXTS
        assert rig.status["answers"] == 1


async def test_what_is_missing_after_all_frames_is_named_by_its_cell(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path)) as rig:
        await trigger(rig)
        for seed in range(3):
            rig.camera.give(layer(without=(5,), seed=seed))
        answer = await rig.answer()
        assert answer.text is None
        assert answer.defect == "11 of 12 codes read; not read: r2c2"
        held = rig.role._evidence._waiting.take(answer.picture or "")
        assert held is not None
        cells = {str(cell.place): cell.symbol for cell in note_of(held.data).cells}
        assert cells["r2c2"] is None
        assert cells["r1c1"] is not None and cells["r1c1"].text == "UNIT-00"


async def test_a_code_that_is_there_twice_is_named_by_its_cells(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path)) as rig:
        await trigger(rig)
        for seed in range(3):
            rig.camera.give(layer(twice=6, seed=seed))
        why = (await rig.answer()).defect or ""
        assert "double: r2c2, r2c3" in why


async def test_a_decoder_that_crashes_costs_one_frame_of_the_layer(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path)) as rig:
        await rig.until(lambda: rig.status["workers"]["running"] == 2)
        for pid in rig.workers:
            os.kill(pid, signal.SIGSTOP)
        await trigger(rig)
        rig.camera.give(layer(seed=1))
        await rig.until(lambda: rig.role._pool.idle == 0)
        for pid in rig.workers:
            os.kill(pid, signal.SIGKILL)
        await rig.until(lambda: rig.status["lost_frames"] == 1)
        rig.camera.give(layer(seed=2))
        assert await codes(rig) == TEXTS


async def test_a_burst_of_a_triggered_camera_is_one_layer(tmp_path: Path) -> None:
    async with running(layer_line(tmp_path, trigger="camera")) as rig:
        for seed in range(3):
            rig.camera.give(layer(without=(seed,), seed=seed))
        assert await codes(rig) == TEXTS
        await rig.until(lambda: rig.status["frames"] == 3 and not rig.status["waiting"])
        assert rig.status["triggers"] == 1
