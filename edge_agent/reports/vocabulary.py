"""What is counted, in people's words. Everything here is marked for the catalogues."""

from collections.abc import Mapping

from edge_agent.audit.wording import CAUSES
from edge_agent.reports.facts import OUT_OF_TOUCH
from edge_agent.words import N_

STOPS: Mapping[str, str] = {
    **{cause.value: words for cause, words in CAUSES.items()},
    OUT_OF_TOUCH: N_("no contact with the PLC"),
    "": N_("stopped before, nobody knows why"),
}

COUNTS: Mapping[str, str] = {
    "carried_over": N_("On the belt at the beginning"),
    "triggers": N_("Items that came"),
    "passes": N_("Passed"),
    "rejects": N_("Rejected"),
    "taken_off": N_("Taken off the belt"),
    "ejected_unasked": N_("Ejected without order"),
    "untracked": N_("Lost from sight by the PLC"),
    "lost": N_("Without the gate's word"),
    "on_belt": N_("On the belt at the end"),
    "confirmed": N_("Rejects seen in the bin"),
    "not_confirmed": N_("Rejects not seen in the bin"),
    "escaped": N_("Rejects that passed"),
    "packed": N_("Packed"),
    "in_open_before": N_("In open containers at the beginning"),
    "in_closed": N_("In closed containers"),
    "in_open": N_("In open containers at the end"),
    "taken_out": N_("Taken out of open containers"),
    "strays": N_("Things that are no items"),
}
"""Of core.reconcile.Account.totals."""

LAWS: Mapping[str, str] = {
    "triggers + carried over = passes + rejects + taken off + on the belt": N_(
        "What came has left the belt, or lies on it"
    ),
    "rejects = confirmed ejects": N_("Each reject was seen in the bin"),
    "passes = packed": N_("Each good product was packed"),
    "packed + in open before = in closed + in open + taken out": N_(
        "What was packed lies in containers"
    ),
}
"""Of core.laws.laws_of."""
