"""An item explains itself: rule, clause, numbers, tickets, what is missing, its history."""

from collections.abc import Mapping

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.punctuation import typeset
from pipeline.policies import ORIGIN_ZH, Setting, load_profile
from pipeline.store import tables as t
from pipeline.store.engine import read_only
from pipeline.store.vault import Vault
from pipeline.supervise.facts import LABELLED
from pipeline.supervise.leads import is_integrity_lead
from pipeline.supervise.life import UnknownItem, reason_of
from pipeline.supervise.officers import hide_officers, is_found_true
from pipeline.supervise.rules import CONFIDENTIAL, TRUCK_DRIVERS, Rule, catalogue
from pipeline.supervise.states import State

_NUMBER_ZH = {
    "bad": "不满意或未解决件数",
    "category": "登记类别",
    "chance": "水平未变而偶然达到的概率",
    "collective_action": "集体行动用语",
    "concrete": "具体内容",
    "confidential_review": "移送评估",
    "counted": "计数(同一人只计一次)",
    "days_left": "暂停时剩余工作日",
    "due": "应办结日",
    "earlier": "此前期间内件数",
    "due_origin": "时限来源",
    "extended_to": "已批准延期至",
    "faults": "扣押问题",
    "from": "统计起日",
    "grain": "统计周期",
    "history_months": "历史月数",
    "history_periods": "历史周期数",
    "late": "超过的时限",
    "lapsed_on": "触发条件不再满足之日",
    "median": "此前各月中位数",
    "month": "月份",
    "most": "期间内最多件数",
    "most_people": "期间内最多人数",
    "paused_on": "暂停计时日",
    "penalty_item": "处罚事项",
    "people": "人数(不少于)",
    "periods": "合计周期数",
    "publicity": "公开程度",
    "ratings": "有效评价数",
    "recorded": "已登记的销号条件",
    "repeats": "办结后重复投诉件数",
    "reply_faults": "答复待核对之处",
    "returns": "退单、改派次数",
    "said": "回访评价",
    "satisfied": "满意数",
    "since": "无人承办起日",
    "target": "目标",
    "tickets": "件数",
    "urgent": "紧急程度",
    "usual": "此前每周期平均",
    "violence": "人身冲突情形",
    "window": "期间",
}

THRESHOLD_ZH = {
    "alarm": "预警概率界限",
    "days": "期间(日)",
    "days_left": "剩余工作日",
    "days_to_act": "办理期限(工作日)",
    "days_without_unit": "无人承办工作日",
    "dispatch_hours": "转办小时数",
    "false_share": "误报占比上限",
    "feedback_days": "反馈工作日",
    "growth": "同比增幅",
    "least": "预警最少件数",
    "median_months": "中位数月数",
    "min_history_months": "最少历史月数",
    "months": "连续月数",
    "overdue_days": "超期工作日",
    "people": "最少人数",
    "quiet_months": "此前无反映月数",
    "quiet_weeks": "不重复预警周数",
    "ratings": "最少有效评价数",
    "repeats": "最少次数",
    "reply_days": "回复工作日",
    "returns": "最少退单次数",
    "same_reply": "雷同答复最少事项数",
    "same_reply_length": "雷同答复最少字数",
    "tickets": "最少件数",
    "times_median": "中位数倍数",
    "visit_days": "回访工作日",
}


class ConfidentialItem(UnknownItem):
    """An integrity lead: outside the confidential channel there is no such item."""


