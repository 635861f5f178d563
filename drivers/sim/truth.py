"""What is true about the plant, written down as it happens and kept as one JSON file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class ItemTruth:
    """One product that passed the photo-eye."""

    number: int
    """The PLC's count, never wrapped."""
    at_ms: float
    """When it passed the photo-eye, from the start of the belt."""
    printed: str
    key: str | None
    """GS1 identity of a code that names a unit; None where nothing legible names it."""
    fault: str | None
    good: bool
    """Its code is legible, of this product, and no repeat of another's."""
    during: list[str] = field(default_factory=list)
    """Which outages it met between photo-eye and gate, or came shortly after."""
    outcome: str | None = None
    """``passed`` or ``ejected``; None while under way."""


@dataclass(slots=True)
class ContainerTruth:
    """A case or pallet. `code` is None until its label was applied."""

    level: str
    contents: list[str] = field(default_factory=list)
    """The identities of what was put in, in order; a unit that has none is told by its number."""
    code: str | None = None
    scans: int = 0
    """How often its label was scanned until the agent accepted it."""
    acknowledged: bool = False


@dataclass(slots=True)
class Truth:
    """Everything that happened. Containers stand in the order in which they were begun."""

    seed: int
    items: list[ItemTruth] = field(default_factory=list)
    cases: list[ContainerTruth] = field(default_factory=list)
    pallets: list[ContainerTruth] = field(default_factory=list)
    outages: dict[str, int] = field(default_factory=dict)
    """How often each outage happened."""
    complete: bool = False
    """The belt ran empty and the packer had nothing left to do."""

    def counts(self) -> dict[str, int]:
        """How far the day has come."""
        return {
            "items": len(self.items),
            "passed": sum(item.outcome == "passed" for item in self.items),
            "ejected": sum(item.outcome == "ejected" for item in self.items),
            "cases": sum(case.acknowledged for case in self.cases),
            "pallets": sum(pallet.acknowledged for pallet in self.pallets),
        }

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        fresh.replace(path)


def load_truth(path: Path) -> Truth:
    """The truth that was saved at `path`."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    raw["items"] = [ItemTruth(**item) for item in raw["items"]]
    raw["cases"] = [ContainerTruth(**case) for case in raw["cases"]]
    raw["pallets"] = [ContainerTruth(**pallet) for pallet in raw["pallets"]]
    return Truth(**raw)
