"""监督事项: lists, one, its events and tickets, and the actions of its life."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from pipeline.review import items, second, workflow
from pipeline.review.api.answers import IfMatch, answer, before, must_match, page_of
from pipeline.review.api.client import needs
from pipeline.review.api.problem import Problem, documented, not_found
from pipeline.review.api.schemas.items import (
    ConditionIn,
    DeadlineIn,
    Item,
    ItemEvent,
    ItemEvents,
    ItemPage,
    ItemQuery,
    ItemRow,
    ItemTicket,
    ItemTickets,
    TransitionIn,
)
from pipeline.review.api.tokens import TokenScope
from pipeline.review.desk import Desk, Id, TheDesk
from pipeline.review.items import ItemFilter
from pipeline.review.people import Account
from pipeline.review.tickets import unlabelled
from pipeline.review.workflow import NotAllowed, Stale
from pipeline.store import tables as t
from pipeline.supervise.items import Clock, clock_steps, recordable, steps

router = APIRouter(tags=["监督事项"])
Reader = Annotated[Account, needs(TokenScope.ITEMS_READ)]
Actor = Annotated[Account, needs(TokenScope.ITEMS_WRITE)]

_item = t.supervision_item.c
_WRITING = documented(404, 409, 412, 428)


@router.get("/items", response_model=ItemPage)
def list_items(
    request: Request, desk: TheDesk, client: Reader, query: Annotated[ItemQuery, Query()]
):
    """监督事项列表，新的在前；默认只列未办结的。"""
    chosen = ItemFilter(
        query.level,
        query.rule,
        query.unit,
        query.region,
        query.problem_type.value if query.problem_type else "",
        str(query.state),
        query.due,
    )
    conditions = chosen.conditions(client.sight, desk.clock().date())
    with desk.reading() as connection:
        found = connection.execute(
            sa.select(*(_item[name] for name in ItemRow.model_fields))
            .where(*conditions, _item.id < before("items", query.cursor))
            .order_by(_item.id.desc())
            .limit(query.limit + 1)
        ).mappings()
        rows, following = page_of("items", list(found), query)
    return answer(request, ItemPage(items=[ItemRow(**row) for row in rows], next=following))


@router.get("/items/{item_id}", response_model=Item, responses=documented(404))
def show_item(request: Request, desk: TheDesk, client: Reader, item_id: Id):
    """一项监督事项，连同此用户此时可办的步骤。"""
    return answer(request, _body(desk, _load(desk, client, item_id), client))


def _load(desk: Desk, client: Account, item_id: int) -> sa.RowMapping:
    with desk.reading() as connection:
        item = items.load_item(connection, item_id, client.sight)
    if item is None:
        raise not_found()
    return item


def _body(desk: Desk, item: sa.RowMapping, client: Account) -> Item:
    own = {"numbers", "missing", "version", "next_states", "recordable", "deadline"}
    return Item(
        **{name: item[name] for name in Item.model_fields.keys() - own},
        numbers=item["numbers_json"],
        missing=item["missing_json"],
        version=item["row_version"],
        next_states=[state.value for state in steps(item, client.role)],
        recordable=recordable(item, client.role),
        deadline=clock_steps(item, client.role, desk.clock().date()),
    )


@router.get("/items/{item_id}/events", response_model=ItemEvents, responses=documented(404))
def list_events(request: Request, desk: TheDesk, client: Reader, item_id: Id):
    """事项的全部经过，新的在前。"""
    _load(desk, client, item_id)
    with desk.reading() as connection:
        events = items.item_events(connection, item_id, vault=None)
    shown = [ItemEvent(**{n: event[n] for n in ItemEvent.model_fields}) for event in events]
    return answer(request, ItemEvents(events=shown))


@router.get("/items/{item_id}/tickets", response_model=ItemTickets, responses=documented(404))
def list_item_tickets(request: Request, desk: TheDesk, client: Reader, item_id: Id):
    """事项所含工单，新的在前，最多 100 件。"""
    _load(desk, client, item_id)
    with desk.reading() as connection:
        found = items.item_tickets(connection, item_id, client.sight)
        share = desk.settings.second_review_share
        blind = second.blind_to(connection, client, share, [row["id"] for row in found])
    names = ItemTicket.model_fields.keys() - {"evidence", "is_blind"}
    shown = [
        ItemTicket(
            **{n: row[n] for n in names},
            evidence=row["evidence_json"] or {},
            is_blind=row["id"] in blind,
        )
        for row in (unlabelled(row) if row["id"] in blind else row for row in found)
    ]
    return answer(request, ItemTickets(tickets=shown))


# --- actions ----------------------------------------------------------------------------------


@router.post("/items/{item_id}/transitions", response_model=Item, responses=_WRITING)
def transition(
    *,
    request: Request,
    desk: TheDesk,
    client: Actor,
    item_id: Id,
    step: TransitionIn,
    if_match: IfMatch = None,
):
    """转入下一状态。返回办理后的事项。"""

    def move(item: sa.RowMapping, at: datetime) -> None:
        workflow.move(
            desk.engine,
            item,
            step.to_state.value,
            client,
            vault=desk.vault,
            reason=step.reason,
            at=at,
            expected_version=item["row_version"],
        )

    return _act(request, desk, client, item_id, if_match, move)


@router.post("/items/{item_id}/conditions", response_model=Item, responses=_WRITING)
def note_condition(
    *,
    request: Request,
    desk: TheDesk,
    client: Actor,
    item_id: Id,
    met: ConditionIn,
    if_match: IfMatch = None,
):
    """登记一项销号条件已具备，写明凭据所在。返回登记后的事项。"""

    def note(item: sa.RowMapping, at: datetime) -> None:
        workflow.note_condition(
            desk.engine,
            item,
            met.condition,
            client,
            vault=desk.vault,
            note=met.note,
            at=at,
            expected_version=item["row_version"],
        )

    return _act(request, desk, client, item_id, if_match, note)


@router.post("/items/{item_id}/deadline", response_model=Item, responses=_WRITING)
def change_deadline(
    *,
    request: Request,
    desk: TheDesk,
    client: Actor,
    item_id: Id,
    change: DeadlineIn,
    if_match: IfMatch = None,
):
    """批准延期（按工作日）、暂停或恢复计时，须由负责人办理。返回办理后的事项。"""
    if (change.days is None) == (change.action is Clock.EXTEND):
        raise Problem(422, "延期须写明工作日数；暂停和恢复不写。")

    def apply(item: sa.RowMapping, at: datetime) -> None:
        workflow.set_clock(
            desk.engine,
            item,
            change.action.value,
            client,
            vault=desk.vault,
            reason=change.reason,
            days=change.days,
            at=at,
            expected_version=item["row_version"],
        )

    return _act(request, desk, client, item_id, if_match, apply)


def _act(  # noqa: PLR0917
    request: Request,
    desk: Desk,
    client: Account,
    item_id: int,
    if_match: str | None,
    step: Callable[[sa.RowMapping, datetime], None],
):
    """Take the step on the version the client has read, and answer with the new one."""
    item = _load(desk, client, item_id)
    must_match(if_match, _body(desk, item, client))
    try:
        step(item, desk.clock())
    except Stale:
        raise Problem(409, "这项监督事项刚被更新，请重新读取、核对后再办。") from None
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    return answer(request, _body(desk, _load(desk, client, item_id), client))
