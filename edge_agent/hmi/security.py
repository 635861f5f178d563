"""What stands between a browser and the pages: ASGI middleware, the outermost.

* A content security policy with a fresh nonce for NiceGUI's own inline scripts and styles. It has
  neither ``unsafe-inline`` nor ``unsafe-eval``: the pages use only elements that compile nothing in
  the browser, which leaves out NiceGUI's inputs and tables (Vue templates), ``run_javascript``,
  ``js_handler`` and props that begin with a colon.
* Requests under a foreign name (DNS rebinding) and from a foreign page (Origin) are refused, for
  the websocket too.
* A body has at most BODY_LIMIT_BYTES.
"""

import re
import secrets
import socket
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT_BYTES = 1 << 18
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_INLINE = re.compile(rb"<(script|style)(?=[\s>])")
_HIDDEN = (b' style="display: none"', b" hidden")
"""The one style attribute in NiceGUI's page, and what says the same without one."""


class Security:
    """`names` are host names, besides this machine's own and literal addresses, under which the
    pages may be asked for."""

    def __init__(self, app: ASGIApp, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._names = names | {"localhost", socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if fault := self._fault(scope):
            await _refuse(scope, receive, send, fault)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._app(scope, _capped(receive), _Guarded(scope["path"], send).send)

    def _fault(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(_parts(f"//{host}").hostname or ""):
            return "this host name is not served here"
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        origin = headers.get("origin")
        if changes and origin is not None and _parts(origin).netloc != host:
            return "requests from another site's page are refused"
        if changes and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "requests from another site's page are refused"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_LIMIT_BYTES:
            return f"the body is too large, expected at most {BODY_LIMIT_BYTES} bytes"
        return ""

    def _is_ours(self, host: str) -> bool:
        try:
            ip_address(host)
        except ValueError:
            return host.lower() in self._names
        return True


def _parts(address: str) -> SplitResult:
    """Of `address`; nothing of one that is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


class _Guarded:
    """Sends a response with the headers; HTML is held back until it is whole, for the nonce."""

    def __init__(self, path: str, send: Send) -> None:
        self._is_asset = path.startswith(("/_nicegui/", "/static/"))
        self._send = send
        self._start: Message | None = None
        self._html = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            headers = MutableHeaders(scope=message)
            self._harden(headers)
            if not headers.get("content-type", "").startswith("text/html"):
                self._start = None
                await self._send(message)
        elif self._start is None:
            await self._send(message)
        else:
            self._html += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_html(self._start, message)

    def _harden(self, headers: MutableHeaders) -> None:
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "no-referrer"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), usb=()"
        headers.setdefault("cache-control", "no-cache" if self._is_asset else "no-store")
        headers["content-security-policy"] = "default-src 'none'; frame-ancestors 'none'"

    async def _send_html(self, start: Message, end: Message) -> None:
        nonce = secrets.token_urlsafe(16)
        html = _INLINE.sub(rb'<\1 nonce="' + nonce.encode() + b'"', self._html).replace(*_HIDDEN)
        headers = MutableHeaders(scope=start)
        headers["content-security-policy"] = policy(nonce)
        headers["content-length"] = str(len(html))
        await self._send(start)
        await self._send({**end, "body": html})


def policy(nonce: str) -> str:
    """The content security policy of a page."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _capped(receive: Receive) -> Receive:
    """A body without a stated length, or with a false one, ends the request at the limit."""
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > BODY_LIMIT_BYTES else message

    return receive_some


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await PlainTextResponse(why, status_code=403)(scope, receive, send)
