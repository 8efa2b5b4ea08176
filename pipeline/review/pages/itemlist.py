"""监督事项: the list with its filters, saved views, downloads, and actions on several at once."""

from datetime import date
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from pipeline.domain.labels import ProblemType
from pipeline.review import access, items, workflow
from pipeline.review.audit import record
from pipeline.review.csvout import csv_lines
from pipeline.review.desk import (
    LARGEST_ID,
    Id,
    NotFound,
    TheDesk,
    TheSession,
    may_do,
    may_see,
    page,
)
from pipeline.review.items import ItemFilter
from pipeline.review.people import Account
from pipeline.review.sheetout import xlsx_bytes
from pipeline.review.shown import when
from pipeline.store import tables as t
from pipeline.store.engine import read_only
from pipeline.supervise.items import State, steps

router = APIRouter()

MAX_VIEWS = 30
MAX_AT_ONCE = 200

Text = Annotated[str, Query(max_length=200)]


def chosen_filter(
    *,
    level: Text = "",
    rule: Text = "",
    unit: Text = "",
    region: Text = "",
    problem_type: Text = "",
    state: Text = "open",
    due: Text = "",
    due_from: Text = "",
    due_until: Text = "",
    profile: Text = "",
    sort: Text = "level",
    direction: Text = "desc",
) -> ItemFilter:
    return ItemFilter(
        level, rule, unit, region, problem_type, state or "open", due,
        _day(due_from), _day(due_until), profile, sort, direction,
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise HTTPException(422) from error


Chosen = Annotated[ItemFilter, Depends(chosen_filter)]


@router.get("/items")
def show_items(
    request: Request,
    desk: TheDesk,
    chosen: Chosen,
    account: Annotated[Account, may_see(access.ITEMS)],
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
):
    with desk.reading() as connection:
        today = desk.clock().date()
        rows, total = items.list_items(connection, chosen, account.sight, today, page=number)
        choices = items.choices(connection, account.sight)
        views = _views(connection, account.name)

    def link(**changes: str | int) -> str:
        query = chosen.query() | {k: str(v) for k, v in changes.items()}
        return "/items?" + urlencode(query)

    query = urlencode(chosen.query())
    return page(
        request,
        "items.html",
        account,
        rows=rows,
        total=total,
        number=number,
        pages=max(1, -(-total // items.PER_PAGE)),
        chosen=chosen,
        choices=choices,
        types=[p for p in ProblemType if p.value in choices["problem_type"]],
        columns=items.COLUMNS,
        sorts=items.SORTS,
        link=link,
        page_link="/items?" + urlencode(chosen.query() | {"page": ""}),
        query=query,
        views=views,
        actions=workflow.ACTION_NAMES if account.role in access.ITEM_ACTIONS else {},
        today=today,
    )


# --- downloads ------------------------------------------------------------------------------------


@router.get("/items.csv")
def export_csv(desk: TheDesk, chosen: Chosen, account: Annotated[Account, may_see(access.ITEMS)]):
    at = _note_export(desk, chosen, account)

    def lines():
        with read_only(desk.engine).connect() as connection:
            rows = items.export_rows(connection, chosen, account.sight, at.date())
            yield from csv_lines([name for _, name in items.COLUMNS], rows)

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="items-{at:%Y%m%d}.csv"'},
    )


@router.get("/items.xlsx")
def export_xlsx(desk: TheDesk, chosen: Chosen, account: Annotated[Account, may_see(access.ITEMS)]):
    at = _note_export(desk, chosen, account)
    with read_only(desk.engine).connect() as connection:
        content = xlsx_bytes(
            "监督事项",
            [name for _, name in items.COLUMNS],
            items.export_rows(connection, chosen, account.sight, at.date()),
            [
                ("导出时间", when(at)),
                ("导出人", account.name),
                ("筛选", urlencode(chosen.query(), encoding="utf-8", safe="/") or "默认（未了结）"),
                ("说明", "投诉是反映，不是认定；核实之前不代表单位或个人确有问题。"),
            ],
        )
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="items-{at:%Y%m%d}.xlsx"'},
    )


def _note_export(desk, chosen: ItemFilter, account: Account):
    at = desk.clock()
    with desk.engine.begin() as connection:
        detail = {"filter": chosen.query()}
        record(connection, at, account.name, "items_exported", detail=detail)
    return at


# --- saved views ----------------------------------------------------------------------------------

_view = t.saved_view.c


def _views(connection: sa.Connection, person: str) -> list[dict]:
    rows = connection.execute(
        sa.select(_view.id, _view.name, _view.query_json)
        .where(_view.person == person)
        .order_by(_view.name)
    ).mappings()
    return [
        dict(row) | {"query": urlencode(chosen_filter(**row["query_json"]).query())} for row in rows
    ]


@router.post("/items/views")
def save_view(
    *,
    desk: TheDesk,
    session: TheSession,
    account: Annotated[Account, may_do(access.ITEMS)],
    name: Annotated[str, Form(max_length=40)] = "",
    query: Annotated[str, Form(max_length=4000)] = "",
):
    """Keep the shown filter under a name; a name used before takes the new filter."""
    name = name.strip()
    try:
        given = {k: v[:200] for k, v in parse_qsl(query) if k in ItemFilter.__slots__}
        chosen = chosen_filter(**given).query()
    except ValueError as error:
        raise HTTPException(422) from error
    where = (_view.person == account.name, _view.name == name)
    with desk.engine.begin() as connection:
        count = connection.scalar(
            sa.select(sa.func.count()).where(_view.person == account.name, _view.name != name)
        )
        if not name or count >= MAX_VIEWS:
            session.say(f"视图须有名称，每人最多 {MAX_VIEWS} 个；没有保存。")
        else:
            connection.execute(sa.delete(t.saved_view).where(*where))
            connection.execute(
                sa.insert(t.saved_view).values(person=account.name, name=name, query_json=chosen)
            )
            session.say(f"已保存视图“{name}”。")
    return RedirectResponse("/items?" + urlencode(chosen), 303)


@router.post("/items/views/{view_id}/delete")
def delete_view(
    desk: TheDesk,
    session: TheSession,
    view_id: Id,
    account: Annotated[Account, may_do(access.ITEMS)],
):
    with desk.engine.begin() as connection:
        done = connection.execute(
            sa.delete(t.saved_view).where(_view.id == view_id, _view.person == account.name)
        )
    if not done.rowcount:
        raise NotFound
    session.say("已删除视图。")
    return RedirectResponse("/items", 303)


# --- several at once ------------------------------------------------------------------------------


@router.get("/items/bulk")
def preview(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.ITEM_ACTIONS)],
    item: Annotated[list[int] | None, Query()] = None,
    to_state: Text = "",
):
    """What the action would do to each of the chosen items; nothing is changed yet."""
    if not item or to_state not in set(State):
        return _bulk_page(request, account, problem="请先在列表中勾选事项并选择操作。", status=400)
    if len(item) > MAX_AT_ONCE or not all(0 < key <= LARGEST_ID for key in item):
        return _bulk_page(request, account, problem=f"一次最多处理 {MAX_AT_ONCE} 项。", status=400)
    with desk.reading() as connection:
        found = items.load_items(connection, item, account.sight)
    able = [row for row in found if to_state in steps(row, account.role)]
    return _bulk_page(
        request,
        account,
        to_state=to_state,
        able=able,
        unable=[row for row in found if row not in able],
        today=desk.clock().date(),
    )


