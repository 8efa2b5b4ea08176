"""Rules about fines: items often disputed (R27), and what outside figures show (R28).

Counted in complaints, never in money (M-10): no output names, sorts or sums an amount.
"""

from datetime import date, timedelta

from pipeline.domain.calendar import month_bounds, shift_month
from pipeline.policies import Profile
from pipeline.supervise.facts import Case, Facts, grouped, people, voices
from pipeline.supervise.rules.penalty_words import penalty_items
from pipeline.supervise.rules.spec import Finding, Findings


def _quarter(day: date) -> tuple[str, date]:
    """``("2026年第4季度", its last day)``."""
    number = (day.month - 1) // 3 + 1
    month = f"{day.year}-{3 * number:02d}"
    return f"{day.year}年第{number}季度", month_bounds(month)[1].date() - timedelta(days=1)


def disputed(facts: Facts, profile: Profile, out: Findings) -> None:
    """R27: three complaints within 90 days dispute fines for the same item; one list a quarter."""
    least = profile.threshold("R27", "tickets").value
    days = timedelta(days=int(profile.threshold("R27", "days").value))
    named: dict[str, list[Case]] = {}
    for case in facts.cases:
        if case.accepted_at < facts.since - days:
            continue
        for item in penalty_items(case.text):
            named.setdefault(item, []).append(case)
    for item, cases in sorted(named.items()):
        quarters = grouped(cases, lambda c: _quarter(c.accepted_at.date()))
        for (quarter, last_day), of_quarter in quarters.items():
            newest = of_quarter[-1]
            if newest.accepted_at < facts.since:
                continue
            counted = [c for c in cases if newest.accepted_at - days <= c.accepted_at]
            counted = [c for c in counted if c.accepted_at <= newest.accepted_at]
            if voices(counted) < least:
                continue
            n, persons = len(counted), people(counted)
            out.found.append(
                Finding(
                    rule="R27",
                    level="L0",
                    subject=f"争议罚款事项 · {item}",
                    window=quarter,
                    summary=f"{quarter}:对“{item}”处罚的争议{n}件,不少于{persons}人"
                    f"({days.days}日内),供法规部门评估罚款规定参考",
                    tickets=tuple(sorted(case.id for case in counted)),
                    numbers={"penalty_item": item, "tickets": n, "people": persons},
                    due_on=last_day if facts.as_of <= last_day else None,
                )
            )


def fines_grow(facts: Facts, profile: Profile, out: Findings) -> None:
    """R28: a unit's fines of a complete month, from outside, a fifth above the year before."""
    if not facts.fines:
        return out.rest("R28", "未提供罚没收入数据(外部数据,可选:运行目录下的 fines.csv)")
    limit = profile.threshold("R28", "growth").value
    today = facts.as_of.isoformat()[:7]
    for (unit, month), amount in sorted(facts.fines.items()):
        before = facts.fines.get((unit, shift_month(month, -12)))
        is_recent = month in facts.recent_months() and month < today
        if not is_recent or not before or amount < before * (1 + limit):
            continue
        out.found.append(
            Finding(
                rule="R28",
                level="L0",
                subject=f"{unit} · 罚没收入",
                window=month,
                summary=f"{unit}:{month}罚没收入同比增长达到{limit:.0%}提示值"
                "(外部数据,仅作提示,不排序、不评价)",
                tickets=(),
                unit=unit,
                numbers={"month": month},
            )
        )
    return None
