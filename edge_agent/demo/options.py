"""What may be asked of the demo."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drivers.sim.script import Fault

HQ_OFFLINE = "hq-offline"
"""HQ is stopped for a few seconds in the middle: the one fault that the plant cannot make."""
FAULTS = (*(fault.value for fault in Fault), HQ_OFFLINE)


class DemoError(Exception):
    """The demo cannot run on; the message says what failed and where to look."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`units` products at `rate` a minute. `keep` is a directory for everything that is made."""

    units: int
    rate: int
    seed: int
    faults: tuple[str, ...]
    json_file: Path | None
    keep: Path | None

    @classmethod
    def of(
        cls,
        units: int,
        rate: int,
        seed: int,
        faults: str | None,
        json_file: Path | None,
        keep: Path | None,
    ) -> Self:
        """As given on the command line: `faults` are comma-separated, ``none``, or None for all."""
        names = FAULTS if faults is None else tuple(filter(None, faults.split(",")))
        return cls(units, rate, seed, () if faults == "none" else names, json_file, keep)

    def check(self) -> None:
        """Raise DemoError naming every fault that does not exist."""
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise DemoError(
                f"--faults has {', '.join(unknown)}; expected some of {', '.join(FAULTS)}"
            )

    @property
    def plant_faults(self) -> str:
        """What the plant is told."""
        return ",".join(name for name in self.faults if name != HQ_OFFLINE)
