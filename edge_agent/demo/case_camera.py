"""The cases' camera: its verdicts beside the plant's truth, its pictures beside the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from drivers.sim.truth import Truth
from edge_agent.camera.evidence.store import kept
from edge_agent.core.events import Commissioned, Event, PictureLost, Reason, Rejected
from edge_agent.demo.reconcile import Difference
from edge_agent.demo.workspace import CASES


@dataclass(frozen=True, slots=True)
class CameraAccount:
    """What the ledger says of the camera's station."""

    cases: frozenset[str]
    """Labels that were accepted."""
    no_reads: int
    refused: int
    """Codes that were read and refused."""
    pictures: frozenset[str]
    """SHA-256 of the pictures to which rejects refer."""
    lost: frozenset[str]
    """Those that an event says are not kept."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> "CameraAccount":
        here = [event for event in events if event.station == CASES]
        rejects = [event for event in here if isinstance(event, Rejected)]
        no_reads = sum(each.reason is Reason.UNREAD for each in rejects)
        return cls(
            cases=frozenset(each.key for each in here if isinstance(each, Commissioned)),
            no_reads=no_reads,
            refused=len(rejects) - no_reads,
            pictures=frozenset(each.picture for each in rejects if each.picture),
            lost=frozenset(each.picture for each in here if isinstance(each, PictureLost)),
        )


def is_settled(account: CameraAccount, directory: Path) -> bool:
    """Whether every picture is kept in `directory`, or known to be lost."""
    return account.pictures <= account.lost | {each.sha256 for each in kept(directory)}


def picture_differences(account: CameraAccount, directory: Path) -> list[Difference]:
    """Pictures whose file is missing, is not what its name and the ledger say, or belongs to no
    reject."""
    found = {each.sha256: sha256(each.path.read_bytes()).hexdigest() for each in kept(directory)}
    told = account.pictures - account.lost
    return [
        Difference(
            "picture",
            name,
            {"ledger": name if name in told else None, "evidence": found.get(name)},
        )
        for name in sorted(told | found.keys())
        if found.get(name) != name or name not in account.pictures
    ]


def label_differences(account: CameraAccount, truth: Truth) -> list[Difference]:
    """Labels that are on a full case and were not accepted, or the other way round. One that was
    covered by another must not have been accepted."""
    applied = {case.code for case in truth.cases if case.code is not None}
    return [
        Difference(
            "case label",
            label,
            {
                "plant": "on a case" if label in applied else None,
                "ledger": "accepted" if label in account.cases else None,
            },
        )
        for label in sorted(applied ^ account.cases)
    ]


def counts(
    account: CameraAccount, truth: Truth, directory: Path, status: Mapping[str, Any]
) -> dict[str, int]:
    """For the report. `status` is the camera role's own, of the time since its last start."""
    rungs: Mapping[str, Mapping[str, int]] = status.get("rungs", {})
    zbar = [rung for name, rung in rungs.items() if name.startswith("zbar")]
    return {
        "cases read": len(account.cases),
        "no-reads": account.no_reads,
        "refused": account.refused,
        "labels replaced": sum(len(case.replaced) for case in truth.cases),
        "cases put in": sum(case.scans for case in truth.cases),
        "frames": status.get("frames", 0),
        "frames with a code": sum(rung["found"] for rung in rungs.values()),
        "zbar asked": sum(rung["tries"] for rung in zbar),
        "by zbar": sum(rung["found"] for rung in zbar),
        "pictures": sum(1 for _ in kept(directory)),
        "pictures lost": len(account.lost),
    }
