"""报告: months and revisions, every number with its tickets, the documents."""

from collections.abc import Sequence
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from pipeline.report import UnknownNumber, trace
from pipeline.review.api.answers import IfMatch, answer, before, must_match, page_of
from pipeline.review.api.client import needs
from pipeline.review.api.problem import Problem, documented, not_found
from pipeline.review.api.schemas.reports import (
    Figure,
    Figures,
    Finding,
    Report,
    ReportPage,
    ReportQuery,
    ReportStep,
    ReportStepIn,
    Trace,
)
from pipeline.review.api.tokens import TokenScope
from pipeline.review.audit import record
from pipeline.review.desk import Desk, Id, TheDesk
from pipeline.review.pages.reports import STEPS, report_files, steps_of
from pipeline.review.people import Account
from pipeline.review.tickets import known_tickets
from pipeline.stages.publication import Signed
from pipeline.store import tables as t

router = APIRouter(tags=["报告"])
Reader = Annotated[Account, needs(TokenScope.REPORTS_READ)]
Signer = Annotated[Account, needs(TokenScope.REPORTS_WRITE)]

_report, _figure = t.report.c, t.report_figure.c


@router.get("/reports", response_model=ReportPage)
def list_reports(
    request: Request, desk: TheDesk, client: Reader, query: Annotated[ReportQuery, Query()]
):
    """各月报告的各版，新的在前。"""
    wanted = [_report.id < before("reports", query.cursor)]
    wanted += [_report[n] == value for n in ("month", "profile") if (value := getattr(query, n))]
    with desk.reading() as connection:
        found = connection.execute(
            sa.select(t.report).where(*wanted).order_by(_report.id.desc()).limit(query.limit + 1)
        ).mappings()
        rows, following = page_of("reports", list(found), query)
        steps = steps_of(connection, [row["id"] for row in rows])
    shown = [_shown(desk, row, steps.get(row["id"], [])) for row in rows]
    return answer(request, ReportPage(reports=shown, next=following))


def _shown(desk: Desk, row: sa.RowMapping, steps: Sequence[sa.RowMapping]) -> Report:
    names = Report.model_fields.keys() - {"findings", "documents", "steps"}
    return Report(
        **{name: row[name] for name in names},
        findings=[
            Finding(**{n: finding[n] for n in Finding.model_fields})
            for finding in row["findings_json"]
        ],
        documents=[path.name for path in report_files(desk.settings.home, row["directory"])],
        steps=[ReportStep(**{n: step[n] for n in ReportStep.model_fields}) for step in steps],
    )


def _body(desk: Desk, report_id: int) -> Report:
    row = _load(desk, report_id)
    with desk.reading() as connection:
        steps = steps_of(connection, [report_id])
    return _shown(desk, row, steps.get(report_id, []))


def _load(desk: Desk, report_id: int) -> sa.RowMapping:
    with desk.reading() as connection:
        row = connection.execute(sa.select(t.report).where(_report.id == report_id))
        found = row.mappings().one_or_none()
    if found is None:
        raise not_found()
    return found


@router.get("/reports/{report_id}", response_model=Report, responses=documented(404))
def show_report(request: Request, desk: TheDesk, client: Reader, report_id: Id):
    """一版报告：状态、核对结论、文件。"""
    return answer(request, _body(desk, report_id))


@router.post(
    "/reports/{report_id}/steps", response_model=Report, responses=documented(404, 409, 412, 428)
)
def take_step(
    *,
    request: Request,
    desk: TheDesk,
    client: Signer,
    report_id: Id,
    step: ReportStepIn,
    if_match: IfMatch = None,
):
    """审核、发布或退回一版待审的报告。两步须由两个人办理，且至少一步由本人在复核台办理。"""
    must_match(if_match, _body(desk, report_id))
    act, roles, _said = STEPS[step.step]
    if client.role not in roles:
        raise Problem(403, f"令牌所代表用户的角色（{client.role}）不能发布报告。")
    # Refused (PublicationRefused) is 409, with the reason.
    act(desk.engine, report_id, step.note, Signed(client.name, desk.clock(), client.client))
    return answer(request, _body(desk, report_id))


@router.get("/reports/{report_id}/figures", response_model=Figures, responses=documented(404))
def list_figures(request: Request, desk: TheDesk, client: Reader, report_id: Id):
    """报告的每个数字及其查询或算式。"""
    _load(desk, report_id)
    query = sa.select(t.report_figure).where(_figure.report_id == report_id)
    in_order = sa.cast(_figure.section, sa.Integer)
    with desk.reading() as connection:
        rows = connection.execute(query.order_by(in_order, _figure.number)).mappings()
        names = Figure.model_fields.keys() - {"params"}
        shown = [
            Figure(**{name: row[name] for name in names}, params=row["params_json"]) for row in rows
        ]
    return answer(request, Figures(figures=shown))


@router.get(
    "/reports/{report_id}/figures/{number}/tickets",
    response_model=Trace,
    responses=documented(404),
)
def trace_figure(request: Request, desk: TheDesk, client: Reader, report_id: Id, number: str):
    """一个数字背后的工单，或它由哪些数字算得。"""
    row = _load(desk, report_id)
    try:
        found = trace(desk.engine, row["month"], row["profile"], number, row["revision"])
    except UnknownNumber:
        raise not_found() from None
    _note(desk, client, "figure_traced", report_id, {"number": number})
    return answer(request, _traced(desk, client, found))


def _note(desk: Desk, client: Account, action: str, report_id: int, detail: dict) -> None:
    with desk.engine.begin() as connection:
        detail |= {"client": client.client}
        subject = f"report:{report_id}"
        record(connection, desk.clock(), client.name, action, subject, detail=detail)


def _traced(desk: Desk, client: Account, found: dict) -> Trace:
    """Without the tickets that do not exist for this client; they are counted."""
    keys = [(ticket["hotline"], ticket["ticket_no"]) for ticket in found["tickets"]]
    with desk.reading() as connection:
        known = known_tickets(connection, keys, client.sight)
    own = Trace.model_fields.keys() - {"tickets", "operands", "hidden"}
    shown = [one for key, one in zip(keys, found["tickets"], strict=True) if key in known]
    return Trace(
        **{name: found[name] for name in own},
        tickets=shown,
        hidden=len(keys) - len(shown),
        operands=[_traced(desk, client, operand) for operand in found["operands"]],
    )


@router.get(
    "/reports/{report_id}/documents/{name}",
    response_class=FileResponse,
    responses=documented(404)
    | {200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}},
)
def download(desk: TheDesk, client: Reader, report_id: Id, name: str):
    """报告的一个文件。"""
    row = _load(desk, report_id)
    # Only a name that the listing gives is served: no path of the request touches the disk.
    files = {path.name: path for path in report_files(desk.settings.home, row["directory"])}
    if name not in files:
        raise not_found()
    _note(desk, client, "report_downloaded", report_id, {"file": name})
    return FileResponse(
        files[name],
        filename=name,
        media_type="application/octet-stream",
        content_disposition_type="attachment",
    )
