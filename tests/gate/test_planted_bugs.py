"""Each of these bugs in the function block is seen: a program that differs in one line differs in
what it shows, in one of the scenes or on a wild belt."""

import pytest

from tests.gate.scenes import SCENES
from tests.gate.st import StError
from tests.gate.twins import SOURCE, DivergenceError, compiled
from tests.gate.wild import wild

BUGS = {
    "the sequence is not compared": (
        "      AND (Verdicts[3 * Slot + 2] = Start);",
        "      ;",
    ),
    "the item number is not compared": (
        "Fresh := (Verdicts[3 * Slot] = UDINT_TO_UINT(Number MOD 65536))\n      AND ",
        "Fresh := ",
    ),
    "no verdict opens the gate": (
        "ELSIF Fresh AND (Verdicts[3 * Slot + 1] = VerdictPass) THEN",
        "ELSIF (Fresh AND (Verdicts[3 * Slot + 1] = VerdictPass)) OR NOT Fresh THEN",
    ),
    "a lost link is not noticed": (
        "IF Heard AND (Since > LinkTimeoutMs) THEN",
        "IF FALSE AND Heard AND (Since > LinkTimeoutMs) THEN",
    ),
    "a lost session is taken up again": (
        "  LostSession := Commands[0];\n",
        "  LostSession := 0;\n",
    ),
    "the gate stays open when the link is lost": (
        "IF (Session = 0) OR NOT Run THEN",
        "IF NOT Run THEN",
    ),
    "the gate stays open when the line is stopped": (
        "IF (Session = 0) OR NOT Run THEN",
        "IF Session = 0 THEN",
    ),
    "a stopped line passes": ("      IF NOT Run THEN", "      IF FALSE THEN"),
    "a new session trusts what is on the belt": (
        "  Session := Commands[0];\n  VoidBelt := TRUE;",
        "  Session := Commands[0];",
    ),
    "what came while there was no session may pass": (
        "  IF Session = 0 THEN\n    Cause[Slot] := CauseVoid;\n  END_IF;\n",
        "",
    ),
    "the one in front of a close item may pass": (
        "    Slot := UDINT_TO_UINT(Items MOD Slots);\n    Cause[Slot] := CauseClose;\n",
        "    Slot := UDINT_TO_UINT(Items MOD Slots);\n",
    ),
    "a thing that vanished casts no doubt": (
        "    NextAtGate := NextAtGate + 1;\n"
        "    (* Nothing that is on the belt now may pass. *)\n"
        "    Number := NextToSettle;",
        "    NextAtGate := NextAtGate + 1;\n    Number := AfterLast;",
    ),
    "a thing that appeared casts no doubt": (
        "    Strangers := Strangers + 1;\n"
        "    (* Nothing that is on the belt now may pass. *)\n"
        "    Number := NextToSettle;",
        "    Strangers := Strangers + 1;\n    Number := AfterLast;",
    ),
    "a thing that appeared and was not ejected is forgotten": (
        "    Escaped := Escaped + Strangers;\n",
        "    Escaped := Escaped;\n",
    ),
    "a thing that appeared finds the gate open": (
        "      Serving := FALSE;\n    END_IF;\n    GateOpen := FALSE;\n",
        "      Serving := FALSE;\n    END_IF;\n",
    ),
    "what an appearing thing shut the gate on counts as passed": (
        "      Cause[ServedSlot] := CauseDoubt;\n",
        "",
    ),
    "what a lost link shut the gate on counts as passed": (
        "IF Serving AND NOT GateOpen THEN",
        "IF Serving AND NOT GateOpen AND (Session <> 0) THEN",
    ),
    "what a stop shut the gate on counts as passed": (
        "  Cause[ServedSlot] := CauseStopped;\n",
        "",
    ),
    "what the gate was shut on counts as ejected without a sensor": (
        "((ConfirmUntilMs = 0) AND NOT Opened[Slot])",
        "(ConfirmUntilMs = 0)",
    ),
    "what the gate was opened for is not told at once": (
        "      Outcomes[2 * Slot + 1] := FatePassing;\n",
        "      Fate := FatePassing;\n",
    ),
    "an item is told before the gate has shut behind it": (
        " OR (Serving AND (Slot = ServedSlot)) THEN",
        " THEN",
    ),
    "the gate never shuts by itself": (
        "  IF Since >= HoldSteps THEN",
        "  IF FALSE AND (Since >= HoldSteps) THEN",
    ),
    "bounces at the trigger are items": (
        "AND NOT (EverTriggered AND (Since < BounceSteps));",
        ";",
    ),
    "an eye that stays dark is item after item": ("\nEyeWas := Eye;\n", "\nEyeWas := FALSE;\n"),
    "an eye that stays dark at the gate is thing after thing": (
        "  GateEyeWas := GateEye;\n",
        "  GateEyeWas := FALSE;\n",
    ),
    "one eject confirms two items": (
        "        Found := TRUE;\n      END_IF;\n      Number",
        "      END_IF;\n      Number",
    ),
    "an eject counts before its window": (
        "AND (Since >= ConfirmFromMs) ",
        "AND (ConfirmFromMs = ConfirmFromMs) ",
    ),
    "an eject counts after its window": (
        "AND (Since <= ConfirmUntilMs) THEN\n        Seen",
        "THEN\n        Seen",
    ),
    "an unseen eject is confirmed": (
        "    ELSIF Seen[Slot] OR ((ConfirmUntilMs = 0) AND NOT Opened[Slot]) THEN",
        "    ELSIF NOT FALSE THEN",
    ),
    "an item that passed and was ejected is fine": (
        "    IF Served AND Seen[Slot] THEN",
        "    IF Seen[Slot] AND FALSE THEN",
    ),
    "items that lost their track keep the gate's place": (
        "    IF NextAtGate = NextToSettle THEN\n      NextAtGate := NextAtGate + 1;\n    END_IF;\n",
        "",
    ),
    "a new item inherits an open gate": ("  Opened[Slot] := FALSE;\n", ""),
    "a new item inherits a seen eject": ("  Seen[Slot] := FALSE;\n", ""),
    "the second thing at the gate's eye may pass": (
        "    IF Close THEN\n      Cause[Slot] := CauseClose;\n    END_IF;\n    SightedAt",
        "    SightedAt",
    ),
    "a technician's test goes on while an item comes": (" OR (NextToSettle <> AfterLast)", ""),
    "a technician's test never ends": (
        "IF NOT Asked OR (Since > LinkTimeoutMs) OR",
        "IF NOT Asked OR",
    ),
    "a technician opens the gate without a session": (
        " OR (Session = 0) THEN\n  Testing",
        " THEN\n  Testing",
    ),
    "the heartbeat stands still": ("Beats := Beats + 1;\n", "Beats := Beats;\n"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_seen(bug: str) -> None:
    right, wrong = BUGS[bug]
    assert SOURCE.count(right) == 1
    source = SOURCE.replace(right, wrong)
    compiled(8, source)  # it would run in a PLC
    with pytest.raises((DivergenceError, StError)):
        for scene in SCENES:
            scene.play(source=source)
        for seed in range(60):
            wild(seed, source=source)
