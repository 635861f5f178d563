"""``python -m tests.line.killed_in_an_edit PYTHON CONFIG``: a line that is killed with signal 9
when the ledger has an edit whose ``why`` is WHY, and people.db does not have it yet.

A profile function stands where a debugger's breakpoint would: nothing of the line is changed.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from edge_agent.cli import app
from edge_agent.config_file import load_config
from edge_agent.ledger.reader import LedgerReader
from edge_agent.people import store

WHY = "the power fails"


def watch(path: Path) -> None:
    """Kill this process when it goes on with people.db, and the ledger at `path` has the edit."""

    def profile(frame: FrameType, event: str, arg: object) -> None:
        if event == "c_call" and frame.f_code.co_filename == store.__file__ and path.exists():
            with LedgerReader(path) as ledger:
                if any(WHY in row.body for row in ledger.entered()):
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)


if __name__ == "__main__":
    config = sys.argv[-1]
    watch(load_config(Path(config)).ledger_path)
    app(["line", config])
