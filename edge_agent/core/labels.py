"""Labels: which number each container gets, what became of its label, and whose label was scanned.

An SSCC is taken by the event that queues its label. That event is on disk before the printer hears
of it, so a number that may be on paper is never given again, whatever crashes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edge_agent.core.effects import Print, Show, Tone
from edge_agent.core.events import (
    Closed,
    Event,
    LabelFailed,
    LabelPrinted,
    LabelQueued,
    LabelVerified,
    Opened,
    Reason,
    Reworked,
)
from edge_agent.core.inputs import PrinterWord, Sample
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    Instant,
    JobId,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.saying import Saying, say
from edge_agent.core.sscc import SsccRange, key_of

if TYPE_CHECKING:  # the record holds the state, of which this module is a part
    from edge_agent.core.record import Record

KEPT = 300
"""Labels of closed containers that are remembered whole, for a reprint."""
LOOKED_AT = 1_000
"""Numbers that are tried for one label: bounds how long a decision takes."""
SAMPLE = CodeKey("sample")
"""Of a label that tests the printer: no code can be so."""
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
            case Reworked(moves=moves):
                touched = {place.inside for move in moves for place in (move.before, move.after)}
                # What lies in them now is not what their labels count.
                for job in filter(lambda job: job.is_due, self._on(touched)):
                    job.fate = Fate.SUPERSEDED
            case _:
                pass

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


def queue(
    record: "Record",
    station: StationName,
    at: Instant,
    level: LevelName,
    container: ContainerId,
    fields: Mapping[str, str],
    by: PersonId | None,
    key: CodeKey | None = None,
    approved_by: PersonId | None = None,
) -> JobId | Saying:
    """Have the label of `container` printed, each of its copies; the first one's job. Where it had
    a label before, as one that was opened again, these are reprints.

    `fields` are the texts of the template (see `texts`); the SSCC is filled in. It is taken from
    the level's range, or it is `key` where the container has a code already. A refusal if the
    range is used up: it never begins anew.
    """
    plan = record.plan.labels[level]
    taken: SsccRange | None = None
    number: int | None = None
    if key is None:
        if plan.sscc is None:
            raise ValueError(f"level {level} has no sscc: its containers bring their code")
        taken, number = plan.sscc, _free_number(record, plan.sscc)
        if number is None:
            return say(
                "no SSCC is free: {first} to {last} of {prefix} are used up; a technician must "
                "configure other numbers",
                first=taken.first,
                last=taken.last,
                prefix=taken.prefix,
            )
        key = key_of(taken.sscc(number))
    filling = record.state.packing.find(container)
    said = dict(fields)
    said["units"] = _units(record, filling.children) if filling else said.get("count", "")
    first = record.state.labels.next_job
    earlier = [job for job in record.state.labels.jobs.values() if job.key == key]
    before = max((job.copy for job in earlier), default=0)
    for copy in range(before + 1, before + plan.copies + 1):
        event = LabelQueued(
            at=at.isoformat(),
            station=station,
            job=record.state.labels.next_job,
            printer=plan.printer,
            template=plan.template,
            level=level,
            container=container,
            key=key,
            fields=_filled(said, level, key, _mark(copy, before)),
            copy=copy,
            range=taken.name if taken else None,
            number=number,
            reprint_of=earlier[-1].id if earlier and copy == before + 1 else None,
            by=by,
            approved_by=approved_by,
        )
        _print(record, event)
    return first


def reprint(
    record: "Record",
    station: StationName,
    at: Instant,
    key: CodeKey,
    by: PersonId | None,
    why: str,
) -> Saying | None:
    """Print the label of container `key` once more, counted and marked. None, or why not.

    A label that is not remembered any more says what the ledger knows of its container.
    """
    jobs = [job for job in record.state.labels.jobs.values() if job.key == key and job.copy]
    known = record.history.find(key)
    holds = known.holds if known else None
    if jobs:
        level, fields = jobs[-1].level, dict(jobs[-1].fields)
    elif known is not None and holds is not None:
        level, fields = known.level, texts({}, {}, gtin=known.gtin, batch=known.lot)
    else:
        return say("{key} is no container that had a label: scan the container", key=key)
    filling = None if holds is None else record.state.packing.find(holds)
    if filling is not None and not filling.ready:
        return say("the {level} is open: its label is printed when it is closed", level=level)
    if jobs and jobs[-1].fate is Fate.QUEUED:
        return say("the label is being printed: wait for it, or look at the printer")
    plan = record.plan.labels.get(level)
    if plan is None:
        return say("a {level} has no label on this line", level=level)
    # A repair may have changed what lies in it.
    if holds is not None and (container := record.history.container(holds)):
        fields["count"] = str(len(container.children))
        fields["units"] = _units(record, container.children)
    copy = max((job.copy for job in jobs), default=1) + 1
    event = LabelQueued(
        at=at.isoformat(),
        station=station,
        job=record.state.labels.next_job,
        printer=plan.printer,
        template=plan.template,
        level=level,
        # One that is not remembered was closed long ago: nobody waits for its scan.
        container=jobs[-1].container if jobs else None,
        key=key,
        fields=_filled(fields, level, key, _mark(copy, copy - 1)),
        copy=copy,
        reprint_of=jobs[-1].id if jobs else None,
        by=by,
        why=why,
    )
    _print(record, event)
    return None


def sample(record: "Record", given: Sample) -> None:
    """Have a sample printed: a job like others, but of no container and with no number."""
    plan = record.plan.labels[given.level]
    event = LabelQueued(
        at=given.at.isoformat(),
        station=given.line,
        job=record.state.labels.next_job,
        printer=plan.printer,
        template=plan.template,
        level=given.level,
        container=None,
        key=SAMPLE,
        fields=given.fields,
        copy=0,
        by=given.by,
        why="to test the printer",
    )
    _print(record, event)
    saying = say("a sample is on its way to {printer}", printer=plan.printer)
    record.decision.effects.append(Show(given.line, Tone.GOOD, saying, given.at.mono_us))


def word(record: "Record", given: PrinterWord) -> Job | None:
    """What the printer says of a job; the job, if somebody still waits for it. A failure is shown
    then."""
    job = record.state.labels.jobs.get(given.job)
    if job is None or job.told:
        return None
    is_awaited = job.fate is Fate.QUEUED
    at = given.at.isoformat()
    if not given.failure:
        record.emit(LabelPrinted(at=at, station=given.station, job=job.id))
        return job if is_awaited else None
    saying = FAULTS.get(given.failure) or say(
        "the label cannot be drawn: {fault}", fault=given.failure
    )
    record.emit(LabelFailed(at=at, station=given.station, job=job.id, detail=str(saying)))
    if not is_awaited:
        return None
    record.decision.effects.append(
        Show(
            given.station,
            Tone.BAD,
            say(
                "no label for this {level}: look at the printer, then scan REPRINT", level=job.level
            ),
            given.at.mono_us,
            reason=Reason.REFUSED,
            key=job.key,
            culprits=(saying,),
        )
    )
    return job


def match(
    labels: Labels, level: LevelName, key: CodeKey, station: StationName | None = None
) -> Match:
    """Whose label was scanned, and whose is due (at `station`).

    After a new roll a printer may print the label before once more: then each label is one off.
    """
    named = [job for job in labels.jobs.values() if job.key == key]
    return Match(named[-1] if named else None, labels.expected(level, station))


def _free_number(record: "Record", taken: SsccRange) -> int | None:
    """The next serial reference that no code of this line has; None if there is none."""
    number = max(taken.first, record.state.labels.next_number.get(taken.name, 0))
    # Labels from a roll may have used some of the range before.
    for each in range(number, min(taken.last, number + LOOKED_AT) + 1):
        if record.history.find(key_of(taken.sscc(each))) is None:
            return each
    return None


def _units(record: "Record", children: Sequence[CodeKey]) -> str:
    """How many things of the lowest level lie in a container of `children`."""
    lowest, lowest_container = (level.name for level in record.plan.levels[:2])

    def count(keys: Sequence[CodeKey]) -> int:
        total = 0
        for key in keys:
            known = record.history.find(key)
            inside = record.history.container(known.holds) if known and known.holds else None
            if known is None or inside is None:
                total += 1
            elif known.level == lowest_container:
                total += len(inside.children)
            else:
                total += count(inside.children)
        return total

    first = record.history.find(children[0]) if children else None
    # The things themselves need not be looked up one by one.
    return str(len(children) if first is None or first.level == lowest else count(children))


def _mark(copy: int, before: int) -> str:
    """What label `copy` of a code says of itself, `before` of them having been printed earlier."""
    if before:
        return f"补打 REPRINT {copy}"
    return f"副本 COPY {copy}" if copy > 1 else ""


def _filled(fields: Mapping[str, str], level: LevelName, key: CodeKey, mark: str) -> dict[str, str]:
    sscc = key.removeprefix("00") if key.startswith("00") else ""
    return {**fields, "level": level, "sscc": sscc, "mark": mark}


def _print(record: "Record", event: LabelQueued) -> None:
    record.emit(event)
    record.decision.effects.append(
        Print(
            event.station,
            event.job,
            event.printer,
            event.template,
            event.key,
            event.fields,
            event.copy,
        )
    )
