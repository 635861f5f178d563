"""`make bench-camera`: real pictures, damaged codes, layers, and speed, one after the other."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.child import BenchmarkError

PARTS = ("pictures", "damage", "layers", "speed")


def main(args: Sequence[str] | None = None) -> None:
    """Runs each part; those that cannot run here say why, and the others go on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.camera")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--json", type=Path, help="a folder for PART.json of each part")
    options, others = parser.parse_known_args(args)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}")
    if others and len(options.parts) != 1:
        parser.error(f"{' '.join(others)}: options of a part, expected that part alone")
    failed = False
    for part in options.parts or PARTS:
        print(f"== {part}", flush=True)
        arguments = list(others)
        if options.json:
            options.json.mkdir(parents=True, exist_ok=True)
            arguments += ["--json", str(options.json / f"{part}.json")]
        try:
            importlib.import_module(f"benchmarks.camera_{part}").main(arguments)
        except BenchmarkError as error:
            print(f"{part}: {error}", file=sys.stderr)
            failed = True
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
