"""今日: last night's files, failed checks, what is due, what waits for a decision."""

from datetime import date
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from pipeline.review import access, items, trends, waiting
from pipeline.review.access import Role, Sight
from pipeline.review.desk import Id, TheDesk, TheSession, may_do, may_see, page
from pipeline.review.items import ItemFilter
from pipeline.review.people import Account
from pipeline.stages.clearing import ClearingRefused, clear
from pipeline.store import tables as t
from pipeline.store.checks import open_stops

router = APIRouter()

_FILES_SHOWN = 50
_TRENDS_KEPT = 64
_ITEMS_SHOWN = 8
_STOPS_SHOWN = 30
_RUNS_READ = 300  # several of one night: reading is one run per file
_SEVERITY = ("done", "attention", "failed")
_OF_A_NIGHT = t.stage_run.c.stage != "report"  # a month's, whatever the day it is made


@router.get("/")
def today(request: Request, desk: TheDesk, account: Annotated[Account, may_see(access.EVERYONE)]):
    if account.role is Role.ADMIN:  # users only
        return RedirectResponse("/people", 303)
    return _today_page(request, desk, account)


@router.post("/checks/{check_id}/clear")
def clear_check(
    *,
    request: Request,
    desk: TheDesk,
    session: TheSession,
    check_id: Id,
    account: Annotated[Account, may_do(access.CHECKS, whole=True)],
    reason: Annotated[str, Form(max_length=2000)] = "",
):
    try:
        cleared = clear(desk.engine, check_id, account.name, reason, desk.clock())
    except ClearingRefused as error:
        refused = {"check_id": check_id, "problem": str(error), "reason": reason}
        return _today_page(request, desk, account, status=400, refused=refused)
    session.say(f"已放行检查 {check_id}（{cleared['file']}）。相关月份的报告须重新生成。")
    return RedirectResponse("/", 303)


def _today_page(request, desk, account: Account, *, status=200, refused: dict | None = None):
    at, role, sight = desk.clock(), account.role, account.sight
    tells_of_files = role is not Role.LIAISON and not sight.is_bounded
    overdue = ItemFilter(due="over", sort="due_on", direction="asc")
    soon = ItemFilter(due="soon", sort="due_on", direction="asc")
    with desk.reading() as connection:
        over, over_count = items.list_items(
            connection, overdue, sight, at.date(), per_page=_ITEMS_SHOWN
        )
        due, due_count = items.list_items(connection, soon, sight, at.date(), per_page=_ITEMS_SHOWN)
        open_count = items.list_items(connection, ItemFilter(), sight, at.date(), per_page=1)[1]
        values = {
            "over": over,
            "over_count": over_count,
            "due": due,
            "due_count": due_count,
            "open_count": open_count,
            "confidential_count": (
                items.confidential_count(connection, sight) if role is Role.CHIEF else None
            ),
            "waiting": (
                waiting.waiting_count(connection, sight, account.name, at)
                if role in access.REVIEW
                else None
            ),
            "tells_of_files": tells_of_files,
            "night": _last_night(connection) if tells_of_files else None,
            "stops": _open_stops(connection) if tells_of_files else [],
            "may_clear": role in access.CHECKS,
            "trends": _trends(desk, connection, sight, at.date()),
            "refused": refused,
        }
    return page(request, "today.html", account, status, **values)


def _trends(desk, connection: sa.Connection, sight: Sight, until: date) -> list[trends.Trend]:
    """Computed once for each sight, day and night: nothing else changes them much."""
    said = connection.scalar(sa.select(sa.func.max(t.classification.c.id)))
    raised = connection.scalar(sa.select(sa.func.max(t.supervision_item.c.id)))
    key = (sight, until, said, raised)
    if key not in desk.trends:
        if len(desk.trends) >= _TRENDS_KEPT:
            desk.trends.clear()
        desk.trends[key] = trends.trends(connection, sight, until)
    return desk.trends[key]


def _open_stops(connection: sa.Connection) -> list[sa.RowMapping]:
    return list(connection.execute(open_stops().limit(_STOPS_SHOWN)).mappings())


def _last_night(connection: sa.Connection) -> dict | None:
    file, run = t.export_file.c, t.stage_run.c
    # Rows repaired by day are no night, though they lie in the ledger as a file of that day.
    kept = t.quarantine_row.c
    repaired = sa.select(kept.replay_file_id).where(kept.replay_file_id.is_not(None))
    newest = connection.execute(
        sa.select(
            sa.select(sa.func.max(file.as_of)).where(file.id.not_in(repaired)).scalar_subquery(),
            sa.select(sa.func.max(run.as_of)).where(_OF_A_NIGHT).scalar_subquery(),
        )
    ).one()
    nights = [as_of for as_of in newest if as_of]
    if not nights:
        return None
    as_of = max(nights)
    files = connection.execute(
        sa.select(t.export_file)
        .where(file.as_of == as_of)
        .order_by(file.state.desc(), file.id)
        .limit(_FILES_SHOWN)
    ).mappings()
    runs = connection.execute(
        sa.select(run.stage, run.status, run.finished_at, run.message)
        .where(run.as_of == as_of, _OF_A_NIGHT)
        .order_by(run.id.desc())
        .limit(_RUNS_READ)
    ).mappings()
    return {"as_of": as_of, "files": list(files), "stages": _by_stage(list(runs)[::-1])}


def _by_stage(runs: list[sa.RowMapping]) -> list[dict]:
    """One line per stage, in the order they ended first: worst status, last end, all messages."""
    stages: dict[str, dict] = {}
    for run in runs:
        line = stages.setdefault(
            run["stage"], {"stage": run["stage"], "status": "done", "messages": []}
        )
        line["finished_at"] = run["finished_at"]
        line["status"] = max(line["status"], run["status"], key=_SEVERITY.index)
        if run["message"] and run["message"] not in line["messages"]:
            line["messages"].append(run["message"])
    return list(stages.values())
