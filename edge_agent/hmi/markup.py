"""Plain HTML elements for the office's pages. No Quasar, no template: nothing is compiled in the
browser, and every text is a text node, so that no name can become markup."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

Tap = Callable[[], Awaitable[None]]


def node(tag: str = "div", classes: str = "", **attributes: str) -> Element:
    """An element for others, which are made inside ``with``. ``aria_label`` is ``aria-label``."""
    return _dressed(Element(tag), classes, attributes)


def text(words: str, tag: str = "div", classes: str = "", **attributes: str) -> TextElement:
    """An element with a text."""
    element = TextElement(tag=tag, text=words)
    _dressed(element, classes, attributes)
    return element


def name(words: str, tag: str = "bdi", classes: str = "") -> TextElement:
    """What somebody called something: of any script and length."""
    return text(words, tag, f"name {classes}", title=words)


def button(words: str, tap: Tap, classes: str = "") -> TextElement:
    element = text(words, "button", f"button {classes}", type="button")
    element.on("click", tap, args=[])
    return element


def link(words: str, path: str, classes: str = "") -> TextElement:
    return text(words, "a", classes, href=path)


class Pad(Element, component="static/pad.js"):
    """Keys: `kind` is pin, digits, date or text."""

    def __init__(
        self,
        kind: str,
        texts: dict[str, str],
        done: Callable[[str], Awaitable[None]],
        *,
        heading: str = "",
        limit: int = 12,
    ) -> None:
        super().__init__()
        self.props.update(kind=kind, texts=texts, heading=heading, limit=limit, busy=False)

        async def typed(event: GenericEventArguments) -> None:
            if isinstance(event.args, str) and len(event.args) <= limit:
                await done(event.args)

        self.on("done", typed)

    def hold(self, busy: bool) -> None:
        """Whether what is typed is being checked."""
        self.props["busy"] = busy
        self.update()


class Form(Element, component="static/form.js"):
    """`fields` are dicts: name, label, value, kind (text, digits, date), limit, fixed, wide, and
    options, a list of [value, label, hint]. `send` is given the texts of those fields alone."""

    def __init__(
        self,
        fields: list[dict[str, Any]],
        texts: dict[str, str],
        send: Callable[[dict[str, str]], Awaitable[None]],
    ) -> None:
        super().__init__()
        self.props.update(fields=fields, texts=texts, faults={}, busy=False)
        names = {field["name"] for field in fields}

        async def sent(event: GenericEventArguments) -> None:
            given = event.args if isinstance(event.args, dict) else {}
            await send({n: v for n, v in given.items() if n in names and isinstance(v, str)})

        self.on("send", sent)

    def fault(self, faults: dict[str, str]) -> None:
        """Show what is wrong, by field."""
        self.props["faults"] = faults
        self.update()


def _dressed(element: Element, classes: str, attributes: dict[str, str]) -> Element:
    element.classes(classes)
    for attribute, value in attributes.items():
        element.props[attribute.replace("_", "-")] = value
    return element
