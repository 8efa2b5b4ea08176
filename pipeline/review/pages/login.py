"""登录, 退出, 修改密码."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from pipeline.review import access
from pipeline.review.desk import TheDesk, TheSession, checked, may_do, may_see, page
from pipeline.review.people import (
    LOCKED_FOR,
    MAX_FAILED_LOGINS,
    MIN_PASSWORD,
    Account,
    PersonError,
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
    return page(request, "login.html", is_first=not has_people(desk.engine), problem="", name="")


@router.post("/login", dependencies=[Depends(checked)])
def log_in(
    request: Request,
    desk: TheDesk,
    session: TheSession,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
):
    at = desk.clock()
    address = request.client.host if request.client else ""
    name = name.strip()
    if desk.throttle.is_blocked(address, at):
        return page(request, "login.html", status=429, is_first=False, problem=_BLOCKED, name=name)
    account = verify_login(desk.engine, name, password, at, address)
    if account is None:
        desk.throttle.failed(address, at)
        return page(request, "login.html", status=401, is_first=False, problem=_REFUSED, name=name)
    session.sign_in(account.name, account.session_epoch, at)
    return RedirectResponse("/password" if account.must_change else "/", 303)


@router.post("/logout")
def log_out(
    desk: TheDesk, session: TheSession, account: Annotated[Account, may_do(access.EVERYONE)]
):
    end_sessions(desk.engine, account.name, desk.clock())
    session.sign_out("已退出。")
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
