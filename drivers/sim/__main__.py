"""``python -m drivers.sim``: the plant as a process.

It prints JSON lines: first ``ready`` (where its devices are), then ``progress`` five times a
second while something happens, then ``done``. The belt starts at the first line on stdin. After
``done`` the devices stay until stdin ends or SIGTERM comes, so that the last outcomes can be read.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from drivers.sim.layout import DEMO, PULSE
from drivers.sim.plant import Plant
from drivers.sim.script import Fault, Script, write_script
from drivers.sim.truth import Truth

_PROGRESS_S = 0.2
LAYOUTS = {"verdict": DEMO, "pulse": PULSE}
_EXIT_STOPPED, _EXIT_TIMED_OUT = 1, 3


def main() -> int:
    parser = _arguments()
    options = parser.parse_args()
    try:
        layout = LAYOUTS[options.mode]
        script = write_script(options.units, options.rate, options.seed, options.faults, layout)
    except ValueError as error:
        parser.error(str(error))
    try:
        return asyncio.run(_run(options, script))
    except TimeoutError:
        sys.stderr.write(
            f"plant: not done after {options.timeout_s:g} s; the truth so far is kept\n"
        )
        return _EXIT_TIMED_OUT


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m drivers.sim", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True, help="device link and truth.json")
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--rate", type=float, default=900, help="products a minute")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=_faults, default=frozenset(), help="comma-separated")
    parser.add_argument(
        "--mode", choices=sorted(LAYOUTS), default="verdict", help="a PLC, or remote I/O"
    )
    parser.add_argument(
        "--obey-run", action="store_true", help="the belt runs only while the agent permits it"
    )
    parser.add_argument("--case-size", type=int, default=12, help="units in a case")
    parser.add_argument("--pallet-size", type=int, default=4, help="cases on a pallet")
    parser.add_argument("--items-before", type=int, default=0, help="the PLC's count at the start")
    parser.add_argument("--timeout-s", type=float, default=3_600)
    return parser


def _faults(text: str) -> frozenset[Fault]:
    names = [name for name in text.split(",") if name]
    unknown = sorted(set(names) - set(Fault))
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown} unknown, expected some of {', '.join(Fault)}")
    return frozenset(Fault(name) for name in names)


async def _run(options: argparse.Namespace, script: Script) -> int:
    truth = Truth(options.seed)
    link = options.workspace / "dev" / "unit-scanner"
    link.parent.mkdir(parents=True, exist_ok=True)
    plant = Plant(
        script,
        truth,
        LAYOUTS[options.mode],
        options.faults,
        mode=options.mode,
        link=link,
        case_size=options.case_size,
        pallet_size=options.pallet_size,
        items_before=options.items_before,
        obeys_run=options.obey_run,
    )
    console = _Console()
    path = options.workspace / "truth.json"
    await plant.open()
    try:
        async with asyncio.timeout(options.timeout_s):
            _say(
                "ready",
                modbus=plant.modbus.port,
                packing=plant.packing_scanner.port,
                camera=plant.camera.port,
                scanner=str(link),
                mode=options.mode,
            )
            await console.started_or_ended()
            await _until_done(plant, console)
            truth.save(path)
            _say("done" if truth.complete else "stopped", truth=str(path), **truth.counts())
            await console.ended.wait()
    finally:
        plant.close()
        truth.save(path)
    return 0 if truth.complete else _EXIT_STOPPED


async def _until_done(plant: Plant, console: "_Console") -> None:
    """Run the belt to its end, or until the console is gone; tell how far it is."""
    belt = asyncio.create_task(plant.run())
    stop = asyncio.create_task(console.ended.wait())
    told: dict[str, int] = {}
    while not belt.done() and not stop.done():
        await asyncio.wait((belt, stop), timeout=_PROGRESS_S, return_when=asyncio.FIRST_COMPLETED)
        if told != (counts := plant.truth.counts()):
            told = counts
            _say("progress", **counts)
    for task in (belt, stop):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _say(event: str, **members: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **members}) + "\n")
    sys.stdout.flush()


class _Console:
    """Whoever started the plant. When stdin ends he is gone, and so is the plant's purpose."""

    def __init__(self) -> None:
        self._started = asyncio.Event()
        self.ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end)
        loop.add_signal_handler(signal.SIGINT, self._end)
        try:
            loop.add_reader(sys.stdin.fileno(), self._heard)
        except PermissionError:
            sys.exit(
                "plant: stdin is a file; give it a pipe or a terminal, which can start the belt"
            )

    async def started_or_ended(self) -> None:
        await self._started.wait()

    def _heard(self) -> None:
        if os.read(sys.stdin.fileno(), 1024):
            self._started.set()
        else:
            self._end()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self._started.set()
        self.ended.set()


if __name__ == "__main__":
    sys.exit(main())
