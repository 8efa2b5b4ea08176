"""The canonical ticket: each column is defined once, here.

The store's table, the layouts' vocabulary, the change history and the data dictionary all
derive from ``FIELDS``. Every time is a naive wall clock in Asia/Shanghai (China has one zone
and no daylight saving), so that month borders are plain comparisons.
"""

from dataclasses import dataclass
from enum import StrEnum


class Hotline(StrEnum):
    """The platform that numbered a ticket; with the ticket number it is the ticket's key."""

    TRANSPORT = "12328"
    CITY = "12345"
    WEB = "web"

    @property
    def name_zh(self) -> str:
        return {"12328": "12328热线", "12345": "12345热线", "web": "网上留言"}[self.value]


class Kind(StrEnum):
    """How a field is stored."""

    TEXT = "text"  # free text, masked before it is stored
    CODE = "code"  # one of a short list, or a name
    TIME = "time"  # naive datetime, Asia/Shanghai
    COUNT = "count"
    FLAG = "flag"  # True, False or None (unknown)


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    name_zh: str
    note: str = ""


FIELDS: tuple[Field, ...] = (
    Field("intake_channel", Kind.CODE, "受理渠道", "as exported: 电话, 微信, 12345转办 …"),
    Field("accepted_at", Kind.TIME, "受理时间"),
    Field("category", Kind.CODE, "业务类别", "投诉举报 求助 咨询 建议 表扬 其他"),
    Field("trade", Kind.CODE, "业务领域", "普通公路 高速公路 道路运输 城市客运 水路 海事 其他"),
    Field("matter", Kind.CODE, "业务事项", "levels joined by '/'"),
    Field("region", Kind.CODE, "所属地区", "county or district"),
    Field("place", Kind.TEXT, "事发地点"),
    Field("caller_name", Kind.TEXT, "来电人", "masked: surname and *"),
    Field("caller_phone", Kind.TEXT, "联系电话", "masked: first three and last four digits"),
    Field("caller_key", Kind.CODE, "来电人标识", "keyed hash of phone or user id; links callers"),
    Field("is_confidential", Kind.FLAG, "是否保密"),
    Field("title", Kind.TEXT, "标题"),
    Field("content", Kind.TEXT, "受理内容"),
    Field("target_unit", Kind.CODE, "被投诉单位", "after the alias table"),
    Field("handler_unit", Kind.CODE, "承办单位", "after the alias table"),
    Field("co_handler_unit", Kind.CODE, "协办单位"),
    Field("plate", Kind.TEXT, "车牌号", "masked"),
    Field("urgency", Kind.CODE, "紧急程度", "as the platform marked it"),
    Field("dispatched_at", Kind.TIME, "转办时间"),
    Field("signed_at", Kind.TIME, "签收时间"),
    Field("due_at", Kind.TIME, "办理时限"),
    Field("is_extended", Kind.FLAG, "是否延期"),
    Field("return_count", Kind.COUNT, "退单次数"),
    Field("urge_count", Kind.COUNT, "催办次数"),
    Field("status", Kind.CODE, "状态", "normalised, see Status"),
    Field("status_raw", Kind.CODE, "状态(原文)"),
    Field("closed_at", Kind.TIME, "办结时间"),
    Field("reply", Kind.TEXT, "办理结果"),
    Field("verified", Kind.CODE, "是否属实", "属实 部分属实 不属实 无法核实"),
    Field("visited_at", Kind.TIME, "回访时间"),
    Field("visit_result", Kind.CODE, "回访结果"),
    Field("resolved", Kind.CODE, "是否解决", "已解决 部分解决 未解决"),
    Field("satisfaction", Kind.CODE, "满意度", "normalised, see Satisfaction"),
    Field("satisfaction_raw", Kind.CODE, "满意度(原文)"),
    Field("dissatisfaction_reason", Kind.TEXT, "不满意原因"),
    Field("is_repeat", Kind.FLAG, "是否重复(平台标注)"),
    Field("is_supervised", Kind.FLAG, "是否督办(平台标注)"),
    Field("linked_ticket_no", Kind.CODE, "关联工单"),
    Field("agent_no", Kind.CODE, "受理员工号"),
)

FIELD_NAMES: tuple[str, ...] = tuple(f.name for f in FIELDS)
TIME_FIELDS: tuple[str, ...] = tuple(f.name for f in FIELDS if f.kind is Kind.TIME)
TEXT_FIELDS: tuple[str, ...] = tuple(f.name for f in FIELDS if f.kind is Kind.TEXT)
HANDLING_FIELDS: tuple[str, ...] = (
    "handler_unit", "dispatched_at", "signed_at", "due_at", "status", "status_raw", "closed_at",
    "reply", "verified",
)  # fmt: skip
"""What one handling (办理) of a ticket has of its own where several units handle it."""


class Status(StrEnum):
    """Normalised state of a ticket (domain B3), in the order of its life."""

    PENDING = "待受理"
    ACCEPTED = "已受理"
    DISPATCHED = "已转办"
    SIGNED = "已签收"
    IN_PROGRESS = "办理中"
    EXTENDED = "延期中"
    RETURNED = "退单/改派"
    CLOSED = "已办结"
    VISITED = "已回访"
    REDONE = "重办"
    ARCHIVED = "已归档"
    REFUSED = "不予受理"
    WITHDRAWN = "撤销"
    UNKNOWN = "未识别"

    @property
    def is_closed(self) -> bool:
        return self in {Status.CLOSED, Status.VISITED, Status.ARCHIVED}


class Satisfaction(StrEnum):
    """Normalised rating. Which of them count as satisfied is the profile's choice (domain E1)."""

    VERY_SATISFIED = "非常满意"
    SATISFIED = "满意"
    FAIRLY_SATISFIED = "比较满意"
    BASICALLY_SATISFIED = "基本满意"
    NEUTRAL = "一般"
    UNDERSTANDING = "理解"
    DISSATISFIED = "不满意"
    VERY_DISSATISFIED = "非常不满意"
    DEFAULT_SATISFIED = "默认满意"
    NOT_RATED = "未评价"

    @property
    def is_valid_rating(self) -> bool:
        return self not in {Satisfaction.DEFAULT_SATISFIED, Satisfaction.NOT_RATED}
