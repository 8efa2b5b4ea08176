"""A policy profile for people: each number with its origin, each rule with its clause."""

from collections.abc import Iterable
from datetime import date

from pipeline.domain.punctuation import typeset
from pipeline.policies import ORIGIN_ZH, Profile, Report, Target
from pipeline.supervise.explain import THRESHOLD_ZH, setting_zh
from pipeline.supervise.rules import ON_ITEMS, TRUCK_DRIVERS, Rule, catalogue

PARTS = ("规则", "级别", "期限（工作日，系统默认）", "阈值", "触发", "依据")
"""The columns of :func:`rule_lines`."""

_NEEDS_TARGET = {"R20": "satisfaction", "R21": "closure_rate"}

_TARGET_ZH = {
    "closure_rate": "办结率",
    "satisfaction": "满意率",
    "correction_rate": "复议诉讼纠错率",
}
_FOLLOW_UP_ZH = {"ratio": "比例", "least": "每层最少件数"}


def plan(profile: Profile, as_of: date) -> dict:
    """Everything but the rules, with Chinese keys, ready for ``explain_zh``."""
    tiers = profile.ticket_deadline_tiers
    return {
        "编号": profile.id,
        "名称": profile.title,
        "文号": profile.doc_no or "原文未见文号",
        "发文": f"{profile.issuer}{f' {profile.issued}' if profile.issued else ''}",
        "有效期": f"{profile.valid_from}至{profile.valid_to}",
        "状态": f"「{profile.status_zh(as_of)}」",
        "渠道": "、".join(profile.channels),
        "聚焦": "、".join(filter(None, (profile.focus.trade, profile.focus.group))) or "未写明",
        "原文用语": {term: problem.name_zh for term, problem in profile.terms.items()},
        "目标": {_TARGET_ZH[key]: _target(target) for key, target in profile.targets.items()},
        "报送": list(map(_report, profile.reports)),
        "节点": [f"{m.name} {m.by}前" for m in profile.milestones],
        "台账": "、".join(profile.ledgers) or "未写明",
        "处置用语": "、".join(profile.escalation_terms),
        "工单时限(工作日)": _settings(profile.ticket_deadlines.items())
        | (
            {"分级": f"{'、'.join(map(str, tiers.days))}({ORIGIN_ZH[tiers.origin]})"}
            if tiers
            else {}
        ),
        "货车司机时限": _settings(
            (THRESHOLD_ZH[name], setting)
            for name, setting in profile.truck_driver_deadlines.items()
        ),
        "回访抽样": _settings((_FOLLOW_UP_ZH[k], v) for k, v in profile.follow_up.items()),
        "比率最少件数": setting_zh(profile.min_n_for_rate),
        "说明": list(profile.notes),
        "引文": [profile.quote(clause) for clause in profile.clauses],
    }


def _settings(settings: Iterable[tuple]) -> dict[str, str]:
    return {name: setting_zh(setting) for name, setting in settings}


def _target(target: Target) -> str:
    sign = "不低于" if target.op == ">=" else "不高于"
    by_hand = ",人工填报" if target.is_manual else ""
    return f"{sign}{target.value:.0%}({target.origin_zh}:{target.clause}{by_hand})"


def _report(report: Report) -> str:
    day = report.due_day
    due = f"每月{day.value}日前({day.origin_zh})" if day else "未写明日期"
    clauses = sorted({c for c in (report.clause, day.clause if day else None) if c})
    return f"{report.name}:{due}{',依据' * bool(clauses)}{'、'.join(clauses)}"


def rule_lines(profile: Profile) -> list[tuple[str, ...]]:
    """One line per rule, as :data:`PARTS`; one whose target the plan lacks rests."""
    return [_line(rule, profile) for rule in catalogue().values()]


def _line(rule: Rule, profile: Profile) -> tuple[str, ...]:
    settings = (
        profile.truck_driver_deadlines
        if rule.id == TRUCK_DRIVERS
        else profile.rules.get(rule.id, {})
    )
    said = ";".join(f"{THRESHOLD_ZH[k]}={setting_zh(v)}" for k, v in settings.items())
    said = said or f"触发条件即阈值({ORIGIN_ZH[rule.threshold_origin(profile)]})"
    if (target := _NEEDS_TARGET.get(rule.id)) and target not in profile.targets:
        said = "本方案未规定目标,本规则不运行"
    return (
        f"{rule.id} {rule.title}",
        "升一级" if rule.id in ON_ITEMS else f"{rule.level} {profile.levels[rule.level]}",
        str(rule.days or "—"),
        typeset(said),
        typeset(rule.trigger),
        typeset(rule.clause(profile)),
    )
