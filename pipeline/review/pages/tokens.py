"""接口令牌: which programs act in whose name; given, shown once, ended. For the administrator."""

from typing import Annotated

from fastapi import APIRouter, Form, Request

from pipeline.review import access
from pipeline.review.api.tokens import (
    MAX_DAYS,
    ROLES,
    STAFF,
    TokenError,
    TokenScope,
    issue,
    list_tokens,
    revoke,
    state_zh,
)
from pipeline.review.desk import Id, TheDesk, may_do, may_see, page
from pipeline.review.people import Account, list_people

router = APIRouter()

_DAYS = 180


@router.get("/tokens")
def show_tokens(
    request: Request, desk: TheDesk, account: Annotated[Account, may_see(access.PEOPLE)]
):
    return _tokens_page(request, desk, account)


def _tokens_page(
    request, desk, account: Account, *, status=200, problem="", issued=None, done="", given=None
):
    at = desk.clock()
    return page(
        request,
        "tokens.html",
        account,
        status,
        tokens=[row | {"state": state_zh(row, at)} for row in list_tokens(desk.engine)],
        people=[p for p in list_people(desk.engine) if p["is_active"] and p["role"] in STAFF],
        scopes=list(TokenScope),
        roles=ROLES,
        max_days=MAX_DAYS,
        given=given or {"client": "", "person": "", "scopes": [], "days": _DAYS},
        problem=problem,
        issued=issued,
        done=done,
    )


@router.post("/tokens")
def add(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.PEOPLE)],
    client: Annotated[str, Form(max_length=200)] = "",
    person: Annotated[str, Form(max_length=200)] = "",
    scopes: Annotated[list[str] | None, Form(max_length=40)] = None,
    days: Annotated[str, Form(max_length=4)] = "",
):
    given = {"client": client, "person": person, "scopes": scopes or [], "days": days}
    try:
        token = issue(
            desk.engine,
            client,
            person,
            scopes or [],
            desk.clock(),
            days=int(days) if days.isdecimal() else 0,
            by=account.name,
        )
    except TokenError as error:
        return _tokens_page(request, desk, account, status=400, problem=str(error), given=given)
    return _tokens_page(request, desk, account, issued=(client.strip(), token))


@router.post("/tokens/{token_id}/revoke")
def end(
    request: Request,
    desk: TheDesk,
    token_id: Id,
    account: Annotated[Account, may_do(access.PEOPLE)],
):
    try:
        revoke(desk.engine, token_id, desk.clock(), by=account.name)
    except TokenError as error:
        return _tokens_page(request, desk, account, status=400, problem=str(error))
    done = f"令牌 {token_id} 已吊销，即时失效。"
    return _tokens_page(request, desk, account, done=done)
