"""Who asks: the bearer token, its scopes, the role of its person, and how often it may ask."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from pipeline.review.api.problem import Problem
from pipeline.review.api.tokens import PREFIX, ROLES, Grant, TokenScope, find_grant
from pipeline.review.desk import TheDesk
from pipeline.review.people import Account

REQUESTS = 600
WINDOW = timedelta(minutes=1)
_MAX_TOKEN = 100

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="hotline token add")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class RateLimit:
    """At most ``limit`` requests per token in each ``window``; kept in this process."""

    def __init__(self, limit: int = REQUESTS, window: timedelta = WINDOW) -> None:
        self._limit, self._window = limit, window
        self._counts: dict[int, tuple[datetime, int]] = {}  # one entry per token in use
        self._lock = Lock()

    def take(self, token_id: int, at: datetime) -> int:
        """Count one request; returns the seconds to wait, 0 where it may go on."""
        with self._lock:
            since, count = self._counts.get(token_id, (at, 0))
            if not since <= at < since + self._window:
                since, count = at, 0
            if count >= self._limit:
                return int((since + self._window - at).total_seconds()) + 1
            self._counts[token_id] = (since, count + 1)
            return 0


def _grant(request: Request, desk: TheDesk, bearer: Bearer) -> Grant:
    token = bearer.credentials if bearer else ""
    at = desk.clock()
    fits = token.startswith(PREFIX) and token.isascii() and len(token) <= _MAX_TOKEN
    grant = find_grant(desk.engine, token, at) if fits else None
    if grant is None:
        detail = "请求须带有效的令牌（Authorization: Bearer …）；令牌可能已过期、吊销或账号已停用。"
        raise Problem(401, detail, {"WWW-Authenticate": "Bearer"})
    if wait := request.app.state.rate.take(grant.token_id, at):
        raise Problem(429, f"请求过于频繁，请 {wait} 秒后再试。", {"Retry-After": str(wait)})
    return grant


WHOLE = frozenset(
    {
        TokenScope.QUARANTINE_READ,
        TokenScope.QUARANTINE_WRITE,
        TokenScope.NIGHTS_READ,
        TokenScope.CHECKS_WRITE,
        TokenScope.REPORTS_READ,
        TokenScope.REPORTS_WRITE,
        TokenScope.MODEL_READ,
    }
)
"""Of the whole jurisdiction: not for a person bound to units or regions."""


def needs(scope: TokenScope):
    """Dependency of a route: the person in whose name it is done, where scope and role allow."""

    def check(grant: Annotated[Grant, Depends(_grant)]) -> Account:
        if scope not in grant.scopes:
            raise Problem(403, f"令牌没有权限 {scope}。")
        if grant.account.role not in ROLES[scope]:
            raise Problem(403, f"令牌所代表用户的角色（{grant.account.role}）不能使用此功能。")
        if scope in WHOLE and grant.account.sight.is_bounded:
            raise Problem(403, "令牌所代表用户只办理部分单位或地区，不能使用此功能。")
        return grant.account

    check.scope = scope  # the test of permissions reads it
    return Depends(check)
