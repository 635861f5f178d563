"""One figure beside its floor and its goal, and how a run is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal

from rich.console import Console
from rich.table import Table

COLUMNS = ("figure", "measured", "floor", "ratio (rounds)", "goal", "met")


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and against what.

    `ratios` holds measured / floor of each round. The goal is a bound of the ratio (`of` is
    "ratio") or of the value itself; without one the figure is shown for its own sake.
    """

    name: str
    unit: str
    """Empty for a count of what should not be."""
    value: float
    floor: float | None = None
    ratios: Sequence[float] = ()
    at_most: float | None = None
    at_least: float | None = None
    of: Literal["value", "ratio"] = "value"

    @property
    def ratio(self) -> float | None:
        """The median of the rounds: a disturbed one does not move it."""
        return median(self.ratios) if self.ratios else None

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached; None without a goal."""
        found = self.ratio if self.of == "ratio" else self.value
        if found is None or (self.at_most is None and self.at_least is None):
            return None
        return (self.at_most is None or found <= self.at_most) and (
            self.at_least is None or found >= self.at_least
        )

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            f"{_number(self.value)} {self.unit}".strip(),
            "" if self.floor is None else f"{_number(self.floor)} {self.unit}".strip(),
            self._ratio_text(),
            self._goal_text(),
            {True: "yes", False: "NO", None: ""}[self.met],
        )

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "floor": self.floor,
            "ratio": self.ratio,
            "ratios": list(self.ratios),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "of": self.of,
            "met": self.met,
        }

    def _ratio_text(self) -> str:
        if self.ratio is None:
            return ""
        spread = f" ({min(self.ratios):.2f} to {max(self.ratios):.2f})"
        return f"{self.ratio:.2f}" + (spread if len(self.ratios) > 1 else "")

    def _goal_text(self) -> str:
        unit = " times the floor" if self.of == "ratio" else f" {self.unit}"
        if self.at_most is not None:
            return f"≤ {_number(self.at_most)}{unit}".strip()
        return "" if self.at_least is None else f"≥ {_number(self.at_least)}{unit}".strip()


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's figures, what to know when reading them, and everything behind them."""

    figures: Sequence[Figure]
    notes: Sequence[str]
    details: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        return {
            "figures": [figure.to_json() for figure in self.figures],
            "notes": list(self.notes),
            **self.details,
        }


def percentiles(durations: Sequence[float]) -> dict[str, float]:
    """p50 and p99 of `durations` (at least two), in their unit."""
    cuts = quantiles(durations, n=100, method="inclusive")
    return {"p50": cuts[49], "p99": cuts[98]}


def show(console: Console, title: str, result: Result) -> None:
    table = Table(*COLUMNS, title=title, title_justify="left")
    for figure in result.figures:
        colour = "red" if figure.met is False else None
        table.add_row(*figure.cells(), style=colour)
    console.print(table)
    for note in result.notes:
        console.print(note, highlight=False)


def markdown(machine: Mapping[str, object], results: Mapping[str, Result]) -> str:
    """The table of docs/benchmarks.md."""
    lines = [
        f"Measured {machine['date']}: {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, Python {machine['python']}, SQLite {machine['sqlite']}, "
        f"load {machine['load_before']} before the run.",
        "",
        "| " + " | ".join(("benchmark", *COLUMNS)) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, result in results.items():
        lines += [f"| {' | '.join((name, *figure.cells()))} |" for figure in result.figures]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
