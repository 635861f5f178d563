"""`edge-agent plc program`: the gate's program for a station's PLC, made from its configuration."""

from drivers.gate.program import program
from edge_agent.config import LineConfig
from edge_agent.plc.stations import the_one_gated


class ProgramError(Exception):
    """No program can be made for this station; the message names every fault."""


def gate_program(
    config: LineConfig,
    asked: str | None,
    *,
    scan_ms: int,
    words: str,
    word_count: int,
    encoder: str,
    clock: str | None,
) -> str:
    """The text (drivers.gate.program). Raises StationError or ProgramError."""
    station, gate = the_one_gated(config, asked)
    if gate.mode == "pulse":
        raise ProgramError(
            f"station {station}: mode is 'pulse', expected 'verdict': remote I/O runs no program, "
            "the line PC runs it"
        )
    try:
        return program(
            gate.map,
            gate.parameters,
            scan_ms=scan_ms,
            step=gate.belt.step,
            words=words,
            word_count=word_count,
            encoder=encoder,
            clock=clock,
        )
    except ValueError as error:
        raise ProgramError(f"station {station}: {error}") from None
