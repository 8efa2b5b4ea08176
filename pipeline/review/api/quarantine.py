"""隔离区: open rows, masked; repair one and replay it."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from pipeline.domain.outcome import FileStopped, RowReason
from pipeline.intake.quarantine import masked_row, previews
from pipeline.review.api.answers import IfMatch, answer, before, must_match, page_of
from pipeline.review.api.client import needs
from pipeline.review.api.problem import Problem, documented, not_found
from pipeline.review.api.schemas.nights import (
    QuarantineCells,
    QuarantinePage,
    QuarantineQuery,
    QuarantineRow,
    RepairIn,
    Replayed,
)
from pipeline.review.api.tokens import TokenScope
from pipeline.review.audit import record
from pipeline.review.desk import Desk, Id, TheDesk
from pipeline.review.people import Account
from pipeline.stages.quarantine import replay_cells
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.store.lock import StoreBusy
from pipeline.store.origins import listed

router = APIRouter(tags=["隔离区"])
Reader = Annotated[Account, needs(TokenScope.QUARANTINE_READ)]
Repairer = Annotated[Account, needs(TokenScope.QUARANTINE_WRITE)]

_row = t.quarantine_row.c


@router.get("/quarantine", response_model=QuarantinePage)
def list_rows(
    request: Request, desk: TheDesk, client: Reader, query: Annotated[QuarantineQuery, Query()]
):
    """待修复的行，新的在前，个人信息已遮盖。"""
    wanted = [_row.state == "open", _row.id < before("quarantine", query.cursor)]
    if query.reason:
        if query.reason not in set(RowReason):
            raise Problem(422, f"没有这个隔离原因。可选：{'、'.join(RowReason)}。")
        wanted.append(sa.cast(_row.reasons_json, sa.Text).contains(f'"{query.reason}"'))
    with desk.reading() as connection:
        found = sa.select(_row.id).where(*wanted).order_by(_row.id.desc()).limit(query.limit + 1)
        ids = connection.scalars(found).all()
        told = connection.execute(listed(among(connection, _row.id, ids)).order_by(_row.id.desc()))
        rows, following = page_of("quarantine", told.mappings().all(), query)
        shown = previews(connection, desk.vault, [row["id"] for row in rows])
    rows = [QuarantineRow(**row, preview=shown[row["id"]]) for row in rows]
    return answer(request, QuarantinePage(rows=rows, next=following))


@router.get("/quarantine/{row_id}", response_model=QuarantineCells, responses=documented(404))
def show_row(request: Request, desk: TheDesk, client: Reader, row_id: Id):
    """一行待修复的各单元格，个人信息已遮盖。"""
    return answer(request, _load(desk, row_id))


def _load(desk: Desk, row_id: int) -> QuarantineCells:
    cells = masked_row(desk.engine, desk.vault, row_id)
    if cells is None:
        raise not_found()
    return QuarantineCells(id=row_id, cells=cells)


@router.post(
    "/quarantine/{row_id}/replay",
    response_model=Replayed,
    responses=documented(404, 409, 412, 428),
)
def replay(
    *,
    request: Request,
    desk: TheDesk,
    client: Repairer,
    row_id: Id,
    repair: RepairIn,
    if_match: IfMatch = None,
):
    """改正单元格并重放：与任何一行同样规整、检查、入库，原行保留出处；再次不合格则重新隔离。"""
    shown = _load(desk, row_id)
    must_match(if_match, shown)
    if strange := repair.cells.keys() - shown.cells.keys():
        raise Problem(409, f"这一行没有“{sorted(strange)[0][:40]}”这一列。")
    at = desk.clock()
    try:
        with desk.writing() as context:
            cells = shown.cells | repair.cells
            outcome = replay_cells(context, row_id, cells, client.name, at.date())
    except FileStopped as error:
        raise Problem(409, error.detail_zh) from error
    except StoreBusy as error:
        raise Problem(503, str(error), {"Retry-After": "60"}) from error
    with desk.engine.begin() as connection:
        detail = {"file": outcome.keys["file_id"], "client": client.client}
        record(connection, at, client.name, "quarantine_repaired", f"row:{row_id}", detail=detail)
    counts = {name: outcome.counts[name] for name in Replayed.model_fields.keys() - {"file_id"}}
    return answer(request, Replayed(file_id=outcome.keys["file_id"], **counts))
