"""审计: who saw and did what, newest first."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from pipeline.review import access
from pipeline.review.access import Role, Sight, visible_items, visible_tickets
from pipeline.review.audit import ACTIONS, PEOPLE_ACTIONS
from pipeline.review.desk import LARGEST_ID, TheDesk, may_see, page
from pipeline.review.people import Account
from pipeline.store import tables as t

router = APIRouter()

_PER_PAGE = 100
_event = t.audit_event.c


@router.get("/audit")
def show_audit(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.AUDIT)],
    person: Annotated[str, Query(max_length=40)] = "",
    action: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
):
    conditions = []
    if account.role is Role.ADMIN:
        conditions.append(_event.action.in_(PEOPLE_ACTIONS))
    elif account.role is Role.CHIEF:
        conditions.append(_event.action != "confidential_seen")
    if person:
        conditions.append(_event.person == person)
    if action:
        conditions.append(_event.action == action)
    if before:
        conditions.append(_event.id < before)
    with desk.reading() as connection:
        events = list(
            connection.execute(
                sa.select(t.audit_event)
                .where(*conditions)
                .order_by(_event.id.desc())
                .limit(_PER_PAGE)
            ).mappings()
        )
        older = events[-1]["id"] if len(events) == _PER_PAGE else 0
        if account.role is not Role.ADMIN:
            events = _visible(connection, events, account.sight)
    return page(
        request,
        "audit.html",
        account,
        events=events,
        older=older,
        person=person,
        action=action,
        actions={
            key: name
            for key, name in ACTIONS.items()
            if account.role is not Role.ADMIN or key in PEOPLE_ACTIONS
        },
    )


def _visible(
    connection: sa.Connection, events: list[sa.RowMapping], sight: Sight
) -> list[sa.RowMapping]:
    """Without events about tickets and items whose existence this person must not learn; for
    纪检联络员 and for the bounded only those about what they see.
    """
    keys: dict[str, set[int]] = {"ticket": set(), "item": set()}
    for event in events:
        kind, _, key = (event["subject"] or "").partition(":")
        if kind in keys:
            keys[kind].add(int(key))
    item = t.supervision_item.c
    tickets = connection.scalars(
        sa.select(t.ticket.c.id).where(
            t.ticket.c.id.in_(keys["ticket"]), visible_tickets(sight, t.ticket.c.id)
        )
    )
    items = connection.scalars(
        sa.select(item.id).where(item.id.in_(keys["item"]), visible_items(sight))
    )
    shown = {f"ticket:{key}" for key in tickets} | {f"item:{key}" for key in items}

    is_whole = not (sight.role.sees_confidential or sight.is_bounded)

    def may_show(event: sa.RowMapping) -> bool:
        kind = (event["subject"] or "").partition(":")[0]
        return event["subject"] in shown if kind in keys else is_whole

    return [event for event in events if may_show(event)]
