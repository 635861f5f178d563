"""EPCIS of what people really do at benches: whoever reads it gets the line's own tree."""

from dataclasses import replace
from typing import Any

import pytest

from edge_agent.core.commands import Command
from edge_agent.core.labels import LabelPlan
from edge_agent.core.line import Line
from edge_agent.core.state import LineState
from edge_agent.core.states import ContainerState
from sync.epcis import Naming
from tests.core.bench_world import ONE, SUE, Benches, Scan
from tests.sync.test_epcis import mapped

NAMING = Naming("line-1")


def aggregated(told: list[dict[str, Any]]) -> dict[str, str]:
    """Child → parent. Nothing is put in twice, nothing taken out that is not in."""
    inside: dict[str, str] = {}
    for event in told:
        for child in event.get("childEPCs", ()):
            if event["action"] == "ADD":
                assert child not in inside
                inside[child] = event["parentID"]
            else:
                assert inside.pop(child) == event["parentID"]
    return inside


def in_tree(benches: Benches) -> dict[str, str]:
    return {
        NAMING.thing(child): NAMING.thing(container.key)
        for container in benches.containers()
        if container.key is not None and container.state is ContainerState.CLOSED
        for child in container.children
    }


@pytest.mark.parametrize(
    "scans",
    [
        ("unit-1", "unit-2", "unit-3", "case-1"),
        ("unit-1", "unit-2", Command.SPLIT, "unit-2", "case-1"),
        ("unit-1", "unit-2", Command.MERGE, "unit-2", "case-1"),
        ("case-1", "unit-1", "unit-2", "unit-3", Command.REOPEN, "case-1", Command.UNDO),
        ("unit-1", "unit-2", "unit-3", "case-1", Command.UNDO, "case-2"),
        ("unit-1", "unit-2", "unit-3", "case-1", Command.REPLACE, "unit-2", "unit-9"),
    ],
)
@pytest.mark.parametrize("label", [None, LabelPlan("case", "zebra")])
@pytest.mark.parametrize("by_scan", [True, False])
def test_whoever_reads_it_gets_the_tree_of_the_line(
    scans: tuple[Scan, ...], label: LabelPlan | None, by_scan: bool
) -> None:
    benches = Benches(label=label)
    levels = tuple(
        replace(each, by_scan=by_scan) if each.capacity else each for each in benches.plan.levels
    )
    benches.plan = replace(benches.plan, levels=levels)
    benches.line = Line(benches.plan, LineState(levels), benches.past)
    benches.do(ONE, SUE, *scans)

    told = mapped(*benches.events, naming=NAMING)

    assert aggregated(told) == in_tree(benches)
