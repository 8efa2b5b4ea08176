"""Builds the interface, mounted by the desk at ``PATH``: routes, problems, contract (OpenAPI)."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.review.api import items, model, nights, quarantine, reports, tickets
from pipeline.review.api.client import RateLimit
from pipeline.review.api.problem import ProblemBody, answer_problems, documented
from pipeline.review.desk import Desk

PATH = "/api/v1"
_EVERYWHERE = (400, 401, 403, 413, 422, 429, 503)


def create_api(desk: Desk) -> FastAPI:
    """The interface over the desk's store, with its own errors and contract."""
    api = FastAPI(
        title="hotline",
        version="1",
        description=(
            "执法类投诉举报的工单、复核、监督事项、隔离区、夜间任务、报告和模型。"
            "每个客户端持令牌（hotline token add）以一名用户的名义办理，权限不超过该用户的角色；"
            "移送类（保密）事项及其工单不在接口中。时间均带北京时间时差。"
        ),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=documented(*_EVERYWHERE),
        redirect_slashes=False,
    )
    api.state.desk, api.state.rate = desk, RateLimit()
    for module in (tickets, items, quarantine, nights, reports, model):
        api.include_router(module.router)
    answer_problems(api)
    api.openapi = lambda: _contract(api)
    return api


def _contract(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        schema = get_openapi(
            title=api.title,
            version=api.version,
            description=api.description,
            routes=api.routes,
            servers=[{"url": PATH}],
        )
        schema["components"]["schemas"]["ProblemBody"] = ProblemBody.model_json_schema()
        for path in schema["paths"].values():
            if "get" in path:
                path["get"]["responses"]["304"] = {"description": "内容未变（If-None-Match）"}
        api.openapi_schema = schema
    return api.openapi_schema
