"""Refusals as application/problem+json (RFC 9457): Chinese title and detail, and no traces."""

from typing import Any

import orjson
import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.domain.errors import OperatorError
from pipeline.store.vault import SealBroken

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "请求有误",
    401: "没有有效令牌",
    403: "没有权限",
    404: "没有这条记录",
    405: "不接受这种请求",
    409: "与现状冲突",
    412: "内容已更新",
    413: "内容过大",
    415: "格式不支持",
    422: "内容不合要求",
    428: "须带版本",
    429: "请求过于频繁",
    500: "程序出错",
    503: "暂时不可用",
}
_DETAILS = {
    404: "没有这条记录，或不在您的权限之内。",
    405: "此地址不接受这种请求方法。",
}


class ProblemBody(BaseModel):
    """What every refusal looks like."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[str] = []
    """For 422: which field is wrong, and how."""


class Problem(Exception):
    """Refuse the request with this status and Chinese detail."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def not_found() -> Problem:
    """It does not exist, or this client must not learn that it does."""
    return Problem(404, _DETAILS[404])


def response(
    status: int, detail: str, errors: list[str] | None = None, headers: dict | None = None
) -> Response:
    body = ProblemBody(title=TITLES[status], status=status, detail=detail, errors=errors or [])
    return Response(orjson.dumps(body.model_dump()), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses=`` of a route for the contract."""
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {
        status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted(statuses)
    }


_WRONG = {
    "missing": "缺少",
    "extra_forbidden": "没有这一项",
    "json_invalid": "不是 JSON",
    "enum": "不在可选值内",
    "literal_error": "不在可选值内",
    "string_too_long": "过长",
    "string_too_short": "过短",
    "too_long": "过多",
    "greater_than_equal": "过小",
    "less_than_equal": "过大",
}


def _wrong(error: dict) -> str:
    """One fault without the value itself, which may hold what nobody should read twice."""
    where = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    where = where.encode("utf-8", "replace").decode()[:100]  # a key may be anything
    return f"{where}：{_WRONG.get(error['type'], '格式不对')}"


def answer_problems(app: FastAPI) -> None:
    """Every error of ``app`` becomes a problem."""

    @app.exception_handler(Problem)
    def refused(_request: Request, error: Problem) -> Response:
        return response(error.status, error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = error.errors()
        if any(fault["loc"][0] == "path" for fault in errors):
            return response(404, _DETAILS[404])  # an id that is no number names nothing
        return response(422, "提交的内容不合要求。", [_wrong(fault) for fault in errors[:20]])

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> Response:
        status = error.status_code if error.status_code in TITLES else 400
        detail = _DETAILS.get(status, "请求无法处理。")
        return response(status, detail, headers=dict(error.headers or {}))

    @app.exception_handler(sa.exc.OperationalError)
    def store_busy(_request: Request, _error: sa.exc.OperationalError) -> Response:
        detail = "数据库正忙或无法连接，操作没有保存，请稍后重试。"
        return response(503, detail, headers={"Retry-After": "30"})

    @app.exception_handler(OperatorError)
    def cannot(_request: Request, error: OperatorError) -> Response:
        return response(409, str(error))  # such as a deadline in a year without a calendar

    @app.exception_handler(SealBroken)
    def sealed(_request: Request, error: SealBroken) -> Response:
        return response(500, str(error))

    @app.exception_handler(Exception)
    def defect(_request: Request, _error: Exception) -> Response:
        return response(500, "程序出错，操作没有保存。请告知管理员。")
