"""Rules about numbers: many callers, frequent pairs, pairs that emerge or rise."""

from dataclasses import replace
from statistics import median

from pipeline.domain.calendar import month_of, shift_month
from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.supervise.facts import Case, Facts, grouped, most_within, people, voices
from pipeline.supervise.rules import words
from pipeline.supervise.rules.spec import Finding, Findings
from pipeline.supervise.warning.raising import Warning, warnings


def many_callers(facts: Facts, profile: Profile, out: Findings) -> None:
    """R10: enough people about one matter at one unit, or words of collective action (L3);
    announced action is L4.
    """
    limit = profile.threshold("R10", "people").value
    days = int(profile.threshold("R10", "days").value)
    said = {case.id: words.collective_action(case.text) for case in facts.recent}
    for matter_id, cases in grouped(facts.cases, lambda c: c.matter_id).items():
        if cases[-1].accepted_at < facts.since:
            continue
        by_unit = grouped(cases, lambda c: c.where or "")
        unit, most = max(
            ((where, most_within(group, days, people)) for where, group in by_unit.items()),
            key=lambda pair: (pair[1], pair[0]),
        )
        action = {said.get(case.id) for case in cases} - {None}
        if most < limit and not action:
            continue
        level = "L4" if "announced" in action else "L3"
        first, n, persons = cases[0], len(cases), people(cases)
        parts = [f"就同一事项来件{n}件、不少于{persons}人({days}日内最多{most}人)"]
        if action:
            parts.append("反映中扬言或准备集体行动" if level == "L4" else "反映中提到集体行动")
        parts.append("建议3个工作日内报告、15个工作日内办理(系统默认)")
        in_unit = next((case for case in cases if (case.where or "") == unit), first)
        out.found.append(
            Finding(
                rule="R10",
                level=level,
                subject=f"同一事项(首单{first.hotline}-{first.ticket_no})",
                window=f"matter-{matter_id}",
                summary=f"{unit or '未填单位'}:{';'.join(parts)}",
                tickets=tuple(sorted(case.id for case in cases)),
                unit=in_unit.unit,
                region=in_unit.region,
                problem_type=first.primary,
                numbers={
                    "tickets": n,
                    "people": persons,
                    "most_people": most,
                    "collective_action": sorted(action),
                },
            )
        )


def _pairs(facts: Facts) -> dict[tuple[str, str, str], list[Case]]:
    """Cases by place, problem type and month; a ticket counts once for each of its types."""
    pairs: dict[tuple[str, str, str], list[Case]] = {}
    for case in facts.cases:
        if case.where:
            for label in sorted(case.labels):
                pairs.setdefault((case.where, label, case.month), []).append(case)
    return pairs


def _before(facts: Facts, month: str, length: int) -> list[str]:
    """Of the ``length`` months before, those for which the store holds tickets at all."""
    earlier = [shift_month(month, -n) for n in range(1, length + 1)]
    return [m for m in earlier if m in facts.months]


def _zh(month: str, kind: str) -> str:
    return f"{month[:4]}年{int(month[5:])}月{ProblemType(kind).name_zh}"


def _finding(
    rule: str, level: str, key: tuple, cases: list[Case], *, why: str, numbers: dict
) -> Finding:
    where, kind, month = key
    n, persons = len(cases), people(cases)
    return Finding(
        rule=rule,
        level=level,
        subject=f"{where} · {ProblemType(kind).name_zh}",
        window=month,
        summary=f"{where}:{_zh(month, kind)}反映{n}件,不少于{persons}人({why})",
        tickets=tuple(sorted(case.id for case in cases)),
        unit=cases[0].unit,
        region=cases[0].region,
        problem_type=kind,
        numbers={"month": month, "tickets": n, "people": persons} | numbers,
    )


def _is_frequent(facts: Facts, profile: Profile, pairs: dict, key: tuple) -> dict | None:
    where, kind, month = key
    count = voices(pairs[key])
    least = profile.threshold("R11", "tickets").value
    if count < least:  # most pairs: no median is needed
        return None
    history = _before(facts, month, int(profile.threshold("R11", "median_months").value))
    if len(history) < profile.threshold("R11", "min_history_months").value:
        return None
    usual = median(voices(pairs.get((where, kind, m), [])) for m in history)
    times = profile.threshold("R11", "times_median").value
    if count < times * max(1, usual):
        return None
    return {"counted": count, "median": usual, "history_months": len(history)}


