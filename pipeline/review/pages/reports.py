"""报告: months and revisions, findings, documents, publication, and each number to its tickets."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse, RedirectResponse
from starlette.exceptions import HTTPException

from pipeline.report import UnknownNumber, trace
from pipeline.review import access
from pipeline.review.audit import record
from pipeline.review.desk import Id, NotFound, Refused, TheDesk, TheSession, may_do, may_see, page
from pipeline.review.people import Account
from pipeline.review.tickets import known_tickets
from pipeline.stages import publication
from pipeline.stages.publication import Signed
from pipeline.store import tables as t

router = APIRouter()

_SHOWN = 60
SECTIONS = {
    "1": "总体情况", "2": "问题类型", "3": "重点对象", "4": "办理质效", "5": "高频事项",
    "6": "苗头性、隐蔽性问题", "7": "监督事项", "8": "典型案例", "9": "建议", "10": "附表",
}  # fmt: skip
_report = t.report.c


@router.get("/reports")
def show_reports(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.REPORTS, whole=True)],
):
    with desk.reading() as connection:
        reports = connection.execute(
            sa.select(t.report)
            .order_by(_report.month.desc(), _report.profile, _report.revision.desc())
            .limit(_SHOWN)
        ).mappings()
        shown = [
            dict(row) | {"files": report_files(desk.settings.home, row["directory"])}
            for row in reports
        ]
        steps = steps_of(connection, [row["id"] for row in shown])
    return page(
        request,
        "reports.html",
        account,
        reports=[row | {"steps": steps.get(row["id"], [])} for row in shown],
        may_approve=account.role in access.APPROVE,
        may_publish=account.role in access.PUBLISH,
    )


STEPS = {
    "approve": (publication.approve, access.APPROVE, "已审核。须由另一人发布。"),
    "publish": (publication.publish, access.PUBLISH, "已发布并归档。"),
    "return": (publication.send_back, access.APPROVE, "已退回。数据更正后重新生成新的一版。"),
}


@router.post("/reports/{report_id}/steps")
def take_step(
    *,
    desk: TheDesk,
    session: TheSession,
    report_id: Id,
    account: Annotated[Account, may_do(access.APPROVE, whole=True)],
    step: Annotated[str, Form(max_length=16)] = "",
    note: Annotated[str, Form(max_length=500)] = "",
):
    if step not in STEPS:
        raise HTTPException(422)
    act, roles, done = STEPS[step]
    if account.role not in roles:
        raise Refused(f"您的角色（{account.role}）不能发布报告。")
    try:
        act(desk.engine, report_id, note, Signed(account.name, desk.clock()))
    except publication.PublicationRefused as error:
        session.say(str(error))
    else:
        session.say(done)
    return RedirectResponse("/reports", 303)


@router.get("/reports/{report_id}/figures")
def show_figures(
    request: Request,
    desk: TheDesk,
    report_id: Id,
    account: Annotated[Account, may_see(access.REPORTS, whole=True)],
    number: Annotated[str, Query(max_length=64)] = "",
):
    """Every number of a revision; with ``number``, what is behind it, down to the tickets."""
    with desk.reading() as connection:
        report = (
            connection.execute(sa.select(t.report).where(_report.id == report_id))
            .mappings()
            .one_or_none()
        )
        if report is None:
            raise NotFound
        if not number:
            figures = connection.execute(
                sa.select(t.report_figure)
                .where(t.report_figure.c.report_id == report_id)
                .order_by(sa.cast(t.report_figure.c.section, sa.Integer), t.report_figure.c.number)
            ).mappings()
            return page(
                request,
                "figures.html",
                account,
                report=report,
                figures=list(figures),
                sections=SECTIONS,
            )
    try:
        found = trace(desk.engine, report["month"], report["profile"], number, report["revision"])
    except UnknownNumber as error:
        raise NotFound from error
    at = desk.clock()
    with desk.engine.begin() as connection:
        detail = {"number": number}
        record(connection, at, account.name, "figure_traced", f"report:{report_id}", detail=detail)
    with desk.reading() as connection:
        keys = [(ticket["hotline"], ticket["ticket_no"]) for ticket in found["tickets"]]
        known = known_tickets(connection, keys, account.sight)
    shown = [
        ticket | dict(known[key])
        for key, ticket in zip(keys, found["tickets"], strict=True)
        if key in known
    ]
    return page(
        request,
        "figure.html",
        account,
        report=report,
        found=found,
        tickets=shown,
    )


@router.get("/reports/{report_id}/files/{name}")
def download(
    desk: TheDesk,
    report_id: Id,
    name: str,
    account: Annotated[Account, may_see(access.REPORTS, whole=True)],
):
    with desk.reading() as connection:
        row = connection.execute(
            sa.select(_report.directory).where(_report.id == report_id)
        ).one_or_none()
    if row is None:
        raise NotFound
    # Only a name that the listing gives is served: no path of the request touches the disk.
    files = {path.name: path for path in report_files(desk.settings.home, row.directory)}
    if name not in files:
        raise NotFound
    with desk.engine.begin() as connection:
        detail = {"file": name}
        at = desk.clock()
        record(
            connection, at, account.name, "report_downloaded", f"report:{report_id}", detail=detail
        )
    return FileResponse(
        files[name],
        filename=name,
        media_type="application/octet-stream",  # never run as a page of this origin
        content_disposition_type="attachment",
    )


def steps_of(
    connection: sa.Connection, report_ids: Collection[int]
) -> dict[int, list[sa.RowMapping]]:
    """Who approved, published or sent back, by report, the oldest first."""
    found: dict[int, list[sa.RowMapping]] = {}
    query = sa.select(t.report_step).where(t.report_step.c.report_id.in_(report_ids))
    for step in connection.execute(query.order_by(t.report_step.c.id)).mappings():
        found.setdefault(step["report_id"], []).append(step)
    return found


def report_files(home: Path, directory: str | None) -> list[Path]:
    """The documents in a report's directory, by name; none where it lies outside ``home``."""
    if not directory:
        return []
    root = home.resolve()
    folder = (root / directory).resolve()
    if root not in folder.parents or not folder.is_dir():
        return []
    return sorted(
        (p for p in folder.iterdir() if p.is_file() and not p.is_symlink()), key=lambda p: p.name
    )
