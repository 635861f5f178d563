"""A hand scanner on a serial line, and the person who holds it."""

from pathlib import Path
from time import monotonic_ns

from drivers.sim.serial_scanner import SerialScanner


class HandScanner:
    """Plugged in at `link` until it is closed. `scanned_ns` is when the last line was written
    (CLOCK_MONOTONIC)."""

    def __init__(self, link: Path) -> None:
        self._scanner = SerialScanner(link)
        self._scanner.plug()
        self.scanned_ns = 0

    def scan(self, text: str) -> None:
        """Pull the trigger once. Raises OSError if nobody listens any more."""
        self.scanned_ns = monotonic_ns()
        if not self._scanner.say(text.encode()):
            raise BrokenPipeError("nobody reads what is scanned")

    def ask(self, command: str, argument: str = "") -> None:
        """Scan a command's barcode from the sheet on the wall."""
        self.scan(f"EA:{command}:{argument}" if argument else f"EA:{command}")

    def show_badge(self, secret: str) -> None:
        """Scan the badge round the neck."""
        self.scan(f"EA:BADGE:{secret}")

    def close(self) -> None:
        """Put it away: its cable is out."""
        self._scanner.unplug()
