"""What may be asked of the demo."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drivers.sim.script import Fault

HQ_OFFLINE = "hq-offline"
"""HQ is stopped for a few seconds in the middle: the one fault that the plant cannot make."""
NONE = "none"
FAULTS = (*(fault.value for fault in Fault), HQ_OFFLINE)


class DemoError(Exception):
    """The demo cannot run on; the message says what failed and where to look."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`units` products at `rate` a minute. `keep` is a directory for everything that is made.
    `stay`: the screens stay when all is done, until the demo is interrupted."""

    units: int
    rate: int
    seed: int
    faults: tuple[str, ...]
    json_file: Path | None
    keep: Path | None
    stay: bool = False

    @classmethod
    def of(
        cls,
        units: int,
        rate: int,
        seed: int,
        faults: str | None,
        json_file: Path | None,
        keep: Path | None,
        *,
        stay: bool = False,
    ) -> Self:
        """As given on the command line: `faults` are comma-separated, ``none``, or None for all."""
        names = FAULTS
        if faults is not None:
            names = tuple(name.strip() for name in faults.split(",") if name.strip())
        given = () if names == (NONE,) else names
        return cls(units, rate, seed, given, json_file, keep, stay)

    def check(self) -> None:
        """Raise DemoError naming everything that cannot be had."""
        wrong = []
        if NONE in self.faults:
            wrong.append(f"--faults has {NONE} beside others; give it alone")
        unknown = [name for name in self.faults if name not in (*FAULTS, NONE)]
        if unknown:
            known = ", ".join(FAULTS)
            wrong.append(f"--faults has {', '.join(unknown)}; expected some of {known}, or {NONE}")
        if self.json_file is not None and not self._can_hold_result(self.json_file):
            wrong.append(f"--json is {self.json_file}; expected a file in a directory to write to")
        if wrong:
            raise DemoError("; ".join(wrong))

    def _can_hold_result(self, path: Path) -> bool:
        directory = path.parent.resolve()
        is_made = self.keep is not None and directory == self.keep.resolve()
        return not path.is_dir() and (is_made or os.access(directory, os.W_OK))

    @property
    def plant_faults(self) -> str:
        """What the plant is told."""
        return ",".join(name for name in self.faults if name != HQ_OFFLINE)
