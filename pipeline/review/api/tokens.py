"""Tokens: which program may do what, in whose name, and until when.

A token is 32 random bytes, shown once; the store keeps its SHA-256 (no slow hash is needed for
something that cannot be guessed). It is bound to a person, whose account must stay active, and
whose role bounds what the scopes allow.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.review import access
from pipeline.review.access import Role
from pipeline.review.audit import record
from pipeline.review.people import Account, load_account
from pipeline.store import tables as t
from pipeline.store.engine import read_only

PREFIX = "hl_"
MAX_DAYS = 366
_MAX_CLIENT = 40
_TOUCH_AFTER = timedelta(minutes=10)
_token, _person = t.api_token.c, t.person.c


class TokenScope(StrEnum):
    """What a token is for. ``name_zh`` for screens."""

    TICKETS_READ = "tickets:read"
    DECISIONS_WRITE = "decisions:write"
    ITEMS_READ = "items:read"
    ITEMS_WRITE = "items:write"
    QUARANTINE_READ = "quarantine:read"
    QUARANTINE_WRITE = "quarantine:write"
    NIGHTS_READ = "nights:read"
    CHECKS_WRITE = "checks:write"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    MODEL_READ = "model:read"

    @property
    def name_zh(self) -> str:
        return _NAMES[self]


_NAMES = {
    TokenScope.TICKETS_READ: "读工单",
    TokenScope.DECISIONS_WRITE: "复核工单、撤销",
    TokenScope.ITEMS_READ: "读监督事项",
    TokenScope.ITEMS_WRITE: "办理监督事项",
    TokenScope.QUARANTINE_READ: "读隔离区",
    TokenScope.QUARANTINE_WRITE: "修复隔离行",
    TokenScope.NIGHTS_READ: "读夜间任务",
    TokenScope.CHECKS_WRITE: "放行检查",
    TokenScope.REPORTS_READ: "读报告",
    TokenScope.REPORTS_WRITE: "审核、发布报告",
    TokenScope.MODEL_READ: "读模型情况",
}

STAFF = frozenset(Role) - {Role.LIAISON, Role.ADMIN}
"""Roles a token may act with. 纪检联络员 sees confidential things alone, which the interface has
not; 管理员 has no content by right.
"""

ROLES: dict[TokenScope, frozenset[Role]] = {
    TokenScope.TICKETS_READ: access.TICKETS & STAFF,
    TokenScope.DECISIONS_WRITE: access.REVIEW & STAFF,
    TokenScope.ITEMS_READ: access.ITEMS & STAFF,
    TokenScope.ITEMS_WRITE: access.ITEM_ACTIONS & STAFF,
    TokenScope.QUARANTINE_READ: access.QUARANTINE & STAFF,
    TokenScope.QUARANTINE_WRITE: access.REPAIR & STAFF,
    TokenScope.NIGHTS_READ: access.TODAY & STAFF,
    TokenScope.CHECKS_WRITE: access.CHECKS & STAFF,
    TokenScope.REPORTS_READ: access.REPORTS & STAFF,
    TokenScope.REPORTS_WRITE: access.APPROVE & STAFF,
    TokenScope.MODEL_READ: access.REVIEW & STAFF,
}
"""Which roles a scope is of use to: the desk's own table (``access``) without confidential."""


class TokenError(OperatorError, ValueError):
    """What was asked of a token cannot be done; the Chinese message says why."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A valid token: who acts (``account.client`` is the program), and what for."""

    token_id: int
    account: Account
    scopes: frozenset[TokenScope]


def issue(
    engine: sa.Engine,
    client: str,
    person: str,
    scopes: Iterable[str],
    at: datetime,
    *,
    days: int,
    by: str = "命令行",
) -> str:
    """A new token for ``client`` acting as ``person``; it is returned once and stored nowhere.

    Raises TokenError for a nameless client, a person that is not there or whose role a scope is
    of no use to, unknown or no scopes, and a life outside 1–MAX_DAYS days.
    """
    client, wanted = client.strip(), list(dict.fromkeys(scopes))
    if not 1 <= len(client) <= _MAX_CLIENT or not client.isprintable():
        raise TokenError(f"客户端名称须为 1—{_MAX_CLIENT} 个可见字符。")
    if not 1 <= days <= MAX_DAYS:
        raise TokenError(f"有效期须为 1—{MAX_DAYS} 天。")
    if unknown := [scope for scope in wanted if scope not in set(TokenScope)]:
        raise TokenError(f"没有“{unknown[0]}”这项权限。可选：{'、'.join(TokenScope)}。")
    if not wanted:
        raise TokenError(f"须至少写明一项权限。可选：{'、'.join(TokenScope)}。")
    token = PREFIX + secrets.token_urlsafe(32)
    with engine.begin() as connection:
        role = connection.scalar(
            sa.select(_person.role).where(_person.name == person, _person.is_active)
        )
        if role is None:
            raise TokenError(f"没有在用的用户“{person}”。")
        if useless := [scope for scope in wanted if role not in ROLES[TokenScope(scope)]]:
            raise TokenError(f"“{person}”的角色是“{role}”，不能使用权限 {'、'.join(useless)}。")
        token_id = connection.execute(
            sa.insert(t.api_token)
            .values(
                client=client,
                person=person,
                token_hash=_hash(token),
                scopes_json=wanted,
                created_at=at,
                created_by=by,
                expires_at=at + timedelta(days=days),
            )
            .returning(_token.id)
        ).scalar_one()
        detail = {"client": client, "for": person, "scopes": wanted}
        record(connection, at, by, "token_issued", f"token:{token_id}", detail=detail)
    return token


def revoke(engine: sa.Engine, token_id: int, at: datetime, by: str = "命令行") -> None:
    """End a token now. Raises TokenError for one that is not there or was revoked before."""
    with engine.begin() as connection:
        done = connection.execute(
            sa.update(t.api_token)
            .where(_token.id == token_id, _token.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        if not done.rowcount:
            raise TokenError(f"没有未吊销的令牌 {token_id}。")
        record(connection, at, by, "token_revoked", f"token:{token_id}")


def list_tokens(engine: sa.Engine) -> list[dict]:
    """Every token without its hash, the newest first."""
    columns = [c for c in t.api_token.columns if c.name != "token_hash"]
    with read_only(engine).connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(_token.id.desc())).mappings()
        return [dict(row) for row in rows]


def state_zh(row: dict, at: datetime) -> str:
    """Whether a token of :func:`list_tokens` can be used at ``at``."""
    if row["revoked_at"] is not None:
        return "已吊销"
    return "已过期" if row["expires_at"] <= at else "有效"


def find_grant(engine: sa.Engine, token: str, at: datetime) -> Grant | None:
    """What the token allows, or None where it is unknown, expired or revoked or its person's
    account closed. Asked of the store each time, so that all of these take effect at once.
    """
    query = sa.select(t.api_token).where(
        _token.token_hash == _hash(token), _token.revoked_at.is_(None), _token.expires_at > at
    )
    with read_only(engine).connect() as connection:
        row = connection.execute(query).mappings().one_or_none()
    account = load_account(engine, row["person"]) if row else None
    if account is None:
        return None
    if row["last_used_at"] is None or row["last_used_at"] <= at - _TOUCH_AFTER:
        with engine.begin() as connection:
            connection.execute(
                sa.update(t.api_token).where(_token.id == row["id"]).values(last_used_at=at)
            )
    scopes = frozenset(TokenScope(scope) for scope in row["scopes_json"])
    return Grant(row["id"], replace(account, client=row["client"]), scopes)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
