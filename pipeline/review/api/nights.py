"""夜间任务: what came in, the steps that ran, failed checks and their clearance."""

from datetime import date
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from pipeline.review.api.answers import answer
from pipeline.review.api.client import needs
from pipeline.review.api.problem import Problem, documented, not_found
from pipeline.review.api.schemas.nights import (
    Check,
    CheckQuery,
    Checks,
    ClearIn,
    FileRow,
    Night,
    NightPage,
    Run,
)
from pipeline.review.api.tokens import TokenScope
from pipeline.review.desk import Id, TheDesk
from pipeline.review.people import Account
from pipeline.stages.clearing import ClearingRefused, clear, list_stops
from pipeline.store import tables as t

router = APIRouter(tags=["夜间任务"])
Reader = Annotated[Account, needs(TokenScope.NIGHTS_READ)]
Clearer = Annotated[Account, needs(TokenScope.CHECKS_WRITE)]

_NIGHTS, _RUNS, _FILES = 100, 500, 1000
_file, _run = t.export_file.c, t.stage_run.c


@router.get("/nights", response_model=NightPage)
def list_nights(request: Request, desk: TheDesk, client: Reader):
    """最近 100 个有文件或有任务的日期，新的在前。"""
    days = sa.union(
        sa.select(_file.as_of), sa.select(_run.as_of).where(_run.as_of.is_not(None))
    ).subquery()
    with desk.reading() as connection:
        found = connection.scalars(
            sa.select(days.c.as_of).order_by(days.c.as_of.desc()).limit(_NIGHTS)
        )
        return answer(request, NightPage(nights=list(found)))


@router.get("/nights/{as_of}", response_model=Night, responses=documented(404))
def show_night(request: Request, desk: TheDesk, client: Reader, as_of: date):
    """一夜：导出文件及各去向行数（最多 1000 个）、各步骤（最近 500 次）。"""
    with desk.reading() as connection:
        files = connection.execute(
            sa.select(*(_file[name] for name in FileRow.model_fields))
            .where(_file.as_of == as_of)
            .order_by(_file.id)
            .limit(_FILES)
        ).mappings()
        runs = connection.execute(
            sa.select(t.stage_run).where(_run.as_of == as_of).order_by(_run.id.desc()).limit(_RUNS)
        ).mappings()
        files, runs = [FileRow(**file) for file in files], [_shown(run) for run in runs]
    if not files and not runs:
        raise not_found()
    return answer(request, Night(as_of=as_of, files=files, runs=runs))


def _shown(run: sa.RowMapping) -> Run:
    names = Run.model_fields.keys() - {"counts"}
    return Run(**{name: run[name] for name in names}, counts=run["counts_json"])


@router.get("/checks", response_model=Checks)
def list_checks(
    request: Request, desk: TheDesk, client: Reader, query: Annotated[CheckQuery, Query()]
):
    """未通过的停止级检查：未放行的，或全部。"""
    stops = list_stops(desk.engine, with_cleared=query.state == "all")
    return answer(request, Checks(checks=[_check(stop) for stop in stops]))


def _check(stop: dict) -> Check:
    names = Check.model_fields.keys() - {"id"}
    return Check(id=stop["check_id"], **{name: stop[name] for name in names})


@router.post("/checks/{check_id}/clearance", response_model=Check, responses=documented(404, 409))
def clear_check(request: Request, desk: TheDesk, client: Clearer, check_id: Id, why: ClearIn):
    """以令牌所代表用户的名义放行一项检查；理由印入月报口径说明。"""
    try:
        stop = clear(desk.engine, check_id, client.name, why.reason, desk.clock())
    except ClearingRefused as error:
        raise Problem(409, str(error)) from error
    return answer(request, _check(stop))
