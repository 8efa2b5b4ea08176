"""监督事项: an item and what may be done with it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import RowMapping

from pipeline.review import access, items, second, workflow
from pipeline.review.audit import record
from pipeline.review.desk import Id, NotFound, TheDesk, TheSession, Version, may_do, may_see, page
from pipeline.review.people import Account
from pipeline.review.tickets import unlabelled
from pipeline.supervise.items import clock_steps, explain, recordable, steps

router = APIRouter()


@router.get("/items/{item_id}")
def show_item(
    request: Request,
    desk: TheDesk,
    item_id: Id,
    account: Annotated[Account, may_see(access.ITEMS)],
):
    return _item_page(request, desk, item_id, account)


def _item_page(request, desk, item_id: int, account: Account, *, status=200, problem="", reason=""):
    at = desk.clock()
    with desk.reading() as connection:
        item = items.load_item(connection, item_id, account.sight)
        if item is None:
            raise NotFound
        tickets = items.item_tickets(connection, item_id, account.sight)
        share = desk.settings.second_review_share
        blind = second.blind_to(connection, account, share, [ticket["id"] for ticket in tickets])
        vault = desk.vault if account.role.sees_confidential else None
        events = items.item_events(connection, item_id, vault)
    if account.role.sees_confidential and request.method == "GET":
        with desk.engine.begin() as connection:
            record(connection, at, account.name, "confidential_seen", f"item:{item_id}")
    return page(
        request,
        "item.html",
        account,
        status,
        item=item,
        tickets=[unlabelled(row) if row["id"] in blind else row for row in tickets],
        blind=blind,
        tickets_limit=items.TICKETS_SHOWN,
        events=events,
        why=explain(desk.engine, item_id, confidential=account.role.sees_confidential),
        steps=[(s.value, workflow.ACTION_NAMES[s]) for s in steps(item, account.role)],
        conditions=recordable(item, account.role),
        clock=clock_steps(item, account.role, at.date()),
        problem=problem,
        reason=reason,
        today=at.date(),
    )


@router.post("/items/{item_id}/transition")
def transition(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    item_id: Id,
    account: Annotated[Account, may_do(access.ITEM_ACTIONS)],
    to_state: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
    row_version: Version = 0,
):
    def step(item) -> str:
        workflow.move(
            desk.engine,
            item,
            to_state,
            account,
            vault=desk.vault,
            reason=reason.strip(),
            at=desk.clock(),
            expected_version=row_version,
        )
        return f"已转为“{to_state}”。"

    return _act(
        request=request,
        desk=desk,
        session=session,
        item_id=item_id,
        account=account,
        written=reason,
        step=step,
    )


@router.post("/items/{item_id}/conditions")
def note_condition(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    item_id: Id,
    account: Annotated[Account, may_do(access.ITEM_ACTIONS)],
    condition: Annotated[str, Form(max_length=100)] = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    row_version: Version = 0,
):
    def step(item) -> str:
        workflow.note_condition(
            desk.engine,
            item,
            condition,
            account,
            vault=desk.vault,
            note=note.strip(),
            at=desk.clock(),
            expected_version=row_version,
        )
        return f"已登记“{condition}”。"

    return _act(
        request=request,
        desk=desk,
        session=session,
        item_id=item_id,
        account=account,
        written=note,
        step=step,
    )


@router.post("/items/{item_id}/clock")
def set_clock(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    item_id: Id,
    account: Annotated[Account, may_do(access.ITEM_ACTIONS)],
    step: Annotated[str, Form(max_length=40)] = "",
    days: Annotated[str, Form(max_length=4)] = "",
    why: Annotated[str, Form(max_length=2000)] = "",
    row_version: Version = 0,
):
    def taken(item) -> str:
        workflow.set_clock(
            desk.engine,
            item,
            step,
            account,
            vault=desk.vault,
            reason=why.strip(),
            days=int(days) if days.isdecimal() else None,
            at=desk.clock(),
            expected_version=row_version,
        )
        return f"已办理“{step}”。"

    return _act(
        request=request,
        desk=desk,
        session=session,
        item_id=item_id,
        account=account,
        written=why,
        step=taken,
    )


def _act(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    item_id: int,
    account: Account,
    written: str,
    step: Callable[[RowMapping], str],
):
    """Take the step; whoever was too late or not allowed sees the newest item and his own words."""
    with desk.reading() as connection:
        item = items.load_item(connection, item_id, account.sight)
    if item is None:
        raise NotFound
    try:
        session.say(step(item))
    except workflow.Stale:
        problem = "您打开页面之后，这项监督事项已被他人更新。下面是最新内容，请核对后再处理。"
        return _item_page(
            request, desk, item_id, account, status=409, problem=problem, reason=written
        )
    except workflow.NotAllowed as error:
        return _item_page(
            request, desk, item_id, account, status=400, problem=str(error), reason=written
        )
    return RedirectResponse(f"/items/{item_id}", 303)
