"""The camera role as a whole: real decoders, a real socket, and a camera that misbehaves."""

import asyncio
import base64
import contextlib
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.protocols import CameraError, EndOfFrames, Link
from edge_agent.camera.evidence.picture import note_of
from edge_agent.camera.server import MAX_ASKED
from edge_agent.control import ControlError, ask
from tests.camera.role.rig import Rig, config, picture, running


async def test_a_code_in_a_frame_is_an_answer_that_names_its_picture(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(picture("UNIT-1"))
        frame = await rig.answer()
        assert (frame.text, frame.symbology, frame.defect) == ("UNIT-1", "]d1", None)
        assert frame.picture is not None
        assert rig.status["evidence"]["waiting"] == 1


async def test_a_frame_without_a_code_is_a_no_read(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(picture())
        frame = await rig.answer()
        assert (frame.text, frame.defect) == (None, "nothing read in 1 frame")
        assert frame.picture is not None


async def test_a_decoder_that_crashes_costs_one_frame(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        [pid] = rig.workers
        os.kill(pid, signal.SIGSTOP)  # so that it has the frame in hand
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.status["triggers"] == 1)
        os.kill(pid, signal.SIGKILL)
        lost = await rig.answer()
        assert lost.text is None
        assert "crashed on this frame: ended by signal SIGKILL" in (lost.defect or "")
        rig.camera.give(picture("UNIT-2"))
        assert (await rig.answer()).text == "UNIT-2"
        assert rig.status["workers"] == {"running": 1, "restarts": 1}
        assert rig.status["lost_frames"] == 1


async def test_a_decoder_that_hangs_is_ended_and_costs_one_frame(tmp_path: Path) -> None:
    async with running(config(tmp_path, worker_timeout_ms=200)) as rig:
        [pid] = rig.workers
        os.kill(pid, signal.SIGSTOP)
        rig.camera.give(picture("UNIT-1"))
        lost = await rig.answer()
        assert "hung on this frame and was ended after 0.2 s" in (lost.defect or "")
        rig.camera.give(picture("UNIT-2"))
        assert (await rig.answer()).text == "UNIT-2"
        assert pid not in rig.workers


async def test_the_deadline_does_not_wait_for_a_decoder_that_hangs(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"deadline_ms": 100})) as rig:
        [pid] = rig.workers
        os.kill(pid, signal.SIGSTOP)
        rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).defect == "decoding took longer than 100 ms"
        os.kill(pid, signal.SIGCONT)
        await rig.until(lambda: rig.status["late"] == 1)
        assert rig.frames.empty()


async def test_without_a_decoder_the_camera_is_down_and_says_why(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        for pid in rig.workers:
            os.kill(pid, signal.SIGKILL)
        await rig.until(lambda: rig.reader.state.link is Link.DOWN)
        assert "no decoder is running: ended by signal SIGKILL" in rig.reader.state.detail
        await rig.until(lambda: rig.reader.state.link is Link.UP)


async def test_a_stall_is_a_fault_also_while_the_read_hangs(tmp_path: Path) -> None:
    line = config(tmp_path, {"trigger": "line", "stall_ms": 100})
    async with running(line) as rig:
        await rig.until(lambda: "no new frame for 100 ms (stall_ms)" in rig.reader.state.detail)
        assert rig.reader.state.link is Link.DOWN
        for seed in range(200):
            rig.camera.give(picture(seed=seed))
            await asyncio.sleep(0.01)
            if rig.reader.state.link is Link.UP:
                break
        assert rig.reader.state.link is Link.UP


async def test_the_same_picture_again_and_again_is_a_stall(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"trigger": "line", "stall_ms": 200})) as rig:
        pixels = picture()
        for _ in range(200):
            rig.camera.give(pixels.copy())
            await asyncio.sleep(0.01)
            if "only the same picture again and again" in rig.reader.state.detail:
                break
        assert rig.reader.state.link is Link.DOWN
        assert rig.status["repeated"] >= 5


async def test_a_belt_that_stands_is_no_fault_of_a_triggered_camera(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"stall_ms": 50})) as rig:
        await asyncio.sleep(0.2)  # nothing is to happen: there is no event to wait for
        assert rig.reader.state.link is Link.UP


