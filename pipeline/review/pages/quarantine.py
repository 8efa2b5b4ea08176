"""隔离区: open quarantined rows by reason; one repaired in place and replayed."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse

from pipeline.domain.outcome import FileStopped, RowReason
from pipeline.intake.quarantine import masked_row, previews
from pipeline.review import access
from pipeline.review.audit import record
from pipeline.review.desk import Id, NotFound, TheDesk, TheSession, may_do, may_see, page
from pipeline.review.people import Account
from pipeline.stages.quarantine import replay_cells
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.store.lock import StoreBusy
from pipeline.store.origins import listed
from pipeline.store.vault import SealBroken

router = APIRouter()

_PER_PAGE = 50
_row = t.quarantine_row.c


@router.get("/quarantine")
def show_quarantine(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.QUARANTINE, whole=True)],
    reason: Annotated[str, Query(max_length=40)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
):
    codes = sa.cast(_row.reasons_json, sa.Text)
    conditions = [_row.state == "open"]
    reason = reason if reason in set(RowReason) else ""
    if reason:
        conditions.append(codes.contains(f'"{reason}"'))
    with desk.reading() as connection:
        counts = _counts_by_reason(connection)
        total = connection.scalar(
            sa.select(sa.func.count()).select_from(t.quarantine_row).where(*conditions)
        )
        ids = connection.scalars(
            sa.select(_row.id)
            .where(*conditions)
            .order_by(_row.id.desc())
            .limit(_PER_PAGE)
            .offset((number - 1) * _PER_PAGE)
        ).all()
        query = listed(among(connection, _row.id, ids)).order_by(_row.id.desc())
        rows = connection.execute(query).mappings().all()
        shown = previews(connection, desk.vault, ids)
    return page(
        request,
        "quarantine.html",
        account,
        rows=[row | {"preview": shown[row["id"]]} for row in map(dict, rows)],
        total=total,
        counts=counts,
        reason=reason,
        number=number,
        pages=max(1, -(-total // _PER_PAGE)),
        may_repair=account.role in access.REPAIR,
    )


@router.get("/quarantine/{row_id}")
def show_row(
    request: Request,
    desk: TheDesk,
    row_id: Id,
    account: Annotated[Account, may_see(access.REPAIR, whole=True)],
):
    return _row_page(request, desk, row_id, account)


def _row_page(request, desk, row_id: int, account: Account, *, status=200, problem="", cells=None):
    with desk.reading() as connection:
        query = listed((_row.id == row_id) & (_row.state == "open"))
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound
    try:
        shown = masked_row(desk.engine, desk.vault, row_id)
    except SealBroken as error:
        problem, status, shown = str(error), 500, {}
    if shown is None:  # repaired by somebody else since
        raise NotFound
    return page(
        request,
        "repair.html",
        account,
        status,
        row=row,
        reasons=[RowReason(code) for code in row["reasons"]],
        cells=cells or shown,
        problem=problem,
    )


@router.post("/quarantine/{row_id}")
def repair(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    row_id: Id,
    account: Annotated[Account, may_do(access.REPAIR, whole=True)],
    heading: Annotated[list[str] | None, Form()] = None,
    cell: Annotated[list[str] | None, Form()] = None,
):
    """Replay the edited row: it is stored, or quarantined anew with what is still wrong."""
    if not heading or not cell or len(heading) != len(cell):
        problem = "提交的内容不完整，请重新填写。"
        return _row_page(request, desk, row_id, account, status=400, problem=problem)
    cells = {h: c.replace("\r\n", "\n") for h, c in zip(heading, cell, strict=True)}
    at = desk.clock()
    try:
        with desk.writing() as context:
            outcome = replay_cells(context, row_id, cells, account.name, at.date())
    except FileStopped as error:
        session.say(error.detail_zh)
        return RedirectResponse("/quarantine", 303)
    except StoreBusy as error:
        return _row_page(
            request, desk, row_id, account, status=503, problem=str(error), cells=cells
        )
    with desk.engine.begin() as connection:
        detail = {"file": outcome.keys["file_id"]} | {k: v for k, v in outcome.counts.items() if v}
        record(connection, at, account.name, "quarantine_repaired", f"row:{row_id}", detail=detail)
        again = connection.scalar(
            sa.select(_row.id).where(_row.file_id == outcome.keys["file_id"], _row.state == "open")
        )
    if again is not None:
        session.say("仍未通过检查，已按您的修改重新隔离。请看下面的原因。")
        return RedirectResponse(f"/quarantine/{again}", 303)
    done = [
        named
        for key, named in (
            ("inserted", "新增工单"), ("updated", "更新工单"),
            ("unchanged", "与库内工单相同"), ("duplicate", "与已有的行重复"),
        )
        if outcome.counts[key]
    ]  # fmt: skip
    session.say(f"隔离行 {row_id} 已重放：{'、'.join(done)}。下次夜间任务分类。")
    return RedirectResponse("/quarantine", 303)


def _counts_by_reason(connection: sa.Connection) -> dict[str, int]:
    """Open rows by reason code, most frequent first; a row of two reasons counts in both."""
    counts: dict[str, int] = {}
    # Grouped as text: json columns have no equality in PostgreSQL; few combinations occur.
    codes = sa.cast(_row.reasons_json, sa.Text).label("codes")
    query = (
        sa.select(sa.type_coerce(codes, sa.Text), sa.func.count())
        .where(_row.state == "open")
        .group_by(codes)
    )
    for text, count in connection.execute(query):
        for code in RowReason:
            if f'"{code}"' in text:
                counts[code.value] = counts.get(code.value, 0) + count
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
