"""``python -m tests.line.pulse_agent PORT COMMIT_MS``: an agent over the remote I/O at PORT, in a
process of its own. It passes each item with an odd number, and stands still for so long before it
says so, as one does that waits for its disk."""

import asyncio
import sys
import time

from tests.line.pulse_rig import EYE_ONLY, INPUT, Rig, gate_section
from tests.line.remote_io_twin import Twin

COMMIT_S = int(sys.argv[2]) / 1_000


def passes(item: int) -> bool:
    time.sleep(COMMIT_S)
    return item % 2 == 1


if __name__ == "__main__":
    twin = Twin(port=int(sys.argv[1]))
    asyncio.run(Rig(gate_section(EYE_ONLY, INPUT), twin, passes, threaded=True).run())
