"""工单: look one up by its number; all that is known of it; contacts, officers with a reason."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from pipeline.review import access, items, second, tickets
from pipeline.review.audit import record
from pipeline.review.desk import Id, NotFound, Refused, TheDesk, may_do, may_see, page
from pipeline.review.people import Account
from pipeline.store.vault import SealBroken

router = APIRouter()

_MIN_REASON = 4


@router.get("/tickets")
def find(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.TICKETS)],
    number: Annotated[str, Query(max_length=100)] = "",
):
    number = number.strip()
    rows = []
    if number:
        with desk.reading() as connection:
            rows = tickets.find_tickets(connection, number, account.sight)
    if len(rows) == 1:
        return RedirectResponse(f"/tickets/{rows[0]['id']}", 303)
    return page(request, "find.html", account, number=number, rows=rows)


@router.get("/tickets/{ticket_id}")
def show_ticket(
    request: Request,
    desk: TheDesk,
    ticket_id: Id,
    account: Annotated[Account, may_see(access.TICKETS)],
):
    return _ticket_page(request, desk, ticket_id, account)


def _ticket_page(
    request,
    desk,
    ticket_id: int,
    account: Account,
    *,
    status=200,
    problem="",
    contact=None,
    officers=None,
):
    role, sight = account.role, account.sight
    with desk.reading() as connection:
        ticket = tickets.load_ticket(connection, ticket_id, sight)
        if ticket is None:
            raise NotFound
        values = {
            "is_blind": False,
            "said": None,
            "history": [],
            "items": [],
            "versions": tickets.versions_of(connection, ticket_id, ticket["verified"]),
            "linked": tickets.linked_tickets(connection, ticket_id, sight),
        }
        if second.blind_to(connection, account, desk.settings.second_review_share, [ticket_id]):
            ticket, values["is_blind"] = tickets.unlabelled(ticket), True
        else:
            said = tickets.current_classification(connection, ticket_id)
            values |= {
                "said": said and tickets.without_officers({"verified": ticket["verified"], **said}),
                "history": tickets.decisions_of(connection, ticket_id),
                "items": items.items_of_ticket(connection, ticket_id, sight),
            }
    if ticket["is_lead"] and request.method == "GET":
        with desk.engine.begin() as connection:
            at = desk.clock()
            record(connection, at, account.name, "confidential_seen", f"ticket:{ticket_id}")
    return page(
        request,
        "ticket.html",
        account,
        status,
        ticket=tickets.without_officers(ticket),
        problem=problem,
        contact=contact,
        officers=officers,
        may_contact=role in access.CONTACT,
        may_know_officers=_may_know_officers(role, ticket),
        may_review=role in access.REVIEW,
        **values,
    )


def _may_know_officers(role: access.Role, ticket) -> bool:
    return access.may_know_officers(role, ticket["verified"], is_lead=ticket["is_lead"])


@router.post("/tickets/{ticket_id}/contact")
def contact(
    request: Request,
    desk: TheDesk,
    ticket_id: Id,
    account: Annotated[Account, may_do(access.CONTACT)],
    reason: Annotated[str, Form(max_length=500)] = "",
):
    _load(desk, ticket_id, account)
    return _guarded(request, desk, ticket_id, account, reason, what="contact")


@router.post("/tickets/{ticket_id}/officers")
def officers(
    request: Request,
    desk: TheDesk,
    ticket_id: Id,
    account: Annotated[Account, may_do(access.CONTACT)],
    reason: Annotated[str, Form(max_length=500)] = "",
):
    if not _may_know_officers(account.role, _load(desk, ticket_id, account)):
        raise Refused("核实属实前不显示执法人员姓名和证号。")
    return _guarded(request, desk, ticket_id, account, reason, what="officers")


def _load(desk, ticket_id: int, account: Account):
    with desk.reading() as connection:
        ticket = tickets.load_ticket(connection, ticket_id, account.sight)
    if ticket is None:
        raise NotFound
    return ticket


# What is shown → its name on the screen, and why there may be none.
_GUARDED = {
    "contact": (tickets.show_contact, "联系方式", "导出文件未提供，或已到期清除"),
    "officers": (tickets.show_officers, "执法人员姓名和证号", "工单未写明，或已到期清除"),
}


def _guarded(request, desk, ticket_id: int, account: Account, reason: str, *, what: str):
    """The ticket's page with what is guarded, once, for a reason that is written down."""
    show, name_zh, why_not = _GUARDED[what]
    if len(reason.strip()) < _MIN_REASON:
        problem = f"查看{name_zh}须写明理由。"
        return _ticket_page(request, desk, ticket_id, account, status=400, problem=problem)
    try:
        with desk.engine.begin() as connection:
            shown = show(
                connection,
                desk.vault,
                ticket_id,
                person=account.name,
                reason=reason.strip(),
                at=desk.clock(),
            )
    except SealBroken as error:
        return _ticket_page(request, desk, ticket_id, account, status=500, problem=str(error))
    problem = "" if shown else f"没有保存这件工单的{name_zh}（{why_not}）。"
    return _ticket_page(request, desk, ticket_id, account, problem=problem, **{what: shown})
