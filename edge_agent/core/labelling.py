"""When a label is printed, with which number, and what follows from what the printer says.

An SSCC is taken by the event that queues its label. That event is on disk before the printer hears
of it, so a number that may be on paper is never given again, whatever crashes.
"""

from collections.abc import Mapping, Sequence

from edge_agent.core.effects import Print, Show, Tone
from edge_agent.core.events import LabelFailed, LabelPrinted, LabelQueued, Reason
from edge_agent.core.inputs import PrinterWord, Sample
from edge_agent.core.labels import FAULTS, Fate, Job, texts
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    Instant,
    JobId,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.record import Record
from edge_agent.core.saying import Saying, say
from edge_agent.core.sscc import SsccRange, key_of

LOOKED_AT = 1_000
"""Numbers that are tried for one label: bounds how long a decision takes."""
SAMPLE = CodeKey("sample")
"""Of a label that tests the printer: no code can be so."""


def queue(
    record: Record,
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
    record: Record,
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


def sample(record: Record, given: Sample) -> None:
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


def word(record: Record, given: PrinterWord) -> Job | None:
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


def _free_number(record: Record, taken: SsccRange) -> int | None:
    """The next serial reference that no code of this line has; None if there is none."""
    number = max(taken.first, record.state.labels.next_number.get(taken.name, 0))
    # Labels from a roll may have used some of the range before.
    for each in range(number, min(taken.last, number + LOOKED_AT) + 1):
        if record.history.find(key_of(taken.sscc(each))) is None:
            return each
    return None


def _units(record: Record, children: Sequence[CodeKey]) -> str:
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


def _print(record: Record, event: LabelQueued) -> None:
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
