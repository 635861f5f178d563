"""The same code read twice in a row is one scan, not two products.

Suppression goes by code, never by locking the scanner out.
"""

from dataclasses import astuple, dataclass
from typing import Any

from edge_agent.core.inputs import Read


@dataclass(slots=True)
class Seen:
    """The last time a text was read at this station, and whether it was accepted then."""

    at_us: int
    accepted: bool = False


class Rereads:
    """What one station read within the last `window_us`. `suppressed` counts the repeats for which
    nothing was done."""

    def __init__(self, window_us: int) -> None:
        self._window_us = window_us
        self._seen: dict[str, Seen] = {}
        self.suppressed = 0

    def seen(self, read: Read) -> Seen | None:
        """The earlier read that `read` repeats within the window, if any. Remembers `read`."""
        if read.text is None or read.defect is not None or not self._window_us:
            return None
        at_us = read.at.mono_us
        self._forget_before(at_us)
        earlier = self._seen.pop(read.text, None)
        # Put last again: the dictionary stays in order of time, so forgetting stops early.
        self._seen[read.text] = Seen(at_us, earlier.accepted if earlier else False)
        return earlier

    def accept(self, read: Read) -> None:
        """`read`, just seen, was accepted."""
        if read.text in self._seen:
            self._seen[read.text].accepted = True

    def forget(self) -> None:
        """What is read next is no repeat, whatever it is."""
        self._seen.clear()

    def _forget_before(self, now_us: int) -> None:
        while self._seen:
            text, seen = next(iter(self._seen.items()))
            if now_us - seen.at_us <= self._window_us:
                return
            del self._seen[text]

    def to_json(self) -> dict[str, Any]:
        """What was read of late and the count of repeats, as plain JSON values."""
        seen = {text: astuple(each) for text, each in self._seen.items()}
        return {"seen": seen, "suppressed": self.suppressed}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on with what `to_json` wrote."""
        self._seen = {text: Seen(*each) for text, each in saved["seen"].items()}
        self.suppressed = saved["suppressed"]
