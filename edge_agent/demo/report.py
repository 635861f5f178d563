"""The demo's result: as data, as JSON, and as tables for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edge_agent.demo.reconcile import Difference

_SHOWN_DIFFERENCES = 200
_SHOWN_CHARACTERS = 100


@dataclass(slots=True)
class Findings:
    """Everything the demo found. The defaults are those of a demo that found nothing yet."""

    units: int
    rate: int
    seed: int
    faults: tuple[str, ...]
    seconds: float = 0
    settled: bool = False
    """The line came to rest and HQ got everything, in the time they were given."""
    ledger: str = ""
    """What `ledger verify` says."""
    ledger_good: bool = False
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Teller → what → how many."""
    differences: list[Difference] = field(default_factory=list)
    bad_passed: list[str] = field(default_factory=list)
    by_fault: dict[str, dict[str, int]] = field(default_factory=dict)
    """Fault a product carried → verdict → how many."""
    good_ejected: dict[str, dict[str, int]] = field(default_factory=dict)
    """What the plant suffered → verdict → how many good products were ejected."""
    outages: dict[str, int] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    """Step → n, p50_us, p99_us, as the line role measured since its last start."""
    camera: dict[str, Any] = field(default_factory=dict)
    """What the cases' camera did → how many (case_camera.counts)."""
    repairs: dict[str, int] = field(default_factory=dict)
    """What was done at the rework table → how many."""
    suppressed: dict[str, int] = field(default_factory=dict)
    """Station → re-reads that the line role has suppressed since its last start."""

    @property
    def agree(self) -> bool:
        """Whether all three tell the same, the ledger is sound and nothing bad passed."""
        return self.settled and self.ledger_good and not self.differences and not self.bad_passed

    def save(self, path: Path) -> None:
        document = {"agree": self.agree, **asdict(self)}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def show(findings: Findings, console: Console) -> None:
    """Print `findings`: who counted what, what became of each fault, what does not agree."""
    console.print(_table("Reconciliation", "", _turned(findings.counts), list(findings.counts)))
    console.print(_table("What the products carried → the ledger's verdict", "", findings.by_fault))
    if findings.good_ejected:
        title = "Good products ejected: what the plant suffered → the ledger's verdict"
        console.print(_table(title, "", findings.good_ejected))
    _show_course(findings, console)
    console.print(f"ledger {findings.ledger}", style=None if findings.ledger_good else "bold red")
    for line in findings.bad_passed:
        console.print(f"bad product passed: {line}", style="bold red", markup=False)
    _show_differences(findings.differences, console)
    if not findings.settled:
        console.print("the line did not come to rest in time", style="bold red")
    if findings.agree:
        console.print(f"plant, ledger and HQ agree ({findings.seconds:.1f} s)", style="bold green")
    else:
        console.print("plant, ledger and HQ do NOT agree", style="bold red")


def _show_course(findings: Findings, console: Console) -> None:
    """What happened on the way, a line each."""
    for what, times in (
        ("outages", findings.outages),
        ("roles that died and were restarted", findings.restarts),
        ("re-reads suppressed", findings.suppressed),
        ("repairs at the rework table", findings.repairs),
    ):
        told = ", ".join(f"{name} {count}" for name, count in sorted(times.items()) if count)
        console.print(f"{what}: {told or 'none'}")
    _show_camera(findings, console)
    for step, times_us in findings.latency.items():
        if times_us["n"]:
            p50_ms, p99_ms = times_us["p50_us"] / 1000, times_us["p99_us"] / 1000
            console.print(f"scan received → {step}: p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms")


def _show_camera(findings: Findings, console: Console) -> None:
    """`picture` differences are listed with all others."""
    seen = findings.camera
    if not seen:
        return
    wrong = sum(each.about == "picture" for each in findings.differences)
    match = f"{wrong} do NOT match their hash" if wrong else "all match their hash in the ledger"
    console.print(
        f"camera: {seen['cases read']} cases read, {seen['labels replaced']} labels replaced; "
        f"{seen['no-reads']} no-reads, {seen['refused']} refused; "
        f"codes in {seen['frames with a code']} of {seen['frames']} frames, "
        f"{seen['by zbar']} by zbar, which was asked {seen['zbar asked']} times"
    )
    console.print(
        f"evidence: {seen['pictures']} pictures, {match}; {seen['pictures lost']} recorded as lost",
        style="bold red" if wrong else None,
    )


def _show_differences(differences: list[Difference], console: Console) -> None:
    for each in differences[:_SHOWN_DIFFERENCES]:
        said = "; ".join(f"{who}: {_short(text)}" for who, text in each.said.items())
        console.print(f"{each.about} {each.subject}: {said}", style="red", markup=False)
    if len(differences) > _SHOWN_DIFFERENCES:
        more = len(differences) - _SHOWN_DIFFERENCES
        console.print(f"... and {more} more differences", style="red")


def _short(text: str | None) -> str:
    """As much as a person takes in; the JSON file has the whole."""
    if text is None:
        return "nothing"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _turned(table: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Rows for columns."""
    rows: dict[str, dict[str, int]] = {}
    for column, cells in table.items():
        for row, value in cells.items():
            rows.setdefault(row, {})[column] = value
    return rows


def _table(
    title: str, corner: str, rows: Mapping[str, Mapping[str, int]], columns: list[str] | None = None
) -> Table:
    names = columns or sorted({name for row in rows.values() for name in row})
    table = Table(title=title, title_justify="left")
    table.add_column(corner)
    for name in names:
        table.add_column(name, justify="right")
    for row, cells in rows.items():
        table.add_row(row, *(str(cells.get(name, "")) for name in names))
    return table
