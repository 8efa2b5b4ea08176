"""What every page works with: the store, the vault, the clock, the templates, the person."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path as FilePath
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

import jinja2
import sqlalchemy as sa
from fastapi import Depends, Form, Path, Request
from fastapi.responses import HTMLResponse

from pipeline.domain.calendar import now
from pipeline.review import access
from pipeline.review.access import Role
from pipeline.review.people import Account, load_account
from pipeline.review.session import Session, Sessions, Throttle
from pipeline.review.shown import FILTERS
from pipeline.settings import Settings
from pipeline.stages.context import Context
from pipeline.store.engine import read_only
from pipeline.store.lock import writing
from pipeline.store.vault import Vault

if TYPE_CHECKING:
    from pipeline.review.oidc import Provider

_HERE = FilePath(__file__).parent
STATIC_DIR = _HERE / "static"

NAVIGATION = (
    ("/", "今日", access.TODAY),
    ("/items", "监督事项", access.ITEMS),
    ("/queue", "工单复核", access.REVIEW),
    ("/tickets", "工单", access.TICKETS),
    ("/quarantine", "隔离区", access.QUARANTINE),
    ("/reports", "报告", access.REPORTS),
    ("/models", "模型", access.MODELS),
    ("/audit", "审计", access.AUDIT),
    ("/people", "用户", access.PEOPLE),
    ("/tokens", "接口令牌", access.PEOPLE),
)

WHOLE = frozenset({"/quarantine", "/reports"})  # of the whole jurisdiction: not for the bounded


class NotSignedIn(Exception):
    """Answered by the way to the login page."""


class MustChangePassword(Exception):
    """Answered by the way to the password page."""


class Refused(Exception):
    """403: the person's role does not allow this page. The message is shown."""


class NotFound(Exception):
    """404: it does not exist, or this person must not learn that it does."""


@dataclass
class Desk:
    """The application's own state, at ``app.state.desk``."""

    settings: Settings
    engine: sa.Engine
    clock: Callable[[], datetime] = now
    throttle: Throttle = field(default_factory=Throttle)
    trends: dict[tuple, list] = field(
        default_factory=dict
    )  # of the first screen, by what they show
    _one_writer: Lock = field(default_factory=Lock)  # the store's lock tells processes apart only

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.settings.secret)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.settings.secret)

    @cached_property
    def provider(self) -> "Provider | None":
        """Of 统一身份认证, where it is configured. Raises SettingsError for half of that."""
        if not self.settings.oidc_issuer:
            return None
        from pipeline.review.oidc import Provider

        return Provider(self.settings)

    @contextmanager
    def writing(self) -> Iterator[Context]:
        """The stages' context with the store's writing lock, which a night may hold: StoreBusy."""
        with self._one_writer, writing(self.settings, self.engine):
            yield Context(self.settings, self.engine, self.vault, self.clock)

    def reading(self) -> sa.Connection:
        """A connection for readers: ``with desk.reading() as connection``."""
        return read_only(self.engine).connect()

    @cached_property
    def templates(self) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(FILTERS)
        environment.globals |= {"navigation": NAVIGATION, "whole": WHOLE}
        return environment


def the_desk(request: Request) -> Desk:
    return request.app.state.desk


LARGEST_ID = 2**31 - 1  # what a column of ids holds
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Version = Annotated[int, Form(ge=0, le=LARGEST_ID)]

TheDesk = Annotated[Desk, Depends(the_desk)]


def the_session(request: Request) -> Session:
    return request.state.session


TheSession = Annotated[Session, Depends(the_session)]


def signed_in(desk: TheDesk, session: TheSession) -> Account:
    """The person of the session, asked of the store each time: a change of role, a reset or a
    disabled account takes effect with the next request.
    """
    account = load_account(desk.engine, session.name) if session.name else None
    if account is None or account.session_epoch != session.epoch:
        if session.name:
            session.sign_out("登录已失效，请重新登录。")
        raise NotSignedIn
    # Whom the identity provider vouches for need not know the one-time password.
    return replace(account, must_change=False) if session.is_vouched else account


SignedIn = Annotated[Account, Depends(signed_in)]


def checked(desk: TheDesk, session: TheSession, csrf_token: Annotated[str, Form()] = "") -> None:
    """Every form carries its session's token; without it nothing is done."""
    if not desk.sessions.is_token(session, csrf_token):
        raise Refused("页面已过期或来源不明，请返回、刷新后重试。")


def may_see(roles: Iterable[Role], *, whole: bool = False):
    """Dependency of a page: signed in, password changed, role among ``roles``; with ``whole`` also
    not bound to units or regions, because the page speaks of the whole jurisdiction.
    """
    allowed = frozenset(roles)

    def check(request: Request, account: SignedIn) -> Account:
        if account.must_change and request.url.path != "/password":
            raise MustChangePassword
        if account.role not in allowed:
            raise Refused(f"您的角色（{account.role}）不能使用此功能。")
        if whole and account.sight.is_bounded:
            raise Refused("您的账号限定了单位或地区，不能使用面向全辖区的此功能。")
        return account

    return Depends(check)


def may_do(roles: Iterable[Role], *, whole: bool = False):
    """Dependency of a form's target: :func:`may_see` and the CSRF token."""
    see = may_see(roles, whole=whole)

    def check(
        account: Annotated[Account, see], _checked: Annotated[None, Depends(checked)]
    ) -> Account:
        return account

    return Depends(check)


def page(
    request: Request,
    template: str,
    account: Account | None = None,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Render a template with what every page shows: person, navigation, token, notice."""
    desk, session = the_desk(request), the_session(request)
    html = desk.templates.get_template(template).render(
        account=account,
        csrf_token=desk.sessions.token(session),
        notice=session.take_notice(),
        path=request.url.path,
        assets=request.app.state.assets,
        at=desk.clock(),
        **values,
    )
    return HTMLResponse(html, status)
