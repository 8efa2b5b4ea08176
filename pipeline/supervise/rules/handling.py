"""Rules about how tickets were handled: deadlines, ratings, repeats, category, month end."""

from datetime import date, datetime

from pipeline.domain.calendar import (
    CalendarUnknown,
    add_working_days,
    month_bounds,
    shift_month,
    working_days_between,
)
from pipeline.domain.ticket import Satisfaction, Status
from pipeline.policies import Profile
from pipeline.supervise.facts import Case, Facts, grouped, people
from pipeline.supervise.rules.spec import Finding, Findings, catalogue, per_ticket

_DONE = {s.value for s in Status if s.is_closed} | {Status.REFUSED.value, Status.WITHDRAWN.value}
_BAD = {Satisfaction.DISSATISFIED.value, Satisfaction.VERY_DISSATISFIED.value}
_UNRESOLVED = "未解决"
_HIDING = {"咨询", "建议", "求助"}


def is_open(case: Case) -> bool:
    return case.closed_at is None and case.status not in _DONE


def due_date(case: Case, profile: Profile) -> tuple[date, bool]:
    """The day a ticket is due, and whether that is the platform's own date.

    Where the export has none, the profile's working days from dispatch (or acceptance).
    """
    if case.due_at:
        return case.due_at.date(), True
    limit = profile.ticket_deadlines.get(case.category) or profile.ticket_deadlines["投诉举报"]
    start = (case.dispatched_at or case.accepted_at).date()
    return add_working_days(start, int(limit.value)), False


def _overdue(facts: Facts, profile: Profile):
    """Open cases past their day without extension: case, due day, platform's own, days over."""
    for case in facts.recent:
        if case.status is None or not is_open(case) or case.is_extended:
            continue
        due, is_own = due_date(case, profile)
        if due < facts.as_of:
            yield case, due, is_own, working_days_between(due, facts.as_of)


def _overdue_finding(rule: str, level: str, case: Case, due: date, is_own: bool) -> Finding:
    origin = "平台所列时限" if is_own else "系统默认时限"
    what = f"应于{due:%Y-%m-%d}办结({origin}),已过期未办结且无延期"
    return per_ticket(rule, level, case, what, due=due.isoformat(), due_origin=origin)


def overdue(facts: Facts, profile: Profile, out: Findings) -> None:
    """R02: past its due day, not closed, no extension; from R03's limit on it is R03's."""
    if facts.cases and not facts.has("status"):
        return out.rest("R02", "导出表没有状态一栏,无法判断是否办结")
    limit = profile.threshold("R03", "overdue_days").value
    for case, due, is_own, days in _overdue(facts, profile):
        if days < limit:
            out.found.append(_overdue_finding("R02", "L2", case, due, is_own))


def long_overdue(facts: Facts, profile: Profile, out: Findings) -> None:
    """R03: five working days or more past due without extension."""
    if facts.cases and not facts.has("status"):
        return out.rest("R03", "导出表没有状态一栏,无法判断是否办结")
    limit = profile.threshold("R03", "overdue_days").value
    for case, due, is_own, days in _overdue(facts, profile):
        if days >= limit:
            out.found.append(_overdue_finding("R03", "L3", case, due, is_own))


def is_badly_rated(case: Case) -> bool:
    return case.satisfaction in _BAD or case.resolved == _UNRESOLVED


