"""What covers a page of the office that hears nothing more of its server."""

from nicegui import ui
from nicegui.element import Element

from edge_agent.words import Words

BEAT_S = 1.0


class Beat(Element, component="static/beat.js"):
    """Beats while the page is connected. Without a beat static/beat.js covers the page, so that
    nothing is taken for true that may not be any more."""

    def __init__(self, t: Words) -> None:
        super().__init__()
        self._props["texts"] = {
            "away": t("No connection to the line"),
            "wait": t("It comes back by itself as soon as the line answers."),
        }
        self._props["beat"] = 0
        ui.timer(BEAT_S, self._tell)

    def _tell(self) -> None:
        self._props["beat"] += 1
        self.update()
