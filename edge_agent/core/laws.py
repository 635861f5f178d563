"""What is counted at a gated station, and the laws that the counts must keep.

What came in must have gone out, and each way out is told twice:

* triggers + carried over = passes + rejects + taken off + still on the belt
* rejects = ejects that were confirmed
* passes = packed
* packed + in open containers before = in closed containers + in open containers + taken out
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Of one account. Each item is one of the first two, and later one of the six after them."""

    carried_over: int = 0
    """On the belt when the account began."""
    triggers: int = 0
    """Got a verdict in this account, or were told as unknown."""

    passes: int = 0
    rejects: int = 0
    """Kept out at the gate, or should have been."""
    taken_off: int = 0
    ejected_unasked: int = 0
    """Let through, but seen in the bin."""
    untracked: int = 0
    """The PLC no longer knows what became of them."""
    lost: int = 0
    """No word from the gate, and none will come."""

    confirmed: int = 0
    """Rejects that the PLC saw ejected."""
    not_confirmed: int = 0
    escaped: int = 0
    """Rejects that went through the gate."""

    packed: int = 0
    in_open_before: int = 0
    """Codes in open containers when the account began."""
    in_closed: int = 0
    taken_out: int = 0
    """Of open containers, by a repair."""
    strays: int = 0
    """Things seen that are no items; in no sum."""


@dataclass(frozen=True, slots=True)
class Law:
    """Two sums that must be equal, and how they are called."""

    name: str
    left: int
    right: int


def laws_of(totals: Mapping[str, int], *, packs: bool) -> list[Law]:
    """Each law with its two sides; `totals` are those of an account (`Account.totals`)."""
    n = totals
    gone = n["passes"] + n["rejects"] + n["taken_off"] + n["on_belt"]
    came = n["triggers"] + n["carried_over"]
    laws = [
        Law("triggers + carried over = passes + rejects + taken off + on the belt", came, gone),
        Law("rejects = confirmed ejects", n["rejects"], n["confirmed"]),
    ]
    if packs:
        packed = n["packed"] + n["in_open_before"]
        contained = n["in_closed"] + n["in_open"] + n.get("taken_out", 0)
        laws += [
            Law("passes = packed", n["passes"], n["packed"]),
            Law("packed + in open before = in closed + in open + taken out", packed, contained),
        ]
    return laws
