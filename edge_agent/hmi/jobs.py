"""The latest print jobs, as the ledger has them."""

from dataclasses import dataclass, replace

from edge_agent.core.body import from_body
from edge_agent.core.events import LabelFailed, LabelPrinted, LabelQueued, LabelVerified
from edge_agent.ledger.reader import LedgerReader

LOOK_BACK = 20_000
"""Events among which jobs are looked for: some hours of a line, some 50 ms."""
JOBS = 30
_LABEL = '{"kind":"label_'


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job. `fate` is queued, printed, failed or verified; `detail` says why it failed."""

    job: int
    at: str
    station: str
    printer: str
    level: str
    key: str
    copy: int
    fate: str = "queued"
    detail: str = ""


def latest(ledger: LedgerReader) -> list[JobLine]:
    """The newest jobs among the last events, newest first."""
    last, _ = ledger.head()
    jobs: dict[int, JobLine] = {}
    for _, body, _ in ledger.walk(max(0, last - LOOK_BACK)):
        if not body.startswith(_LABEL):
            continue
        match from_body(body):
            case LabelQueued() as event:
                jobs[event.job] = JobLine(
                    event.job, event.at, event.station, event.printer, event.level, event.key,
                    event.copy,
                )  # fmt: skip
            case LabelPrinted(job=job):
                _change(jobs, job, "printed")
            case LabelFailed(job=job, detail=detail):
                _change(jobs, job, "failed", detail)
            case LabelVerified(job=job):
                _change(jobs, job, "verified")
    return sorted(jobs.values(), key=lambda each: -each.job)[:JOBS]


def _change(jobs: dict[int, JobLine], job: int, fate: str, detail: str = "") -> None:
    if job in jobs:
        jobs[job] = replace(jobs[job], fate=fate, detail=detail)
