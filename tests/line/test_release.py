"""What a person is told of a stopped line."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from edge_agent import clock
from edge_agent.core.inputs import Arming, Counter, Tick
from edge_agent.core.interlock import StopPlan
from edge_agent.core.names import Instant, ItemNumber
from edge_agent.core.record import LinePlan
from edge_agent.ledger.errors import LedgerBrokenError
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.line.engine import BATCH_LIMIT, Engine
from edge_agent.line.gate_link import GateLink
from edge_agent.line.release import gate_facts, release
from tests.core.world import INFEED, plan

USUAL = plan(100)
_station = USUAL.stations[INFEED]
assert _station.gate is not None
_gate = replace(_station.gate, stop=StopPlan(in_a_row=1))
PLAN = LinePlan(
    USUAL.levels, USUAL.forms, {**USUAL.stations, INFEED: replace(_station, gate=_gate)}
)
BY = {"by": "Li Wei", "reason": "bin emptied"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    create_ledger(tmp_path / "ledger.db")
    ledger = Ledger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


@pytest.fixture
def engine(ledger: Ledger) -> Engine:
    """Stopped: its one item was not read."""
    engine = Engine(
        PLAN,
        ledger,
        line_name="line",
        queue_size=1_000,
        secret_codes=False,
        wake=lambda: None,
        release=lambda _: None,
    )
    now = clock.now()
    first = Counter(now, INFEED, ItemNumber(0), now.mono_us, now.mono_us, 1)
    later_us = now.mono_us + 9_000_000
    engine.offer(Arming(first, "a test"))
    engine.offer(replace(first, last_item=ItemNumber(1)))
    engine.offer(Tick(Instant(later_us, now.utc_us), later_us))
    engine.turn()
    assert engine.state.belts[INFEED].interlock.stop is not None
    return engine


def test_a_release_behind_a_long_queue_is_answered_when_it_is_decided(engine: Engine) -> None:
    for _ in range(BATCH_LIMIT + 1):
        engine.offer(Tick(clock.now(), 0))
    assert release(BY, PLAN, engine, engine.turn)["released"] == INFEED
    assert engine.state.belts[INFEED].interlock.stop is None


def test_a_release_that_the_disk_did_not_confirm_is_none(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> None:
        with pytest.raises(LedgerBrokenError):
            engine.turn()

    def broken(_: object) -> None:
        raise LedgerBrokenError("a test")

    monkeypatch.setattr(ledger, "append", broken)
    assert "could not be recorded" in release(BY, PLAN, engine, lost)["error"]


def test_a_gate_is_not_armed_while_the_engine_ties_no_reads(engine: Engine) -> None:
    session = SimpleNamespace(is_armed=True)
    gate = cast(GateLink, SimpleNamespace(session=session, refusal=None))
    belt = engine.state.belts[INFEED]
    assert gate_facts(gate, belt, is_watched=engine.is_watched(INFEED))["armed"]
    engine._halt("a full disk")
    assert not gate_facts(gate, belt, is_watched=engine.is_watched(INFEED))["armed"]
