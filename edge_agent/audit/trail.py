"""The acts in a ledger, newest first for a page, oldest first for an export; and the proof that
nobody changed it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_agent.audit.acts import Act, act_of
from edge_agent.core.body import from_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.saying import Saying, say
from edge_agent.ledger.reader import LedgerReader
from edge_agent.words import N_

PAGE = 50
"""Acts on one page."""
KINDS: Mapping[str, tuple[str, ...]] = {
    N_("Signing in"): ("signed_in", "signed_out", "sign_in_refused"),
    N_("Orders, products, people"): ("edited", "order_changed"),
    N_("Repairs"): ("reworked", "rework_refused", "parked", "opened"),
    N_("Containers"): ("closed",),
    N_("Labels"): ("label_queued",),
    N_("Stops and releases"): ("stopped", "released", "resumed"),
}
"""What a person may ask for, and the kinds of events that it means."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which acts. `kinds` are names of events; `since` and `until` (the moment after the last) are
    RFC 3339, UTC; whatever is empty bounds nothing."""

    person: str = ""
    kinds: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """`events` are good, and the last of them has the hash `head`. `fault` names the first wrong
    row; None: there is none."""

    events: int
    head: bytes
    fault: Saying | None


def page(ledger: LedgerReader, wanted: Filter, before: int | None = None) -> list[Act]:
    """The newest `PAGE` acts before event number `before`. Costs as much as finding them: a few
    milliseconds, or seconds where almost none of very many fits."""
    return list(_acts(ledger, wanted, before, newest_first=True, limit=PAGE))


def acts(ledger: LedgerReader, wanted: Filter, limit: int = -1) -> Iterator[Act]:
    """At most `limit` acts, oldest first; -1: all."""
    return _acts(ledger, wanted, None, newest_first=False, limit=limit)


def chain(ledger: LedgerReader) -> Chain:
    """Recompute the hash of every event. Reads all of the ledger: about 300,000 events a second."""
    good, before = 0, GENESIS
    for seq, body, found in ledger.walk():
        if seq != good + 1:
            fault = say("row {row}: expected number {number}", row=seq, number=good + 1)
            return Chain(good, before, fault)
        if link(before, seq, body) != found:
            fault = say(
                "row {row}: its hash does not follow from row {before}", row=seq, before=good
            )
            return Chain(good, before, fault)
        good, before = seq, found
    return Chain(good, before, None)


def _acts(
    ledger: LedgerReader, wanted: Filter, before: int | None, *, newest_first: bool, limit: int
) -> Iterator[Act]:
    rows = ledger.acts(
        person=wanted.person, kinds=wanted.kinds, since=wanted.since, until=wanted.until,
        before=before, newest_first=newest_first, limit=limit,
    )  # fmt: skip
    for seq, body, _ in rows:
        act = act_of(seq, from_body(body))
        if act is not None:
            yield act
