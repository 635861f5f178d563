"""How long the gate stays open to anything when a side of its link dies, and how long until a
restarted agent has it under control again; on a belt with 20 items a second.

The agent is killed (SIGKILL), or the PLC hangs up. The gate is in its safe state when the PLC shows
session 0: its program shuts the gate in the same cycle. The time-out (300 ms) counts from the last
beat, which is up to 100 ms old by then.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.child import Child
from benchmarks.figures import Figure, Result
from benchmarks.line_process import LineProcess, devices_are_up, write_config
from edge_agent.ledger.journal import create_ledger

ROUNDS = 10
SAFE_GOAL_MS = 500
ARMED_GOAL_S = 3.0
_WAIT_S = 30
_STEADY_S = 0.5


class _Plc(Child):
    def __init__(self, log: Path) -> None:
        super().__init__("benchmarks.failsafe_plc", log=log)
        self.ports = json.loads(self.line(_WAIT_S))

    def changed(self, *, to_none: bool) -> float:
        """When the session in force was next lost, or the next one began (monotonic, seconds)."""
        while True:
            told = json.loads(self.line(_WAIT_S))
            if (told["session"] == 0) is to_none:
                return float(told["at_s"])


def measure(rounds: int = ROUNDS) -> Result:
    killed_ms, dropped_ms, noticed_ms, armed_s = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        create_ledger(directory / "ledger.db")
        with _Plc(directory / "plc.log") as plc:
            ports = plc.ports
            config = write_config(
                directory, directory / "ledger.db", scanner=ports["scanner"], modbus=ports["modbus"]
            )
            for _ in range(rounds):
                begin_s = time.monotonic()
                with LineProcess(config) as line:
                    armed_s.append(plc.changed(to_none=False) - begin_s)
                    line.wait_for(devices_are_up)
                    time.sleep(_STEADY_S)
                    cut_s = time.monotonic()
                    plc.order("drop")
                    line.wait_for(lambda status: not status["gates"]["bench"]["armed"])
                    noticed_ms.append(1_000 * (time.monotonic() - cut_s))
                    dropped_ms.append(1_000 * (plc.changed(to_none=True) - cut_s))
                    plc.order("take")
                    plc.changed(to_none=False)
                    time.sleep(_STEADY_S)
                    cut_s = time.monotonic()
                    line.kill()
                    killed_ms.append(1_000 * (plc.changed(to_none=True) - cut_s))
    figures = [
        Figure("agent killed → gate shut, belt void, median", "ms", median(killed_ms)),
        Figure("the same, slowest", "ms", max(killed_ms), at_most=SAFE_GOAL_MS),
        Figure("link cut → gate shut, belt void, median", "ms", median(dropped_ms)),
        Figure("the same, slowest", "ms", max(dropped_ms), at_most=SAFE_GOAL_MS),
        Figure("link cut → agent knows it, slowest", "ms", max(noticed_ms)),
        Figure("agent started under load → gate armed, median", "s", median(armed_s)),
        Figure("the same, slowest", "s", max(armed_s), at_most=ARMED_GOAL_S),
    ]
    details = {"killed_ms": killed_ms, "dropped_ms": dropped_ms, "armed_s": armed_s}
    return Result(figures, [], details)
