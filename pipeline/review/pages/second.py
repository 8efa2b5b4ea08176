"""盲复核: a decided ticket judged again without sight of the first decision or the model's word."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from pipeline.domain.labels import ProblemType, Scope
from pipeline.review import access, second, tickets
from pipeline.review.audit import record
from pipeline.review.decisions import DecisionError, Verdict
from pipeline.review.definitions import definitions
from pipeline.review.desk import Id, NotFound, TheDesk, TheSession, may_do, may_see, page
from pipeline.review.people import Account

router = APIRouter()


@router.get("/queue/{ticket_id}/second")
def show_second(
    request: Request,
    desk: TheDesk,
    ticket_id: Id,
    account: Annotated[Account, may_see(access.REVIEW)],
):
    return _second_page(request, desk, ticket_id, account)


def _second_page(request, desk, ticket_id: int, account: Account, *, status=200, problem=""):
    _check_assigned(desk, ticket_id, account)
    with desk.reading() as connection:
        ticket = tickets.load_ticket(connection, ticket_id, account.sight)
    if ticket["is_lead"] and request.method == "GET":
        with desk.engine.begin() as connection:
            at = desk.clock()
            record(connection, at, account.name, "confidential_seen", f"ticket:{ticket_id}")
    shown = ("id", "hotline", "ticket_no", "accepted_at", "category", "unit", "title", "content")
    return page(
        request,
        "second.html",
        account,
        status,
        ticket={name: ticket[name] for name in shown},  # nothing that a label could be read from
        scopes=list(Scope),
        types=list(ProblemType),
        definitions=definitions(),
        problem=problem,
    )


def _check_assigned(desk, ticket_id: int, account: Account) -> None:
    share = desk.settings.second_review_share
    with desk.reading() as connection:
        found = second.blind_to(connection, account, share, [ticket_id])
    if not found:
        raise NotFound


@router.post("/queue/{ticket_id}/second")
def judge(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    ticket_id: Id,
    account: Annotated[Account, may_do(access.REVIEW)],
    action: Annotated[str, Form(max_length=16)] = "",
    other_scope: Annotated[str, Form(max_length=2)] = "",
    primary: Annotated[str, Form(max_length=24)] = "",
    labels: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=2000)] = "",
):
    _check_assigned(desk, ticket_id, account)
    scope = Scope.E1.value if action == "correct" else other_scope
    verdict = Verdict(action, scope, primary, labels or (), (), reason)
    try:
        with desk.engine.begin() as connection:
            second.judge(connection, ticket_id, verdict, person=account.name, at=desk.clock())
    except DecisionError as error:
        return _second_page(request, desk, ticket_id, account, status=400, problem=str(error))
    session.say("盲复核已记录。")
    return RedirectResponse("/queue/next", 303)