def _bulk_page(request, account: Account, *, status=200, **values):
    shown = {
        "problem": "", "to_state": "", "able": [], "unable": [], "results": [], "today": None,
        "action_names": workflow.ACTION_NAMES,
    }  # fmt: skip
    return page(request, "bulk.html", account, status, **shown | values)


@router.post("/items/bulk")
def apply(
    *,
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_do(access.ITEM_ACTIONS)],
    chosen: Annotated[list[str] | None, Form()] = None,
    to_state: Annotated[str, Form(max_length=40)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
):
    """Each item is a step of its own: one that changed meanwhile is left alone and named."""
    versions = _versions(chosen or [])
    if not versions or not reason.strip():
        problem = "请写明理由。" if versions else "没有可处理的事项。"
        return _bulk_page(request, account, problem=problem, status=400)
    with desk.reading() as connection:
        found = items.load_items(connection, versions, account.sight)
    results = [
        (row, _move(desk, row, to_state, account, reason=reason, version=versions[row["id"]]))
        for row in found
    ]
    return _bulk_page(request, account, to_state=to_state, results=results)


def _versions(chosen: list[str]) -> dict[int, int]:
    """``id:version`` of the form's boxes. Raises 422 for anything else."""
    found = {}
    for text in chosen[:MAX_AT_ONCE]:
        key, _, version = text.partition(":")
        if not (key.isdecimal() and version.isdecimal() and len(key) < 10 and len(version) < 10):
            raise HTTPException(422)
        found[int(key)] = int(version)
    return found


def _move(desk, item, to_state: str, account: Account, *, reason: str, version: int) -> str:
    """What stood in the way, in Chinese; empty where the step was taken."""
    try:
        workflow.move(
            desk.engine,
            item,
            to_state,
            account,
            vault=desk.vault,
            reason=reason.strip(),
            at=desk.clock(),
            expected_version=version,
        )
    except workflow.Stale:
        return "预览之后已被他人更新，没有处理。"
    except workflow.NotAllowed as error:
        return str(error)
    return ""