async def test_a_lost_camera_is_a_fault_at_once_and_comes_back(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.is_away = "/dev/video0 is not there"
        rig.camera.give(CameraError("/dev/video0 gave no frame: unplugged?"))
        await rig.until(lambda: rig.reader.state.detail == "/dev/video0 is not there")
        assert rig.reader.state.link is Link.DOWN
        rig.camera.is_away = ""
        await rig.until(lambda: rig.reader.state.link is Link.UP)
        rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).text == "UNIT-1"
        assert rig.status["losses"] == 1


async def test_a_source_that_has_ended_is_a_fault(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(EndOfFrames())
        await rig.until(lambda: rig.reader.state.detail == "the source has no more frames")
        assert rig.camera.opened == 1


async def test_a_source_that_fails_in_its_own_code_is_a_fault_and_is_opened_again(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(RuntimeError("firmware"))
        await rig.until(lambda: rig.camera.opened == 2)
        await rig.until(lambda: rig.reader.state.link is Link.UP)
        assert rig.status["losses"] == 1


async def test_a_picture_of_no_size_is_a_fault_and_the_camera_is_opened_again(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(np.zeros((0, 0), np.uint8))
        await rig.until(lambda: "the frame is 0 x 0, expected 1 to" in rig.reader.state.detail)
        await rig.until(lambda: rig.reader.state.link is Link.UP)
        assert rig.camera.opened == 2


async def test_the_line_triggers_and_the_next_frame_is_the_one(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"trigger": "line", "stall_ms": 60_000})) as rig:
        rig.camera.give(picture("BEFORE"))
        await rig.until(lambda: rig.status["frames"] == 1)
        assert rig.reader.trigger()
        await rig.until(lambda: rig.status["triggers"] == 1)
        rig.camera.give(picture("AFTER"))
        assert (await rig.answer()).text == "AFTER"
        assert rig.frames.empty()


async def test_a_trigger_while_the_camera_is_away_is_a_no_read_that_says_so(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path, {"trigger": "line", "deadline_ms": 50})) as rig:
        rig.camera.is_away = "/dev/video0 is not there"
        rig.camera.give(CameraError(rig.camera.is_away))
        await rig.until(lambda: rig.reader.state.link is Link.DOWN)
        rig.reader.trigger()
        why = (await rig.answer()).defect
        assert why == "no frame came within 50 ms: /dev/video0 is not there"


async def test_a_camera_that_exposes_on_command_is_commanded_for_each_trigger(
    tmp_path: Path,
) -> None:
    source = {"kind": "gige", "camera": "192.0.2.1", "trigger_source": "Software"}
    line = config(tmp_path, {"trigger": "line", "source": source, "stall_ms": 50})
    async with running(line) as rig:
        for number in (1, 2):
            rig.reader.trigger()
            await rig.until(lambda n=number: rig.camera.triggers == n)
            rig.camera.give(picture(f"UNIT-{number}", seed=number))
            assert (await rig.answer()).text == f"UNIT-{number}"
        assert rig.camera.triggers == 2
        assert rig.reader.state.link is Link.UP  # unasked silence is no stall


async def test_a_commanded_camera_that_was_away_is_commanded_when_it_is_back(
    tmp_path: Path,
) -> None:
    source = {"kind": "gige", "camera": "192.0.2.1", "trigger_source": "Software"}
    async with running(config(tmp_path, {"trigger": "line", "source": source})) as rig:
        rig.reader.trigger()
        await rig.until(lambda: rig.camera.triggers == 1)
        rig.camera.give(CameraError("192.0.2.1 does not answer"))
        await rig.until(lambda: rig.camera.triggers == 2)
        rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).text == "UNIT-1"
        assert rig.camera.opened == 2


async def test_what_was_asked_of_a_camera_while_it_was_away_is_not_exposed_when_it_is_back(
    tmp_path: Path,
) -> None:
    source = {"kind": "gige", "camera": "192.0.2.1", "trigger_source": "Software"}
    line = config(tmp_path, {"trigger": "line", "source": source, "deadline_ms": 50})
    async with running(line) as rig:
        rig.camera.is_away = "192.0.2.1 does not answer"
        rig.reader.trigger()
        rig.camera.give(CameraError(rig.camera.is_away))
        assert (await rig.answer()).text is None
        for _ in range(3):
            rig.reader.trigger()
            assert (await rig.answer()).text is None
        exposed = rig.camera.triggers
        rig.camera.is_away = ""
        await rig.until(lambda: rig.reader.state.link is Link.UP)
        rig.camera.give(CameraError("once more"))  # read only if it was exposed
        rig.reader.trigger()
        await rig.until(lambda: rig.status["losses"] == 2)
        assert rig.camera.triggers == exposed + 1


