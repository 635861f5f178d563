"""The real parts that a shift runs, so that a test may put a broken one in its place."""

from dataclasses import dataclass

from drivers.gate.block import GateBlock
from edge_agent.line.engine import Engine
from edge_agent.line.gate_session import GateSession


@dataclass(frozen=True, slots=True)
class Parts:
    engine: type[Engine] = Engine
    session: type[GateSession] = GateSession
    block: type[GateBlock] = GateBlock
