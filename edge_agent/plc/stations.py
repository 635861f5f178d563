"""Which gates a command is about."""

from edge_agent.config import LineConfig
from edge_agent.gate_config import Gate


class StationError(Exception):
    """The command's --station names no gate, or is needed."""


def gated(config: LineConfig, asked: str | None) -> dict[str, Gate]:
    """The gate of station `asked`, or all gates of the line. Raises StationError if there is
    none."""
    gates = {station.name: station.gate for station in config.stations if station.gate}
    if not gates:
        raise StationError(f"no station of line {config.line.name} has a gate")
    if asked is None:
        return gates
    if asked not in gates:
        raise StationError(f"--station is {asked!r}, expected one with a gate: {', '.join(gates)}")
    return {asked: gates[asked]}


def the_one_gated(config: LineConfig, asked: str | None) -> tuple[str, Gate]:
    """As `gated`, where exactly one must be meant."""
    gates = gated(config, asked)
    if len(gates) > 1:
        raise StationError(f"--station is missing, expected one of {', '.join(gates)}")
    return next(iter(gates.items()))
