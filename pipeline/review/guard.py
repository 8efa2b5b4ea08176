"""Around every request: session cookie, security headers, a bound on what a body may be."""

from collections.abc import Callable
from datetime import datetime

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.review.api import problem
from pipeline.review.session import COOKIE, Session, Sessions

MAX_BODY = 256 * 1024
STATIC, API = "/static/", "/api/"
_NUL = "请求含有无效字符。"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware. Puts the session at ``request.state.session``."""

    def __init__(self, app: ASGIApp, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self.app, self.sessions, self.clock = app, sessions, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        is_static, is_api = (scope["path"].startswith(place) for place in (STATIC, API))
        # Programs bring tokens: a browser's cookie opens nothing there, so no page can misuse it.
        cookie = None if is_api else connection.cookies.get(COOKIE)
        session = self.sessions.read(cookie, self.clock())
        scope.setdefault("state", {})["session"] = session

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                is_tls = scope["scheme"] == "https"
                if is_tls:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if is_static:
                    headers["Cache-Control"] = "public, max-age=86400"
                elif is_api and "etag" in headers:
                    headers["Cache-Control"] = "private, no-cache"  # kept, and asked about again
                else:
                    headers["Cache-Control"] = "no-store"
                if session.is_changed and not is_static and not is_api:
                    headers.append("Set-Cookie", self._cookie(session, is_tls))
            await send(message)

        if min(scope["path"], default="") < " " or b"%00" in scope["query_string"]:
            # No text of the store holds a zero byte, and PostgreSQL refuses to compare with it;
            # no address holds any other control character.
            await _refusal(is_api, 400, _NUL)(scope, receive, guarded)
            return
        if scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, guarded)
            return
        body = await _whole_body(receive)
        if body is None:
            await _refusal(is_api, 413, "提交的内容过大。")(scope, receive, guarded)
            return
        if b"%00" in body or b"\0" in body:
            await _refusal(is_api, 400, _NUL)(scope, receive, guarded)
            return
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return parts.pop() if parts else await receive()

        await self.app(scope, replay, guarded)

    def _cookie(self, session: Session, is_tls: bool) -> str:
        value = self.sessions.write(session)
        secure = "; Secure" if is_tls else ""
        # Lax: whoever follows the link of a notice, or comes back from the identity provider, is
        # still signed in. Other sites' forms bring no cookie; and each form here has its token.
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _refusal(is_api: bool, status: int, message: str) -> Response:
    return problem.response(status, message) if is_api else PlainTextResponse(message, status)


async def _whole_body(receive: Receive) -> bytes | None:
    """The request's body, or None where it is longer than MAX_BODY. Every form here is small."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        more = message.get("more_body", False)
    return body
