"""``python -m tests.line.pulse_agent PORT``: an agent that passes everything over the remote I/O at
PORT, to be killed."""

import asyncio
import sys

from tests.line.pulse_rig import EYE_ONLY, INPUT, Rig, gate_section
from tests.line.remote_io_twin import Twin

if __name__ == "__main__":
    rig = Rig(gate_section(EYE_ONLY, INPUT), Twin(port=int(sys.argv[1])))
    asyncio.run(rig.run())
