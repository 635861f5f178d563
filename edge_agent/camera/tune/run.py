"""The command: look, print what was seen, and write what to configure."""

import statistics
from collections.abc import Iterable
from pathlib import Path

import cv2
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drivers.protocols import CameraError, FrameSource
from edge_agent.camera.role import reading_plan
from edge_agent.camera.tune.advice import advice
from edge_agent.camera.tune.fragment import fragment
from edge_agent.camera.tune.frames import TuneError, frames, interval_us, opened
from edge_agent.camera.tune.looking import Look, Looks
from edge_agent.camera.tune.proposal import Proposal, propose
from edge_agent.camera_config import Camera
from edge_agent.config import LineConfig

REJECTS_A_DAY = 1_000
_MB = 1_000_000


def tune(
    config: LineConfig, name: str, *, folder: Path | None, count: int, write: Path | None
) -> bool:
    """Look at `count` pictures of camera `name` (or of `folder`), print what they are like, and
    write the section of the configuration that suits them to `write`.

    True if nothing is to be mended. Ctrl-C ends the looking, not the report. Raises TuneError.
    """
    camera = config.cameras[name]
    if write is not None and write.exists():
        raise TuneError(f"{write} is there already; name another file, or remove it")
    cv2.setNumThreads(1)  # as in a decoder process, or the times would be others
    console = Console()
    looks, between_us = Looks(camera, name), None
    with opened(config, name, folder) as source:
        if folder is None and camera.trigger != "camera":
            between_us = interval_us(source)
        _look(console, source, looks, count)
    if not looks.frames:
        raise TuneError(f"camera {name} gave no picture")
    proposal = propose(camera, looks, between_us)
    _show(console, camera, looks, between_us, proposal)
    warnings = advice(camera, looks, proposal, _window_ms(config, name))
    for warning in warnings:
        console.print(f"[yellow]•[/] {escape(warning)}")
    if not warnings:
        console.print("[green]nothing is to be mended[/]")
    if proposal is not None:
        _hand_over(console, name, camera, proposal, write)
    elif write is not None:
        console.print(f"{write} is not written: no code was seen", style="yellow", markup=False)
    return not warnings


def _look(console: Console, source: FrameSource, looks: Looks, count: int) -> None:
    """An error, or Ctrl-C, after some pictures leaves those."""
    try:
        with console.status("") as status:
            for index, frame in enumerate(frames(source, count), 1):
                look = looks.add(frame)
                status.update(f"picture {index} of {count}: {len(look.symbols)} codes")
    except CameraError as error:
        if not looks.frames:
            raise
        console.print(f"after {len(looks.frames)} pictures: {error}", style="yellow", markup=False)
    except KeyboardInterrupt:
        if not looks.frames:
            raise TuneError("ended before the first picture came") from None


def _window_ms(config: LineConfig, name: str) -> int | None:
    windows = [s.gate.read_window_ms for s in config.stations if s.scanner == name and s.gate]
    return min(windows, default=None)


def _show(
    console: Console,
    camera: Camera,
    looks: Looks,
    between_us: float | None,
    proposal: Proposal | None,
) -> None:
    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for key, value in [*_pictures(looks, between_us), *_codes(camera, looks)]:
        table.add_row(key, escape(value))
    if proposal is not None:
        for key, value in _times(proposal):
            table.add_row(key, escape(value))
    if sizes := [each.size_bytes for each in looks.evidence if not each.fault]:
        size = statistics.median(sizes)
        days = camera.evidence.keep_mb * _MB / (size * REJECTS_A_DAY)
        table.add_row(
            "evidence",
            f"{size / 1_000:.0f} kB a picture: {size * REJECTS_A_DAY / _MB:,.0f} MB a day at "
            f"{REJECTS_A_DAY:,} rejects; keep_mb = {camera.evidence.keep_mb} keeps "
            f"{days:,.0f} days",
        )
    console.print(table)


def _pictures(looks: Looks, between_us: float | None) -> Iterable[tuple[str, str]]:
    sizes = dict.fromkeys(f"{look.width} x {look.height}" for look in looks.frames)
    rate = f", {1e6 / between_us:.1f} a second" if between_us else ""
    yield "pictures", f"{len(looks.frames)} of {', '.join(sizes)}{rate}"
    light = [look.exposure for look in looks.frames]
    yield (
        "light",
        f"mean grey {_middle(each.mean for each in light):.0f} of 255; "
        f"{_middle(each.dark for each in light):.1%} of the pixels black to the limit, "
        f"{_middle(each.bright for each in light):.1%} white",
    )
    codes = [each for look in looks.frames for each in look.code_light]
    if codes:
        yield (
            "light on the codes",
            f"paper {_middle(each.light for each in codes):.0f} of 255, "
            f"{_middle(each.bright for each in codes):.1%} white to the limit",
        )
    yield "Laplacian variance", f"{_middle(look.laplacian for look in looks.frames):.3g}"


def _codes(camera: Camera, looks: Looks) -> Iterable[tuple[str, str]]:
    due = reading_plan(camera).expected
    complete = sum(len(look.symbols) >= due for look in looks.frames)
    yield (
        "read rate",
        f"{complete} of {len(looks.frames)} pictures with all of {due}, "
        f"{sum(map(_count, looks.frames))} codes",
    )
    blurs = [blur for look in looks.frames for blur in look.blurs]
    if blurs:
        words = [blur.words for blur in blurs]
        told = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words)))
        middle = _middle(blur.modules for blur in blurs)
        yield "sharpness", f"{told}; an edge is smeared by {middle:.2f} of a module"
    measures = [symbol.measures for symbol in looks.symbols]
    for name, what, form in (
        ("module_px", "pixels a module", ".1f"),
        ("contrast", "contrast", ".2f"),
        ("error_correction_left", "error correction left", ".2f"),
    ):
        values = [v for v in (getattr(each, name) for each in measures) if v is not None]
        if values:
            yield what, f"{_middle(values):{form}}, {min(values):{form}} at the least"


def _times(proposal: Proposal) -> Iterable[tuple[str, str]]:
    trial = proposal.trial
    yield (
        "time, as proposed",
        f"{trial.median_us / 1_000:.1f} ms a picture, p99 {trial.p99_us / 1_000:.1f} ms; "
        f"{trial.complete} of {trial.frames} complete",
    )
    for rung in trial.rungs:
        if rung.gained:
            yield (
                f"  {rung.rung}",
                f"{rung.median_us / 1_000:.1f} ms, climbed in {rung.climbed} pictures, brought "
                f"codes in {rung.gained}",
            )
    others = [rung.rung for rung in trial.rungs if not rung.gained]
    if others:
        yield "  climbed in vain", f"{len(others)}: {', '.join(others)}"


def _hand_over(
    console: Console, name: str, camera: Camera, proposal: Proposal, write: Path | None
) -> None:
    section = camera.model_dump(mode="json", exclude_unset=True, exclude={"source"})
    source = camera.source.model_dump(mode="json", exclude_unset=True)
    whole = {"source": {"kind": camera.source.kind, **source}, **section}
    text = fragment(f"cameras.{name}", proposal.apply(whole), proposal.reasons)
    if write is None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    try:
        write.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TuneError(f"{write} cannot be written: {error.strerror}") from None
    console.print(f"{write}: written; it replaces the section of camera {name}", markup=False)


def _count(look: Look) -> int:
    return len(look.symbols)


def _middle(values: Iterable[float]) -> float:
    return statistics.median(values)