def explain(
    engine: sa.Engine, item_id: int, *, confidential: bool = False, vault: Vault | None = None
) -> dict:
    """Everything an item stands on, with Chinese keys, ready to print.

    Evidence is shown without officers' names and numbers until a ticket is verified (domain D5).
    ``vault`` opens what persons wrote about a confidential item. Raises :class:`UnknownItem`;
    :class:`ConfidentialItem` for integrity leads unless ``confidential``.
    """
    with read_only(engine).connect() as connection:
        items = t.supervision_item
        row = connection.execute(sa.select(items).where(items.c.id == item_id)).mappings()
        item = row.one_or_none()
        if item is None:
            raise UnknownItem(f"没有监督事项 {item_id}。")
        is_lead = item["level"] == CONFIDENTIAL or item["problem_type"] == ProblemType.INTEGRITY
        if is_lead and not confidential:
            raise ConfidentialItem(f"没有监督事项 {item_id}。")
        events = connection.execute(
            sa.select(t.item_event)
            .where(t.item_event.c.item_id == item_id)
            .order_by(t.item_event.c.seq)
        ).mappings()
        rule, profile = catalogue()[item["rule"]], load_profile(item["profile"])
        thresholds = profile.rules.get(rule.id, {})
        if rule.id == TRUCK_DRIVERS:
            thresholds = profile.truck_driver_deadlines
        return {
            "编号": item["id"],
            "方案": f"{profile.source_zh}({profile.status_zh(item['updated_on'])})",
            "规则": f"{rule.id} {rule.title}",
            "触发": rule.trigger,
            "级别": f"{item['level']} {profile.levels[item['level']]}",
            "概要": item["summary"],
            "依据": item["clause"],
            "阈值来源": ORIGIN_ZH[item["threshold_origin"]],
            "阈值": {
                THRESHOLD_ZH[name]: setting_zh(setting) for name, setting in thresholds.items()
            },
            "数字": {
                _NUMBER_ZH[key]: value
                for key, value in item["numbers_json"].items()
                if key != "recurred_as"
            },
            "状态": item["state"],
            "提出日": item["raised_on"].isoformat(),
            "期限": item["due_on"].isoformat() if item["due_on"] else None,
            "期限来源": _due_zh(rule, item),
            "销号尚缺": item["missing_json"],
            "工单": _tickets(connection, item_id, is_lead),
            "经过": [
                f"{e['at']:%Y-%m-%d %H:%M} {e['person']} {e['from_state'] or '—'}→{e['to_state']}"
                f"({e['level']}):{reason_of(e, vault)}"
                for e in events
            ],
        }


def _due_zh(rule: Rule, item: Mapping) -> str:
    if "paused_on" in item["numbers_json"]:
        return "暂停计时"
    if "extended_to" in item["numbers_json"]:
        return "经批准延期"
    if item["state"] == State.ESCALATED:
        return "督办逾期升级后另计(系统默认)"
    if item["state"] == State.REOPENED:
        return "重开后另计(系统默认)"
    if rule.days:
        return f"提出后{rule.days}个工作日(系统默认)"
    return "本季度末(系统默认)" if rule.per == "quarter" else "无"


def setting_zh(setting: Setting) -> str:
    source = setting.source or setting.clause
    return f"{setting.value:g}({setting.origin_zh}{f':{source}' if source else ''})"


def explain_zh(explanation: dict) -> str:
    """The explanation as text for a terminal; evidence stands in 「」 exactly as written."""
    return "\n".join(f"{key}：{_as_text(value)}" for key, value in explanation.items())


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        told = (
            f"{key}={'、'.join(map(str, one)) if isinstance(one, list) else one}"
            for key, one in value.items()
        )
        return typeset("；".join(told)) or "无"
    if isinstance(value, list):
        return "".join(f"\n  {_line(one)}" for one in value) or "无"
    return "未定" if value is None else typeset(str(value))


def _line(one: object) -> str:
    if not isinstance(one, dict):
        return typeset(str(one))
    return " ".join(
        "、".join(f"「{span}」" for span in part) if isinstance(part, list) else str(part)
        for part in one.values()
        if part
    )


def _tickets(connection: sa.Connection, item_id: int, is_lead: bool) -> list[dict]:
    """Of an ordinary item without those that have become a lead since the last night."""
    c, link = LABELLED.c, t.item_ticket.c
    query = (
        sa.select(
            c.id, c.hotline, c.ticket_no, c.accepted_at, c.unit, c.labels_json, c.evidence_json,
            c.verified, c.status, c.review, c.flags_json,
        )
        .join_from(t.item_ticket, LABELLED, c.id == link.ticket_id)
        .where(link.item_id == item_id)
        .order_by(c.accepted_at, c.id)
    )  # fmt: skip
    found = []
    for row in connection.execute(query):
        if not is_lead and is_integrity_lead(row.labels_json, row.flags_json):
            continue
        is_verified = is_found_true(row.verified)
        spans = [span for spans in (row.evidence_json or {}).values() for span in spans]
        found.append(
            {
                "工单": f"{row.hotline}-{row.ticket_no}",
                "受理": f"{row.accepted_at:%Y-%m-%d %H:%M}",
                "单位": row.unit,
                "反映类型": "、".join(ProblemType(x).name_zh for x in row.labels_json or ()),
                "依据片段": [s if is_verified else hide_officers(s) for s in spans],
                "核实": row.verified or "未核实",
                "状态": row.status,
                "分类": "待人工复核" if row.review else None,
            }
        )
    return found
