"""The element that draws a live page: one Vue component (static/live.js), fed with JSON.

A page's own tree of elements would be sent again in pieces for each scan; this sends one object and
the browser changes what differs. NiceGUI keeps the shell: routes, the socket, what a tap reaches.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import Client, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from edge_agent.hmi.line_link import LineLink


class Live(Element, component="static/live.js"):
    """`texts` are the words that only change with the language; `screen` is what the line says now.
    An empty screen means that the line is away."""

    def __init__(self, kind: str, texts: dict[str, Any], screen: dict[str, Any]) -> None:
        super().__init__()
        self._props["kind"] = kind
        self.show(texts, screen)

    def show(self, texts: dict[str, Any], screen: dict[str, Any]) -> None:
        """Send what changed. Only the newest is sent to a browser that is slow."""
        self._props["texts"] = texts
        self._props["screen"] = screen
        self.update()

    def on_tap(self, name: str, handler: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Call `handler` with what the browser sent for `name`, if it is an object."""

        async def tapped(event: GenericEventArguments) -> None:
            if isinstance(event.args, dict):
                await handler(event.args)

        self.on(name, tapped)


def follow(line: LineLink, element: Live, draw: Callable[[], None]) -> None:
    """Call `draw` for each view while a browser has the page open. A page that was asked for and
    never opened costs nothing more."""
    client: Client = element.client

    def look() -> None:
        if client.has_socket_connection:
            draw()

    client.on_connect(draw)
    client.on_delete(line.listen(look))


def page_head(theme: str) -> None:
    """Style and theme of a live page, before its first paint."""
    ui.add_head_html(
        '<link rel="stylesheet" href="/static/theme.css">'
        '<link rel="stylesheet" href="/static/live.css">'
        f'<meta name="theme" content="{theme}">'
        '<script src="/static/taste.js"></script>'
    )
