"""工单: lists, one with all that is known, and decisions on its labels."""

from datetime import datetime, time
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response

from pipeline.domain.ticket import Hotline
from pipeline.review import decisions, items, second, tickets
from pipeline.review.access import visible_tickets
from pipeline.review.api.answers import JSON, IfMatch, answer, before, must_match, page_of
from pipeline.review.api.client import needs
from pipeline.review.api.problem import Problem, documented, not_found
from pipeline.review.api.schemas.tickets import (
    SHOWN_FIELDS,
    Classification,
    Decision,
    DecisionIn,
    ItemOfTicket,
    Link,
    Ticket,
    TicketPage,
    TicketQuery,
    TicketRow,
    TicketVersion,
)
from pipeline.review.api.tokens import TokenScope
from pipeline.review.decisions import DecisionError, Overtaken, Verdict
from pipeline.review.desk import Desk, Id, TheDesk
from pipeline.review.people import Account
from pipeline.review.views import labelled
from pipeline.supervise.officers import hide_officers, is_found_true

router = APIRouter(tags=["工单"])
Reader = Annotated[Account, needs(TokenScope.TICKETS_READ)]
Decider = Annotated[Account, needs(TokenScope.DECISIONS_WRITE)]

_view = labelled.c
_TEXTS = frozenset({"title", "content", "reply", "dissatisfaction_reason"})
_ADDED = {"needs_review", "is_blind"}  # to what the view holds
_LISTED = [_view[name] for name in TicketRow.model_fields.keys() - _ADDED | {"review", "verified"}]
_EQUAL = ("hotline", "scope", "unit", "region", "status")


@router.get("/tickets", response_model=TicketPage)
def list_tickets(
    request: Request, desk: TheDesk, client: Reader, query: Annotated[TicketQuery, Query()]
):
    """工单列表，新的在前。"""
    wanted = [_view.id < before("tickets", query.cursor), visible_tickets(client.sight, _view.id)]
    wanted += [_view[name] == value for name in _EQUAL if (value := getattr(query, name))]
    if query.number:
        # Every hotline by name, so that the index of (hotline, number) answers.
        wanted.append(_view.hotline.in_([hotline.value for hotline in Hotline]))
        wanted.append(_view.ticket_no == query.number)
    if query.problem_type:
        wanted.append(_view.primary_type == query.problem_type)
    if query.needs_review is not None:
        wanted.append(_view.review.is_(query.needs_review))
    share = desk.settings.second_review_share
    if query.scope or query.problem_type or query.needs_review is not None:
        # What a label finds would tell the label.
        wanted.append(sa.not_(second.is_blind(client, share, _view.id)))
    if query.accepted_from:
        wanted.append(_view.accepted_at >= datetime.combine(query.accepted_from, time()))
    if query.accepted_to:
        wanted.append(_view.accepted_at <= datetime.combine(query.accepted_to, time.max))
    with desk.reading() as connection:
        found = connection.execute(
            sa.select(*_LISTED).where(*wanted).order_by(_view.id.desc()).limit(query.limit + 1)
        ).mappings()
        rows, following = page_of("tickets", list(found), query)
        blind = second.blind_to(connection, client, share, [row["id"] for row in rows])
    shown = [_row(row, is_blind=row["id"] in blind) for row in rows]
    return answer(request, TicketPage(tickets=shown, next=following))


def _row(row: sa.RowMapping, *, is_blind: bool) -> TicketRow:
    names = TicketRow.model_fields.keys() - _ADDED - {"title"}
    row = tickets.unlabelled(row) if is_blind else row
    return TicketRow(
        **{name: row[name] for name in names},
        is_blind=is_blind,
        title=_unnamed(row["title"], row["verified"]),
        needs_review=row["review"],
    )


def _unnamed(value: Any, verified: str | None) -> Any:
    """Texts without officers' names, wherever they stand, until found true (domain D5)."""
    if is_found_true(verified):
        return value
    if isinstance(value, str):
        return hide_officers(value)
    if isinstance(value, list):
        return [_unnamed(part, verified) for part in value]
    if isinstance(value, dict):
        return {key: _unnamed(part, verified) for key, part in value.items()}
    return value


@router.get("/tickets/{ticket_id}", response_model=Ticket, responses=documented(404))
def show_ticket(request: Request, desk: TheDesk, client: Reader, ticket_id: Id):
    """一件工单：各版本、来源、分类与依据、复核、关联工单、监督事项。"""
    return answer(request, _load(desk, client, ticket_id)[0])


