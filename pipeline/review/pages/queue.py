"""工单复核: the queue, one ticket at a time, and the decision."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from pipeline.domain.labels import ProblemType, Scope
from pipeline.review import access, decisions, second, tickets, waiting
from pipeline.review.audit import record
from pipeline.review.decisions import DecisionError, Overtaken, Verdict
from pipeline.review.definitions import definitions
from pipeline.review.desk import Id, NotFound, TheDesk, TheSession, Version, may_do, may_see, page
from pipeline.review.people import Account

router = APIRouter()

_DONE = {
    "accept": "已认可。",
    "correct": "已改判。",
    "reject": "已判为非执法类。",
    "postpone": "已搁置，明天再出现。",
    "return": "已退回，正文更新后再出现。",
}


@router.get("/queue")
def show_queue(
    request: Request, desk: TheDesk, account: Annotated[Account, may_see(access.REVIEW)]
):
    at = desk.clock()
    sight, share = account.sight, desk.settings.second_review_share
    with desk.reading() as connection:
        values = {
            "rows": waiting.queue(connection, sight, account.name, at, share=share),
            "total": waiting.waiting_count(connection, sight, account.name, at),
            "returned": waiting.returned(connection, sight),
            "disputed": (
                second.disputed(connection, sight) if account.role in access.DISPUTES else []
            ),
            "agreements": second.agreements(connection, sight),
            "last": decisions.last_decision(connection, sight, account.name, at),
        }
    return page(request, "queue.html", account, share=share, kinds=waiting.KINDS, **values)


@router.get("/queue/next")
def next_ticket(
    desk: TheDesk, session: TheSession, account: Annotated[Account, may_see(access.REVIEW)]
):
    share = desk.settings.second_review_share
    with desk.reading() as connection:
        rows = waiting.queue(
            connection, account.sight, account.name, desk.clock(), limit=1, share=share
        )
    if rows:
        blind = "/second" if rows[0]["why"] == "second" else ""
        return RedirectResponse(f"/queue/{rows[0]['id']}{blind}", 303)
    session.say(f"{session.notice}没有待复核的工单了。")
    return RedirectResponse("/queue", 303)


@router.post("/queue/undo")
def undo(
    desk: TheDesk,
    session: TheSession,
    account: Annotated[Account, may_do(access.REVIEW)],
    decision: Version = 0,
):
    """Take back one's last decision, and look at its ticket again."""
    at = desk.clock()
    with desk.reading() as connection:
        last = decisions.last_decision(connection, account.sight, account.name, at)
    if last is None or last["id"] != decision:
        session.say("这项复核已不能撤销：已有新的复核、超过时限，或不是您最近的一次。")
        return RedirectResponse("/queue", 303)
    try:
        with desk.engine.begin() as connection:
            ticket_id = decisions.undo(connection, decision, person=account.name, at=at)
    except DecisionError as error:
        session.say(str(error))
        return RedirectResponse("/queue", 303)
    session.say("已撤销，请重新复核这件工单。")
    return RedirectResponse(f"/queue/{ticket_id}", 303)


@router.get("/queue/{ticket_id}")
def review_ticket(
    request: Request,
    desk: TheDesk,
    ticket_id: Id,
    account: Annotated[Account, may_see(access.REVIEW)],
):
    return _review_page(request, desk, ticket_id, account)


def _is_blind(desk, connection, ticket_id: int, account: Account) -> bool:
    """Whether the person must judge it blind first. Raises NotFound where it is out of sight."""
    if tickets.load_ticket(connection, ticket_id, account.sight) is None:
        raise NotFound
    share = desk.settings.second_review_share
    return bool(second.blind_to(connection, account, share, [ticket_id]))


def _review_page(request, desk, ticket_id: int, account: Account, *, status=200, problem=""):
    at = desk.clock()
    with desk.reading() as connection:
        if _is_blind(desk, connection, ticket_id, account):
            return RedirectResponse(f"/queue/{ticket_id}/second", 303)
        ticket = tickets.load_ticket(connection, ticket_id, account.sight)
        said = tickets.current_classification(connection, ticket_id)
        history = tickets.decisions_of(connection, ticket_id)
        total = waiting.waiting_count(connection, account.sight, account.name, at)
        last = decisions.last_decision(connection, account.sight, account.name, at)
    if ticket["is_lead"] and request.method == "GET":
        with desk.engine.begin() as connection:
            record(connection, at, account.name, "confidential_seen", f"ticket:{ticket_id}")
    return page(
        request,
        "review.html",
        account,
        status,
        ticket=ticket,
        said=said,
        history=history,
        total=total,
        last=last,
        stamp=decisions.stamp(said["id"] if said else None, history[0]["id"] if history else None),
        scopes=list(Scope),
        types=list(ProblemType),
        definitions=definitions(),
        problem=problem,
    )


@router.post("/queue/{ticket_id}")
def decide(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    ticket_id: Id,
    account: Annotated[Account, may_do(access.REVIEW)],
    action: Annotated[str, Form(max_length=16)] = "",
    scope: Annotated[str, Form(max_length=2)] = "",
    other_scope: Annotated[str, Form(max_length=2)] = "",
    primary: Annotated[str, Form(max_length=24)] = "",
    labels: Annotated[list[str] | None, Form()] = None,
    evidence: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=2000)] = "",
    expected: Annotated[str, Form(max_length=60)] = "",
):
    pairs = [tuple(piece.split(":", 1)) for piece in evidence or [] if ":" in piece]
    verdict = Verdict(
        action,
        other_scope if action == "reject" else scope,
        primary,
        labels or (),
        pairs,
        reason,
    )
    with desk.reading() as connection:
        if _is_blind(desk, connection, ticket_id, account):
            session.say("这件工单待您盲复核，请先独立判断。刚才的决定没有保存。")
            return RedirectResponse(f"/queue/{ticket_id}/second", 303)
    try:
        with desk.engine.begin() as connection:
            decisions.decide(
                connection,
                ticket_id,
                verdict,
                person=account.name,
                at=desk.clock(),
                expected=expected,
            )
    except Overtaken:
        problem = "您打开页面之后，这件工单已有新的复核或分类。下面是最新内容，请核对后再提交。"
        return _review_page(request, desk, ticket_id, account, status=409, problem=problem)
    except DecisionError as error:
        return _review_page(request, desk, ticket_id, account, status=400, problem=str(error))
    notice = _DONE[action]
    became_lead = primary == ProblemType.INTEGRITY and action == "correct"
    if became_lead and not account.role.sees_confidential:
        notice = "已改判为廉政线索，此后只有纪检联络员可见。"
    session.say(notice)
    return RedirectResponse("/queue/next", 303)
