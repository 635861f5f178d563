"""Labels: what each says, what became of it, and whose label was scanned."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from edge_agent.core.events import (
    Closed,
    Event,
    LabelFailed,
    LabelPrinted,
    LabelQueued,
    LabelVerified,
    Opened,
    Parked,
    Reworked,
)
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    JobId,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.saying import Saying, say
from edge_agent.core.sscc import SsccRange

KEPT = 300
"""Labels of closed containers that are remembered whole, for a reprint."""
FIELDS = (
    "product", "gtin", "batch", "made", "expiry", "count", "units", "sscc", "order", "line",
    "level", "mark",
)  # fmt: skip
"""What a template may name. Dates are ISO 8601; `count` is how many lie in the container, `units`
how many things of the lowest level; `mark` is empty on the first label of a code."""

FAULTS: Mapping[str, Saying] = {
    "media-out": say("the printer is out of labels: put a roll in"),
    "ribbon-out": say("the printer is out of ribbon: put a new one in"),
    "head-open": say("the print head is open: close it"),
    "paused": say("the printer is paused: press its pause button"),
    "buffer-full": say("the printer's memory is full: switch it off and on"),
    "memory-lost": say("the printer has lost its settings: call a technician"),
    "too-hot": say("the print head is too hot: wait"),
    "too-cold": say("the print head is too cold: wait"),
    "silent": say("the printer does not answer: look for labels, ribbon and an open head"),
    "away": say("the printer is switched off or its cable is out"),
    "broken": say("the connection to the printer broke in the middle of a label"),
    "garbled": say("the printer answers what no label printer says: look at its language, ZPL"),
    "queue-full": say("too many labels wait for this printer"),
    "restarted": say("the line was restarted while the label was under way"),
    "stuck": say("the printer does not finish the label: look at it"),
    "void": say("the label was not printed: what it says is not so any more"),
}
"""Why a label was not printed, or nobody knows: `PrinterWord.failure` in words, with the mend."""


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """The label of a level's containers, as configured. `sscc` is None where the code is not made
    here. `copies` labels are printed of each code; `verify`: one must be scanned."""

    template: str
    printer: str
    sscc: SsccRange | None = None
    verify: bool = True
    copies: int = 1


class Fate(StrEnum):
    """What became of a label."""

    QUEUED = "queued"
    PRINTED = "printed"
    FAILED = "failed"
    VERIFIED = "verified"
    SUPERSEDED = "superseded"
    """Another label is printed in its place, or what it says is no longer so."""


_UNSEEN = (Fate.QUEUED, Fate.PRINTED, Fate.FAILED)


@dataclass(slots=True)
class Job:
    """One label. `told`: the printer has spoken of it. `closed`: its container is, so nothing waits
    for its scan."""

    id: JobId
    station: StationName
    level: LevelName
    container: ContainerId | None
    key: CodeKey
    printer: str
    template: str
    fields: dict[str, str]
    copy: int
    fate: Fate = Fate.QUEUED
    told: bool = False
    closed: bool = False
    approved_by: PersonId | None = None

    @property
    def is_due(self) -> bool:
        """Whether its scan closes a container."""
        is_open = self.container is not None and not self.closed
        return is_open and self.fate in _UNSEEN

    @property
    def is_unseen(self) -> bool:
        """Whether it is a further label of a closed container, and was not scanned yet."""
        return self.copy > 1 and not self.is_due and self.fate in _UNSEEN


@dataclass(frozen=True, slots=True)
class Match:
    """Whose label was scanned. `job` is the label with that code, None if none is known; `due` is
    the one whose scan is awaited, None if none is. They differ when the labels are shifted."""

    job: Job | None
    due: Job | None

    @property
    def is_right(self) -> bool:
        return self.job is not None and self.due is not None and self.job.key == self.due.key


@dataclass(slots=True)
class Labels:
    """Every label that may still be scanned, and the last KEPT of the others. Changes only by
    `apply`."""

    next_number: dict[str, int] = field(default_factory=dict)
    """By name of the range: the smallest serial reference that was never taken."""
    next_job: JobId = field(default=JobId(1))
    jobs: dict[JobId, Job] = field(default_factory=dict)
    """In the order in which their containers wait."""

    def apply(self, event: Event) -> None:
        """Take in one more event."""
        match event:
            case LabelQueued():
                self._queue(event)
            case LabelPrinted(job=number):
                self._tell(number, Fate.PRINTED)
            case LabelFailed(job=number):
                self._tell(number, Fate.FAILED)
            case LabelVerified(job=number):
                if (job := self.jobs.get(number)) is not None:
                    job.fate = Fate.VERIFIED
            case Closed(container=container):
                for job in self._on({container}):
                    job.closed = True
                self._forget()
            case Opened(container=container):
                # Closed again, it gets a label that says what lies in it then.
                for job in self._on({container}):
                    job.closed, job.fate = False, Fate.SUPERSEDED
            case Parked(container=container):
                self._supersede({container})
            case Reworked(moves=moves):
                # What lies in them now is not what their labels count.
                self._supersede(
                    {place.inside for move in moves for place in (move.before, move.after)}
                )
            case _:
                pass

    def _supersede(self, containers: Collection[ContainerId | None]) -> None:
        for job in self._on(containers):
            if job.is_due:
                job.fate = Fate.SUPERSEDED

    def _on(self, containers: Collection[ContainerId | None]) -> list[Job]:
        """The labels of `containers`."""
        return [job for job in self.jobs.values() if job.container in containers]

    def _queue(self, event: LabelQueued) -> None:
        if event.range is not None and event.number is not None:
            following = max(self.next_number.get(event.range, 0), event.number + 1)
            self.next_number[event.range] = following
        self.next_job = JobId(max(self.next_job, event.job + 1))
        earlier = [job for job in self.jobs.values() if job.key == event.key]
        due = next((job for job in reversed(earlier) if job.is_due), None)
        if event.reprint_of is not None:
            for job in earlier:
                job.fate = Fate.SUPERSEDED
        queued = Job(
            event.job,
            # Wherever it is asked for once more, its container stands at the bench it did.
            due.station if due else event.station,
            event.level,
            event.container,
            event.key,
            event.printer,
            event.template,
            dict(event.fields),
            event.copy,
            closed=any(job.closed for job in earlier),
            approved_by=due.approved_by if due else event.approved_by,
        )
        jobs = list(self.jobs.values())
        # And waits for its scan in its turn.
        jobs.insert(jobs.index(due) + 1 if due else len(jobs), queued)
        self.jobs = {job.id: job for job in jobs}
        self._forget()

    def _tell(self, number: JobId, fate: Fate) -> None:
        if (job := self.jobs.get(number)) is not None:
            job.told = True
            if job.fate is Fate.QUEUED:
                job.fate = fate

    def _forget(self) -> None:
        over = sum(not job.is_due for job in self.jobs.values()) - KEPT
        for job in [job for job in self.jobs.values() if not job.is_due][: max(over, 0)]:
            del self.jobs[job.id]

    def expected(self, level: LevelName, station: StationName | None = None) -> Job | None:
        """The label whose scan is awaited: of containers of `level` (at `station`) the oldest."""
        return next(
            (
                job
                for job in self.jobs.values()
                if job.is_due and job.level == level and station in (None, job.station)
            ),
            None,
        )

    def of(self, container: ContainerId) -> Job | None:
        """The last label of an open container that is still true; None if it has none."""
        found = [job for job in self._on({container}) if job.is_due]
        return found[-1] if found else None

    def under_way(self) -> list[Job]:
        """Labels of which the printer has not spoken yet."""
        return [job for job in self.jobs.values() if not job.told]

    def is_void(self, number: JobId) -> bool:
        """Whether nobody wants the label of job `number` any more."""
        job = self.jobs.get(number)
        return job is not None and job.fate is Fate.SUPERSEDED

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "next_number": self.next_number,
            "next_job": self.next_job,
            "jobs": [asdict(job) for job in self.jobs.values()],
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Labels":
        """What `to_json` wrote."""
        jobs = [Job(**{**job, "fate": Fate(job["fate"])}) for job in saved["jobs"]]
        return cls(
            dict(saved["next_number"]), JobId(saved["next_job"]), {job.id: job for job in jobs}
        )


def texts(
    product: Mapping[str, str], order: Mapping[str, str], /, **known: str | int | None
) -> dict[str, str]:
    """The fields of a template, from the product's and the order's values and what else is known
    (``gtin``, ``batch``, ``count``, ``order``, ``line``): what lies in the container goes before
    what the order says."""
    found = {name: order[name] for name in ("gtin", "batch", "made", "expiry") if name in order}
    found["product"] = product.get("name", "")
    found |= {name: str(value) for name, value in known.items() if value is not None}
    return {name: found.get(name, "") for name in FIELDS}


def match(
    labels: Labels, level: LevelName, key: CodeKey, station: StationName | None = None
) -> Match:
    """Whose label was scanned, and whose is due (at `station`).

    After a new roll a printer may print the label before once more: then each label is one off.
    """
    named = [job for job in labels.jobs.values() if job.key == key]
    return Match(named[-1] if named else None, labels.expected(level, station))
