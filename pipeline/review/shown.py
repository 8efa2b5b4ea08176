"""How values look on the screens: Chinese names of slugs, dates, levels, states."""

from datetime import date, datetime
from typing import Any

from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.outcome import FileOutcome, RowOutcome, RowReason
from pipeline.domain.punctuation import typeset
from pipeline.domain.ticket import FIELDS, Hotline
from pipeline.policies import ORIGIN_ZH, load_profile, profile_ids
from pipeline.review.audit import ACTIONS
from pipeline.review.highlight import highlight
from pipeline.supervise.rules import catalogue

LEVELS = {
    "L4": "挂牌督办建议",
    "L3": "约谈建议",
    "L2": "督办",
    "L1": "提醒",
    "L0": "关注",
    "X": "移送建议",
}
DECISIONS = {
    "accept": "认可",
    "correct": "改判",
    "reject": "非执法类",
    "postpone": "搁置",
    "return": "退回",
    "undo": "撤销",
    "second": "盲复核",
}
STAGES = {
    "land": "收件",
    "load": "入库",
    "read": "读取",
    "check": "检查",
    "store": "入库",
    "classify": "分类",
    "link": "关联",
    "supervise": "监督事项",
    "publish": "发布",
    "notify": "通知",
    "report": "报告",
    "nightly": "夜间任务",
}
STATUSES = {"done": "完成", "attention": "需处理", "failed": "失败"}
REPORT_STATES = {
    "draft": "草稿",
    "blocked": "未通过核对",
    "pending": "待审",
    "returned": "已退回",
    "filed": "已归档",
}
REPORT_STEPS = {"approved": "审核", "published": "发布", "returned": "退回"}
SEVERITIES = {"error": "错误", "warning": "提醒"}
LINKS = {
    "same_caller": "同一来电人",
    "same_matter": "同一事项",
    "urge": "催办",
    "repeat": "重复投诉",
    "reference": "转办同件",
}
_FIELDS = {f.name: f.name_zh for f in FIELDS}


def named(value: str | None, names: dict[str, str]) -> str:
    """The Chinese name, or the value itself where a newer version wrote one unknown here."""
    return "" if value is None else names.get(value, value)


def rule_title(rule: str) -> str:
    """The rule's short Chinese title; empty for one that the catalogue no longer has."""
    known = catalogue().get(rule)
    return known.title if known else ""


def profile_zh(profile_id: str) -> str:
    """The plan's document number; the id itself for a profile that is no longer shipped."""
    if profile_id not in profile_ids():
        return profile_id
    return load_profile(profile_id).source_zh


def when(value: datetime | None) -> str:
    return value.strftime("%Y-%m-%d %H:%M") if value else ""


def day(value: date | None) -> str:
    """Also of a datetime, which is a date."""
    return value.strftime("%Y-%m-%d") if value else ""


def type_zh(slug: str | None) -> str:
    return ProblemType(slug).name_zh if slug else ""


def by_name(evidence: dict[str, list[str]] | None) -> dict[str, list[str]]:
    """Evidence by the Chinese name of its label instead of the slug."""
    return {type_zh(slug): spans for slug, spans in (evidence or {}).items()}


def plain(value: Any) -> str:
    """A field's value as a person reads it."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "、".join(f"{plain(key)} {plain(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return "、".join(plain(part) for part in value)
    return str(value)


_KINDS = {"report": "报告", "row": "隔离行", "check": "检查", "token": "令牌"}
_DETAILS = {
    "address": "地址",
    "role": "角色",
    "units": "单位",
    "regions": "地区",
    "action": "决定",
    "decision": "记录",
    "to_state": "转为",
    "condition": "登记",
    "clock": "期限",
    "days": "工作日",
    "file": "文件",
    "filter": "筛选",
    "check": "检查",
    "number": "数字",
    **{outcome.value: outcome.name_zh for outcome in RowOutcome},
    "reason": "理由",
    "client": "客户端",
    "for": "代表",
    "by": "经由",
    "problem": "问题",
    "scopes": "权限",
}


def audit_detail(detail: dict[str, Any] | None) -> str:
    """An event's detail in one line."""
    shown = dict(detail or {})
    if "action" in shown:
        shown["action"] = named(shown["action"], DECISIONS)
    return "，".join(f"{named(key, _DETAILS)} {plain(value)}" for key, value in shown.items())


def subject_zh(subject: str | None) -> str:
    """What an event is about, where it is no link: ``report:3`` → 报告 3."""
    kind, _, key = (subject or "").partition(":")
    return f"{_KINDS.get(kind, '')} {key}".strip() or "—"


def figure(value: float | None, unit: str) -> str:
    """A report's number with its unit; a dash where there is none."""
    return "—" if value is None else f"{value:,.10g} {unit}".strip()


def bytes_zh(size: int) -> str:
    return f"{size / 1024:,.0f} KB" if size < 1 << 20 else f"{size / (1 << 20):,.1f} MB"


FILTERS = {
    "when": when,
    "day": day,
    "plain": plain,
    "bytes_zh": bytes_zh,
    "figure": figure,
    "typeset": typeset,
    "type_zh": type_zh,
    "type_code": lambda slug: ProblemType(slug).code if slug else "",
    "scope_zh": lambda scope: Scope(scope).name_zh if scope else "未分类",
    "hotline_zh": lambda hotline: Hotline(hotline).name_zh,
    "level_zh": lambda level: named(level, LEVELS),
    "origin_zh": lambda origin: ORIGIN_ZH[origin],
    "decision_zh": lambda action: DECISIONS[action],
    "stage_zh": lambda stage: named(stage, STAGES),
    "status_zh": lambda status: named(status, STATUSES),
    "report_state_zh": lambda state: named(state, REPORT_STATES),
    "report_step_zh": lambda step: named(step, REPORT_STEPS),
    "severity_zh": lambda severity: named(severity, SEVERITIES),
    "link_zh": lambda kind: named(kind, LINKS),
    "field_zh": lambda name: named(name, _FIELDS),
    "file_state_zh": lambda state: FileOutcome(state).name_zh,
    "outcome_zh": lambda outcome: RowOutcome(outcome).name_zh,
    "reason_zh": lambda code: RowReason(code).name_zh,
    "profile_zh": profile_zh,
    "rule_title": rule_title,
    "highlight": highlight,
    "by_name": by_name,
    "audit_detail": audit_detail,
    "subject_zh": subject_zh,
    "audit_zh": lambda action: named(action, ACTIONS),
}
