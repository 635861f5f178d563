"""A scanner that poses as a keyboard. Its events are the kernel's structs, through a real pipe."""

import asyncio
import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from drivers.protocols import Link, ScannerFrame
from drivers.registry import build_reader, config_model
from drivers.scanners import hid
from drivers.scanners.keyboard import EV_KEY, EV_SYN, SYN_DROPPED
from tests.drivers.counterparts import DeviceLog, Running

EVENT = struct.Struct("llHHi")
"""struct input_event on a 64-bit kernel: seconds, microseconds, type, code, value."""
SHIFT, CTRL, ALT, ENTER, CAPS = 42, 29, 56, 28, 58
KEYPAD = dict(zip("0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
LOWER = {
    **dict(zip("1234567890-=", range(2, 14), strict=True)),
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./", range(43, 54), strict=True)),
    " ": 57,
}
UPPER = dict(
    zip(
        '!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"~|ZXCVBNM<>?',
        (LOWER[c] for c in "1234567890-=qwertyuiop[]asdfghjkl;'`\\zxcvbnm,./"),
        strict=True,
    )
)


class Pipe:
    """An event device: what is typed into it comes out as the kernel would give it."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        self.opened = 0
        self.refusal: OSError | None = None

    def open(self, _: Path) -> "Pipe":
        self.opened += 1
        if self.refusal is not None:
            raise self.refusal
        return self

    def fileno(self) -> int:
        return self._out

    def read(self) -> Iterable[tuple[int, int, int]]:
        data = os.read(self._out, 64 * EVENT.size)
        if not data:
            raise OSError(errno.ENODEV, "No such device")
        return [event[2:] for event in EVENT.iter_unpack(data)]

    def close(self) -> None:
        os.close(self._out)

    def send(self, kind: int, code: int, value: int) -> None:
        os.write(self._in, EVENT.pack(0, 0, kind, code, value))

    def key(self, code: int) -> None:
        for value in (1, 0):
            self.send(EV_KEY, code, value)
            self.send(EV_SYN, 0, 0)

    def held(self, modifier: int, *codes: int) -> None:
        self.send(EV_KEY, modifier, 1)
        for code in codes:
            self.key(code)
        self.send(EV_KEY, modifier, 0)

    def type(self, text: str, *, enter: bool = True) -> None:
        for each in text:
            if each == "\x1d":
                self.held(ALT, *(KEYPAD[digit] for digit in "029"))
            elif each in UPPER:
                self.held(SHIFT, UPPER[each])
            else:
                self.key(LOWER[each])
        if enter:
            self.key(ENTER)

    def unplug(self) -> None:
        os.close(self._in)


def scanner(pipe: Pipe, idle_ms: int = 2_000) -> hid.HidScanner:
    return hid.HidScanner("handheld", hid.Config(path="/dev/x", idle_ms=idle_ms), pipe.open)


@pytest.fixture
async def frames() -> asyncio.Queue[ScannerFrame]:
    return asyncio.Queue()


async def test_every_character_of_the_us_layout_and_gs_arrive_as_typed(
    running: Running, frames: asyncio.Queue[ScannerFrame]
) -> None:
    pipe = Pipe()
    text = "".join([*LOWER, *UPPER]) + "]d2010697123456780210A\x1d21B"
    async with running(scanner(pipe).run(frames.put_nowait)):
        pipe.type(text)
        assert (await frames.get()).text == text
        pipe.type("EA:BADGE:ABC")
        pipe.type("中文".encode("ascii", "ignore").decode() + "x")
        assert (await frames.get()).text == "EA:BADGE:ABC"
        assert (await frames.get()).text == "x"


async def test_gs_as_control_and_bracket_is_gs_and_caps_lock_types_nothing(
    running: Running, frames: asyncio.Queue[ScannerFrame]
) -> None:
    pipe = Pipe()
    async with running(scanner(pipe).run(frames.put_nowait)):
        pipe.key(CAPS)
        pipe.type("10A", enter=False)
        pipe.held(CTRL, LOWER["]"])
        pipe.key(CAPS)
        pipe.key(ENTER)
        frame = await frames.get()
    assert (frame.text, frame.defect) == ("10A\x1d", None)


async def test_a_code_cut_off_is_refused_and_not_joined_to_the_next(
    running: Running, frames: asyncio.Queue[ScannerFrame]
) -> None:
    pipe = Pipe()
    async with running(scanner(pipe, idle_ms=20).run(frames.put_nowait)):
        pipe.send(EV_KEY, SHIFT, 1)
        pipe.key(LOWER["a"])
        cut = await frames.get()
        pipe.type("b2")
        whole = await frames.get()
    assert cut.text == "A"
    assert cut.defect is not None and "no Enter came" in cut.defect
    # Nor is the Shift that was held.
    assert (whole.text, whole.defect) == ("b2", None)


async def test_a_text_without_end_is_one_refused_frame_and_its_loss_is_counted(
    running: Running, frames: asyncio.Queue[ScannerFrame]
) -> None:
    pipe = Pipe()
    reader = scanner(pipe)
    async with running(reader.run(frames.put_nowait)):
        for _ in range(hid.MAX_TEXT + 50):
            pipe.send(EV_KEY, LOWER["7"], 1)
            await asyncio.sleep(0)
        pipe.key(ENTER)
        long = await frames.get()
        pipe.type("next")
        assert (await frames.get()).text == "next"
        assert reader.state.dropped_bytes == 50
    assert long.defect == "longer than 1024 characters without an Enter"
    assert len(long.text or "") == 80


async def test_an_unknown_key_a_foreign_alt_number_and_lost_keys_spoil_their_code_only(
    running: Running, frames: asyncio.Queue[ScannerFrame]
) -> None:
    pipe = Pipe()
    async with running(scanner(pipe).run(frames.put_nowait)):
        pipe.type("a", enter=False)
        pipe.key(66)
        pipe.type("b")
        pipe.held(ALT, *(KEYPAD[digit] for digit in "0214"))
        pipe.key(ENTER)
        pipe.type("a", enter=False)
        pipe.send(EV_SYN, SYN_DROPPED, 0)
        pipe.type("b")
        pipe.type("good")
        unknown, foreign, lost, good = [await frames.get() for _ in range(4)]
    assert unknown.defect is not None and "key 66 is no character" in unknown.defect
    assert foreign.defect == "Alt+0214, expected Alt+000 to Alt+127"
    assert lost.defect is not None and "keys were lost" in lost.defect
    assert (good.text, good.defect) == ("good", None)


async def test_an_unplugged_scanner_is_shown_and_comes_back(
    running: Running, frames: asyncio.Queue[ScannerFrame], device_log: DeviceLog
) -> None:
    first, second = Pipe(), Pipe()
    pipes = iter([first, second])
    reader = hid.HidScanner("handheld", hid.Config(path="/dev/x"), lambda path: next(pipes))
    async with running(reader.run(frames.put_nowait)):
        await device_log.until("device is up")
        first.type("half", enter=False)
        first.unplug()
        assert (await device_log.until("device is away"))["detail"] == "unplugged"
        await device_log.until("device is up", times=2)
        second.type("whole")
        assert (await frames.get()).text == "whole"
        assert reader.state.losses == 1
    assert reader.state.link is Link.DOWN


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EBUSY, "does another program have it grabbed?"),
        (errno.EACCES, "may the agent's user read it?"),
    ],
)
async def test_a_device_that_cannot_be_had_is_away_and_the_mend_is_named(
    running: Running, device_log: DeviceLog, number: int, mend: str
) -> None:
    pipe = Pipe()
    pipe.refusal = OSError(number, os.strerror(number))
    async with running(scanner(pipe).run(lambda frame: None)):
        away = await device_log.until("device is away")
        assert mend in away["detail"]
        assert "/dev/x" in away["detail"]


async def test_the_configured_kind_opens_the_real_event_device(
    running: Running, device_log: DeviceLog, tmp_path: Path
) -> None:
    """What is no event device is told, by the kernel's own answer to evdev's questions."""
    path = tmp_path / "event0"
    path.write_bytes(b"")
    reader = build_reader("handheld", config_model("hid")(path=str(path)))
    async with running(reader.run(lambda frame: None)):
        away = await device_log.until("device is away")
        assert "it is no event device" in away["detail"]
    assert not reader.trigger()
    assert reader.answer(accepted=True)
