"""用户: accounts, for the administrator alone."""

from typing import Annotated

from fastapi import APIRouter, Form, Request

from pipeline.review import access
from pipeline.review.access import Role
from pipeline.review.desk import TheDesk, may_do, may_see, page
from pipeline.review.people import (
    Account,
    PersonError,
    add_person,
    disable_person,
    list_people,
    reset_password,
    set_bounds,
)

router = APIRouter()

Name = Annotated[str, Form(max_length=200)]
Lines = Annotated[str, Form(max_length=10_000)]  # names, one a line


@router.get("/people")
def show_people(
    request: Request, desk: TheDesk, account: Annotated[Account, may_see(access.PEOPLE)]
):
    return _people_page(request, desk, account)


def _people_page(request, desk, account, *, status=200, problem="", issued=None, done=""):
    return page(
        request,
        "people.html",
        account,
        status,
        people=list_people(desk.engine),
        roles=list(Role),
        problem=problem,
        issued=issued,
        done=done,
    )


@router.post("/people")
def add(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.PEOPLE)],
    name: Name = "",
    role: Annotated[str, Form(max_length=16)] = "",
    units: Lines = "",
    regions: Lines = "",
):
    try:
        password = add_person(
            desk.engine,
            name,
            role,
            desk.clock(),
            by=account.name,
            units=units.splitlines(),
            regions=regions.splitlines(),
        )
    except PersonError as error:
        return _people_page(request, desk, account, status=400, problem=str(error))
    return _people_page(request, desk, account, issued=(name.strip(), password))


@router.post("/people/bounds")
def bind(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.PEOPLE)],
    name: Name = "",
    units: Lines = "",
    regions: Lines = "",
):
    try:
        set_bounds(
            desk.engine,
            name,
            units=units.splitlines(),
            regions=regions.splitlines(),
            at=desk.clock(),
            by=account.name,
        )
    except PersonError as error:
        return _people_page(request, desk, account, status=400, problem=str(error))
    return _people_page(request, desk, account, done=f"{name} 的范围已更新，即时生效。")


@router.post("/people/reset")
def reset(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.PEOPLE)],
    name: Name = "",
):
    if name == account.name:
        return _people_page(
            request, desk, account, status=400, problem="自己的密码请在“修改密码”页更改。"
        )
    try:
        password = reset_password(desk.engine, name, desk.clock(), by=account.name)
    except PersonError as error:
        return _people_page(request, desk, account, status=400, problem=str(error))
    return _people_page(request, desk, account, issued=(name, password))


@router.post("/people/disable")
def disable(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.PEOPLE)],
    name: Name = "",
):
    if name == account.name:
        return _people_page(request, desk, account, status=400, problem="不能停用自己的账号。")
    try:
        disable_person(desk.engine, name, desk.clock(), by=account.name)
    except PersonError as error:
        return _people_page(request, desk, account, status=400, problem=str(error))
    return _people_page(request, desk, account, done=f"{name} 已停用。")
