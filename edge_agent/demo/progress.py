"""How far the belt is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_LINES = 10
"""Lines that are printed where there is no terminal."""


@contextmanager
def belt_progress(console: Console, units: int) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Inside, call what is given with what the plant says."""
    if console.is_terminal:
        with Progress(
            TextColumn("belt"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        ) as bar:
            task = bar.add_task("", total=units)
            yield lambda counts: bar.update(
                task, completed=counts["items"], description=_text(counts)
            )
        return
    told = 0

    def tell(counts: Mapping[str, Any]) -> None:
        nonlocal told
        if counts["items"] == units and counts["event"] == "progress":
            return  # the last line is for when nothing lies before the gate any more
        if counts["items"] * _LINES >= (told + 1) * units:
            told = counts["items"] * _LINES // units
            console.print(f"belt: {counts['items']} of {units}, {_text(counts)}")

    yield tell


def _text(counts: Mapping[str, Any]) -> str:
    names = ("passed", "ejected", "cases", "pallets")
    return ", ".join(f"{counts[name]} {name}" for name in names)
