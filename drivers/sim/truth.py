"""What is true about the plant, written down as it happens and kept as one JSON file."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Fate(StrEnum):
    """Where a thing went."""

    PASSED = "passed"
    EJECTED = "ejected"
    REMOVED = "removed"
    """By hand, before it came to the gate."""


@dataclass(slots=True)
class ItemTruth:
    """One thing that was on the belt."""

    number: int | None
    """The PLC's count at the trigger, never wrapped; None: no PLC has counted it."""
    at_ms: float
    """When it passed the trigger, or was put in behind it, from the start of the belt."""
    printed: str
    key: str | None
    """GS1 identity of a code that names a unit; None where nothing legible names it."""
    fault: str | None
    good: bool
    """Its code is legible, of this product, and no repeat of another's."""
    during: list[str] = field(default_factory=list)
    """What happened to the plant that may have cost this thing its pass, or its confirmation."""
    outcome: str | None = None
    """A `Fate`; None while it is on the belt."""
    start: int = 0
    """The number of the PLC's start that counted it."""
    counted_before: list[tuple[int, int]] = field(default_factory=list)
    """Start and number, where it was counted more than once: it lay before the eye when the PLC
    restarted, or was held back there. Anything else here is a fault of the PLC's program."""
    ailment: str | None = None
    """Why the flap was not where a sound one would have been when the thing came to it."""

    taken_out: bool = False
    """It passed, but the PLC missed its eject and said so: a person took it out behind the gate."""

    def note(self, what: str) -> None:
        """Add to `during`."""
        if what not in self.during:
            self.during.append(what)


@dataclass(slots=True)
class ContainerTruth:
    """A case or pallet. `code` is None until its label was applied."""

    level: str
    contents: list[str] = field(default_factory=list)
    """The identities of what was put in, in order; a unit that has none is told by its number."""
    code: str | None = None
    scans: int = 0
    """How often its labels were scanned, or put under the camera, until the agent accepted one."""
    replaced: list[str] = field(default_factory=list)
    """Labels that could not be read and were covered by the next."""
    acknowledged: bool = False


@dataclass(slots=True)
class Truth:
    """Everything that happened. Containers stand in the order in which they were begun."""

    seed: int
    items: list[ItemTruth] = field(default_factory=list)
    """What passed the trigger, in order."""
    put_in: list[ItemTruth] = field(default_factory=list)
    """What hands put on the belt behind the trigger."""
    cases: list[ContainerTruth] = field(default_factory=list)
    pallets: list[ContainerTruth] = field(default_factory=list)
    outages: dict[str, int] = field(default_factory=dict)
    """How often each outage and mishap happened."""
    complete: bool = False
    """The belt ran empty and the packer had nothing left to do."""

    def counts(self) -> dict[str, int]:
        """How far the day has come."""
        return {
            "items": len(self.items),
            "passed": sum(item.outcome == Fate.PASSED for item in self.items),
            "ejected": sum(item.outcome == Fate.EJECTED for item in self.items),
            "cases": sum(case.acknowledged for case in self.cases),
            "pallets": sum(pallet.acknowledged for pallet in self.pallets),
        }

    def happened(self, what: str) -> None:
        """Count an outage or a mishap."""
        self.outages[what] = self.outages.get(what, 0) + 1

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)


def load_truth(path: Path) -> Truth:
    """The truth that was saved at `path`."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for things in ("items", "put_in"):
        raw[things] = [_thing(item) for item in raw[things]]
    raw["cases"] = [ContainerTruth(**case) for case in raw["cases"]]
    raw["pallets"] = [ContainerTruth(**pallet) for pallet in raw["pallets"]]
    return Truth(**raw)


def _thing(raw: dict[str, Any]) -> ItemTruth:
    before = [(start, number) for start, number in raw.pop("counted_before")]
    return ItemTruth(**raw, counted_before=before)
