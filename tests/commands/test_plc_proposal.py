"""What measured firings say of a gate."""

from pathlib import Path

from edge_agent.config_file import load_config
from edge_agent.gate_config import Gate
from edge_agent.plc.firing import Firing
from edge_agent.plc.proposal import findings
from tests.commands.plc import write_config


def gate_of(tmp_path: Path, *, pulse: bool) -> Gate:
    gate = load_config(write_config(tmp_path, 1, pulse=pulse)).stations[0].gate
    assert gate is not None
    return gate


def firings(*eject_ms: float | None) -> list[Firing]:
    return [
        Firing({"gate_open": 2.0} | ({} if each is None else {"eject_eye": each + 2.0}), 1.0)
        for each in eject_ms
    ]


VERDICT = ["gate_open", "eject_eye"]


def test_the_lag_is_that_from_the_plcs_output_where_the_plc_shows_it(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, pulse=False)
    found = findings(gate, VERDICT, firings(20, 21, 22, 23, 24))
    lines = [line for line, _ in found.proposed]
    assert lines == [
        "belt.travel_steps = as measured, less 24",
        "belt.hold_steps = as measured, and 5 more",
        "belt.confirm_from_ms = 15",
        "belt.confirm_until_ms = 29",
    ]
    assert not found.warnings


def test_over_remote_io_the_lag_is_that_from_the_coil(tmp_path: Path) -> None:
    fired = [Firing({"eject_eye": each}, 1.0) for each in (20.0, 21.0, 22.0, 23.0, 24.5)]
    found = findings(gate_of(tmp_path, pulse=True), ["eject_eye"], fired)
    assert found.proposed[0][0] == "io.lag_ms = 22"


def test_a_spread_that_does_not_fit_between_two_items_is_a_warning(tmp_path: Path) -> None:
    # spacing 60 - hold 20 leaves 40 ms; min_spacing_ms is 45
    gate = gate_of(tmp_path, pulse=False)
    fits = findings(gate, VERDICT, firings(*[20.0] * 20, 59.0))
    assert not any("spread" in each for each in fits.warnings)
    found = findings(gate, VERDICT, firings(*[20.0] * 20, 61.0))
    (spread, window) = found.warnings
    assert "spread (p5 to max) is 41.0 ms, but belt.spacing_steps leaves 40.0 ms" in spread
    assert "expected less than min_spacing_ms 45" in window


def test_missing_confirms_are_a_warning(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, pulse=False)
    found = findings(gate, VERDICT, firings(20, 21, None, 23, 24, 25))
    assert found.warnings == [
        "eject_eye missed 1 of 6: the gate did not move each time, or the sensor does not see it "
        "well"
    ]
    spread = found.spreads["eject_eye"]
    assert spread is not None
    assert (spread.seen, spread.missing, spread.median) == (5, 1, 25)


def test_nothing_is_proposed_without_a_sensor_that_sees_the_gate(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, pulse=False)
    found = findings(gate, VERDICT, firings(*[None] * 8))
    assert not found.proposed
    assert not found.warnings
    assert "no sensor saw the gate move" in found.notes[0]


def test_nothing_is_proposed_from_a_handful_of_firings(tmp_path: Path) -> None:
    found = findings(gate_of(tmp_path, pulse=False), VERDICT, firings(20, 21))
    assert not found.proposed
    assert found.notes == ["nothing is proposed from fewer than 5 firings"]
