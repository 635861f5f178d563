"""The short form of `make simulate`, and that the simulator itself is fair."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.simulate.run import simulate
from edge_agent.simulate.shift import draw_shift
from edge_agent.simulate.timeline import Timeline

SEEDS = range(1, 31)


def test_thirty_shifts_with_every_fault_hold_what_must_hold() -> None:
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(partial(simulate, length=150), SEEDS))
    found = [(result.seed, result.violations) for result in results if result.violations]
    assert found == []
    passed = sum(result.counts["passed"] for result in results)
    assert passed > 0.5 * len(SEEDS) * 150, "a simulator that ejects everything proves nothing"


def test_without_faults_every_item_passes() -> None:
    counts: Counter[str] = Counter()
    for seed in range(6):
        result = simulate(seed, length=150, kinds=frozenset())
        assert result.violations == []
        counts += result.counts
    assert counts["passed"] >= 0.98 * counts["items"]
    assert counts["sessions lost"] == 0


@pytest.mark.parametrize("seed", [3, 9])
def test_a_seed_tells_its_whole_shift_and_telling_changes_nothing(seed: int) -> None:
    silent = simulate(seed, length=120)
    told = Timeline(wanted=True)
    again = simulate(seed, length=120, timeline=told)
    assert again.counts == silent.counts
    assert "counted" in told.text()


def test_a_shift_runs_on_a_line_that_could_be_configured() -> None:
    shifts = [draw_shift(seed) for seed in range(40)]
    assert {shift.layout.step for shift in shifts} == {"time", "encoder"}
    assert any(shift.items_before > 64_000 for shift in shifts), "counters that will wrap"
    assert any(not (shift.faults or shift.outages) for shift in shifts)


def test_the_command_replays_one_shift_as_a_timeline() -> None:
    ran = CliRunner().invoke(app, ["simulate", "--seed", "5", "--length", "40", "--timeline"])
    assert ran.exit_code == 0
    assert "item" in ran.stdout
    assert "0 violations" in ran.stdout
    asked = CliRunner().invoke(app, ["simulate", "--timeline"])
    assert asked.exit_code == 2
