"""The headers that keep a browser from making more of a reply than it is."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import chain

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A reply that is opened as if it were a page loads nothing, runs nothing and stands in no frame. What is a page says
# itself what it needs.
_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _POLICY,
}
# No page of another site may load a reply as a picture or a script; what it asks for by fetch is settled by CORS. The
# widget's files are made for other sites, and by /livez it tells a service that is not there from one that refuses it.
_OWN_SITE, _ANY_SITE = "same-origin", "cross-origin"
_FOR_OTHER_SITES = ("/widget.js", "/assets/", "/livez")
# The pages of FastAPI that hold scripts of their own; their styles are set by those scripts.
_DOCS = ("/docs", "/docs/oauth2-redirect")
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Adds to every reply the headers that it does not bring itself.

    ``Strict-Transport-Security`` is none of them: this service speaks no TLS, so it is for the proxy that does to say.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def tell(message: Message) -> None:
            # A browser would put a 304's headers in place of those that came with the page that it keeps.
            if message["type"] == "http.response.start" and message["status"] != 304:
                _complete(MutableHeaders(scope=message), scope["path"])
                if scope["path"] in _DOCS:
                    held.append(message)  # until its body is known
                    return
            elif held:
                start = held.pop()
                MutableHeaders(scope=start)["Content-Security-Policy"] = _docs_policy(message.get("body", b""))
                await send(start)
            await send(message)

        await self.app(scope, receive, tell)


def _complete(headers: MutableHeaders, path: str) -> None:
    site = _ANY_SITE if path.startswith(_FOR_OTHER_SITES) else _OWN_SITE
    for name, value in chain(_HEADERS.items(), [("Cross-Origin-Resource-Policy", site)]):
        headers.setdefault(name, value)


def _docs_policy(page: bytes) -> str:
    """What a page of the API's description needs: this service's files, and the very scripts that are in it."""
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _SCRIPT.findall(page)]
    scripts = " ".join(["'self'", *(f"'sha256-{one}'" for one in hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
