"""The open accounts of a line, one for each gated station: a fold over the line's events."""

from typing import Any

from edge_agent.core.events import Armed, Closed, Event, Reworked, ShiftEnded
from edge_agent.core.names import StationName
from edge_agent.core.reconcile import Account


class Accounts:
    """The open account of every gated station, from its first contact on."""

    def __init__(self, *, packs: bool) -> None:
        self._packs = packs
        self.open: dict[StationName, Account] = {}

    @property
    def since(self) -> str | None:
        """When the oldest account began; None before the first."""
        return min((account.since for account in self.open.values()), default=None)

    def apply(self, event: Event) -> None:
        """Take in one more event of the line."""
        if isinstance(event, Closed | Reworked):
            for each in self.open.values():
                each.apply(event)
            return
        account = self.open.get(event.station)
        match event:
            case Armed(at=at, boot=boot, last_item=last) if account is None:
                self.open[event.station] = Account(at, self._packs, boot, last, last)
            case ShiftEnded(at=at, shift=shift) if account is not None:
                self.open[event.station] = account.successor(at, shift)
            case _ if account is not None:
                account.apply(event)

    def end_shift(self, at: str, shift: str) -> list[ShiftEnded]:
        """What must be written down when `shift` is over at `at`."""
        return [
            ShiftEnded(
                at=at,
                station=station,
                shift=shift,
                counts=account.totals(at),
                differences=account.difference_count(at),
            )
            for station, account in self.open.items()
            if account.after != shift
        ]

    def to_json(self) -> dict[str, Any]:
        return {station: account.to_json() for station, account in self.open.items()}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on with what `to_json` wrote."""
        for station, account in saved.items():
            self.open[StationName(station)] = Account.from_json(account, packs=self._packs)
