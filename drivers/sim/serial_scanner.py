"""A serial scanner: a pty behind a link that udev would have made."""

import asyncio
import os
import tty
from pathlib import Path


class SerialScanner:
    """The scanner's own end of its cable. Lines end with CR.

    `link` is where the agent finds the device, as under /dev/serial/by-id. Each plugging in makes
    a new device and points the link to it.
    """

    def __init__(self, link: Path) -> None:
        self._link = link
        self._own_end: int | None = None
        self._far_end: int | None = None

    def plug(self) -> None:
        self._own_end, self._far_end = os.openpty()
        # Raw, and kept open here too: with no opener the settings and the bytes would be forgotten.
        tty.setraw(self._far_end)
        os.set_blocking(self._own_end, False)
        asyncio.get_running_loop().add_reader(self._own_end, self._swallow, self._own_end)
        fresh = self._link.with_suffix(".new")
        fresh.symlink_to(os.ttyname(self._far_end))
        fresh.replace(self._link)

    def unplug(self) -> None:
        """The device is gone: its openers get an error, the link disappears."""
        if self._own_end is None or self._far_end is None:
            return
        self._link.unlink()
        asyncio.get_running_loop().remove_reader(self._own_end)
        os.close(self._own_end)
        os.close(self._far_end)
        self._own_end = self._far_end = None

    def say(self, line: bytes) -> bool:
        """Send `line`. False if it was lost: unplugged, or the device full because nobody reads."""
        if self._own_end is None:
            return False
        try:
            return os.write(self._own_end, line + b"\r") == len(line) + 1
        except BlockingIOError:
            return False

    def _swallow(self, own_end: int) -> None:
        """The agent's beeps and lamps: heard, not acted upon."""
        os.read(own_end, 1024)