def _load(desk: Desk, client: Account, ticket_id: int) -> tuple[Any, str]:
    """The ticket, and the stamp of what a decision on it is made on (decisions.stamp)."""
    seen = client.sight
    with desk.reading() as connection:
        row = tickets.load_ticket(connection, ticket_id, seen)
        if row is None:
            raise not_found()
        share = desk.settings.second_review_share
        is_blind = bool(second.blind_to(connection, client, share, [ticket_id]))
        if is_blind:
            row = tickets.unlabelled(row)
        said = tickets.current_classification(connection, ticket_id)
        made = tickets.decisions_of(connection, ticket_id)
        versions = tickets.versions_of(connection, ticket_id, row["verified"])
        linked = tickets.linked_tickets(connection, ticket_id, seen)
        its_items = items.items_of_ticket(connection, ticket_id, seen)
    verified = row["verified"]
    body = Ticket(
        **{name: row[name] for name in ("id", "hotline", "ticket_no", "unit", "is_reviewed")},
        **{f.name: _field(row, f.name) for f in SHOWN_FIELDS},
        scope=row["scope"],
        primary_type=row["primary_type"],
        labels=row["labels_json"] or [],
        evidence=_unnamed(row["evidence_json"] or {}, verified),
        is_blind=is_blind,
        classification=_classification(said, verified) if said and not is_blind else None,
        decisions=[_decision(d, verified) for d in made if not is_blind],
        versions=[_version(v, verified) for v in versions],
        links=[Link(**{name: link[name] for name in Link.model_fields}) for link in linked],
        items=[
            ItemOfTicket(**{n: item[n] for n in ItemOfTicket.model_fields})
            for item in its_items
            if not is_blind
        ],
    )
    newest = made[0]["id"] if made else None
    return body, decisions.stamp(said["id"] if said else None, newest)


def _field(row: sa.RowMapping, name: str) -> Any:
    return _unnamed(row[name], row["verified"]) if name in _TEXTS else row[name]


def _classification(said: sa.RowMapping, verified: str | None) -> Classification:
    return Classification(
        **{
            n: said[n] for n in ("scope", "primary_type", "score", "model_version", "classified_at")
        },
        labels=said["labels_json"],
        scores=said["scores_json"],
        evidence=_unnamed(said["evidence_json"], verified),
        flags=said["flags_json"],
        needs_review=said["review"],
    )


def _decision(made: sa.RowMapping, verified: str | None) -> Decision:
    names = Decision.model_fields.keys() - {"labels", "evidence"}
    return Decision(
        **{name: made[name] for name in names},
        labels=made["labels_json"],
        evidence=_unnamed(made["evidence_json"], verified),
    )


def _version(version: sa.RowMapping, verified: str | None) -> TicketVersion:
    shown = {f.name for f in SHOWN_FIELDS}
    changes = {name: pair for name, pair in version["changes_json"].items() if name in shown}
    return TicketVersion(
        **{name: version[name] for name in ("version", "recorded_at", "file", "row_no")},
        changes=_unnamed(changes, verified),
    )


@router.post(
    "/tickets/{ticket_id}/decisions",
    response_model=Decision,
    status_code=201,
    responses=documented(404, 409, 412, 428),
)
def decide(
    *,
    desk: TheDesk,
    client: Decider,
    ticket_id: Id,
    verdict: DecisionIn,
    if_match: IfMatch = None,
):
    """以令牌所代表用户的名义复核：认可、改判、非执法类、搁置、退回。"""
    body, stamp = _load(desk, client, ticket_id)
    must_match(if_match, body)
    if body.is_blind:
        raise Problem(409, "这件工单待此用户盲复核，请先在复核台独立判断。")
    try:
        with desk.engine.begin() as connection:
            decision_id = decisions.decide(
                connection,
                ticket_id,
                Verdict(
                    verdict.action,
                    verdict.scope.value if verdict.scope else "",
                    verdict.primary.value if verdict.primary else "",
                    [label.value for label in verdict.labels],
                    [(piece.label.value, piece.text) for piece in verdict.evidence],
                    verdict.reason,
                ),
                person=client.name,
                at=desk.clock(),
                expected=stamp,
                client=client.client,
            )
    except Overtaken:
        raise Problem(409, "这件工单刚有新的复核或分类，请重新读取、核对后再提交。") from None
    except DecisionError as error:
        raise Problem(409, str(error)) from error
    return _made(desk, ticket_id, decision_id, body.verified)


@router.post(
    "/tickets/{ticket_id}/decisions/{decision_id}/undo",
    response_model=Decision,
    status_code=201,
    responses=documented(404, 409, 412, 428),
)
def undo(
    *,
    desk: TheDesk,
    client: Decider,
    ticket_id: Id,
    decision_id: Id,
    if_match: IfMatch = None,
):
    """撤销此用户自己的、30 分钟内的、这件工单最近一次复核；此前的结论重新生效。"""
    body, _stamp = _load(desk, client, ticket_id)
    must_match(if_match, body)
    if decision_id not in [made.id for made in body.decisions]:
        raise not_found()
    try:
        with desk.engine.begin() as connection:
            decisions.undo(
                connection,
                decision_id,
                person=client.name,
                at=desk.clock(),
                client=client.client,
            )
            newest = decisions.newest_decision(connection, ticket_id)
    except DecisionError as error:
        raise Problem(409, str(error)) from error
    return _made(desk, ticket_id, newest, body.verified)


def _made(desk: Desk, ticket_id: int, decision_id: int, verified: str | None) -> Response:
    # The ticket itself may be out of sight now: 廉政线索 are handled at the desk alone.
    with desk.reading() as connection:
        made = next(
            d for d in tickets.decisions_of(connection, ticket_id) if d["id"] == decision_id
        )
    return Response(_decision(made, verified).model_dump_json(), status_code=201, media_type=JSON)
