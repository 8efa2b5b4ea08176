"""登录 (by password, or by 统一身份认证 where it is configured), 退出, 修改密码."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from pipeline.review import access
from pipeline.review.audit import record
from pipeline.review.desk import (
    Desk,
    NotFound,
    TheDesk,
    TheSession,
    checked,
    may_do,
    may_see,
    page,
)
from pipeline.review.people import (
    LOCKED_FOR,
    MAX_FAILED_LOGINS,
    MIN_PASSWORD,
    Account,
    PersonError,
    admit,
    change_password,
    end_sessions,
    has_people,
    load_account,
    verify_login,
)

router = APIRouter()

_REFUSED = (
    "用户名或密码不正确，或账号已停用、已锁定。"
    f"连续 {MAX_FAILED_LOGINS} 次错误后锁定 {LOCKED_FOR.seconds // 60} 分钟。"
)
_BLOCKED = "此地址登录失败次数过多，请 10 分钟后再试。"


@router.get("/login")
def show_login(request: Request, desk: TheDesk, session: TheSession):
    account = load_account(desk.engine, session.name) if session.name else None
    if account and account.session_epoch == session.epoch:
        return RedirectResponse("/", 303)
    return _login_page(request, desk, is_first=not has_people(desk.engine))


def _login_page(
    request: Request, desk: Desk, status: int = 200, *, problem="", name="", is_first=False
):
    return page(
        request,
        "login.html",
        status=status,
        is_first=is_first,
        problem=problem,
        name=name,
        has_provider=desk.provider is not None,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/login", dependencies=[Depends(checked)])
def log_in(
    request: Request,
    desk: TheDesk,
    session: TheSession,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
):
    at = desk.clock()
    address, name = _address(request), name.strip()
    if desk.throttle.is_blocked(address, at):
        return _login_page(request, desk, 429, problem=_BLOCKED, name=name)
    account = verify_login(desk.engine, name, password, at, address)
    if account is None:
        desk.throttle.failed(address, at)
        return _login_page(request, desk, 401, problem=_REFUSED, name=name)
    session.sign_in(account.name, account.session_epoch, at)
    return RedirectResponse("/password" if account.must_change else "/", 303)


# --- 统一身份认证 -------------------------------------------------------------------------


@router.get("/login/oidc")
def leave_for_provider(request: Request, desk: TheDesk, session: TheSession):
    """To the identity provider, which sends the browser back to the following address."""
    from pipeline.review.oidc import SignInFailed

    if desk.provider is None:
        raise NotFound
    try:
        url, pending = desk.provider.begin()
    except SignInFailed as error:
        return _login_page(request, desk, 503, problem=error.message)
    session.leave(pending, desk.clock())
    return RedirectResponse(url, 303)


@router.get("/login/oidc/callback")
def come_back_from_provider(request: Request, desk: TheDesk, session: TheSession):
    from pipeline.review.oidc import SignInFailed

    if desk.provider is None:
        raise NotFound
    at, address = desk.clock(), _address(request)
    pending = session.come_back(at)
    if desk.throttle.is_blocked(address, at):
        return _login_page(request, desk, 429, problem=_BLOCKED)
    try:
        name = desk.provider.finish(pending, dict(request.query_params))
    except SignInFailed as error:
        desk.throttle.failed(address, at)
        detail = {"address": address, "by": "统一身份认证", "problem": error.problem}
        with desk.engine.begin() as connection:
            record(connection, at, "(未知用户)", "login_failed", None, detail=detail)
        return _login_page(request, desk, 401, problem=error.message)
    try:
        account = admit(desk.engine, name, at, address)
    except PersonError as error:
        return _login_page(request, desk, 403, problem=str(error))
    session.sign_in(account.name, account.session_epoch, at, is_vouched=True)
    return RedirectResponse("/", 303)


# --- afterwards -----------------------------------------------------------------------------------


@router.post("/logout")
def log_out(
    desk: TheDesk, session: TheSession, account: Annotated[Account, may_do(access.EVERYONE)]
):
    end_sessions(desk.engine, account.name, desk.clock())
    still_there = "统一身份认证可能仍处于登录状态，共用电脑请一并退出。"
    session.sign_out("已退出。" + (still_there if session.is_vouched else ""))
    return RedirectResponse("/login", 303)


@router.get("/password")
def show_password(request: Request, account: Annotated[Account, may_see(access.EVERYONE)]):
    return page(request, "password.html", account, problem="", min_length=MIN_PASSWORD)


@router.post("/password")
def set_password(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    account: Annotated[Account, may_do(access.EVERYONE)],
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
):
    at = desk.clock()
    address = f"password of {account.name}"
    problem = "两次输入的新密码不一致。" if new != again else ""
    if desk.throttle.is_blocked(address, at):
        problem = "原密码错误次数过多，请 10 分钟后再试。"
    if not problem:
        try:
            changed = change_password(desk.engine, account.name, old, new, at)
        except PersonError as error:
            desk.throttle.failed(address, at)
            problem = str(error)
    if problem:
        return page(
            request, "password.html", account, 400, problem=problem, min_length=MIN_PASSWORD
        )
    session.sign_in(changed.name, changed.session_epoch, at)
    session.say("密码已修改，其他地方的登录已失效。")
    return RedirectResponse("/", 303)