def frequent(facts: Facts, profile: Profile, out: Findings) -> None:
    """R11: place × type at least five in the month and three times the median of six months.

    A median of 0 counts as 1; months without any ticket in the store are no history.
    """
    pairs = _pairs(facts)
    length = int(profile.threshold("R11", "median_months").value)
    least_history = profile.threshold("R11", "min_history_months").value
    lacking = set()
    for key in sorted(pairs):
        month = key[2]
        if month < month_of(facts.since):
            continue
        if len(_before(facts, month, length)) < least_history:
            lacking.add(month)
        if numbers := _is_frequent(facts, profile, pairs, key):
            why = f"近{numbers['history_months']}个月中位数{numbers['median']:g}件"
            out.found.append(_finding("R11", "L4", key, pairs[key], why=why, numbers=numbers))
    if lacking:
        out.rest("R11", f"{'、'.join(sorted(lacking))} 之前的历史不足{least_history:g}个月")


def emerging(facts: Facts, profile: Profile, out: Findings) -> None:
    """R12: place × type with none in the three months before and two in this one (L1), or with
    more than its own past lets expect (early warning: L1, to be watched L0).
    """
    pairs = _pairs(facts)
    quiet = int(profile.threshold("R12", "quiet_months").value)
    least_history = profile.threshold("R12", "min_history_months").value
    least = profile.threshold("R12", "tickets").value
    lacking = set()
    for key in sorted(pairs):
        where, kind, month = key
        if month < month_of(facts.since) or kind == ProblemType.UNSPECIFIED:
            continue
        history = _before(facts, month, quiet)
        if len(history) < least_history:
            lacking.add(month)
            continue
        is_new = not any(
            (where, kind, shift_month(month, -n)) in pairs for n in range(1, quiet + 1)
        )
        if is_new and voices(pairs[key]) >= least and not _is_frequent(facts, profile, pairs, key):
            why = f"此前{len(history)}个月均为0件"
            numbers = {"counted": voices(pairs[key]), "history_months": len(history)}
            out.found.append(_finding("R12", "L1", key, pairs[key], why=why, numbers=numbers))
    _rising(facts, profile, pairs, out)
    if lacking:
        out.rest("R12", f"{'、'.join(sorted(lacking))} 之前的历史不足{least_history:g}个月")


def _rising(facts: Facts, profile: Profile, pairs: dict, out: Findings) -> None:
    """Early warnings, each once: where R11, emerging pairs or a unit's own warnings hold half of
    its tickets, none is raised beside them; an emerging pair takes on the sentence.
    """
    held: dict[str, set[int]] = {}  # problem type → tickets in items already
    for key, cases in pairs.items():
        if key[2] >= month_of(facts.since) and _is_frequent(facts, profile, pairs, key):
            held.setdefault(key[1], set()).update(case.id for case in cases)
    for finding in out.found:
        held.setdefault(finding.problem_type, set()).update(finding.tickets)
    emerging = {(f.subject, f.window): i for i, f in enumerate(out.found)}
    cases = {case.id: case for case in facts.cases}
    for warning in warnings(facts, profile):
        ids, subject = warning.tickets, warning.series.subject
        known = held.setdefault(warning.series.kind.value, set())
        if (at := emerging.get((subject, warning.month))) is not None:
            out.found[at] = _with_reason(out.found[at], warning)
        elif 2 * len(known & ids) < len(ids):
            out.found.append(_early(warning, [cases[i] for i in sorted(ids)]))
        known |= ids


def _early(warning: Warning, cases: list[Case]) -> Finding:
    series = warning.series
    key = (series.where, series.kind.value, warning.month)
    level = "L1" if warning.is_sure else "L0"
    why, numbers = warning.reason, warning.numbers
    finding = _finding("R12", level, key, cases, why=why, numbers=numbers)
    return replace(finding, unit=None) if series.is_region else finding


def _with_reason(finding: Finding, warning: Warning) -> Finding:
    summary = f"{finding.summary.removesuffix(')')};{warning.reason})"
    return replace(finding, summary=summary, numbers=warning.numbers | finding.numbers)
