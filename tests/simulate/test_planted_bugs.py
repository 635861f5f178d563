"""The simulator can fail: each of these bugs it finds within a few shifts, and without the bug the
same shifts are in order."""

from functools import partial

import pytest

from drivers.sim.script import Fault
from edge_agent.simulate.parts import Parts
from edge_agent.simulate.run import simulate
from edge_agent.simulate.shift import Outage
from tests.simulate import planted_bugs as planted

ITEMS = 120
REPEATS = 4
MOST_SEEDS = 100
BAD_ITEMS = {Fault.UNREAD, Fault.DUPLICATE, Fault.MALFORMED, Fault.WRONG_PRODUCT}
PASSES = {"no bad item passes", "the ledger says what the belt did"}

BUGS = {
    "passes before the commit": (
        Parts(engine=planted.PassesBeforeCommit),
        {Outage.DISK_FULL, Outage.AGENT_KILL},
    ),
    "keeps a stop to itself": (
        Parts(engine=planted.KeepsStopsToItself),
        {*BAD_ITEMS, Fault.BIN_FULL, Fault.HAND_REMOVAL},
    ),
    "accepts by default": (
        Parts(block=planted.AcceptsByDefault),
        {*BAD_ITEMS, Outage.LOST_REQUEST, Outage.AGENT_PAUSE},
    ),
    "ignores the sequence": (
        Parts(block=planted.IgnoresTheSequence),
        {*BAD_ITEMS, Outage.PLC_RESTART_LATE_VERDICT},
    ),
    "holds the last output": (
        Parts(block=planted.HoldsTheLastOutput),
        {*BAD_ITEMS, Outage.LINK_MUTE, Outage.AGENT_KILL},
    ),
    "counts bounces": (Parts(block=planted.CountsBounces), {Fault.BOUNCE}),
    "keeps old outcomes": (Parts(block=planted.KeepsOldOutcomes), BAD_ITEMS),
    "keeps old verdicts": (
        Parts(block=planted.KeepsOldVerdicts),
        {*BAD_ITEMS, Outage.LOST_REQUEST, Outage.AGENT_PAUSE},
    ),
    "trusts the belt after a lost link": (
        Parts(block=planted.TrustsTheBeltAfterALostLink),
        {*BAD_ITEMS, Outage.LINK_DROP, Outage.AGENT_KILL},
    ),
    "tells as passed what it was shut on": (
        Parts(block=planted.PassedIsWhatItOpenedFor),
        {*BAD_ITEMS, Outage.LINK_MUTE, Outage.LINK_DROP, Outage.AGENT_KILL},
    ),
    "runs when stopped": (
        Parts(block=planted.RunsWhenStopped),
        {*BAD_ITEMS, Fault.BIN_FULL, Fault.HAND_REMOVAL},
    ),
    "takes any session's number": (
        Parts(session=planted.TakesAnyNumber),
        {Outage.SAME_SESSION, Outage.AGENT_KILL, Outage.AGENT_PAUSE},
    ),
    "never renumbers": (Parts(session=planted.NeverRenumbers), {Outage.LINK_MUTE}),
    "tells an unasked eject as passed": (
        Parts(session=planted.BelievesItsOwnPass),
        {Fault.AIR_LOW, Fault.FLAP_STUCK},
    ),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    parts, kinds = BUGS[bug]
    for seed in range(MOST_SEEDS):
        drawn = partial(simulate, seed, length=ITEMS, kinds=frozenset(kinds), repeats=REPEATS)
        if drawn(parts=parts).violations:
            right = drawn()
            assert right.violations == []
            return
    pytest.fail(f"{MOST_SEEDS} shifts of {ITEMS} items did not show it")
