"""A list on an office's page that follows the line: drawn again when what it shows is another."""

from collections.abc import Callable
from typing import TypeVar

from edge_agent.hmi.markup import node, text
from edge_agent.hmi.office import Office
from edge_agent.views import LineView

Shown = TypeVar("Shown")


def follow(
    office: Office, shown_in: Callable[[LineView], Shown], draw: Callable[[Shown], None]
) -> None:
    """Draw what `shown_in` gives of each view, inside an element of its own; and while the line is
    away, that it is."""
    rows = node("section", "rows")
    drawn: list[Shown | None] = []

    def look() -> None:
        view = office.site.line.view
        shown = None if view is None else shown_in(view)
        if drawn and drawn[0] == shown:
            return
        drawn[:] = [shown]
        rows.clear()
        with rows:
            if shown is None:
                text(office.t("No connection to the line"), "p", "told bad")
            else:
                draw(shown)

    look()
    rows.client.on_delete(office.site.line.listen(look))
