"""Builds the application: pages, errors, headers. No documentation routes, no debug pages."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pipeline.domain.calendar import now
from pipeline.review.api.build import PATH, create_api
from pipeline.review.desk import (
    STATIC_DIR,
    Desk,
    MustChangePassword,
    NotFound,
    NotSignedIn,
    Refused,
    page,
)
from pipeline.review.guard import HEADERS, STATIC, Guard
from pipeline.review.pages import (
    audit,
    itemlist,
    items,
    login,
    models,
    people,
    quarantine,
    queue,
    reports,
    second,
    tickets,
    today,
    tokens,
)
from pipeline.settings import Settings

_NOT_FOUND = "没有这个页面或这条记录。"
_REFUSED = {
    404: _NOT_FOUND,
    405: "此地址不接受这种请求。",
    409: "内容已被他人更新。",
    422: "提交的内容不完整或格式不对，请返回检查。",
    429: "尝试次数过多，请 10 分钟后再试。",
}


def create_app(
    settings: Settings, engine: sa.Engine, clock: Callable[[], datetime] = now
) -> FastAPI:
    """The desk over an already migrated store."""
    app = FastAPI(title="复核台", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk = Desk(settings, engine, clock)
    app.state.assets = _assets_version()
    _ = desk.provider  # half a configuration stops the start, not somebody's login
    app.add_middleware(Guard, sessions=desk.sessions, clock=clock)
    app.mount(PATH, create_api(desk))
    app.mount(STATIC, StaticFiles(directory=STATIC_DIR), name="static")
    for module in (
        login,
        today,
        itemlist,
        items,
        queue,
        second,
        tickets,
        quarantine,
        reports,
        models,
        audit,
        people,
        tokens,
    ):
        app.include_router(module.router)
    _answer_errors(app)
    return app


def _assets_version() -> str:
    """Changes with the static files, so that a browser's copy of an older desk is not used."""
    digest = hashlib.sha256()
    for path in sorted(STATIC_DIR.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _answer_errors(app: FastAPI) -> None:
    def problem(request: Request, status: int, message: str) -> HTMLResponse:
        return page(request, "problem.html", status=status, message=message)

    @app.exception_handler(NotSignedIn)
    def not_signed_in(_request: Request, _error: NotSignedIn) -> RedirectResponse:
        return RedirectResponse("/login", 303)

    @app.exception_handler(MustChangePassword)
    def must_change(_request: Request, _error: MustChangePassword) -> RedirectResponse:
        return RedirectResponse("/password", 303)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> HTMLResponse:
        return problem(request, 403, str(error))

    @app.exception_handler(NotFound)
    def not_found(request: Request, _error: NotFound) -> HTMLResponse:
        return problem(request, 404, _NOT_FOUND)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, _error: RequestValidationError) -> HTMLResponse:
        # An id that is no number is an address that does not exist, a bad form is a bad form.
        if request.method == "GET":
            return problem(request, 404, _NOT_FOUND)
        return problem(request, 422, _REFUSED[422])

    @app.exception_handler(sa.exc.OperationalError)
    def store_busy(request: Request, _error: sa.exc.OperationalError) -> HTMLResponse:
        # A writer held the store for longer than its timeout, or the connection is lost.
        return problem(request, 503, "数据库正忙或无法连接，刚才的操作没有保存，请稍后重试。")

    @app.exception_handler(Exception)
    def defect(_request: Request, _error: Exception) -> PlainTextResponse:
        # Answered outside the guard: bring its headers along. The server logs the error.
        return PlainTextResponse("程序出错，刚才的操作没有保存。请告知管理员。", 500, HEADERS)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> HTMLResponse:
        message = _REFUSED.get(error.status_code, "请求无法处理。")
        return problem(request, error.status_code, message)