def bad_rating(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R04: the caller was asked and is dissatisfied, or says it is not resolved."""
    if facts.cases and not facts.has("satisfaction") and not facts.has("resolved"):
        return out.rest("R04", "导出表没有满意度或是否解决一栏")
    for case in filter(is_badly_rated, facts.recent):
        said = [case.satisfaction] if case.satisfaction in _BAD else []
        said += [_UNRESOLVED] if case.resolved == _UNRESOLVED else []
        out.found.append(per_ticket("R04", "L2", case, f"回访{'、'.join(said)}", said=said))


def complained_again(facts: Facts, profile: Profile, out: Findings) -> None:
    """R05: one caller, one matter: two bad ratings, or two complaints after a closing."""
    if facts.cases and not facts.has("caller_key"):
        return out.rest("R05", "导出表没有来电号码,无法识别同一诉求人")
    limit = profile.threshold("R05", "repeats").value
    matters = grouped(facts.cases, lambda c: c.matter_id)
    for matter_id, caller in sorted(
        {(c.matter_id, c.caller_key) for c in facts.cases if c.caller_key}
    ):
        # A hidden caller who says the same word for word again is taken for the same (linking).
        cases = [
            case
            for case in matters[matter_id]
            if case.caller_key == caller or (not case.caller_key and case.id in facts.repeats)
        ]
        if len(cases) < limit or cases[-1].accepted_at < facts.since:
            continue
        repeats = sum(case.id in facts.repeats for case in cases)
        bad = sum(map(is_badly_rated, cases))
        if repeats < limit and bad < limit:
            continue
        last = cases[-1]
        hotlines = sorted({case.hotline for case in cases})
        out.found.append(
            Finding(
                rule="R05",
                level="L2",
                subject=f"同一诉求人同一事项(首单{cases[0].hotline}-{cases[0].ticket_no})",
                window=f"matter-{matter_id}",
                summary=f"{last.where or '未填单位'}:同一诉求人就同一事项来件{len(cases)}件"
                f"({'、'.join(hotlines)}),其中办结后重复投诉{repeats}件,不满意或未解决{bad}件",
                tickets=tuple(sorted(case.id for case in cases)),
                unit=last.unit,
                region=last.region,
                problem_type=last.primary,
                numbers={"tickets": len(cases), "people": 1, "repeats": repeats, "bad": bad},
            )
        )
    return None


def hidden(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R13: entered as a question, suggestion or request, yet a complaint about enforcement."""
    if facts.cases and not facts.has("category"):
        return out.rest("R13", "导出表没有业务类别一栏")
    for case in facts.recent:
        if case.category in _HIDING:
            what = f"登记为{case.category},内容为投诉执法,建议改判"
            out.found.append(per_ticket("R13", "L1", case, what, category=case.category))


def business_priority(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R16: a business complains about enforcement, and the ticket is still open; L2 when the
    working day for the first contact has passed. No known export tells when the caller was
    contacted, which the summary says.
    """
    for case in facts.recent:
        if "涉企" not in case.flags or not is_open(case):
            continue
        level, what = "L1", "属涉企执法投诉,应优先首联"
        try:
            contact_by = add_working_days(case.accepted_at.date(), catalogue()["R16"].days)
        except CalendarUnknown as error:  # a new year: the complaint is raised all the same
            out.note("R16", f"首联期限:{error}")
            contact_by = facts.as_of
        if facts.as_of > contact_by:
            level = "L2"
            what += ";受理已逾1个工作日仍未办结,导出表没有首次联系时间,请核实是否已首联"
        out.found.append(per_ticket("R16", level, case, what))


def _complete_months(facts: Facts) -> list[str]:
    today = datetime.combine(facts.as_of, datetime.min.time())
    return [m for m in facts.recent_months() if month_bounds(m)[1] <= today]


def low_satisfaction(facts: Facts, profile: Profile, out: Findings) -> None:
    """R20: a unit's satisfaction under the plan's target in consecutive months, enough ratings.

    Ratings count in the month of the visit, or of closing where no visit time is known.
    """
    target = profile.targets.get("satisfaction")
    if target is None:
        return out.rest("R20", "本方案未规定满意度目标")
    if facts.cases and not facts.has("satisfaction"):
        return out.rest("R20", "导出表没有满意度一栏")
    least = profile.threshold("R20", "ratings").value
    length = int(profile.threshold("R20", "months").value)
    satisfied = {s.value for s in profile.satisfied}
    rated = [
        case
        for case in facts.cases
        if case.unit
        and (target.hotline in (None, case.hotline))
        and case.satisfaction
        and Satisfaction(case.satisfaction).is_valid_rating
    ]
    by_unit_month = grouped(
        rated,
        lambda c: (c.unit, f"{c.visited_at or c.closed_at or c.accepted_at:%Y-%m}"),
    )
    for (unit, month), cases in sorted(by_unit_month.items()):
        if month not in _complete_months(facts):
            continue
        series = [by_unit_month.get((unit, shift_month(month, -n)), []) for n in range(length)]
        shares = [sum(c.satisfaction in satisfied for c in m) / len(m) if m else 1 for m in series]
        if any(len(m) < least for m in series) or any(s >= target.value for s in shares):
            continue
        said = "、".join(
            f"{shift_month(month, -n)}为{share:.0%}(有效评价{len(series[n])}件)"
            for n, share in reversed(list(enumerate(shares)))
        )
        out.found.append(
            Finding(
                rule="R20",
                level="L3",
                subject=unit,
                window=month,
                summary=f"{unit}:满意率连续{length}个月低于目标{target.value:.0%}:{said}",
                tickets=tuple(sorted(case.id for case in cases)),
                unit=unit,
                numbers={
                    "month": month,
                    "ratings": [len(m) for m in series],
                    "satisfied": [sum(c.satisfaction in satisfied for c in m) for m in series],
                    "target": target.value,
                },
            )
        )
    return None


def unclosed_at_month_end(facts: Facts, profile: Profile, out: Findings) -> None:
    """R21: due by the end of a complete month and not closed by then; one list per month."""
    target = profile.targets.get("closure_rate")
    if target is None:
        return out.rest("R21", "本方案未规定办结率目标")
    if facts.cases and not facts.has("status"):
        return out.rest("R21", "导出表没有状态一栏,无法判断是否办结")
    for month in _complete_months(facts):
        start, end = month_bounds(month)
        late = [
            case
            for case in facts.cases
            if target.hotline in (None, case.hotline)
            and case.status is not None
            and case.accepted_at < end
            and start.date() <= due_date(case, profile)[0] < end.date()
            and (is_open(case) or (case.closed_at is not None and case.closed_at >= end))
        ]
        if late:
            out.found.append(
                Finding(
                    rule="R21",
                    level="L2",
                    subject="全部单位",
                    window=month,
                    summary=f"{month}月末到期未办结的执法类投诉举报{len(late)}件",
                    tickets=tuple(sorted(case.id for case in late)),
                    numbers={"month": month, "tickets": len(late), "people": people(late)},
                )
            )
    return None
