"""Answers: ETags, conditional requests, pages by cursor."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Header, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from pipeline.review.api.problem import Problem
from pipeline.review.desk import LARGEST_ID

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
JSON = "application/json"

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=80,
        description="读到的版本（ETag）。缺少为 428，已有更新的版本为 412。",
    ),
]


class Strict(BaseModel):
    """Of requests and answers alike: nothing that is not named here."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Strict):
    """Where a page of a list begins, and how long it is."""

    cursor: str = Field("", max_length=60, description="上一页的 next；空为第一页。")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


def etag(body: BaseModel) -> str:
    """Strong: the same bytes, the same tag."""
    return f'"{hashlib.blake2b(_bytes(body), digest_size=12).hexdigest()}"'


def _bytes(body: BaseModel) -> bytes:
    return body.model_dump_json().encode()


def answer(request: Request, body: BaseModel) -> Response:
    """The body with its ETag, or 304 where the client has it already (RFC 9110 §13.1.2)."""
    tag = etag(body)
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(_bytes(body), headers={"ETag": tag}, media_type=JSON)


def must_match(given: str | None, body: BaseModel) -> None:
    """Refuse a writer who has not seen ``body`` as it stands now: 428 without If-Match (and for
    ``*``, which sees nothing), 412 where another version is named.
    """
    if given is None or given.strip() == "*":
        raise Problem(428, "请先读取最新内容，并在 If-Match 中写明其 ETag。")
    if given.strip() != etag(body):
        raise Problem(412, "您读取之后内容已有更新，请重新读取、核对后再提交。")


def cursor(kind: str, last_id: int) -> str:
    """Opaque to clients; names its list, so that it fits no other."""
    return base64.urlsafe_b64encode(f"{kind}:{last_id}".encode()).decode().rstrip("=")


def before(kind: str, text: str) -> int:
    """The id below which the page begins; raises Problem (400) for a cursor of nothing here."""
    if not text:
        return LARGEST_ID
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        name, _, number = base64.b64decode(padded, b"-_", validate=True).decode().partition(":")
        last = int(number) if number.isdecimal() else 0
    except ValueError:
        name, last = "", 0
    if name != kind or not 1 <= last <= LARGEST_ID:
        raise Problem(400, "cursor 不是这个列表的翻页位置。")
    return last


def page_of(kind: str, rows: Sequence[Any], query: PageQuery) -> tuple[Sequence[Any], str | None]:
    """Of ``limit`` + 1 rows at most: those of the page, and the cursor of the next one."""
    shown = rows[: query.limit]
    return shown, cursor(kind, shown[-1]["id"]) if len(rows) > query.limit else None