async def test_a_picture_commanded_for_one_trigger_is_never_given_to_the_next(
    tmp_path: Path,
) -> None:
    source = {"kind": "gige", "camera": "192.0.2.1", "trigger_source": "Software"}
    line = config(tmp_path, {"trigger": "line", "source": source, "deadline_ms": 500})
    async with running(line) as rig:
        rig.reader.trigger()
        await rig.until(lambda: rig.camera.triggers == 1)
        assert (await rig.answer()).text is None
        rig.reader.trigger()
        await rig.until(lambda: rig.status["triggers"] == 2)
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.camera.triggers == 2)
        rig.camera.give(picture("UNIT-2"))
        assert (await rig.answer()).text == "UNIT-2"


async def test_the_same_picture_again_is_a_no_read_and_a_fault_until_another_comes(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path)) as rig:
        for _ in range(2):
            rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).text == "UNIT-1"
        assert (await rig.answer()).defect == "the camera sent the same picture again"
        await rig.until(lambda: rig.reader.state.link is Link.DOWN)
        assert "the camera sent the same picture again: it hangs" in rig.reader.state.detail
        rig.camera.give(picture("UNIT-2"))
        assert (await rig.answer()).text == "UNIT-2"
        await rig.until(lambda: rig.reader.state.link is Link.UP)


async def test_a_new_line_hears_no_answer_to_what_the_old_one_asked(tmp_path: Path) -> None:
    line = config(tmp_path, {"trigger": "line", "stall_ms": 60_000})
    async with running(line, heard=False) as rig:
        path = rig.config.camera_socket("top")
        _, old_writer = await asyncio.open_unix_connection(path)
        old_writer.write(b'{"trigger": true}\n')
        await rig.until(lambda: rig.status["triggers"] == 1)
        rig.camera.give(picture("UNIT-1"))
        new, new_writer = await asyncio.open_unix_connection(path)
        assert await new.readline() == b'{"fault":null}\n'
        await rig.until(lambda: rig.status["unheard"] == 1)
        new_writer.write(b'{"trigger": true}\n')
        await rig.until(lambda: rig.status["triggers"] == 2)
        rig.camera.give(picture("UNIT-2"))
        assert b"UNIT-2" in await new.readline()
        for writer in (old_writer, new_writer):
            writer.close()


async def test_a_line_that_floods_with_triggers_is_sent_away_and_counted(tmp_path: Path) -> None:
    line = config(tmp_path, {"trigger": "line", "stall_ms": 60_000})
    async with running(line, heard=False) as rig:
        reader, writer = await asyncio.open_unix_connection(rig.config.camera_socket("top"))
        await reader.readline()
        writer.write(b'{"trigger":true}\n' * 20_000)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert rig.status["floods"] == 1
        assert rig.status["triggers"] == MAX_ASKED
        assert not rig.status["line_connected"]


async def test_frames_may_change_size_and_colour_at_any_time(tmp_path: Path) -> None:
    sizes = [(480, 640), (1024, 1280), (200, 300), (3000, 4000)]
    async with running(config(tmp_path)) as rig:
        for number, size in enumerate(sizes):
            pixels = picture(f"UNIT-{number}", size=size)
            rig.camera.give(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if number % 2 else pixels)
            assert (await rig.answer()).text == f"UNIT-{number}"


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        pytest.param(
            picture("x" * 2_000, kind="qr", size=(1000, 1000)), "2000 characters", id="2 kB"
        ),
        pytest.param(np.full((480, 640), 255, np.uint8), "nothing read", id="white"),
        pytest.param(np.zeros((480, 640), np.uint8), "nothing read", id="black"),
        pytest.param(np.full((1, 1), 9, np.uint8), "nothing read", id="1 x 1"),
    ],
)
async def test_what_no_product_has_is_a_no_read_and_verdicts_go_on(
    tmp_path: Path, pixels, why: str
) -> None:
    async with running(config(tmp_path, formats=["qr", "data-matrix"])) as rig:
        rig.camera.give(pixels)
        assert why in ((await rig.answer()).defect or "")
        rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).text == "UNIT-1"


