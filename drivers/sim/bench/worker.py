"""What the worker at the rework table does, without I/O: what he scans next, and when he is done.

He does one repair at a time and goes by the screen. Where it went dark in the middle he cannot know
whether the repair was taken: he begins again, and a refusal of the last scan then says that it was.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

from drivers.sim.truth import ContainerTruth

PATIENCE = 40
"""Beginnings of one repair, after which it is left."""


class Mend(StrEnum):
    """What is done to one product in a case; the barcodes on the sheet on the wall say it so."""

    REMOVE = "REMOVE"
    REPLACE = "REPLACE"
    SAMPLE = "SAMPLE"


@dataclass(frozen=True, slots=True)
class Repair:
    """One product of the case labelled `case`. `unit` and `fresh` are what a scanner sends, the
    keys are their identities; `fresh` takes the place of a damaged one."""

    mend: Mend
    case: str
    unit: str
    unit_key: str
    fresh: str = ""
    fresh_key: str = ""

    @property
    def scans(self) -> tuple[str, ...]:
        """What is scanned for it, from the resting screen."""
        return (f"EA:{self.mend}", self.unit, *([self.fresh] if self.fresh else []))

    def done_to(self, case: ContainerTruth) -> None:
        """Take the product out of `case`, and put the new one in."""
        case.contents.remove(self.unit_key)
        if self.fresh_key:
            case.contents.append(self.fresh_key)


def carry_out(repair: Repair) -> Generator[str, bool | None, bool]:
    """Yields what is scanned. Send whether the screen then was not red; None if it showed nothing,
    or nothing that can be believed. Returns whether the repair is done."""
    doubtful = False
    for _ in range(PATIENCE):
        for scan in repair.scans:
            seen = yield scan
            if seen is None:
                doubtful = True
                break
            if not seen:
                return doubtful and scan == repair.scans[-1]
        else:
            return True
    return False
