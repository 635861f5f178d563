"""The agent's end of a gate over remote I/O, without scanner and ledger: an item is passed as soon
as it is counted, and every tenth is kept out. The I/O station's counter is the trigger.

``python -m benchmarks.jitter_agent PORT`` prints a line when the gate is armed; then, for a line,
what it knows of the items, as one JSON line.
"""

import asyncio
import gc
import json
import logging
import sys
from collections import Counter as Tally

from edge_agent import clock
from edge_agent.core.inputs import GateReport, Input, LinkLost
from edge_agent.core.names import ItemNumber
from edge_agent.gate_config import Gate
from edge_agent.logs import configure_logs
from tests.line.pulse_rig import COUNTER, Rig, gate_section
from tests.line.remote_io_twin import FLAP, TRAVEL, Twin

TRAVEL_MS = int(TRAVEL + FLAP) - 7
HOLD_MS = 14
BAD_EVERY = 10


def gate() -> Gate:
    belt = {
        "travel_steps": TRAVEL_MS,
        "hold_steps": HOLD_MS,
        "bounce_steps": 8,
        "spacing_steps": 26,
    }
    return gate_section(
        belt, COUNTER, poll_ms=2, read_window_ms=4, min_spacing_ms=26, heartbeat_ms=100
    )


class Agent(Rig):
    """As the tests' rig, but it keeps counts only."""

    def __post_init__(self) -> None:
        self.fates = Tally[str]()
        self.lost: list[str] = []
        self.counted: list[tuple[int, int, int]] = []
        """First and last of the new items of a poll, and when it was (monotonic microseconds)."""
        super().__post_init__()

    def offer(self, given: Input) -> bool:
        super().offer(given)
        if isinstance(given, GateReport):
            self.fates[f"{given.outcome.value} {given.why.value if given.why else ''}".strip()] += 1
        if isinstance(given, LinkLost):
            self.lost.append(given.detail)
        self.given.clear()
        return True

    def _answer(self, last_item: ItemNumber) -> None:
        assert self.belt is not None
        if last_item > self.belt.last_item:
            self.counted.append((self.belt.last_item + 1, last_item, clock.now_us()))
        super()._answer(last_item)

    def facts(self) -> dict[str, object]:
        return {
            "counted": self.counted,
            "lost": self.lost,
            "fates": self.fates,
        }


async def main() -> None:
    configure_logs(logging.WARNING)
    twin = Twin(port=int(sys.argv[1]))
    agent = Agent(gate(), twin, lambda item: item % BAD_EVERY != 0, threaded=True)
    job = asyncio.create_task(agent.run())
    await agent.until(lambda: agent.link.session.is_armed)
    gc.freeze()
    print("armed", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(agent.facts()), flush=True)
    job.cancel()
    await asyncio.wait([job])


if __name__ == "__main__":
    asyncio.run(main())
