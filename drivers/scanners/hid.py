"""Hand scanners that pose as a keyboard (USB HID), read from the kernel's event device.

The device is grabbed: what is scanned comes here and to no window, so it never matters which window
has the focus. Set the scanner to a US English keyboard, Enter after each code, and GS (FNC1) as
Alt+029 or Ctrl+]::

    [devices.handheld]
    kind = "hid"
    path = "/dev/input/by-id/usb-Honeywell_1902-event-kbd"

The agent's user must be allowed to open it (docs/install.md).
"""

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar, Protocol

from pydantic import Field

from drivers.protocols import CodeReader, DeviceState, ScannerFrame
from drivers.reconnect import Close, OnLost, Reconnect
from drivers.registry import DeviceConfig
from drivers.scanners.keyboard import EV_KEY, EV_SYN, SYN_DROPPED, Keyboard, NoCharacterError

MAX_TEXT = 1_024
"""Characters of one code: more than any code of a product has."""
_SHOWN = 80
_MENDS = {
    errno.ENOENT: "is it plugged in?",
    errno.EACCES: "may the agent's user read it? see docs/install.md",
    errno.EBUSY: "does another program have it grabbed?",
}
OnFrame = Callable[[ScannerFrame], None]


class Config(DeviceConfig):
    role: ClassVar[str] = "scanner"
    kind: ClassVar[str] = "hid"

    path: Path
    """Of the event device, best by a name that stays: ``/dev/input/by-id/...-event-kbd``."""
    idle_ms: Annotated[int, Field(ge=20, le=2_000)] = 300
    """A code that goes on no further for so long without its Enter is refused: it was cut off."""


class Keys(Protocol):
    """An opened and grabbed event device."""

    def fileno(self) -> int: ...

    def read(self) -> Iterable[tuple[int, int, int]]:
        """Type, code and value of the events that wait. Raises OSError when it is gone."""
        ...

    def close(self) -> None: ...


class HidScanner:
    """One scanner. `open_keys` opens and grabs what the configuration names; raises OSError."""

    def __init__(
        self, name: str, config: Config, open_keys: Callable[[Path], Keys] | None = None
    ) -> None:
        self._config = config
        self._open_keys = open_keys or _Evdev
        self._link = Reconnect(name, str(config.path))
        self._keys: Keys | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._begin()

    def _begin(self) -> None:
        self._keyboard = Keyboard()
        self._text = ""
        self._defect: str | None = None

    @property
    def state(self) -> DeviceState:
        return replace(self._link.state, dropped_bytes=self._dropped)

    async def run(self, on_frame: OnFrame) -> None:
        async def open_link(on_lost: OnLost) -> Close:
            try:
                self._keys = self._open_keys(self._config.path)
            except OSError as error:
                raise OSError(f"{self._config.path} cannot be opened: {_explain(error)}") from error
            asyncio.get_running_loop().add_reader(
                self._keys.fileno(), self._readable, on_frame, on_lost
            )
            return self._close

        await self._link.run(open_link)

    def trigger(self) -> bool:
        return False  # nothing can be said to it: it reads and beeps by itself

    def answer(self, accepted: bool) -> bool:
        return True

    def _close(self) -> None:
        self._cancel_silence()
        self._dropped += len(self._text)
        self._begin()
        if self._keys is not None:
            asyncio.get_running_loop().remove_reader(self._keys.fileno())
            with contextlib.suppress(OSError):  # unplugged: the kernel has closed it
                self._keys.close()
            self._keys = None

    def _readable(self, on_frame: OnFrame, on_lost: OnLost) -> None:
        if self._keys is None:
            return
        self._cancel_silence()
        try:
            for kind, code, value in self._keys.read():
                self._take(kind, code, value, on_frame)
        except BlockingIOError:
            pass
        except OSError as error:
            asyncio.get_running_loop().remove_reader(self._keys.fileno())
            on_lost("unplugged" if error.errno == errno.ENODEV else _explain(error))
            return
        if self._text or self._defect:
            wait_s = self._config.idle_ms / 1_000
            loop = asyncio.get_running_loop()
            self._silence = loop.call_later(wait_s, self._cut_off, on_frame)

    def _take(self, kind: int, code: int, value: int, on_frame: OnFrame) -> None:
        if (kind, code) == (EV_SYN, SYN_DROPPED):
            self._spoil("keys were lost: this PC was too busy to take them")
        if kind != EV_KEY:
            return
        try:
            typed = self._keyboard.type(code, value)
        except NoCharacterError as error:
            self._spoil(str(error))
            return
        if typed in ("\n", "\r"):
            self._end(on_frame)
        elif len(self._text) + len(typed) > MAX_TEXT:
            self._dropped += len(typed)
            self._spoil(f"longer than {MAX_TEXT} characters without an Enter")
        else:
            self._text += typed

    def _spoil(self, defect: str) -> None:
        self._defect = self._defect or defect

    def _end(self, on_frame: OnFrame) -> None:
        text, defect = self._text, self._defect
        self._text, self._defect = "", None
        now_us = time.monotonic_ns() // 1_000
        if defect is not None:
            beginning = text[:_SHOWN].encode("unicode_escape").decode()
            on_frame(ScannerFrame(beginning, now_us, defect=defect))
        elif text:
            on_frame(ScannerFrame(text, now_us))

    def _cut_off(self, on_frame: OnFrame) -> None:
        self._silence = None
        self._spoil("no Enter came after it: set the scanner to send one after each code")
        self._end(on_frame)
        self._begin()

    def _cancel_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None


def build(name: str, config: Config) -> CodeReader:
    """The scanner, not yet connected."""
    return HidScanner(name, config)


class _Evdev:
    """The kernel's event device, grabbed (EVIOCGRAB)."""

    def __init__(self, path: Path) -> None:
        from evdev import InputDevice  # noqa: PLC0415 only a line with such a scanner needs it

        try:
            self._device = InputDevice(path, readonly=True)
        except OSError as error:
            if error.errno in (errno.ENOTTY, errno.EINVAL):
                raise OSError(error.errno, "it is no event device; see /dev/input/by-id") from None
            raise
        try:
            self._device.grab()
        except OSError:
            self._device.close()
            raise

    def fileno(self) -> int:
        return self._device.fd

    def read(self) -> Iterable[tuple[int, int, int]]:
        return [(event.type, event.code, event.value) for event in self._device.read()]

    def close(self) -> None:
        self._device.close()


def _explain(error: OSError) -> str:
    found = error.strerror or os.strerror(error.errno or 0)
    mend = _MENDS.get(error.errno or 0)
    return f"{found}; {mend}" if mend else found