async def test_control_characters_arrive_as_they_were_printed(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        text = "A\x1dB\nC\x00D\x7f"
        rig.camera.give(picture(text))
        assert (await rig.answer()).text == text


async def test_five_hundred_codes_in_a_frame_are_answered_and_verdicts_go_on(
    tmp_path: Path,
) -> None:
    line = config(tmp_path, {"expected": 100}, budget_ms=1_000)
    async with running(line) as rig:
        rows = [
            picture(*(f"{20 * row + i:04}" for i in range(20)), size=(100, 1_900), seed=row)
            for row in range(25)
        ]
        rig.camera.give(np.vstack(rows))
        await rig.answer()
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.status["answers"] == 2)
        assert rig.status["workers"]["restarts"] == 0


async def test_answers_that_nobody_hears_are_counted(tmp_path: Path) -> None:
    async with running(config(tmp_path), heard=False) as rig:
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.status["unheard"] == 1)
        assert rig.status["answers"] == 1


async def test_a_new_line_takes_the_place_of_the_old_and_hears_how_the_camera_is(
    tmp_path: Path,
) -> None:
    async with running(config(tmp_path), heard=False) as rig:
        path = rig.config.camera_socket("top")
        old, old_writer = await asyncio.open_unix_connection(path)
        assert await old.readline() == b'{"fault":null}\n'
        new, new_writer = await asyncio.open_unix_connection(path)
        assert await new.readline() == b'{"fault":null}\n'
        assert await old.read() == b""
        rig.camera.give(picture("UNIT-1"))
        assert b"UNIT-1" in await new.readline()
        for writer in (old_writer, new_writer):
            writer.close()


@pytest.mark.parametrize(
    "data",
    [b'{"verdict": "perhaps"}\n', b"{}\n", b"\xff\n", b'{"keep": "x"}\n', b"x" * (1 << 20) + b"xx"],
    ids=["no verdict", "nothing", "no text", "unknown", "too long"],
)
async def test_a_line_that_talks_nonsense_loses_its_connection_only(
    tmp_path: Path, data: bytes
) -> None:
    async with running(config(tmp_path), heard=False) as rig:
        reader, writer = await asyncio.open_unix_connection(rig.config.camera_socket("top"))
        await reader.readline()
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert not rig.status["line_connected"]
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.status["answers"] == 1)


async def test_one_camera_has_one_role(tmp_path: Path) -> None:
    line = config(tmp_path)
    async with running(line) as rig:
        with pytest.raises(ControlError, match="another process of this role is running"):
            await Rig(line).role.run()
        rig.camera.give(picture("UNIT-1"))
        assert (await rig.answer()).text == "UNIT-1"


async def test_a_person_sees_the_newest_picture_with_its_codes_marked(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        rig.camera.give(picture("UNIT-1"))
        await rig.answer()
        path = rig.config.control_path("camera-top")
        shown = await asyncio.to_thread(ask, path, "look")
        assert shown["codes"] == ["UNIT-1"]
        pixels = cv2.imdecode(
            np.frombuffer(base64.b64decode(shown["picture"]), np.uint8), cv2.IMREAD_COLOR
        )
        blue, green, red = (pixels[..., channel].astype(int) for channel in range(3))
        assert np.count_nonzero((green > red + 60) & (green > blue + 60)) > 100


async def test_who_aims_a_camera_sees_frames_that_nobody_asked_for(tmp_path: Path) -> None:
    async with running(config(tmp_path, {"trigger": "line", "stall_ms": 60_000})) as rig:
        path = rig.config.control_path("camera-top")
        assert (await asyncio.to_thread(ask, path, "look"))["picture"] is None
        rig.camera.give(picture("UNIT-1"))
        await rig.until(lambda: rig.status["decode_ms"] or rig.status["rungs"])
        assert (await asyncio.to_thread(ask, path, "look"))["codes"] == ["UNIT-1"]
        assert rig.frames.empty()


async def test_the_picture_of_an_answer_tells_its_trigger(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as rig:
        for number in (1, 2):
            rig.camera.give(picture(f"UNIT-{number}", seed=number))
            frame = await rig.answer()
            held = rig.role._evidence._waiting.take(frame.picture or "")
            assert held is not None
            note = note_of(held.data)
            assert (note.camera, note.trigger) == ("top", number)
            assert [symbol.text for symbol in note.reading.symbols] == [f"UNIT-{number}"]
