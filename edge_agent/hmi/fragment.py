"""A part of a page that a command made as HTML."""

from nicegui.element import Element


class Fragment(Element, component="static/fragment.js"):
    """`html` must be our own: it is put into the page as it is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.props["html"] = html
